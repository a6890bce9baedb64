"""The built-in optimizers: torch's own, with the field's parameter names."""

from dataclasses import dataclass
from typing import Annotated

from cfbench.plugin import Advanced, Help, Log, Optimizer, Range, Search, hookimpl

LearningRate = Annotated[
    float, Range(above=0), Log(), Search(1e-4, 1.0), Help("size of a step; the schedule's highest")
]
Betas = Annotated[
    tuple[float, float],
    Range(0, below=1),
    Help("how much of the last mean gradient, and of its square, is kept"),
]
CoupledDecay = Annotated[
    float, Range(min=0), Log(), Search(1e-7, 1e-2), Help("added to a gradient: weight_decay x parameter")
]
Epsilon = Annotated[float, Range(above=0), Log(), Advanced(), Help("keeps the division by a small square finite")]


@dataclass(frozen=True)
class SGDParams:
    """Parameters of stochastic gradient descent."""

    lr: LearningRate = 0.1
    momentum: Annotated[float, Range(0, below=1), Help("how much of the last step is kept")] = 0.0
    weight_decay: CoupledDecay = 0.0


@dataclass(frozen=True)
class AdagradParams:
    """Parameters of row-wise AdaGrad."""

    lr: LearningRate = 0.1


@dataclass(frozen=True)
class AdamParams:
    """Parameters of Adam."""

    lr: LearningRate = 0.005
    betas: Betas = (0.9, 0.999)
    eps: Epsilon = 1e-8
    weight_decay: CoupledDecay = 0.0


@dataclass(frozen=True)
class LazyAdamParams:
    """Parameters of lazy Adam."""

    lr: LearningRate = 0.001
    betas: Betas = (0.9, 0.999)
    eps: Epsilon = 1e-8


@dataclass(frozen=True)
class AdamWParams:
    """Parameters of AdamW."""

    lr: LearningRate = 0.005
    betas: Betas = (0.9, 0.99)
    eps: Epsilon = 1e-5
    weight_decay: Annotated[
        float,
        Range(min=0),
        Log(),
        Search(1e-3, 1.0),
        Help("decoupled: each step shrinks a parameter by lr x weight_decay"),
    ] = 0.1


@hookimpl
def cfbench_optimizers() -> list[Optimizer]:
    """Return the built-in optimizers."""
    return [
        Optimizer(
            "sgd",
            "SGD",
            "stochastic gradient descent, with momentum",
            "cfbench_optimizers.gradient:sgd",
            SGDParams,
            rule="sgd",
        ),
        Optimizer(
            "adagrad",
            "Row-wise AdaGrad",
            "each row of a table has a rate of its own, which falls as the row is learned",
            "cfbench_optimizers.rows:RowAdagrad",
            AdagradParams,
            rule="adagrad",
        ),
        Optimizer("adam", "Adam", "Kingma & Ba 2015", "cfbench_optimizers.gradient:adam", AdamParams),
        Optimizer(
            "lazy-adam",
            "Lazy Adam",
            "Adam that steps only the rows a batch touched, and leaves the means of the others as they are",
            "cfbench_optimizers.rows:LazyAdam",
            LazyAdamParams,
            rule="adam",
        ),
        Optimizer("adamw", "AdamW", "Loshchilov & Hutter 2019", "cfbench_optimizers.gradient:adamw", AdamWParams),
    ]
