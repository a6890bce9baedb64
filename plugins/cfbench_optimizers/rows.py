"""Optimizers that change nothing but the rows of a table that have a gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from cfbench_optimizers import AdagradParams, LazyAdamParams

_State = dict[str, Any]


class _RowOptimizer(torch.optim.Optimizer):
    """Steps each parameter by the rows of its gradient, dense or sparse."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Take a step."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    table = parameter.view(len(parameter), -1) if parameter.dim() else parameter.view(1, 1)
                    self._step_rows(table, *_touched(parameter.grad, table), self.state[parameter], group)

    def _step_rows(
        self,
        table: torch.Tensor,
        rows: torch.Tensor,
        gradient: torch.Tensor,
        state: dict[str, Any],
        group: dict[str, Any],
    ) -> None:
        raise NotImplementedError


def _touched(gradient: torch.Tensor, table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the numbers of the rows that have a gradient, int64 (n,), and these, (n, width)."""
    if gradient.is_sparse:
        coalesced = gradient.coalesce()
        return coalesced.indices()[0], coalesced.values().reshape(-1, table.shape[1])
    dense = gradient.reshape(table.shape)
    rows = dense.any(1).nonzero().squeeze(1)
    return rows, dense[rows]


class RowAdagrad(_RowOptimizer):
    """w -= lr / sqrt(G) g for each row of a table, then G += mean(g²) over the row; G starts at 1.

    The rate is that of the G before the step. Duchi et al.: Adaptive subgradient methods, JMLR 12, 2011; a sum a row as
    in Chin et al.: A learning-rate schedule for stochastic gradient methods to matrix factorization, PAKDD 2015.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], params: AdagradParams) -> None:
        super().__init__(parameters, {"lr": params.lr})

    def _step_rows(
        self,
        table: torch.Tensor,
        rows: torch.Tensor,
        gradient: torch.Tensor,
        state: dict[str, Any],
        group: dict[str, Any],
    ) -> None:
        if not state:
            state["sum"] = torch.ones(len(table), dtype=table.dtype, device=table.device)
        sums = state["sum"]
        rate = group["lr"] / sums[rows].sqrt()
        table.index_add_(0, rows, rate[:, None] * gradient, alpha=-1)
        sums.index_add_(0, rows, gradient.square().mean(1))


class LazyAdam(_RowOptimizer):
    """Adam on the rows that have a gradient; the means of the others stay as they are.

    With step t of all, from 1, and of a touched row: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g²,
    w -= lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps). As torch.optim.SparseAdam, which takes sparse gradients
    alone. Kingma, Ba: Adam: a method for stochastic optimization. ICLR 2015.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], params: LazyAdamParams) -> None:
        super().__init__(parameters, {"lr": params.lr, "betas": params.betas, "eps": params.eps})

    def _step_rows(
        self,
        table: torch.Tensor,
        rows: torch.Tensor,
        gradient: torch.Tensor,
        state: dict[str, Any],
        group: dict[str, Any],
    ) -> None:
        if not state:
            state |= {"step": 0, "mean": torch.zeros_like(table), "square": torch.zeros_like(table)}
        state["step"] += 1
        keep, keep_square = group["betas"]
        mean = state["mean"][rows].lerp_(gradient, 1 - keep)
        square = state["square"][rows].lerp_(gradient.square(), 1 - keep_square)
        state["mean"][rows], state["square"][rows] = mean, square
        rate = group["lr"] * (1 - keep_square ** state["step"]) ** 0.5 / (1 - keep ** state["step"])
        table.index_add_(0, rows, mean / (square.sqrt_() + group["eps"]), alpha=-rate)
