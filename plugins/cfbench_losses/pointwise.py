"""Losses of one prediction and one target at a time."""

import torch
from torch.nn.functional import softplus

from cfbench_losses import PointwiseParams


class MSE:
    """mean((prediction - target)²), over a batch."""

    def __init__(self, params: PointwiseParams) -> None:
        pass

    def __call__(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar, of predictions and targets (B,)."""
        return ((prediction - target) ** 2).mean()


class Logistic:
    """mean(log(1 + exp(prediction)) - target * prediction), over a batch: predictions are logits."""

    def __init__(self, params: PointwiseParams) -> None:
        pass

    def __call__(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar, of predictions and targets (B,)."""
        return (softplus(prediction) - target * prediction).mean()
