"""The built-in models: what each is called and which parameters it has. Their code is in the modules beside this."""

from dataclasses import dataclass
from typing import Annotated, Literal

from cfbench.plugin import Advanced, Choices, Help, Log, Model, Range, Search, Unit, hookimpl

ANY = 10**9
"""Any number of items."""

NumberOfFactors = Annotated[int, Range(1, 4096), Log(), Search(8, 128), Help("length of each latent vector")]
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

    n_factors: Annotated[
        int, Range(1, 4096), Log(), Search(8, 128), Help("length of the user's and the item's vector")
    ] = 50
    field_factors: Annotated[int, Range(1, 1024), Log(), Help("length of a categorical field's vector")] = 10
    layers: Annotated[tuple[int, ...], Range(1, 65536), Unit("neurons"), Help("sizes of the hidden layers")] = (100,)
    dropout: Annotated[float, Range(0, below=1), Help("share of hidden values set to 0 in training")] = 0.0
    y_range: TargetRange = None
    init_sd: InitSd = 0.01

    def __post_init__(self) -> None:
        check_range(self.y_range)


Values = Annotated[Literal["one", "rating"], Choices("one", "rating"), Help("a rating counts as 1, or as it is")]


@dataclass(frozen=True)
class UserItemBiasParams:
    """Parameters of the damped biases."""

    damping_user: Annotated[
        float, Range(min=0), Search(0, 50), Unit("rows"), Help("rows at the mean that a user starts with")
    ] = 15.0
    damping_item: Annotated[
        float, Range(min=0), Search(0, 50), Unit("rows"), Help("rows at the mean that an item starts with")
    ] = 10.0
    sweeps: Annotated[int, Range(1, 1000), Help("times that items and users are solved for in turns")] = 50


@dataclass(frozen=True)
class ItemKNNParams:
    """Parameters of the item-based nearest neighbours."""

    neighbours: Annotated[int, Range(1, 10_000), Log(), Search(5, 1000), Help("nearest items that count")] = 100
    shrink: Annotated[float, Range(min=0), Search(0, 1000), Help("pulls the cosine of items with few rows to 0")] = 10.0
    values: Values = "one"


@dataclass(frozen=True)
class EASEParams:
    """Parameters of EASE."""

    l2: Annotated[float, Range(above=0), Log(), Search(1, 10_000), Help("added to the diagonal: weights shrink")] = (
        500.0
    )
    values: Values = "one"


@dataclass(frozen=True)
class PureSVDParams:
    """Parameters of PureSVD."""

    n_factors: NumberOfFactors = 50
    values: Values = "one"


Iterations = Annotated[int, Range(1, 10_000), Help("times that users and items are solved for in turns")]
CGSteps = Annotated[
    int, Range(1, 1000), Advanced(), Help("steps of conjugate gradients a row; more are more exact and take longer")
]


@dataclass(frozen=True)
class ALSParams:
    """Parameters of alternating least squares on ratings."""

    n_factors: NumberOfFactors = 50
    l2: Annotated[
        float, Range(above=0), Log(), Search(0.01, 0.3), Help("times the squared length of vectors, for each rating")
    ] = 0.05
    iterations: Iterations = 15
    cg_steps: CGSteps = 3
    init_sd: InitSd = 0.1


@dataclass(frozen=True)
class ImplicitALSParams:
    """Parameters of alternating least squares on what users have."""

    n_factors: NumberOfFactors = 64
    l2: Annotated[float, Range(above=0), Log(), Search(0.01, 1000), Help("times the squared length of all vectors")] = (
        10.0
    )
    alpha: Annotated[
        float, Range(above=0), Log(), Search(0.1, 100), Help("a row weighs 1 + alpha x its target, any other pair 1")
    ] = 1.0
    iterations: Iterations = 15
    cg_steps: CGSteps = 3
    init_sd: InitSd = 0.1


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
            "als",
            "ALS",
            "alternating least squares: the dot product with biases, solved for users and items in turns",
            "cfbench_models.alternating:ALS",
            ALSParams,
            batches="none",
        ),
        Model(
            "implicit-als",
            "Implicit ALS",
            "likewise of what users have: all other pairs count too, with less weight",
            "cfbench_models.alternating:ImplicitALS",
            ImplicitALSParams,
            batches="none",
            ratings=False,
        ),
        Model(
            "embedding-mlp",
            "Embedding MLP",
            "user, item and field vectors side by side, through a small neural network",
            "cfbench_models.embedding_mlp:EmbeddingMLP",
            EmbeddingMLPParams,
            fields=True,
        ),
        Model(
            "global-mean",
            "Global mean",
            "the mean of all training targets: the least that a model of ratings has to beat",
            "cfbench_models.baselines:GlobalMean",
            batches="none",
            baseline_items=ANY,
        ),
        Model(
            "user-item-bias",
            "User + item bias",
            "mean + how generous the user is + how liked the item is, both damped",
            "cfbench_models.baselines:UserItemBias",
            UserItemBiasParams,
            batches="none",
            baseline_items=ANY,
        ),
        Model(
            "popularity",
            "Popularity",
            "the items with most training rows: the least that a ranking has to beat",
            "cfbench_models.baselines:Popularity",
            batches="none",
            baseline_items=ANY,
            ratings=False,
        ),
        Model(
            "item-knn",
            "Item kNN",
            "items like those that the user has, by shrunk cosine",
            "cfbench_models.item_based:ItemKNN",
            ItemKNNParams,
            batches="none",
            baseline_items=20_000,
            ratings=False,
        ),
        Model(
            "ease",
            "EASE",
            "each item regressed on all others, in closed form; memory grows with items squared",
            "cfbench_models.item_based:EASE",
            EASEParams,
            batches="none",
            baseline_items=6_000,
            ratings=False,
        ),
        Model(
            "pure-svd",
            "PureSVD",
            "the truncated singular value decomposition, empty cells as 0",
            "cfbench_models.pure_svd:PureSVD",
            PureSVDParams,
            batches="none",
            baseline_items=50_000,
            ratings=False,
        ),
    ]
