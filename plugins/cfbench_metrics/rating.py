"""Metrics of predicted ratings: float64 (n,) predictions and targets to one number."""

import math

import numpy as np
from numpy.typing import NDArray

from cfbench.plugin import NoParams


def mse(prediction: NDArray[np.float64], target: NDArray[np.float64], params: NoParams) -> float:
    """Return mean((prediction - target)²)."""
    return float(np.mean((prediction - target) ** 2))


def rmse(prediction: NDArray[np.float64], target: NDArray[np.float64], params: NoParams) -> float:
    """Return the root of `mse`."""
    return math.sqrt(mse(prediction, target, params))


def mae(prediction: NDArray[np.float64], target: NDArray[np.float64], params: NoParams) -> float:
    """Return mean(|prediction - target|)."""
    return float(np.mean(np.abs(prediction - target)))


def r2(prediction: NDArray[np.float64], target: NDArray[np.float64], params: NoParams) -> float:
    """Return 1 - mse / variance of the targets, the share of it that is explained; NaN where there is none."""
    variance = float(np.var(target))
    return 1 - mse(prediction, target, params) / variance if variance else math.nan
