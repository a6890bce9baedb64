"""The built-in models: what each is called and which parameters it has. Their code is in the modules beside this."""

from dataclasses import dataclass
from typing import Annotated, Literal

from cfbench.plugin import Advanced, Choices, Help, Log, Model, Range, Unit, hookimpl

NumberOfFactors = Annotated[int, Range(1, 4096), Log(), Help("length of each latent vector")]
InitSd = Annotated[float, Range(min=0), Log(), Help("standard deviation of the first values")]
Init = Annotated[
    Literal["normal", "truncated-normal"],
    Choices("normal", "truncated-normal"),
    Advanced(),
    Help("how first values are drawn; truncated: none beyond two standard deviations"),
]
TargetRange = Annotated[
    tuple[float, float] | None,
    Help("squash predictions into (low, high) by a sigmoid; a bit beyond the ratings works best"),
]


def check_range(y_range: tuple[float, float] | None) -> None:
    """Raise ValueError unless `y_range` is None or (low, high) with low < high."""
    if y_range is not None and y_range[0] >= y_range[1]:
        raise ValueError(f"y_range = {list(y_range)} has its low end first: write [low, high] with low < high")


@dataclass(frozen=True)
class DotProductParams:
    """Parameters of the dot product."""

    n_factors: NumberOfFactors = 50
    y_range: TargetRange = None
    init_sd: InitSd = 0.01
    init: Init = "normal"

    def __post_init__(self) -> None:
        check_range(self.y_range)


@dataclass(frozen=True)
class BiasedDotProductParams(DotProductParams):
    """Parameters of the dot product with biases."""

    global_mean: Annotated[bool, Help("start from the training rows' mean target, not from 0")] = True


@dataclass(frozen=True)
class EmbeddingMLPParams:
    """Parameters of the embedding MLP."""

    n_factors: Annotated[int, Range(1, 4096), Log(), Help("length of the user's and the item's vector")] = 50
    field_factors: Annotated[int, Range(1, 1024), Log(), Help("length of a categorical field's vector")] = 10
    layers: Annotated[tuple[int, ...], Range(1, 65536), Unit("neurons"), Help("sizes of the hidden layers")] = (100,)
    dropout: Annotated[float, Range(0, below=1), Help("share of hidden values set to 0 in training")] = 0.0
    y_range: TargetRange = None
    init_sd: InitSd = 0.01

    def __post_init__(self) -> None:
        check_range(self.y_range)


@hookimpl
def cfbench_models() -> list[Model]:
    """Return the built-in models."""
    return [
        Model(
            "dot-product",
            "Dot product",
            "user · item: the simplest factor model",
            "cfbench_models.dot_product:DotProduct",
            DotProductParams,
        ),
        Model(
            "biased-dot-product",
            "Dot product + biases",
            "user · item + how generous the user is + how liked the item is",
            "cfbench_models.dot_product:BiasedDotProduct",
            BiasedDotProductParams,
        ),
        Model(
            "embedding-mlp",
            "Embedding MLP",
            "user, item and field vectors side by side, through a small neural network",
            "cfbench_models.embedding_mlp:EmbeddingMLP",
            EmbeddingMLPParams,
            fields=True,
        ),
    ]
