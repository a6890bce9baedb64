"""Lines and areas over an axis, in braille dots; of many points each column keeps the lowest and the highest value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cfbench.text import label
from cfbench.text import width as text_width
from cfbench.tui.drawing import endings, ticks
from cfbench.tui.drawing.canvas import ACROSS, CROSSHAIR, DOWN, GRID, Canvas
from cfbench.tui.drawing.endings import Ending
from cfbench.tui.drawing.lines import Line, cut
from cfbench.tui.drawing.series import Mark, Point, Series, at, finite, notes, reading, smoothed
from cfbench.tui.drawing.ticks import HUGE, TINY, Scale
from cfbench.tui.drawing.traces import Binned, Column, binned, extremes, strokes

__all__ = ["Frame", "Mark", "Point", "Series", "at", "draw", "notes", "reading", "smoothed"]

MISSING = "×"
"""Below a gap in a line: there is a value that can't be drawn."""

_LEAST_WIDTH, _LEAST_HEIGHT = 16, 3
_DASH, _PERIOD = 4, 6  # columns of dots
_GRID_EVERY = 4  # cells

Range = tuple[float, float]
XTicks = Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Frame:
    """Where a chart has drawn what.

    Attributes:
        left: cells before the first column.
        columns: cells across which x goes, 0 where nothing was drawn.
        x_low: at the left edge.
        x_high: at the right edge.
    """

    left: int
    columns: int
    x_low: float
    x_high: float

    @property
    def _by(self) -> float:
        return (self.x_high - self.x_low) / max(1, self.columns * ACROSS - 1)

    def edge(self, dot: int) -> float:
        """Return the x that parts the columns of dots `dot` - 1 and `dot`."""
        return self.x_low + (dot - 0.5) * self._by

    def place(self, x: float) -> float:
        """Return how many columns of dots an x lies right of the first one."""
        return (x - self.x_low) / self._by

    def x(self, column: int) -> float:
        """Return the greatest x that is drawn in a column of cells, the nearest one where there is no such column."""
        column = max(0, min(self.columns - 1, column))
        return min(self.x_high, self.edge((column + 1) * ACROSS))

    def column(self, x: float) -> int:
        """Return the column of cells in which an x is drawn, the nearest one where it lies outside."""
        if not self.columns:
            return 0
        return math.floor(self.place(max(self.x_low, min(self.x_high, x))) + 0.5) // ACROSS


