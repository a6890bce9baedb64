"""A table of vectors, one a code, with nothing hidden: a parameter and a look-up."""

import torch
from torch import nn


class Embedding(nn.Module):
    """n vectors of `n_factors` learned numbers; `weight` is float32 (n, n_factors).

    Looking up row i is the product of the one-hot vector of i with `weight`, in value and in gradient, without
    making the vector or doing the multiplications by 0.

    Attributes:
        weight: the vectors.
        sparse: make gradients of the looked-up rows alone, as `torch.nn.Embedding` does.
    """

    def __init__(
        self, n: int, n_factors: int, init_sd: float, generator: torch.Generator, init: str = "normal"
    ) -> None:
        super().__init__()
        if init == "truncated-normal":
            first = torch.empty(n, n_factors)
            nn.init.trunc_normal_(first, std=1.0, a=-2.0, b=2.0, generator=generator)
        else:
            first = torch.randn(n, n_factors, generator=generator)
        self.weight = nn.Parameter(first * init_sd)
        self.sparse = False

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Return the vectors of `codes`: int64 (B,) -> (B, n_factors)."""
        if self.sparse:
            return nn.functional.embedding(codes, self.weight, sparse=True)
        return self.weight.index_select(0, codes)


def squash(score: torch.Tensor, y_range: tuple[float, float] | None) -> torch.Tensor:
    """Return `score` squashed into the range by a sigmoid, or as it is where there is no range."""
    if y_range is None:
        return score
    low, high = y_range
    return torch.sigmoid(score) * (high - low) + low
