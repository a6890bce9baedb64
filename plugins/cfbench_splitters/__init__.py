"""The built-in splitters."""

from dataclasses import dataclass, field
from typing import Annotated

from cfbench.plugin import Help, Range, Splitter, hookimpl


@dataclass(frozen=True)
class RandomParams:
    """Parameters of the random split."""

    valid: Annotated[float, Range(above=0, below=1), Help("share of the rows to validate on")] = 0.2
    test: Annotated[float, Range(0, below=1), Help("share of the rows kept for the last word")] = 0.0

    def __post_init__(self) -> None:
        if self.valid + self.test >= 1:
            raise ValueError(f"valid = {self.valid} and test = {self.test} leave no row to train on")


@dataclass(frozen=True)
class KFoldParams:
    """Parameters of k-fold cross-validation."""

    folds: Annotated[int, Range(2, 1000), Help("how many parts the rows are dealt into")] = 5
    fold: Annotated[int, Range(1, 1000), Help("which part to validate on, from 1")] = 1

    def __post_init__(self) -> None:
        if self.fold > self.folds:
            raise ValueError(f"fold = {self.fold} is more than folds = {self.folds}")


@dataclass(frozen=True)
class PredefinedParams:
    """Parameters of a split that is given by files."""

    valid: Annotated[list[str], Help("names of the source files to validate on; none: the last one")] = field(
        default_factory=list
    )
    test: Annotated[list[str], Help("names of the source files kept for the last word")] = field(default_factory=list)


@hookimpl
def cfbench_splitters() -> list[Splitter]:
    """Return the built-in splitters."""
    return [
        Splitter(
            "random",
            "Random",
            "rows dealt at random",
            "cfbench_splitters.random_rows:random_split",
            RandomParams,
        ),
        Splitter(
            "k-fold",
            "K-fold",
            "rows dealt at random into equal parts, each validated on once",
            "cfbench_splitters.random_rows:k_fold",
            KFoldParams,
        ),
        Splitter(
            "predefined",
            "Predefined files",
            "each of several source files is a part: published splits",
            "cfbench_splitters.predefined:predefined",
            PredefinedParams,
        ),
    ]
