"""What every model has to beat: the mean, the biases, the popular items."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cfbench.plugin import DataInfo, Factorization, FitData, NoParams, ScoreRequest
from cfbench_models import UserItemBiasParams


class GlobalMean(nn.Module):
    """score(u, i) = mean of all training targets."""

    mean: torch.Tensor

    def __init__(self, info: DataInfo, params: NoParams) -> None:
        super().__init__()
        self.n_items = info.n_items
        self.register_buffer("mean", torch.tensor(info.target_mean, dtype=torch.float64))

    def fit(self, data: FitData) -> None:
        """Take the mean."""
        self.mean.fill_(float(data.target.mean(dtype=np.float64)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean for each of B pairs, int64 (B, 2) -> (B,)."""
        return self.mean.expand(len(x))

    def score(self, request: ScoreRequest) -> torch.Tensor:
        """Return the same score for all items, (n, n_items)."""
        return self.mean.expand(len(request.users), self.n_items).clone()


class UserItemBias(nn.Module):
    """score(u, i) = mean + b_u + b_i, biases damped: a sum of residuals by (rows + damping), in turns.

    Koren: Factor in the neighbors. ACM TKDD 4(1), 2010, section 2.1, for one sweep; with more sweeps each bias is the
    ridge regression of the residuals that the other leaves.
    """

    mean: torch.Tensor
    user_bias: torch.Tensor
    item_bias: torch.Tensor

    def __init__(self, info: DataInfo, params: UserItemBiasParams) -> None:
        super().__init__()
        self.params = params
        self.register_buffer("mean", torch.tensor(info.target_mean, dtype=torch.float64))
        self.register_buffer("user_bias", torch.zeros(info.n_users, dtype=torch.float64))
        self.register_buffer("item_bias", torch.zeros(info.n_items, dtype=torch.float64))

    def fit(self, data: FitData) -> None:
        """Solve for items and users in turns."""
        mean = float(data.target.mean(dtype=np.float64))
        residual = data.target.astype(np.float64) - mean
        user: NDArray[np.float64] = np.zeros(len(self.user_bias))
        item: NDArray[np.float64] = np.zeros(len(self.item_bias))
        for _ in range(self.params.sweeps):
            item = _damped(data.item, residual - user[data.user], len(item), self.params.damping_item)
            user = _damped(data.user, residual - item[data.item], len(user), self.params.damping_user)
        self.mean.fill_(mean)
        self.user_bias.copy_(torch.from_numpy(user))
        self.item_bias.copy_(torch.from_numpy(item))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return predicted targets: int64 (B, 2) codes as (user, item) -> (B,)."""
        users, items = x.unbind(1)
        return self.mean + self.user_bias[users] + self.item_bias[items]

    def score(self, request: ScoreRequest) -> torch.Tensor:
        """Return the items' biases for each user, (n, n_items)."""
        return self.item_bias.expand(len(request.users), -1).clone()

    def factorization(self) -> Factorization:
        """Return the biases; vectors are one 0 each."""
        users, items = (torch.zeros((len(bias), 1), dtype=bias.dtype) for bias in (self.user_bias, self.item_bias))
        return Factorization(users, items, self.user_bias, self.item_bias, self.mean.item())


def _damped(codes: NDArray[np.int32], residual: NDArray[np.float64], n: int, damping: float) -> NDArray[np.float64]:
    rows = np.bincount(codes, minlength=n)
    means: NDArray[np.float64] = np.zeros(n)
    np.divide(np.bincount(codes, residual, n), rows + damping, out=means, where=rows > 0)
    return means


class Popularity(nn.Module):
    """score(u, i) = training rows of the item."""

    rows: torch.Tensor

    def __init__(self, info: DataInfo, params: NoParams) -> None:
        super().__init__()
        self.register_buffer("rows", torch.zeros(info.n_items, dtype=torch.float64))

    def fit(self, data: FitData) -> None:
        """Count."""
        self.rows.copy_(torch.from_numpy(np.bincount(data.item, minlength=len(self.rows))))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the counts of items: int64 (B, 2) codes as (user, item) -> (B,)."""
        return self.rows[x[:, 1]]

    def score(self, request: ScoreRequest) -> torch.Tensor:
        """Return all items' counts for each user, (n, n_items)."""
        return self.rows.expand(len(request.users), -1).clone()
