"""A learning-rate test on the Model screen: its curve in place of the schedule's, and the rate that it suggests."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cfbench.answers import LrCurve
from cfbench.experiment import Experiment
from cfbench.tui.drawing.chart import Mark, Series
from cfbench.tui.drawing.lines import text
from cfbench.tui.parts.chart import Chart

_TOP = 1.5
"""The chart shows losses up to so many times the first: where it diverges the line leaves it."""


@dataclass
class LrTest:
    """What was found, and for which experiment.

    Attributes:
        asked: the experiment that is or was tested, None where none is.
        found: the answer.
        error: why there is none.
    """

    asked: Experiment | None = None
    found: LrCurve | None = None
    error: str = ""

    def forget(self) -> None:
        """Show the schedule again."""
        self.asked, self.found, self.error = None, None, ""

    @property
    def suggestion(self) -> float | None:
        """The rate that is suggested, as it is written into an experiment."""
        found = self.found.suggestion if self.found else None
        return None if found is None else float(f"{found:.2g}")


def curve(test: LrTest) -> Chart:
    """Return the loss over the logarithm of the learning rate, the suggestion marked."""
    if test.error:
        return Chart(empty=[("✗ ", "bad"), text(test.error)])
    found = test.found
    if found is None:
        return Chart(empty=[("finding a learning rate: it grows for some steps …", "dim")])
    if not found.losses:
        return Chart(empty=[(f"no step was taken: {found.ended}", "dim")])
    x = [math.log10(rate) for rate in found.rates]
    low, top = min(found.losses), _TOP * found.losses[0]
    marks = []
    legend = [("the loss falls nowhere", "warn")]
    if found.suggestion is not None:
        place = found.rates.index(found.suggestion)
        marks = [Mark(x[place], found.losses[place], "◆", "s1")]
        legend = [(f"lr {test.suggestion:g}", "b"), ("  F", "b"), (" takes it", "dim")]
    ticks = [(float(power), f"{10.0**power:g}") for power in range(math.ceil(x[0]), math.floor(x[-1]) + 1)]
    shown = [loss if loss <= top else None for loss in found.losses]
    return Chart(
        [Series("loss", "s1", x, shown, shown)],
        unit="log10 lr",
        y_range=(low, top),
        marks=marks,
        x_ticks=ticks,
        legend=legend,
    )
