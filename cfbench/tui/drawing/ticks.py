"""Round numbers along an axis: 1, 2, 2.5 and 5 times powers of ten, where they stand and how they are written."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from cfbench.tui.drawing.figures import MINUS

HUGE = 1e305
"""Values up to it can be drawn: an axis needs round numbers beyond its highest value."""

TINY = 1e-305
"""The least distance from 0 that is told from it."""

_DOTS = 4  # in a cell, one above another


class Step(NamedTuple):
    """The distance between ticks: `digits` times ten to the `exponent`, whole numbers so that multiples are exact."""

    digits: int
    exponent: int

    def times(self, n: int) -> float:
        """Return the float nearest to `n` steps."""
        if self.exponent >= 0:
            return float(n * self.digits * 10**self.exponent)
        return n * self.digits / int(10**-self.exponent)


@dataclass(frozen=True)
class Scale:
    """A vertical axis over rows of cells, the topmost row being 0.

    Attributes:
        rows: at least 2.
        bottom: what stands in the middle of the lowest row, as log10 where `log`.
        top: what stands in the middle of the topmost row, likewise.
        log: whether equal distances are equal ratios.
        ticks: row -> the number written there.
    """

    rows: int
    bottom: float
    top: float
    log: bool
    ticks: dict[int, str]

    def dot(self, value: float) -> float:
        """Return how many dots a value lies below the upper edge; far outside, some number beyond the edge."""
        level = math.log10(value) if self.log else value
        share = (level - self.bottom) / (self.top - self.bottom)
        return (self.rows - 1) * _DOTS * (1 - max(-1.0, min(2.0, share))) + 1.5

    def row(self, value: float) -> int:
        """Return the row of a value, the nearest one where it lies outside."""
        return max(0, min(self.rows - 1, math.floor((self.dot(value) + 0.5) / _DOTS)))


def linear(low: float, high: float, rows: int, wanted: int) -> Scale:
    """Return the axis that shows `low` to `high` with about `wanted` ticks, an equal number of rows apart."""
    low, high = _apart(low, high)
    fit = _fit(low, high, rows, wanted, _steps((high - low) / (2 * max(1, wanted))))
    if fit is None:  # two rows and a zero between them
        return _between(low, high, rows)
    step, first, offset, every = fit
    numbers = range(first, first + (rows - 1 - offset) // every + 1)
    bottom = step.times(first) - offset / every * step.times(1)
    return Scale(
        rows,
        bottom,
        bottom + (rows - 1) / every * step.times(1),
        False,
        {rows - 1 - offset - n * every: text for n, text in enumerate(written(step, numbers))},
    )


def logarithmic(low: float, high: float, rows: int, wanted: int) -> Scale:
    """Return the axis of ratios that shows `low` to `high`, both above 0.

    Over more than one and a half decades the ticks are decades, an equal number of rows apart. Over fewer there are
    none such: ticks then stand in the row nearest to them.
    """
    a, b = math.log10(low), math.log10(high)
    if b - a < 1e-9:
        a, b = a - 0.5, b + 0.5
    if b - a >= 1.5:
        fit = _fit(a, b, rows, wanted, (Step(m, e) for e in range(3) for m in (1, 2, 5)))
        if fit is not None:
            step, first, offset, every = fit
            size = step.times(1)
            bottom = (first - offset / every) * size
            ticks = {
                rows - 1 - offset - n * every: _decade(round((first + n) * size))
                for n in range((rows - 1 - offset) // every + 1)
            }
            return Scale(rows, bottom, bottom + (rows - 1) / every * size, True, ticks)
    scale = Scale(rows, a, b, True, {})
    room = 2 if rows > 5 else 1
    for value, text in _within(10**a, 10**b, wanted):
        row = scale.row(value)
        if all(abs(row - other) >= room for other in scale.ticks):
            scale.ticks[row] = text
    return scale


def along(low: float, high: float, columns: int) -> list[tuple[float, str]]:
    """Return the ticks from `low` to `high` that have room, with blanks between, on `columns` cells."""
    for step in itertools.islice(_steps(8 * (high - low) / columns), 6):
        size = step.times(1)
        numbers = range(math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9) + 1)
        texts = written(step, numbers)
        if columns * (size / (high - low)) >= 3 + max(map(len, texts), default=0):
            return [(step.times(n), text) for n, text in zip(numbers, texts, strict=True)]
    return []


def written(step: Step, numbers: range) -> list[str]:
    """Return multiples of a step as text, all with as many decimals as the step has; k and M for large ones."""
    values = [step.times(n) for n in numbers]
    highest = max(map(abs, values), default=0.0)
    places = max(0, -step.exponent)
    if highest >= 1e10 or places > 6:
        digits = math.floor(math.log10(highest)) - step.exponent + 1 if highest else 1
        return [_short(value, min(15, digits)) for value in values]
    for power, least, mark in ((6, 1e6, " M"), (3, 1e4, " k")):
        decimals = max(0, power - step.exponent)
        if highest >= least and decimals <= 2:
            return [_fixed(value / 10**power, decimals) + mark if value else "0" for value in values]
    return [_fixed(value, places) for value in values]


def _steps(least: float) -> Iterator[Step]:
    """Yield 1, 2, 2.5 and 5 times powers of ten from `least` on."""
    lowest = math.floor(math.log10(least))
    for exponent in itertools.count(lowest):
        for digits, shift in ((1, 0), (2, 0), (25, 1), (5, 0)):
            step = Step(digits, exponent - shift)
            if step.times(1) >= least * (1 - 1e-9):
                yield step


def _apart(low: float, high: float) -> tuple[float, float]:
    """Return a range that can be drawn: around the value where all values are the same."""
    highest = max(abs(low), abs(high))
    if high - low > max(1e-12 * highest, TINY):
        return low, high
    room = highest / 2 if highest > TINY else 1.0
    return low - room, high + room


def _fit(low: float, high: float, rows: int, wanted: int, steps: Iterator[Step]) -> tuple[Step, int, int, int] | None:
    """Return step, number of its lowest tick, rows below that tick, and rows a step: what wastes least."""
    best: tuple[Step, int, int, int] | None = None
    least = math.inf
    for step in itertools.islice(steps, 9):
        size = step.times(1)
        a, b = low / size, high / size
        for first in (math.floor(a + 1e-9), math.ceil(a - 1e-9)):
            below, above = first - a, b - first
            if above < 0:
                continue
            # The most rows a step with which the values still have room.
            for every in range(min(rows - 1, int((rows - 1) / max(above, b - a) + 1e-9)), 0, -1):
                offset = max(0, math.ceil(below * every - 1e-9))
                if offset + above * every <= rows - 1 + 1e-9:
                    break
            else:
                continue
            ticks = (rows - 1 - offset) // every + 1
            waste = (
                1 - (b - a) * every / (rows - 1)
                + 0.08 * abs(ticks - wanted) + 0.4 * (ticks < 3) + (ticks < 2)
                + 0.12 * (offset > 0) + 0.05 * (step.digits == 25) + (every == 1 and rows > 5)
            )  # fmt: skip
            if waste < least:
                best, least = (step, first, offset, every), waste
    return best


def _between(low: float, high: float, rows: int) -> Scale:
    """Return an axis with a tick at either end."""
    step = next(_steps(max(abs(low), abs(high))))
    ends = range(-1 if low < 0 else 0, (1 if high > 0 else 0) + 1, 2 if low < 0 < high else 1)
    bottom, top = written(step, ends)
    return Scale(rows, step.times(ends[0]), step.times(ends[-1]), False, {rows - 1: bottom, 0: top})


def _within(low: float, high: float, wanted: int) -> list[tuple[float, str]]:
    """Return round values from `low` to `high`: 1, 2, 5 where there are three, else equally far apart."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = [Step(digits, exponent) for exponent in decades for digits in (1, 2, 5)]
    found = [step for step in steps if low <= step.times(1) <= high]
    if len(found) >= 3:
        return [(step.times(1), written(step, range(1, 2))[0]) for step in found]
    step = next(_steps((high - low) / max(1, wanted)))
    size = step.times(1)
    numbers = range(max(1, math.ceil(low / size - 1e-9)), math.floor(high / size + 1e-9) + 1)
    return [(step.times(n), text) for n, text in zip(numbers, written(step, numbers), strict=True)]


def _decade(exponent: int) -> str:
    if -4 <= exponent < 10:
        return written(Step(1, exponent), range(1, 2))[0]
    return f"1e{exponent}".replace("-", MINUS)


def _fixed(value: float, places: int) -> str:
    return f"{value:,.{places}f}".replace("-", MINUS)


def _short(value: float, digits: int) -> str:
    digits_shown, _, exponent = f"{value:.{digits}g}".partition("e")
    return (f"{digits_shown}e{int(exponent)}" if exponent else digits_shown).replace("-", MINUS)