def draw(
    series: Sequence[Series],
    width: int,
    height: int,
    *,
    unit: str = "epoch",
    x_range: Range | None = None,
    y_range: Range | None = None,
    log_y: bool = False,
    marks: Sequence[Mark] = (),
    cross: int | None = None,
    y_ticks: int = 6,
    x_ticks: XTicks | None = None,
) -> tuple[list[Line], Frame]:
    """Return the lines of a chart, each `width` cells, and where it has drawn what. Later series lie over earlier ones.

    Args:
        series: what to draw.
        width: cells.
        height: lines, that of the x axis included.
        unit: stands after the x axis.
        x_range: what the x axis shows, else all that is there; points outside are left out.
        y_range: what the y axis shows at least, else all that is in view; parts of lines outside are left out.
        log_y: whether equal heights are equal ratios; values up to 0 can't be drawn then.
        marks: signs over the lines.
        cross: the column of the crosshair, counted as `Frame.columns` are.
        y_ticks: about how many.
        x_ticks: (x, text) to write in place of round numbers.
    """
    drawn = [one for one in series if one.x]
    x_low, x_high = _x_range(drawn, x_range)
    nowhere = Frame(0, 0, x_low, x_high)
    if width < _LEAST_WIDTH or height < _LEAST_HEIGHT:
        return _instead("too small", width, height), nowhere
    if not drawn:
        return _instead("nothing to draw yet", width, height), nowhere
    above = TINY if log_y else -HUGE
    rows = height - 1
    scale = _scale(drawn, rows, (x_low, x_high), y_range, above, y_ticks)
    left = 1 + max(map(len, scale.ticks.values()), default=-1)
    left = left if left <= width // 2 else 0
    room = max((1 + text_width(label(one.end)) for one in drawn if one.end), default=0)
    frame = Frame(left, width - left - min(room, width // 3), x_low, x_high)
    canvas = Canvas(rows, width - left)
    _grid(canvas, frame, scale, cross)
    edges = [frame.edge(dot) for dot in range(frame.columns * ACROSS + 1)]
    bins = [binned(one, edges, above) for one in drawn]
    for one, found in zip(drawn, bins, strict=True):
        _trace(canvas, frame, scale, one, found.columns)
    for dot in {dot for found in bins for dot in found.gaps}:
        canvas.write(rows - 1, dot // ACROSS, MISSING, "bad")
    for mark in marks:
        if x_low <= mark.x <= x_high and finite(mark.y, above):
            canvas.write(scale.row(mark.y), frame.column(mark.x), mark.sign, mark.role)
    ends = [_ending(one, scale, found) for one, found in zip(drawn, bins, strict=True) if one.end and found.columns]
    endings.write(canvas, ends)
    lines = [[(scale.ticks.get(row, "").rjust(left - 1) + " ", "dim")] if left else [] for row in range(rows)]
    lines = [[*line, *canvas.line(row)] for row, line in enumerate(lines)]
    lines.append(_x_axis(frame, width, unit, x_ticks))
    return lines, frame


def _instead(text: str, width: int, height: int) -> list[Line]:
    """Return a picture that says why there is none."""
    return [cut([(text[:width], "dim")] if row == height // 2 else [], width) for row in range(height)]


def _x_range(drawn: Sequence[Series], given: Range | None) -> Range:
    ends = given or [end for one in drawn for end in (one.x[0], one.x[-1])] or (0.0, 1.0)
    low, high = (max(-HUGE, min(HUGE, end)) for end in (min(ends), max(ends)))
    size = max(abs(low), abs(high))
    return (low, high) if high - low > max(1e-12 * size, TINY) else (low, low + max(1.0, size / 2))


def _scale(
    drawn: Sequence[Series], rows: int, x_range: Range, y_range: Range | None, above: float, wanted: int
) -> Scale:
    log = above > 0
    usable = y_range is not None and all(finite(end, above) for end in y_range)
    values = y_range if usable else extremes(drawn, *x_range, above)
    if values is None:
        return Scale(rows, 0.0, 1.0, log, {})
    low, high = values
    if log:
        return ticks.logarithmic(low, high, rows, wanted)
    if any(one.fill for one in drawn):  # the height of an area says how much: it starts at 0
        low, high = min(low, 0.0), max(high, 0.0)
    return ticks.linear(low, high, rows, wanted)


def _grid(canvas: Canvas, frame: Frame, scale: Scale, cross: int | None) -> None:
    for row in scale.ticks:
        for column in range(0, frame.columns, _GRID_EVERY):
            canvas.write(row, column, GRID, "faint")
    if cross is not None and 0 <= cross < frame.columns:
        for row in range(canvas.rows):
            canvas.write(row, cross, CROSSHAIR, "dim")


def _trace(canvas: Canvas, frame: Frame, scale: Scale, one: Series, columns: Sequence[Column]) -> None:
    base = canvas.rows * DOWN - 1 if scale.log else math.floor(scale.dot(0.0) + 0.5)
    drawn = strokes(one, columns, frame.place, scale.dot)
    for n, stroke in enumerate(drawn):
        alone = not stroke.joined and not (n + 1 < len(drawn) and drawn[n + 1].joined)
        if one.dashed and stroke.column % _PERIOD >= _DASH and not alone:
            continue
        top, bottom = stroke.top, stroke.bottom
        if one.fill:
            top, bottom = min(top, base), max(bottom, base)
        canvas.upright(stroke.column, top, bottom, one.role)


def _ending(one: Series, scale: Scale, found: Binned) -> Ending:
    column = found.columns[-1]
    value = Point(one.x[column.last], one.low[column.last], one.high[column.last]).middle
    return Ending(label(one.end), one.role, scale.row(value), column.column // ACROSS, scale.dot(value))


def _x_axis(frame: Frame, width: int, unit: str, given: XTicks | None) -> Line:
    """Return the row below: numbers under their columns where there is room, then the unit."""
    low, high = frame.x_low, frame.x_high
    row, free = "", 0
    for x, text in ticks.along(low, high, frame.columns) if given is None else given:
        start = min(width - len(text), max(0, frame.left + frame.column(x) - (len(text) - 1) // 2))
        if low <= x <= high and start >= free:
            row = row.ljust(start) + text
            free = len(row) + 2
    unit = label(unit)
    if unit and free + text_width(unit) <= width:
        row = row.ljust(free) + unit
    return cut([(row, "dim")], width)
