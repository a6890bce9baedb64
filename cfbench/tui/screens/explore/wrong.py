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
_NAME, _ROWS, _NUMBER = 17, 8, 6
_COLUMN = 40

MISSES = (
    Column("user", 8),
    Column("title", 0),
    Column("rated", 5, ">"),
    Column("predicted", 9, ">"),
    Column("error", 6, ">"),
)


def groups(found: Errors, width: int, height: int) -> list[Line]:
    """Return rows, mean error and RMSE by what rows have in common; two columns, without bars, where it is low."""
    most = max((one.rmse for groups in found.by.values() for one in groups), default=1.0) or 1.0
    blocks = [(_NAMES.get(key, key), members) for key, members in found.by.items()]
    if sum(len(members) + 2 for _, members in blocks) > height and width >= 2 * _COLUMN - 2:
        half = (len(blocks) + 1) // 2
        parts = [_blocks(some, most, 0) for some in (blocks[:half], blocks[half:])]
        rows = max(map(len, parts))
        left, right = ([*part, *([[]] * (rows - len(part)))] for part in parts)
        drawn = [[*cut(one, _COLUMN), *other] for one, other in zip(left, right, strict=True)]
    else:
        drawn = _blocks(blocks, most, max(0, min(30, width - _NAME - _ROWS - 2 * _NUMBER - 4)))
    return [cut([("  ", ""), *line], width) for line in drawn[:height]]


def _blocks(blocks: Sequence[tuple[str, Sequence[ErrorGroup]]], most: float, room: int) -> list[Line]:
    drawn: list[Line] = []
    for title, members in blocks:
        head = (
            fit(title, _NAME) + fit("rows", _ROWS, ">") + "".join(fit(name, _NUMBER, ">") for name in ("mean", "RMSE"))
        )
        drawn.append([(head, "dim")])
        for one in members:
            tone = "s1" if one.mean >= 0 else "s2"
            drawn.append([
                (fit(one.name, _NAME), ""), (fit(figures.count(one.rows), _ROWS, ">"), "dim"),
                (fit(figures.signed(one.mean), _NUMBER, ">"), tone), (fit(figures.metric(one.rmse), _NUMBER, ">"), "b"),
                *([("  ", ""), (bar(one.rmse / most, room), "s1")] if room else []),
            ])  # fmt: skip
        drawn.append([])
    return drawn


def calibration(found: Errors, width: int, height: int) -> list[Line]:
    """Return tenths of the rows by prediction: what was predicted, what was rated, and whether they agree."""
    head = "".join(fit(name, 11, ">") for name in ("predicted", "rated", "95 %"))
    drawn: list[Line] = [[(head, "dim")]]
    for one in found.calibration:
        off = one.predicted - one.rated
        agrees = abs(off) <= one.within
        said = "" if agrees else f"  {figures.signed(off)} too {'high' if off > 0 else 'low'}"
        drawn.append([
            (fit(figures.metric(one.predicted), 11, ">"), "b"), (fit(figures.metric(one.rated), 11, ">"), ""),
            (fit(f"± {figures.metric(one.within)}", 11, ">"), "dim"), (said, "warn" if said else ""),
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
