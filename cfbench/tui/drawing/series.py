"""What a chart shows: values along an axis, with a name; and what can be said of them at one place."""

from __future__ import annotations

import dataclasses
import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from cfbench.answers import Curve
from cfbench.text import label
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line
from cfbench.tui.drawing.ticks import HUGE

Values = Sequence[float | None]


@dataclasses.dataclass(frozen=True)
class Series:
    """Values with a name. Each point reaches from its lowest to its highest value: both are the same for a single one.

    Attributes:
        name: stands in the legend.
        role: its colour.
        x: finite, never falling.
        low: None, NaN or infinity where there was no finite number: the line has a gap there, and a sign below.
        high: likewise.
        dashed: drawn with dashes, to be told apart without colour.
        fill: drawn as an area down to 0.
        end: stands where the line ends.
        places: decimals of its values in words, more where they are small.
    """

    name: str
    role: str
    x: Sequence[float]
    low: Values
    high: Values
    dashed: bool = False
    fill: bool = False
    end: str = ""
    places: int = 3

    @classmethod
    def of(
        cls, curve: Curve, role: str, *, name: str = "", dashed: bool = False, fill: bool = False, places: int = 3
    ) -> Series:
        """Return a measured curve as a series, under its own name unless another one is given."""
        return cls(name or curve.name, role, curve.x, curve.low, curve.high, dashed, fill, places=places)

    def labelled(self) -> Series:
        """Return it with its name and its last finite value where the line ends."""
        point = last(self)
        if point is None:
            return self
        return dataclasses.replace(self, end=f"{self.name} {reading(point.low, point.high, self.places)}")


@dataclasses.dataclass(frozen=True)
class Mark:
    """A sign of one cell at a place of a chart, such as the best epoch."""

    x: float
    y: float
    sign: str
    role: str


class Point(NamedTuple):
    """A point of a series."""

    x: float
    low: float | None
    high: float | None

    @property
    def middle(self) -> float:
        """Half-way between its lowest and its highest value, NaN where there is none."""
        return math.nan if self.low is None or self.high is None else (self.low + self.high) / 2


def at(series: Series, x: float) -> Point | None:
    """Return the last point at or before `x` exactly as it is in the data, or None where there is none."""
    n = bisect_right(series.x, x) - 1
    return Point(series.x[n], series.low[n], series.high[n]) if n >= 0 else None


def last(series: Series) -> Point | None:
    """Return the last point whose values are finite."""
    for point in map(Point, reversed(series.x), reversed(series.low), reversed(series.high)):
        if finite(point.low) and finite(point.high):
            return point
    return None


def finite(value: float | None, above: float = -HUGE) -> bool:
    """Return whether a value is a number that can be drawn, and above a bound."""
    return value is not None and above < value < HUGE


def smoothed(series: Series, weight: float) -> Series:
    """Return the exponential moving average of the points' middles.

    It is debiased as in Adam (Kingma and Ba, 2015): the start is not pulled to 0. Points that are not finite stay so.

    Args:
        series: any.
        weight: of what was before: 0 returns the series as it is; below 1.
    """
    if weight <= 0:
        return series
    averages: list[float | None] = []
    mean, missing = 0.0, 1.0
    for point in map(Point, series.x, series.low, series.high):
        if not (finite(point.low) and finite(point.high)):
            averages.append(None)
            continue
        mean = weight * mean + (1 - weight) * point.middle
        missing *= weight
        averages.append(mean / (1 - missing))
    return dataclasses.replace(series, low=averages, high=averages)


def notes(series: Sequence[Series], cross_x: float | None = None, unit: str = "epoch") -> Line:
    """Return the legend, or, with a crosshair, where it stands and the values there."""
    if cross_x is None:
        strokes = [f"{label(one.name)} {_stroke(one)}" for one in series]
        return [
            (("  " if n else "") + text, one.role) for n, (text, one) in enumerate(zip(strokes, series, strict=True))
        ]
    line: Line = [(f"{label(unit)} ", "dim"), (_place(cross_x), "b")]
    for one in series:
        point = at(one, cross_x)
        line.append((f"  {label(one.name)} ", "dim"))
        if point is None:
            line.append((figures.MISSING, one.role))
        elif finite(point.low) and finite(point.high):
            line.append((reading(point.low, point.high, one.places), one.role))
        else:
            line.append(("NaN", "bad"))
    return line


def reading(low: float | None, high: float | None, places: int = 3) -> str:
    """Return a point in words: its value, or its lowest and highest."""
    first, second = _value(low, places), _value(high, places)
    return first if first == second else f"{first} … {second}"


def _value(value: float | None, places: int) -> str:
    if value is None or not math.isfinite(value) or value == 0:
        return figures.metric(value, places)
    size = math.floor(math.log10(abs(value)))
    if size < -4 or size >= 7:
        return f"{value:.4g}".replace("e-0", "e-").replace("e+", "e").replace("-", figures.MINUS)
    return figures.metric(value, max(places, 2 - size))


def _place(x: float) -> str:
    return (f"{x:.2f}" if abs(x) < 100 else f"{x:,.0f}" if abs(x) < 1e12 else f"{x:.4g}").replace("-", figures.MINUS)


def _stroke(series: Series) -> str:
    return "██" if series.fill else "╌╌" if series.dashed else "──"
