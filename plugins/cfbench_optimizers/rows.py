"""Optimizers whose state is one number a row of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from cfbench_optimizers import AdagradParams


class RowAdagrad(torch.optim.Optimizer):
    """w -= lr / sqrt(G) g for each row of a table, then G += mean(g²) over the row; G starts at 1.

    The rate is that of the G before the step. Duchi et al.: Adaptive subgradient methods, JMLR 12, 2011; a sum a row as
    in Chin et al.: A learning-rate schedule for stochastic gradient methods to matrix factorization, PAKDD 2015.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], params: AdagradParams) -> None:
        super().__init__(parameters, {"lr": params.lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Take a step."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                gradient = (
                    parameter.grad.reshape(len(parameter), -1) if parameter.dim() else parameter.grad.reshape(1, 1)
                )
                state = self.state[parameter]
                if not state:
                    state["sum"] = torch.ones(len(gradient), dtype=parameter.dtype, device=parameter.device)
                rate = group["lr"] / state["sum"].sqrt()
                parameter -= (rate[:, None] * gradient).reshape(parameter.shape)
                state["sum"] += gradient.square().mean(1)
