"""Scores as sums over what a user has: score(u, ·) = x_u W, with one weight for each pair of items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import nn

from cfbench.plugin import DataInfo, FitData, ScoreRequest, Step
from cfbench_models import EASEParams, ItemKNNParams
from cfbench_models.kept_rows import KeptRows, matrix

_BLOCK = 1000
"""Users, or items, that are worked on at a time."""


class _ItemBased(nn.Module):
    """A model with weights between items and the users' rows."""

    def __init__(self, info: DataInfo, params: Any) -> None:
        super().__init__()
        self.params, self.n_items = params, info.n_items
        self.rows = KeptRows(info)

    def _product(self, rows: sp.csr_array) -> NDArray[np.float32]:
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return scores: int64 (B, 2) codes as (user, item) -> (B,)."""
        users, at = torch.unique(x[:, 0], return_inverse=True)
        scores = torch.empty(len(x))
        for start in range(0, len(users), _BLOCK):
            product = torch.from_numpy(self._product(self.rows.of(users[start : start + _BLOCK], self.params.values)))
            here = (at >= start) & (at < start + _BLOCK)
            scores[here] = product[at[here] - start, x[here, 1]]
        return scores.to(x.device)

    def score(self, request: ScoreRequest) -> NDArray[np.float32]:
        """Return scores of all items, float32 (n, n_items), from what is known of the users."""
        return self._product(matrix(request.seen, self.n_items, self.params.values))


class ItemKNN(_ItemBased):
    """score(u, i) = sum of cosine(i, j) over the items j of the user that are among the k nearest of i.

    cosine = x_i·x_j / (|x_i| |x_j| + shrink). Sarwar et al.: Item-based collaborative filtering recommendation
    algorithms. WWW 2001; with shrinkage as in Ferrari Dacrema et al., ACM TOIS 39(2), 2021.
    """

    neighbours: torch.Tensor
    weights: torch.Tensor

    def __init__(self, info: DataInfo, params: ItemKNNParams) -> None:
        super().__init__(info, params)
        k = min(params.neighbours, info.n_items)
        self.register_buffer("neighbours", torch.zeros((info.n_items, k), dtype=torch.int32))
        self.register_buffer("weights", torch.zeros((info.n_items, k)))

    def fit(self, data: FitData) -> Iterator[Step]:
        """Compare all items with each other, a block at a time."""
        self.rows.keep(data.by_user)
        by_user = matrix(data.by_user, self.n_items, self.params.values)
        by_item = by_user.T.tocsr()
        lengths = np.sqrt(np.asarray(by_user.multiply(by_user).sum(0)).ravel())
        k = self.weights.shape[1]
        for start in range(0, self.n_items, _BLOCK):
            end = min(start + _BLOCK, self.n_items)
            products = (by_item[start:end] @ by_user).toarray()
            scale = lengths[start:end, None] * lengths + self.params.shrink
            cosines = torch.from_numpy(np.divide(products, scale, out=np.zeros_like(products), where=products > 0))
            cosines[torch.arange(end - start), torch.arange(start, end)] = 0
            nearest = cosines.topk(k)
            self.weights[start:end], self.neighbours[start:end] = nearest.values, nearest.indices.int()
            yield Step(end / self.n_items, note=f"neighbours of {end:,} items")

    def _product(self, rows: sp.csr_array) -> NDArray[np.float32]:
        starts = np.arange(self.n_items + 1) * self.weights.shape[1]
        entries = self.weights.float().cpu().numpy().ravel(), self.neighbours.cpu().numpy().ravel(), starts
        weights = sp.csr_array(entries, shape=(self.n_items, self.n_items))
        product: NDArray[np.float32] = (rows @ weights.T.tocsr()).toarray()
        return product


class EASE(_ItemBased):
    """score(u, ·) = x_u B, B = I - P diag(1 / diag P), P = (XᵀX + l2 I)⁻¹: ridge regression of each item on the others.

    Steck: Embarrassingly shallow autoencoders for sparse data. WWW 2019, equation 8.
    """

    weights: torch.Tensor

    def __init__(self, info: DataInfo, params: EASEParams) -> None:
        super().__init__(info, params)
        self.register_buffer("weights", torch.zeros((info.n_items, info.n_items)))

    def fit(self, data: FitData) -> Iterator[Step]:
        """Invert the matrix of co-occurrences."""
        self.rows.keep(data.by_user)
        by_user = matrix(data.by_user, self.n_items, self.params.values)
        gram = torch.from_numpy((by_user.T @ by_user).toarray().astype(np.float64))
        gram.diagonal().add_(self.params.l2)
        yield Step(0.1, note="counted pairs of items")
        inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram))
        weights = inverse / -inverse.diagonal()
        weights.diagonal().zero_()
        self.weights.copy_(weights)
        yield Step(1.0, note="inverted the matrix")

    def _product(self, rows: sp.csr_array) -> NDArray[np.float32]:
        weights: NDArray[np.float32] = self.weights.float().cpu().numpy()
        product: NDArray[np.float32] = rows @ weights
        return product
