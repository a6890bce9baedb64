"""A prediction as a sum: each term with what it adds, where the sum stands then, and what it comes from."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.answers import Explanation, Term
from cfbench.text import label
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line, cells, cut, fit, text

_NAME, _ADDS = 18, 7
_LEAST_BAR, _LEAST_BECAUSE, _MOST_BAR = 10, 14, 40
_TITLE, _LEAST_TITLE = 40, 8


def lines(found: Explanation, width: int, height: int) -> list[Line]:
    """Return the terms under a heading, their sum, and with what room is left the ratings that move it."""
    bar, because = _shares(width, any(term.because for term in found.terms))
    low, high = _ends(found.terms)
    shown = _fewer(found.terms, max(1, height - 3))
    drawn = [_heading(low, high, bar, because)]
    so_far = 0.0
    for term in shown:
        drawn.append(_term(term, so_far, low, high, bar, because))
        so_far += term.value
    total: Line = [(fit("sum", _NAME), "b"), (fit(figures.signed(found.score), _ADDS, ">"), "b")]
    if bar:
        total += [("  ", ""), *_bar(0.0, found.score, low, high, bar, "═", "b")]
    drawn += [total, squashing(found)]
    room = height - len(drawn) - 2 - bool(found.untried) - (found.solved is not None)
    if found.supports and room > 0:
        drawn += [[], _heading_of_supports(found), *_how_far(found)]
        for one in found.supports[:room]:
            title = max(8, width - _ADDS - 6)
            rated = fit(figures.plain(one.rating), 4, ">")
            moves = fit(figures.signed(one.weight), _ADDS, ">")
            drawn.append([(fit(one.title, title), ""), (rated, "b"), (moves, _tone(one.weight))])
        if found.untried:
            were = "was" if found.untried == 1 else "were"
            drawn.append([(f"{figures.count(found.untried)} more, rated no higher, {were} not tried", "dim")])
    return [cut([("  ", ""), *line], width + 2) for line in drawn[:height]]


def _heading_of_supports(found: Explanation) -> Line:
    if found.left_out:
        return [("what was rated, and what the sum lacks without it: need not add up", "dim")]
    return [("what was rated, and how far it moves the sum", "dim")]


def _how_far(found: Explanation) -> list[Line]:
    """Return what the sum is by the ratings alone, where that is another than the trained one."""
    if found.solved is None:
        return []
    solved, trained = figures.metric(found.solved, 2), figures.metric(found.score, 2)
    if found.far:
        return [[(f"the ratings alone do not give this score: {solved}; trained {trained}", "warn")]]
    return [[(f"by the ratings alone {solved}; trained {trained}", "dim")]]


def squashing(found: Explanation) -> Line:
    """Return how the sum becomes the prediction."""
    prediction = figures.metric(found.prediction, 2)
    if found.y_range is None:
        return [("score, in no unit, " if found.ranks else "prediction ", "dim"), (prediction, "b")]
    low, high = found.y_range
    start = f"{figures.plain(low)} + " if low else ""
    formula = f"{start}{figures.plain(high - low)} · σ({figures.metric(found.score, 2)}) = "
    return [("prediction ", "dim"), (formula, ""), (prediction, "b")]


def answer(found: Explanation) -> Line:
    """Return what is predicted, beside what was rated."""
    who: Line = [("user ", ""), text(found.user, "b")] if found.user else [("you", "b")]
    line: Line = [*who, (" on ", ""), text(found.title, "b"), (": score " if found.ranks else ": ", "")]
    line.append((figures.metric(found.prediction, 2), "b"))
    return [*line, (_rated(found), "")]


def notes(found: Explanation, room: int) -> Line:
    """Return in at most `room` cells whose prediction it is, of what; the title is cut, or left out."""
    who = text(f"user {found.user}" if found.user else "you")
    rated = (_rated(found), "dim")
    free = room - cells([who, rated]) - 3
    title: Line = [(" · ", "faint"), (label(found.title, min(_TITLE, free)), "b")] if free >= _LEAST_TITLE else []
    return [who, *title, rated]


def _rated(found: Explanation) -> str:
    if found.rating is None:
        return ""
    held_out = "" if found.part in ("", "train") else f" in {found.part}"
    return f", rated {figures.plain(found.rating)}{held_out}"


def _shares(width: int, reasons: bool) -> tuple[int, int]:
    """Return the cells of bars and of reasons, 0 where there is no room for them, or there are no reasons."""
    room = width - _NAME - _ADDS
    if room < _LEAST_BAR + 2:
        return 0, 0
    bar = min(_MOST_BAR, room - 2)
    if not reasons:
        return bar, 0
    because = room - bar - 4
    if because < _LEAST_BECAUSE and room >= _LEAST_BAR + _LEAST_BECAUSE + 4:
        bar = max(_LEAST_BAR, min(_MOST_BAR, (room - 4) // 2))
        because = room - bar - 4
    return bar, because if because >= _LEAST_BECAUSE else 0


def _ends(terms: Sequence[Term]) -> tuple[float, float]:
    """Return the lowest and the highest that the sum is on its way."""
    low = high = so_far = 0.0
    for term in terms:
        so_far += term.value
        low, high = min(low, so_far), max(high, so_far)
    return low, high


def _fewer(terms: Sequence[Term], count: int) -> list[Term]:
    """Return at most so many terms; the last of fewer is the sum of what is left."""
    if len(terms) <= count:
        return list(terms)
    rest = terms[count - 1 :]
    return [*terms[: count - 1], Term("all others", sum(term.value for term in rest))]


def _heading(low: float, high: float, bar: int, because: int) -> Line:
    line: Line = [(fit("term", _NAME), "dim"), (fit("adds", _ADDS, ">"), "dim")]
    if bar:
        left, right = figures.metric(low, 1), figures.metric(high, 1)
        line.append(("  " + left + fit(right, bar - len(left), ">"), "dim"))
    if because:
        line.append(("  " + fit("mostly since it was rated", because), "dim"))
    return line


def _term(term: Term, start: float, low: float, high: float, bar: int, because: int) -> Line:
    tone = _tone(term.value)
    line: Line = [(fit(term.name, _NAME), ""), (fit(figures.signed(term.value), _ADDS, ">"), tone)]
    if bar:
        texture = "█" if term.value >= 0 else "▒"
        line += [("  ", ""), *_bar(start, start + term.value, low, high, bar, texture, tone)]
    if because:
        line.append(("  " + fit(term.because, because), "dim"))
    return line


def _tone(value: float) -> str:
    return "s1" if value >= 0 else "s2"


def _bar(start: float, end: float, low: float, high: float, width: int, texture: str, role: str) -> Line:
    """Return where a term takes the sum, on an axis from `low` to `high`; at least a cell."""
    span = (high - low) or 1.0
    first, last = sorted((width * (start - low) / span, width * (end - low) / span))
    left = min(width - 1, int(first + 1e-9))
    length = max(1, min(width, round(last)) - left)
    return [(" " * left, ""), (texture * length, role), (" " * (width - left - length), "")]
