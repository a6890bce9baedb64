"""The built-in samplers of negatives."""

from dataclasses import dataclass
from typing import Annotated

from cfbench.plugin import Help, Range, Sampler, Unit, hookimpl


@dataclass(frozen=True)
class UniformParams:
    """Parameters of the uniform sampler."""

    negatives: Annotated[int, Range(1, 10_000), Unit("items a row"), Help("how many to draw for each row")] = 4
    allow_positives: Annotated[bool, Help("the user's own items may be drawn too")] = False


@dataclass(frozen=True)
class PopularityParams(UniformParams):
    """Parameters of the sampler by popularity."""

    alpha: Annotated[float, Range(0, 2), Help("weight = training rows to this power: 0 is uniform, 1 as they come")] = (
        0.75
    )


@hookimpl
def cfbench_samplers() -> list[Sampler]:
    """Return the built-in samplers."""
    return [
        Sampler(
            "uniform", "Uniform", "every item with the same chance", "cfbench_samplers.weights:uniform", UniformParams
        ),
        Sampler(
            "popularity",
            "Popularity",
            "items by the power alpha of their training rows",
            "cfbench_samplers.weights:popularity",
            PopularityParams,
        ),
    ]
