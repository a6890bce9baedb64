"""Gradient descent and its adaptive kin, by torch."""

from collections.abc import Iterable

import torch
from torch import nn

from cfbench_optimizers import AdamParams, AdamWParams, SGDParams


def sgd(parameters: Iterable[nn.Parameter], params: SGDParams) -> torch.optim.Optimizer:
    """Return stochastic gradient descent with momentum."""
    return torch.optim.SGD(parameters, params.lr, params.momentum, weight_decay=params.weight_decay)


def adam(parameters: Iterable[nn.Parameter], params: AdamParams) -> torch.optim.Optimizer:
    """Return Adam. Kingma, Ba: Adam: a method for stochastic optimization. ICLR 2015."""
    listed = list(parameters)
    return torch.optim.Adam(listed, params.lr, params.betas, params.eps, params.weight_decay, fused=_fusible(listed))


def adamw(parameters: Iterable[nn.Parameter], params: AdamWParams) -> torch.optim.Optimizer:
    """Return AdamW. Loshchilov, Hutter: Decoupled weight decay regularization. ICLR 2019."""
    listed = list(parameters)
    return torch.optim.AdamW(listed, params.lr, params.betas, params.eps, params.weight_decay, fused=_fusible(listed))


def _fusible(parameters: list[nn.Parameter]) -> bool | None:
    """Return whether a step may be one pass over the numbers; None leaves it to torch."""
    known = all(parameter.device.type in ("cpu", "cuda") and parameter.is_floating_point() for parameter in parameters)
    return True if known and parameters else None
