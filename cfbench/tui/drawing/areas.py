"""Counts as areas: the long tail, and rows over time."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.answers import Bar
from cfbench.tui.drawing.chart import draw
from cfbench.tui.drawing.dates import dates
from cfbench.tui.drawing.lines import Line
from cfbench.tui.drawing.series import Series


def tail(
    counts: Sequence[int], total: int, width: int, height: int, *, unit: str = "items", role: str = "s1"
) -> list[Line]:
    """Return counts by rank, most first, with a logarithmic axis of counts.

    Args:
        counts: at evenly spaced ranks from the first to the last.
        total: how many there are: the last rank.
        width: cells.
        height: lines.
        unit: what is counted.
        role: colour.
    """
    by = (total - 1) / max(1, len(counts) - 1)
    seen: list[float] = [count for count in counts if count > 0]  # most first: what nobody rated stands last
    area = Series(unit, role, [1 + n * by for n in range(len(seen))], seen, seen, fill=True)
    return draw([area], width, height, unit=unit, x_range=(1, max(1, total)), log_y=True, y_ticks=4)[0]


def times(bars: Sequence[Bar], width: int, height: int, *, role: str = "s1") -> list[Line]:
    """Return rows over time, as steps; `low` and `high` of each bar in Unix seconds, dates in UTC."""
    x = [end for one in bars for end in (one.low, one.high)]
    counts: list[float] = [one.count for one in bars for _ in range(2)]
    area = Series("rows", role, x, counts, counts, fill=True)
    marks = dates(x[0], x[-1], max(1, width - 8)) if bars else None
    return draw([area], width, height, unit="", x_ticks=marks, y_ticks=3)[0]
