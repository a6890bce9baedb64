"""The highest and the lowest biases, and how sure each of them is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Bias, Ends, Side
from cfbench.errors import BadInput
from cfbench.explore.factors import MEND, curve, factorization, float64
from cfbench.explore.noise import noise
from cfbench.explore.ranking import highest, known
from cfbench.explore.trained import Trained
from cfbench.plugin import Factorization

_SURE = 1.959964
"""The 97.5th percentile of the normal distribution."""

_LEAST_SPREAD = 1e-12
"""Variance of biases below which they tell nothing about one another."""


def biases(trained: Trained, side: Side = "item", count: int = 10, least: int = 1) -> Ends:
    """Return the `count` highest and lowest biases of labels with at least `least` training rows.

    Each has the bound of a 95 % interval: with n rows whose errors have the variance s², of biases with the variance
    t², it is 1.96 / sqrt(n g² / s² + 1 / t²), where g is how fast predictions grow with scores at that bias. It takes
    all other parameters for known (Gelman, Hill: Data analysis using regression and multilevel models, 2007, 12.2).

    Raises:
        BadInput: the model has none.
    """
    tables = factorization(trained)
    table = None if tables is None else getattr(tables, f"{side}_bias")
    if tables is None or table is None:
        raise BadInput(f"the model {trained.model_name} learns no {side} biases", mend=MEND)
    codes, values = known(trained, side, least), float64(table)
    within: dict[int, float] = {}
    if trained.predictor.ratings:
        within = dict(zip(codes.tolist(), _bounds(trained, tables, values, side, codes).tolist(), strict=True))
    ends = [
        tuple(
            Bias(one.label, one.title, sign * one.value, one.count, within.get(trained.label_codes[side][one.label]))
            for one in highest(trained, side, codes, sign * values[codes], count)
        )
        for sign in (1, -1)
    ]
    return Ends(*ends)


def _bounds(
    trained: Trained, tables: Factorization, values: NDArray[np.float64], side: Side, codes: NDArray[np.int32]
) -> NDArray[np.float64]:
    _, slopes = curve(tables, tables.global_mean + values[codes])
    spread = float(values[known(trained, side)].var())
    prior = 1 / spread if spread > _LEAST_SPREAD else 0.0
    found: NDArray[np.float64] = _SURE / np.sqrt(trained.counts[side][codes] * slopes**2 / noise(trained) + prior)
    return found
