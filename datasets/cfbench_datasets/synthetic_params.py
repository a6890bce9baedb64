"""What synthetic ratings are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cfbench.plugin import Help, Range, Unit


@dataclass(frozen=True)
class SyntheticParams:
    """Parameters of the synthetic data set."""

    rows: Annotated[int, Range(1, 10**9), Unit("rows"), Help("how many ratings")] = 100_000
    users: Annotated[int, Range(1, 10**8), Help("how many users")] = 2_000
    items: Annotated[int, Range(1, 10**7), Help("how many items")] = 1_000
    n_factors: Annotated[int, Range(1, 512), Help("length of the planted vectors")] = 8
    noise: Annotated[float, Range(0, 10), Unit("stars"), Help("standard deviation of what no model can learn")] = 0.5
    skew: Annotated[float, Range(0, 3), Help("popularity: the rows of rank r fall as r to minus this")] = 0.8
    drift: Annotated[
        float, Range(0, 10), Unit("stars"), Help("how far items rise or fall from the first to the last day")
    ] = 0.0
    seed: Annotated[int, Range(0), Help("other ratings of the same kind")] = 1

    def __post_init__(self) -> None:
        if self.rows > self.users * self.items / 2:
            raise ValueError(f"{self.rows:,} rows are more than half of all pairs; take more users or items")
