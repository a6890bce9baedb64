"""The embedding MLP: vectors of user, item and fields, side by side, through fully connected layers.

Howard, Gugger: Deep Learning for Coders with fastai and PyTorch, chapter 8 (deep learning for collaborative
filtering); He et al.: Neural collaborative filtering, WWW 2017.
"""

import torch
from torch import nn

from cfbench.plugin import DataInfo
from cfbench_models import EmbeddingMLPParams
from cfbench_models.embedding import Embedding, squash


class EmbeddingMLP(nn.Module):
    """score = MLP(p_u, q_i, a vector a categorical field, the continuous fields), squashed into `y_range`."""

    def __init__(self, info: DataInfo, params: EmbeddingMLPParams) -> None:
        super().__init__()
        self.y_range = params.y_range
        generator = info.generator("init")
        self.users = Embedding(info.n_users, params.n_factors, params.init_sd, generator)
        self.items = Embedding(info.n_items, params.n_factors, params.init_sd, generator)
        self.fields = nn.ModuleList(
            Embedding(codes, params.field_factors, params.init_sd, generator) for codes in info.categorical.values()
        )
        width = 2 * params.n_factors + params.field_factors * len(info.categorical) + len(info.continuous)
        hidden: list[nn.Module] = []
        for size in params.layers:
            hidden += [linear(width, size, generator), nn.ReLU(), nn.Dropout(params.dropout)]
            width = size
        last = linear(width, 1, generator)
        if params.y_range is None:
            nn.init.constant_(last.bias, info.target_mean)
        self.layers = nn.Sequential(*hidden, last)

    def forward(self, x: torch.Tensor, categorical: torch.Tensor, continuous: torch.Tensor) -> torch.Tensor:
        """Return predicted targets (B,) of int64 (B, 2) codes, int64 (B, C) codes and float32 (B, D) values."""
        users, items = x.unbind(1)
        vectors = [self.users(users), self.items(items)]
        vectors += [table(categorical[:, column]) for column, table in enumerate(self.fields)]
        return squash(self.layers(torch.cat([*vectors, continuous], 1))[:, 0], self.y_range)


def linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """Return a linear layer with torch's usual first values, drawn from `generator`: uniform within 1/sqrt(inputs)."""
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    bound = inputs**-0.5
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -bound, bound, generator=generator)
    return layer
