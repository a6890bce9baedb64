"""A curve in one row, for tables."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.tui.drawing.canvas import ACROSS, DOWN, Canvas
from cfbench.tui.drawing.series import Series
from cfbench.tui.drawing.ticks import HUGE
from cfbench.tui.drawing.traces import binned, extremes, strokes


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Return values, equally far apart, as a line of braille in `width` cells, with gaps where there is no number."""
    end = max(1, len(values) - 1)
    series = Series("", "", range(len(values)), values, values)
    extent = extremes([series], 0, end)
    if width < 1 or extent is None:
        return " " * max(0, width)
    low, high = extent
    canvas = Canvas(1, width)
    by = end / (width * ACROSS - 1)
    edges = [(dot - 0.5) * by for dot in range(width * ACROSS + 1)]

    def dot(value: float) -> float:
        return (DOWN - 1) * (high - value) / (high - low) if low < high else DOWN - 2

    for stroke in strokes(series, binned(series, edges, -HUGE).columns, lambda x: x / by, dot):
        canvas.upright(stroke.column, stroke.top, stroke.bottom, "")
    return "".join(text for text, _ in canvas.line(0))
