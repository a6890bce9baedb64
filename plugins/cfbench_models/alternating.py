"""Alternating least squares: users are solved for while items stay, then items while users stay, and so on.

Explicit: Zhou et al.: Large-scale parallel collaborative filtering for the Netflix Prize. AAIM 2008.
Implicit: Hu, Koren, Volinsky: Collaborative filtering for implicit feedback datasets. ICDM 2008.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from cfbench.plugin import DataInfo, Factorization, FitData, ScoreRequest, SparseRows, Step
from cfbench_models import ALSParams, ImplicitALSParams
from cfbench_models.row_solver import Floats, solve_rows

_NO_GRAM = np.zeros((0, 0), np.float32)
_EXACT = 100
"""Steps of conjugate gradients for a user that is folded in."""


class _Alternating(nn.Module):
    """Two tables that are solved for in turns.

    Attributes:
        users: (n_users, width).
        items: (n_items, width).
    """

    users: torch.Tensor
    items: torch.Tensor

    def __init__(self, info: DataInfo, params: ALSParams | ImplicitALSParams) -> None:
        super().__init__()
        self.params = params
        draw = info.generator("init")
        for name, n in (("users", info.n_users), ("items", info.n_items)):
            self.register_buffer(name, torch.randn(n, params.n_factors, generator=draw) * params.init_sd)

    def _solve(self, rows: SparseRows, others: Floats, own: Floats, steps: int) -> None:
        raise NotImplementedError

    def fit(self, data: FitData) -> Iterator[Step]:
        """Solve for users and items in turns."""
        sides = data.by_user, transposed(data.by_user, len(self.items))
        tables = [_array(table) for table in (self.users, self.items)]
        for iteration in range(1, self.params.iterations + 1):
            for side, rows in enumerate(sides):
                self._solve(rows, tables[1 - side], tables[side], self.params.cg_steps)
            self.users.copy_(torch.from_numpy(tables[0]))
            self.items.copy_(torch.from_numpy(tables[1]))
            yield Step(iteration / self.params.iterations, note=f"iteration {iteration}")

    def _vectors(self, request: ScoreRequest, items: Floats) -> Floats:
        """Return the users' rows; those that training did not see are folded in."""
        found = _array(self.users)[request.users]
        new = request.users == 0
        if new.any():
            folded = np.zeros_like(found)
            self._solve(request.seen, items, folded, _EXACT)
            found[new] = folded[new]
        return found


class ImplicitALS(_Alternating):
    """score(u, i) = p_u · q_i is near 1 where u has i and near 0 elsewhere.

    It minimises the sum over all users and items of c (y - p · q)² with y = 1 and c = 1 + alpha r where there is a row
    with target r, y = 0 and c = 1 elsewhere, plus l2 (sum of |p|² + sum of |q|²).
    """

    params: ImplicitALSParams

    def _solve(self, rows: SparseRows, others: Floats, own: Floats, steps: int) -> None:
        weights = np.float32(self.params.alpha) * rows.values
        ridges = np.full(len(own), self.params.l2, np.float32)
        solve_rows(rows, weights, 1 + weights, others, others.T @ others, ridges, own, steps)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scores: int64 (B, 2) codes as (user, item) -> (B,)."""
        users, items = x.unbind(1)
        return (self.users[users] * self.items[items]).sum(1)

    def factorization(self) -> Factorization:
        """Return the tables of vectors."""
        return Factorization(self.users, self.items)

    def score(self, request: ScoreRequest) -> Floats:
        """Return scores of all items, float32 (n, n_items)."""
        items = _array(self.items)
        scores: Floats = self._vectors(request, items) @ items.T
        return scores


class ALS(_Alternating):
    """score(u, i) = mean + b_u + b_i + p_u · q_i; a table's last column holds the biases.

    It minimises the sum over the training rows of (r - score)² + l2 (|p_u|² + |q_i|² + b_u² + b_i²), which is what the
    loss `mse` with the same `l2` is to the dot product with biases.
    """

    params: ALSParams
    mean: torch.Tensor

    def __init__(self, info: DataInfo, params: ALSParams) -> None:
        super().__init__(info, params)
        for name in ("users", "items"):
            table = getattr(self, name)
            self.register_buffer(name, torch.cat([table, torch.zeros(len(table), 1)], 1))
        self.register_buffer("mean", torch.tensor(info.target_mean))

    def _solve(self, rows: SparseRows, others: Floats, own: Floats, steps: int) -> None:
        goals = rows.values - np.float32(self.mean.item()) - others[rows.items, -1]
        met = others.copy()
        met[:, -1] = 1  # what a row's own bias is multiplied by
        ridges = (self.params.l2 * np.diff(rows.starts)).astype(np.float32)
        solve_rows(rows, np.ones_like(goals), goals, met, _NO_GRAM, ridges, own, steps)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return predicted targets: int64 (B, 2) codes as (user, item) -> (B,)."""
        users, items = (table[codes] for table, codes in zip((self.users, self.items), x.unbind(1), strict=True))
        products = (users[:, :-1] * items[:, :-1]).sum(1)
        predicted: torch.Tensor = products + users[:, -1] + items[:, -1] + self.mean
        return predicted

    def factorization(self) -> Factorization:
        """Return the tables of vectors and biases."""
        biases = self.users[:, -1], self.items[:, -1]
        return Factorization(self.users[:, :-1], self.items[:, :-1], *biases, self.mean.item())

    def score(self, request: ScoreRequest) -> Floats:
        """Return predicted targets of all items, float32 (n, n_items)."""
        items = _array(self.items)
        users = self._vectors(request, items)
        biases = users[:, -1:] + items[:, -1] + np.float32(self.mean.item())
        scores: Floats = users[:, :-1] @ items[:, :-1].T + biases
        return scores


def transposed(rows: SparseRows, n: int) -> SparseRows:
    """Return rows by item where they are by user, `n` of them."""
    table = sp.csr_array((rows.values, rows.items, rows.starts), shape=(len(rows), n)).tocsc()
    return SparseRows(table.indptr.astype(np.int64), table.indices.astype(np.int32), table.data)


def _array(table: torch.Tensor) -> Floats:
    """Return a copy in main memory."""
    array: Floats = table.detach().float().cpu().numpy().copy()
    return array
