"""A chart in a panel, with a crosshair that says the values at its place in the rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cfbench.tui.commands import Command, bindings
from cfbench.tui.drawing.chart import Frame, Mark, Series, XTicks, draw, notes
from cfbench.tui.drawing.lines import Line
from cfbench.tui.parts.pane import Pane

_FAR = 8
_INSET = 2

CROSSHAIR = Command("chart.crosshair", "k", "", "a crosshair on the chart, and away again")
WITH_CROSSHAIR = (
    Command("chart.left", "left", "", "the crosshair to the left", "cross(-1)"),
    Command("chart.right", "right", "", "the crosshair to the right", "cross(1)"),
    Command("chart.far_left", "shift+left", "", "the crosshair far to the left", f"cross({-_FAR})"),
    Command("chart.far_right", "shift+right", "", "the crosshair far to the right", f"cross({_FAR})"),
    Command("chart.start", "home", "", "the crosshair to the start", "cross_edge(0)"),
    Command("chart.end", "end", "", "the crosshair to the end of the lines", "cross_edge(1)"),
)


@dataclass(frozen=True)
class Chart:
    """What a chart shows; see drawing/chart.py for what is not said here.

    Attributes:
        series: what is drawn.
        values: what the crosshair reads where that differs from what is drawn, such as lines before smoothing.
        legend: what stands in the rule while there is no crosshair; None: the names of the series.
        empty: what stands in place of the chart while there is no series.
    """

    series: Sequence[Series] = ()
    values: Sequence[Series] | None = None
    unit: str = "epoch"
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    log_y: bool = False
    marks: Sequence[Mark] = ()
    y_ticks: int = 6
    x_ticks: XTicks | None = None
    legend: Line | None = None
    empty: Line | None = None

    @property
    def read(self) -> Sequence[Series]:
        """What the crosshair reads."""
        return self.series if self.values is None else self.values


class ChartPane(Pane):
    """Draws what it is given each time it is painted, and keeps its crosshair at one x while the chart grows.

    Args:
        title: stands in the rule.
        chart: returns what to draw.
    """

    BINDINGS: ClassVar = bindings((CROSSHAIR, *WITH_CROSSHAIR))

    def __init__(self, title: str, chart: Callable[[], Chart], *, id: str) -> None:
        super().__init__(title, id=id)
        self._chart_now = chart
        self._chart = Chart()
        self._frame = Frame(0, 0, 0.0, 1.0)
        self._cross: float | None = None

    @property
    def ACTIONS(self) -> Sequence[Command]:
        """The commands that can be done now."""
        return (CROSSHAIR, *WITH_CROSSHAIR) if self.crossed else (CROSSHAIR,)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let the crosshair move only where there is one."""
        return self.crossed or action not in ("cross", "cross_edge")

    # -- drawing --

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the chart, two cells in from the rule's edges."""
        chart = self._chart = self._chart_now()
        if chart.empty is not None and not any(one.x for one in chart.series):
            return [[("  ", ""), *chart.empty]]
        lines, frame = self._drawn(width, height, self._column)
        if frame != self._frame:
            self._frame = frame
            if self.crossed:
                lines, _ = self._drawn(width, height, self._column)
        return [[(" " * _INSET, ""), *line] for line in lines]

    def _drawn(self, width: int, height: int, cross: int | None) -> tuple[list[Line], Frame]:
        chart = self._chart
        return draw(
            chart.series, width - 2 * _INSET, height, unit=chart.unit, x_range=chart.x_range, y_range=chart.y_range,
            log_y=chart.log_y, marks=chart.marks, cross=cross, y_ticks=chart.y_ticks, x_ticks=chart.x_ticks,
        )  # fmt: skip

    def _draw(self) -> list[Line]:
        lines = super()._draw()  # the rule tells of the picture, so it comes last
        return [self._full_rule(), *lines[1:]] if lines else lines

    def _full_rule(self) -> Line:
        """Return the rule; values at the crosshair take the place of a list of pages: both would not fit."""
        pages, self.pages = self.pages, None if self.crossed else self.pages
        rule = self._rule(self.size.width)
        self.pages = pages
        return rule

    def notes(self) -> Line:
        """Return the legend, or the values at the crosshair."""
        chart = self._chart
        if self._cross is not None and self._frame.columns:
            return notes(chart.read, self._frame.x(self._frame.column(self._cross)), chart.unit)
        if chart.legend is not None:
            return chart.legend
        return notes(chart.series) if chart.series else []

    # -- the crosshair --

    @property
    def crossed(self) -> bool:
        """Whether there is a crosshair."""
        return self._cross is not None

    @property
    def _column(self) -> int | None:
        return None if self._cross is None else self._frame.column(self._cross)

    def _cross_to(self, column: int) -> None:
        frame = self._frame
        column = max(0, min(frame.columns - 1, column))
        self._cross = frame.edge(2 * column + 1)  # the middle of the column, so that it stays there
        self.repaint()

    def _last_column(self) -> int:
        return max((self._frame.column(one.x[-1]) for one in self._chart.series if one.x), default=0)

    def action_crosshair(self) -> None:
        """Show a crosshair where the lines end, or take it away."""
        if self.crossed:
            self._cross = None
            self.repaint()
        elif self._frame.columns:
            self._cross_to(self._last_column())

    def action_cross(self, columns: int) -> None:
        """Move the crosshair."""
        self._cross_to((self._column or 0) + columns)

    def action_cross_edge(self, last: int) -> None:
        """Move the crosshair to the start, or to where the lines end."""
        self._cross_to(self._last_column() * last)

    def on_pane_clicked(self, event: Pane.Clicked) -> None:
        """Put the crosshair under the mouse."""
        if event.pane is self and self._frame.columns:
            self._cross_to(event.x - _INSET - self._frame.left)
