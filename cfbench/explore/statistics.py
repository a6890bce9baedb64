"""Whether a difference between two models is more than chance: paired, with its size first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

RESAMPLES = 2000
LEVEL = 0.95
_CELLS = 2**22


@dataclass(frozen=True)
class PairedTest:
    """Two models' values of the same n units.

    Attributes:
        n: units that both have a value of.
        difference: mean of first - second.
        effect: Cohen's d of the differences: their mean by their standard deviation; 0 where all are 0.
        low: lower end of the bootstrap interval of the mean difference, 95 %, percentiles of 2,000 resamples.
        high: upper end.
        p: of Student's paired t test, two-sided; 1 where all differences are 0.
    """

    n: int
    difference: float
    effect: float
    low: float
    high: float
    p: float


def paired(first: NDArray[np.float64], second: NDArray[np.float64], seed: int = 0) -> PairedTest | None:
    """Compare two models by their values of n units, float64 (n,) each, NaN where a unit has none.

    Returns None where fewer than two units have both values.
    """
    differences = first - second
    differences = differences[np.isfinite(differences)]
    n = len(differences)
    if n < 2:
        return None
    mean, sd = float(differences.mean()), float(differences.std(ddof=1))
    if sd == 0:
        p = 1.0 if mean == 0 else 0.0
        return PairedTest(n, mean, 0.0 if mean == 0 else math.copysign(math.inf, mean), mean, mean, p)
    t = mean / (sd / math.sqrt(n))
    low, high = _interval(differences, np.random.default_rng(seed))
    return PairedTest(n, mean, mean / sd, low, high, float(2 * stats.t.sf(abs(t), n - 1)))


def _interval(values: NDArray[np.float64], generator: np.random.Generator) -> tuple[float, float]:
    """Return the percentile interval of the mean (Efron, Tibshirani: An introduction to the bootstrap, 1993, 13)."""
    n = len(values)
    step = max(1, _CELLS // n)
    sizes = [min(step, RESAMPLES - start) for start in range(0, RESAMPLES, step)]
    means = [values[generator.integers(0, n, (size, n))].mean(1) for size in sizes]
    low, high = np.quantile(np.concatenate(means), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def holm(p: Sequence[float]) -> list[float]:
    """Return p values adjusted for their number.

    Holm: A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6(2), 1979.
    """
    adjusted = [1.0] * len(p)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        largest = max(largest, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = largest
    return adjusted
