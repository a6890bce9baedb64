"""PureSVD: the truncated singular value decomposition of the table, empty cells as 0.

Cremonesi, Koren, Turrin: Performance of recommender algorithms on top-N recommendation tasks. RecSys 2010, section 3.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse.linalg as linalg
import torch
from numpy.typing import NDArray
from torch import nn

from cfbench.plugin import DataInfo, Factorization, FitData, ScoreRequest
from cfbench_models import PureSVDParams
from cfbench_models.kept_rows import matrix


class PureSVD(nn.Module):
    """score(u, ·) = x_u Q Qᵀ, Q the leading right singular vectors; a new user's x_u folds in."""

    users: torch.Tensor
    items: torch.Tensor

    def __init__(self, info: DataInfo, params: PureSVDParams) -> None:
        super().__init__()
        self.params, self.n_items = params, info.n_items
        self.generator = info.generator("init")
        self.register_buffer("users", torch.zeros((info.n_users, params.n_factors)))
        self.register_buffer("items", torch.zeros((info.n_items, params.n_factors)))

    def fit(self, data: FitData) -> None:
        """Decompose; where the table has fewer dimensions than factors, the others stay 0."""
        table = matrix(data.by_user, self.n_items, self.params.values).astype(np.float64)
        k = min(self.params.n_factors, min(table.shape) - 1)
        first = torch.randn(min(table.shape), generator=self.generator, dtype=torch.float64).numpy()
        _, values, vectors = linalg.svds(table, k, v0=first)
        right = vectors[np.argsort(-values)].T.copy()
        self.items[:, :k] = torch.from_numpy(right).to(self.items)
        self.users[:, :k] = torch.from_numpy(table @ right).to(self.users)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scores: int64 (B, 2) codes as (user, item) -> (B,)."""
        users, items = x.unbind(1)
        return (self.users[users] * self.items[items]).sum(1)

    def score(self, request: ScoreRequest) -> NDArray[np.float32]:
        """Return scores of all items, float32 (n, n_items), from what is known of the users."""
        items = self.items.float().cpu().numpy()
        vectors = matrix(request.seen, self.n_items, self.params.values) @ items
        scores: NDArray[np.float32] = vectors @ items.T
        return scores

    def factorization(self) -> Factorization:
        """Return the tables of vectors."""
        return Factorization(self.users, self.items)
