"""Losses of one prediction and one target at a time."""

import torch

from cfbench.plugin import NoParams


class MSE:
    """mean((prediction - target)²), over a batch."""

    def __init__(self, params: NoParams) -> None:
        pass

    def __call__(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar, of predictions and targets (B,)."""
        return ((prediction - target) ** 2).mean()
