"""Where a model is wrong, as lines: groups of rows, calibration, the worst misses."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.answers import ErrorGroup, Errors, Miss
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.bars import bar
from cfbench.tui.drawing.lines import Line, Span, cut, fit, text
from cfbench.tui.parts.table import Column

_NAMES = {
    "rating": "rating",
    "user": "user's ratings",
    "item": "item's ratings",
    "age": "age of the item",
}
_NAME, _LEAST_NAME, _MOST_BAR, _GAP = 17, 9, 30, 2
_ROWS, _NUMBER = 8, 6

MISSES = (
    Column("user", 8),
    Column("title", 0),
    Column("rated", 5, ">"),
    Column("predicted", 9, ">"),
    Column("error", 6, ">"),
)


def groups(found: Errors, width: int, height: int) -> list[Line]:
    """Return rows, mean error and RMSE by what rows have in common; two columns, without bars, where it is low.

    Names of groups give way to their numbers.
    """
    members = [one for groups in found.by.values() for one in groups]
    most = max((one.rmse for one in members), default=1.0) or 1.0
    blocks = [(_NAMES.get(key, key), groups) for key, groups in found.by.items()]
    sizes = _sizes(members)
    free, half = width - 2 - sum(sizes), (width - 2 - _GAP) // 2 - sum(sizes)
    if sum(len(groups) + 2 for _, groups in blocks) - 1 > height and half >= _LEAST_NAME:
        name, middle = min(_NAME, half), (len(blocks) + 1) // 2
        parts = [_blocks(some, most, name, sizes, 0) for some in (blocks[:middle], blocks[middle:])]
        rows = max(map(len, parts))
        left, right = ([*part, *([[]] * (rows - len(part)))] for part in parts)
        drawn = [[*cut(one, name + sum(sizes) + _GAP), *other] for one, other in zip(left, right, strict=True)]
    else:
        name = min(_NAME, free)
        drawn = _blocks(blocks, most, name, sizes, max(0, min(_MOST_BAR, free - name - _GAP)))
    return [cut([("  ", ""), *line], width) for line in drawn[:height]]


def _sizes(members: Sequence[ErrorGroup]) -> tuple[int, int, int]:
    """Return the cells of rows, mean and RMSE, with a blank before the widest of each."""
    written = [_written(one) for one in members]
    rows, mean, rmse = (
        max(least, *(len(one[place]) + 1 for one in written)) if written else least
        for place, least in enumerate((_ROWS, _NUMBER, _NUMBER))
    )
    return rows, mean, rmse


def _written(one: ErrorGroup) -> tuple[str, str, str]:
    return figures.count(one.rows), figures.signed(one.mean), figures.metric(one.rmse)


def _blocks(
    blocks: Sequence[tuple[str, Sequence[ErrorGroup]]], most: float, name: int, sizes: Sequence[int], room: int
) -> list[Line]:
    """Return a heading and lines for each block; `name`, `sizes` and `room` are cells of names, numbers and bars."""
    drawn: list[Line] = []
    for title, members in blocks:
        heads = zip(("rows", "mean", "RMSE"), sizes, strict=True)
        drawn.append([(fit(title, name) + "".join(fit(head, size, ">") for head, size in heads), "dim")])
        for one in members:
            tones = ("dim", "s1" if one.mean >= 0 else "s2", "b")
            drawn.append([
                (fit(one.name, name), ""),
                *((fit(said, size, ">"), tone) for said, size, tone in zip(_written(one), sizes, tones, strict=True)),
                *([(" " * _GAP, ""), (bar(one.rmse / most, room), "s1")] if room else []),
            ])  # fmt: skip
        drawn.append([])
    return drawn


def calibration(found: Errors, width: int, height: int) -> list[Line]:
    """Return tenths of the rows by prediction: what was predicted, what was rated, and whether they agree."""
    head = "".join(fit(name, 11, ">") for name in ("predicted", "rated", "95 %"))
    drawn: list[Line] = [[(head, "dim")]]
    for one in found.calibration:
        off = one.predicted - one.rated
        agrees = one.within is None or abs(off) <= one.within
        within = "" if one.within is None else f"± {figures.metric(one.within)}"
        said = "" if agrees else f"  {figures.signed(off)} too {'high' if off > 0 else 'low'}"
        drawn.append([
            (fit(figures.metric(one.predicted), 11, ">"), "b"), (fit(figures.metric(one.rated), 11, ">"), ""),
            (fit(within, 11, ">"), "dim"), (said, "warn" if said else ""),
        ])  # fmt: skip
    return [cut([("  ", ""), *line], width) for line in drawn[:height]]


def row(miss: Miss) -> Sequence[Span]:
    """Return a miss as cells."""
    return [
        text(miss.user),
        text(miss.title),
        (figures.plain(miss.rating), "b"),
        (figures.metric(miss.prediction, 2), ""),
        (figures.signed(miss.error), "s1" if miss.error >= 0 else "s2"),
    ]


def answer(found: Errors) -> Line:
    """Return the sentence above."""
    line: Line = [
        ("off by ", ""),
        (figures.metric(found.rmse), "b"),
        (f" (RMSE of {figures.count(found.rows)} {found.part} rows)", ""),
    ]
    if found.worst:
        worst = found.worst[0]
        line += [
            ("; worst: ", "dim"),
            text(worst.title, "b"),
            (f", {figures.plain(worst.rating)} not {figures.metric(worst.prediction, 2)}", ""),
        ]
    return line
