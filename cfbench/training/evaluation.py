"""How good predictions are: loss and metrics over a part of the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.loading.loader import Part
from cfbench.training.components import Predictor, Scorer


@torch.no_grad()
def predict(predictor: Predictor, part: Part) -> torch.Tensor:
    """Return predictions (n,) of all rows of a part, in the order of the data, dropout off."""
    was_training = predictor.module.training
    predictor.module.eval()
    chunks = [predictor(predictor.place(chunk)) for chunk in part.chunks()]
    predictor.module.train(was_training)
    return torch.cat(chunks) if chunks else torch.empty(0, dtype=predictor.dtype, device=predictor.device)


def evaluate(
    predictor: Predictor,
    part: Part,
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    metrics: Iterable[Scorer],
) -> tuple[float | None, dict[str, float | None]]:
    """Return the loss and each metric over a part; (None, {}) where the part is empty."""
    if not part.n_rows:
        return None, {}
    prediction = predict(predictor, part)
    target = part.all.target.to(predictor.device, predictor.dtype)
    with torch.no_grad():
        value = loss(prediction, target).item()
    return value, measure(metrics, _float64(prediction), _float64(target))


def measure(
    metrics: Iterable[Scorer], prediction: NDArray[np.float64], target: NDArray[np.float64]
) -> dict[str, float | None]:
    """Return name -> value of each metric over predictions and targets (n,); None for what is no finite number."""
    values = {metric.name: float(metric.target(prediction, target, metric.params)) for metric in metrics}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _float64(values: torch.Tensor) -> NDArray[np.float64]:
    return values.double().cpu().numpy()
