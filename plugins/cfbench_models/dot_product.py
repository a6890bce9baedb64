"""Matrix factorization: a rating is the dot product of a user's and an item's vector, plus biases.

Koren, Bell, Volinsky: Matrix factorization techniques for recommender systems. Computer 42(8), 2009.
"""

import math

import torch
from torch import nn

from cfbench.plugin import DataInfo, Factorization
from cfbench_models import BiasedDotProductParams, DotProductParams
from cfbench_models.embedding import Embedding, squash


class DotProduct(nn.Module):
    """score(u, i) = p_u · q_i, squashed into `y_range` if there is one."""

    def __init__(self, info: DataInfo, params: DotProductParams) -> None:
        super().__init__()
        self.y_range = params.y_range
        how = params.init_sd, info.generator("init"), params.init
        self.users = Embedding(info.n_users, params.n_factors, *how)
        self.items = Embedding(info.n_items, params.n_factors, *how)

    def unsquashed(self, x: torch.Tensor) -> torch.Tensor:
        """Return the score before squashing: int64 (B, 2) codes -> (B,)."""
        users, items = x.unbind(1)
        products: torch.Tensor = self.users(users) * self.items(items)
        return products.sum(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return predicted targets: int64 (B, 2) codes as (user, item) -> (B,)."""
        return squash(self.unsquashed(x), self.y_range)

    def factorization(self) -> Factorization:
        """Return the tables of vectors."""
        return Factorization(self.users.weight, self.items.weight, y_range=self.y_range)


class BiasedDotProduct(DotProduct):
    """score(u, i) = p_u · q_i + b_u + b_i [+ mean], squashed into `y_range` if there is one.

    With a range the mean is added as the score that squashes to it, so that an untrained model predicts the mean.
    """

    offset: torch.Tensor

    def __init__(self, info: DataInfo, params: BiasedDotProductParams) -> None:
        super().__init__(info, params)
        how = params.init_sd, info.generator("init"), params.init
        self.user_bias = Embedding(info.n_users, 1, *how)
        self.item_bias = Embedding(info.n_items, 1, *how)
        offset = score_of(info.target_mean, params.y_range) if params.global_mean else 0.0
        self.register_buffer("offset", torch.tensor(offset))

    def unsquashed(self, x: torch.Tensor) -> torch.Tensor:
        """Return the score before squashing: int64 (B, 2) codes -> (B,)."""
        users, items = x.unbind(1)
        biases: torch.Tensor = self.user_bias(users) + self.item_bias(items)
        return super().unsquashed(x) + biases[:, 0] + self.offset

    def factorization(self) -> Factorization:
        """Return the tables of vectors and biases."""
        biases = self.user_bias.weight[:, 0], self.item_bias.weight[:, 0]
        return Factorization(self.users.weight, self.items.weight, *biases, self.offset.item(), self.y_range)


def score_of(target: float, y_range: tuple[float, float] | None) -> float:
    """Return the score that `squash` takes to `target`; 0, the middle, where the range leaves no such score."""
    if y_range is None:
        return target
    low, high = y_range
    return math.log((target - low) / (high - target)) if low < target < high else 0.0
