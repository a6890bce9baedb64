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
    return torch.optim.Adam(parameters, params.lr, params.betas, params.eps, params.weight_decay)


def adamw(parameters: Iterable[nn.Parameter], params: AdamWParams) -> torch.optim.Optimizer:
    """Return AdamW. Loshchilov, Hutter: Decoupled weight decay regularization. ICLR 2019."""
    return torch.optim.AdamW(parameters, params.lr, params.betas, params.eps, params.weight_decay)
