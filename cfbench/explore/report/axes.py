"""Axes of pictures: round ticks, and where a number lies."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cfbench.explore.report.marks import ink, say
from cfbench.explore.report.words import signed


@dataclass(frozen=True)
class Axis:
    """From numbers to places in the picture."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return where a number lies."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def step(low: float, high: float, most: int, whole: bool = False) -> float:
    """Return the smallest of 1, 2, 2.5 or 5 times a power of ten that goes at most `most` times into a range."""
    least = (high - low) / most
    power = 10.0 ** math.floor(math.log10(least))
    sizes = (1, 2, 5, 10) if whole and power <= 1 else (1, 2, 2.5, 5, 10)
    found = next(size * power for size in sizes if size * power >= least * (1 - 1e-9))
    return max(found, 1.0) if whole else found


def axis_over(
    values: Iterable[float], start: float, end: float, most: int, whole: bool = False, tight: bool = False
) -> Axis:
    """Return an axis over numbers, from one place of the picture to another.

    Args:
        values: at least one.
        start: where the lowest lies.
        end: where the highest lies.
        most: steps between ticks.
        whole: ticks at whole numbers alone.
        tight: it ends at the extreme values, else at ticks.
    """
    low, high = extent(values)
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        around = 0.5 if whole else max(abs(low) * 0.05, 1e-6)
        low, high = low - around, high + around
    size = step(low, high, most, whole)
    first, last = math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9)
    if not (whole or tight):
        first, last = math.floor(low / size + 1e-9), math.ceil(high / size - 1e-9)
        low, high = first * size, last * size
    return Axis(low, high, start, end, tuple(n * size for n in range(first, last + 1)))


def frame(across: Axis, upwards: Axis, x_label: str, y_label: str) -> str:
    """Return grid, numbers and names of both axes."""
    grid = "".join(f"M{across.start} {upwards.at(tick):.1f}H{across.end:.1f}" for tick in upwards.ticks)
    said = "".join(say(across.start - 8, upwards.at(tick) + 4, word, "end") for tick, word in _numbers(upwards.ticks))
    said += "".join(say(across.at(tick), upwards.start + 18, word, "middle") for tick, word in _numbers(across.ticks))
    said += say((across.start + across.end) / 2, upwards.start + 37, x_label, "middle", cells=90)
    said += say(8, 16, y_label, cells=60)
    return ink("faint", f'<path d="{grid}" stroke="currentColor" stroke-width="0.7"/>') + ink("dim", said)


def _numbers(ticks: Sequence[float]) -> list[tuple[float, str]]:
    if len(ticks) < 2:
        return [(tick, signed(f"{tick:,g}")) for tick in ticks]
    size = ticks[1] - ticks[0]
    if max(map(abs, ticks)) >= 1e6 or size < 1e-5:
        return [(tick, signed(f"{tick:.3g}")) for tick in ticks]
    decimals = next(n for n in range(9) if abs(round(size, n) - size) < size * 1e-6)
    return [(tick, signed(f"{tick:,.{decimals}f}")) for tick in ticks]


def extent(values: Iterable[float]) -> tuple[float, float]:
    """Return the lowest and the highest of numbers."""
    known = list(values)
    return min(known), max(known)
