"""How many factors a model has, how many it uses, and how many would do, as lines."""

from __future__ import annotations

from cfbench.answers import Dimensions
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.bars import bar
from cfbench.tui.drawing.lines import Line, cut, fit, text, wrapped


def spectrum(found: Dimensions, width: int, height: int) -> list[Line]:
    """Return the shares of the scores' variance, direction by direction, as bars."""
    drawn: list[Line] = [
        [(fit("direction", 9, ">") + fit("share", 9, ">") + fit("so far", 9, ">"), "dim")],
    ]
    total, room = 0.0, max(0, width - 31)
    most = max(found.shares, default=0.0) or 1.0
    for place, share in enumerate(found.shares[: height - 1], 1):
        total += share
        line: Line = [
            (fit(str(place), 9, ">"), "dim"),
            (fit(f"{share:.1%}", 9, ">"), "b" if place <= found.effective + 0.5 else ""),
        ]
        drawn.append([*line, (fit(f"{total:.1%}", 9, ">"), "dim"), ("  ", ""), (bar(share / most, room), "s1")])
    return [cut([("  ", ""), *line], width) for line in drawn[:height]]


def told(found: Dimensions, width: int, height: int) -> list[Line]:
    """Return rules of thumb, dead factors, and the runs beside it with the pick of the one-standard-error rule."""
    inner = width - 2
    dead = f"{found.n_dead} change no score" if found.n_dead else "none is dead"
    listed = f": {', '.join(map(str, found.dead[:8]))}{' …' if found.n_dead > 8 else ''}" if found.dead else ""
    drawn: list[Line] = [
        [
            ("it has ", "dim"), (str(found.n_factors), "b"), (" factors; its scores use ", "dim"),
            (f"{found.effective:.1f}", "b"), (f"; {dead}{listed}", "dim"),
        ],
        [],
        [("rules of thumb", "b")],
    ]  # fmt: skip
    for rule in found.rules:
        of = fit(f"{figures.count(rule.labels)} {rule.of}s", 14)
        drawn.append([(of, ""), (fit(str(rule.factors), 5, ">"), "b"), text(f"  {rule.formula}, {rule.source}", "dim")])
    drawn.append([])
    if len(found.tried) < 2:
        words = "nothing to compare with yet: w trains it with other numbers of factors"
        return _inset([*drawn, *[[(line[0][0], "dim")] for line in wrapped(words, inner)]], width, height)
    drawn.append([("beside it", "b"), (f"   {found.metric} on valid, equal but for the factors", "dim")])
    best = (min if found.better == "lower" else max)(one.value for one in found.tried)
    worst = (max if found.better == "lower" else min)(one.value for one in found.tried)
    for one in found.tried:
        within = "" if one.se is None else f"± {one.se:.2g}"
        sign = "◆" if one.n_factors == found.picked else "●" if one.value == best else " "
        away = (worst - one.value) / (worst - best) if worst != best else 1.0
        drawn.append([
            (f"{sign} ", "b"), (fit(str(one.n_factors), 5, ">"), "b"), (fit(figures.metric(one.value, 4), 10, ">"), ""),
            (fit(within, 12, ">"), "dim"), ("  ", ""), (bar(away, max(0, min(30, inner - 32))), "s1"),
        ])  # fmt: skip
    said = f"◆ {found.picked}: the fewest within one standard error of the best (●)"
    return _inset([*drawn, [(said, "")]], width, height)


def answer(found: Dimensions) -> Line:
    """Return the sentence above."""
    line: Line = [
        ("its ", ""),
        (str(found.n_factors), "b"),
        (" factors do the work of ", ""),
        (f"{found.effective:.1f}", "b"),
    ]
    if found.picked is not None:
        line += [("; ", ""), (str(found.picked), "b"), (" would do", "")]
    return line


def _inset(drawn: list[Line], width: int, height: int) -> list[Line]:
    return [cut([("  ", ""), *line], width) for line in drawn[:height]]
