"""From the points of a series to dots: each column of dots keeps its lowest and its highest value."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from cfbench.tui.drawing.series import Series, Values, finite
from cfbench.tui.drawing.ticks import HUGE

_COARSE = 32


@dataclass(slots=True)
class Stroke:
    """The dots of one column, `top` and `bottom` counted from the upper edge; it goes on from the stroke before it."""

    column: int
    top: int
    bottom: int
    joined: bool


class Column(NamedTuple):
    """Points in one column of dots: numbers of the first and the last that can be drawn, lowest and highest value."""

    column: int
    first: int
    last: int
    low: float
    high: float


@dataclass(frozen=True)
class Binned:
    """A series in columns of dots: those with values, and those in which a value can't be drawn."""

    columns: list[Column] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)


def binned(series: Series, edges: Sequence[float], above: float) -> Binned:
    """Return which points lie in which column: column n holds x beyond edge n up to edge n + 1.

    Values up to `above` can't be drawn.
    """
    found = Binned()
    start = bisect_left(series.x, edges[0])
    for n in range(len(edges) - 1):
        end = bisect_right(series.x, edges[n + 1], start)
        if end > start:
            _bin(found, n, series.low, series.high, start, end, above)
            start = end
    return found


def _bin(found: Binned, column: int, low: Values, high: Values, start: int, end: int, above: float) -> None:
    extent = _extent(low, high, start, end, above)
    if extent is not None:
        found.columns.append(Column(column, start, end - 1, *extent))
        return
    points = enumerate(zip(low[start:end], high[start:end], strict=True), start)
    good = [(n, a, b) for n, (a, b) in points if finite(a, above) and finite(b, above)]
    if len(good) < end - start:
        found.gaps.append(column)
    if good:
        numbers, lower, upper = zip(*good, strict=True)
        found.columns.append(Column(column, numbers[0], numbers[-1], min(lower), max(upper)))


def _extent(low: Values, high: Values, start: int, end: int, above: float) -> tuple[float, float] | None:
    """Return the lowest and the highest value, or None where one of them may be none that can be drawn.

    A million values pass in milliseconds: nothing here is done one by one.
    """
    lower = cast("Sequence[float]", low[start:end])
    upper = lower if high is low else cast("Sequence[float]", high[start:end])
    try:
        # A sum is finite only where all values are.
        if not math.isfinite(sum(lower)) or not (upper is lower or math.isfinite(sum(upper))):
            return None
    except TypeError:
        return None
    lowest, highest = min(lower), max(upper)
    return (lowest, highest) if finite(lowest, above) and finite(highest, above) else None


def strokes(
    series: Series, columns: Sequence[Column], place: Callable[[float], float], dot: Callable[[float], float]
) -> list[Stroke]:
    """Return what to draw: straight lines between points, none across a gap.

    Args:
        series: what `columns` were made from.
        columns: from left to right.
        place: x -> columns of dots from the left edge.
        dot: value -> dots from the upper edge.
    """
    drawn: list[Stroke] = []
    before: Column | None = None
    for column in columns:
        joined = before is not None and column.first == before.last + 1
        if before is not None and joined and column.column > before.column + 1:
            drawn += _between(series, before, column, place, dot)
        drawn.append(Stroke(column.column, _whole(dot(column.high)), _whole(dot(column.low)), joined))
        before = column
    for left, right in itertools.pairwise(drawn):
        if right.joined:
            _meet(left, right)
    return drawn


def _between(
    series: Series, left: Column, right: Column, place: Callable[[float], float], dot: Callable[[float], float]
) -> list[Stroke]:
    """Return the line from the last point of one column to the first point of another, in the columns between."""
    a, b = left.last, right.first
    low, high = cast("Sequence[float]", series.low), cast("Sequence[float]", series.high)
    start, end = place(series.x[a]), place(series.x[b])
    top, bottom = dot(high[a]), dot(low[a])
    top_by, bottom_by = (dot(high[b]) - top) / (end - start), (dot(low[b]) - bottom) / (end - start)
    return [
        Stroke(n, _whole(top + top_by * (n - start)), _whole(bottom + bottom_by * (n - start)), True)
        for n in range(left.column + 1, right.column)
    ]


def _meet(left: Stroke, right: Stroke) -> None:
    """Lengthen two neighbours until they meet half-way, so that a steep line has no holes."""
    if left.bottom < right.top - 1:
        left.bottom = (left.bottom + right.top) // 2
        right.top = left.bottom + 1
    elif right.bottom < left.top - 1:
        right.bottom = (right.bottom + left.top) // 2
        left.top = right.bottom + 1


def _whole(dots: float) -> int:
    return math.floor(dots + 0.5)


def extremes(series: Sequence[Series], x_low: float, x_high: float, above: float = -HUGE) -> tuple[float, float] | None:
    """Return the lowest and the highest value that can be drawn, from `x_low` to `x_high`."""
    # In several columns, so that a value that can't be drawn slows down one of them alone.
    edges = [x_low + n * (x_high - x_low) / _COARSE for n in range(_COARSE)] + [x_high]
    columns = [column for one in series for column in binned(one, edges, above).columns]
    if not columns:
        return None
    return min(column.low for column in columns), max(column.high for column in columns)
