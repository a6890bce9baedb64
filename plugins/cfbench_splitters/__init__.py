"""The built-in splitters."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from cfbench.plugin import Choices, Help, Range, Splitter, Unit, hookimpl

Ties = Annotated[
    Literal["random", "together", "row"],
    Choices("random", "together", "row"),
    Help("rows of one moment at the cut: in drawn order, all into the later part, or in the order of the file"),
]


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


@dataclass(frozen=True)
class LeaveLastParams:
    """Parameters of the split of each user's last rows."""

    last: Annotated[int, Range(1), Unit("rows"), Help("of each user to validate on")] = 1
    test_last: Annotated[
        int, Range(0), Unit("rows"), Help("of each user, the very last ones, kept for the last word")
    ] = 0
    share: Annotated[
        float | None,
        Range(above=0, below=1),
        Help("of each user's rows to validate on, in place of last and test_last"),
    ] = None
    test_share: Annotated[float, Range(0, below=1), Help("of each user's rows for the last word, beside share")] = 0.0
    ties: Ties = "random"

    def __post_init__(self) -> None:
        if self.share is not None and self.share + self.test_share >= 1:
            raise ValueError(f"share = {self.share} and test_share = {self.test_share} leave no row to train on")


@dataclass(frozen=True)
class LeaveOneOutParams:
    """Parameters of leave-one-out."""

    by: Annotated[
        Literal["time", "random"], Choices("time", "random"), Help("which row: the last one, or a drawn one")
    ] = "time"
    test: Annotated[bool, Help("keep one more row of each user, the very last one, for the last word")] = False
    ties: Ties = "random"


@dataclass(frozen=True)
class TimeCutParams:
    """Parameters of the cut at one moment."""

    valid: Annotated[float, Range(above=0, below=1), Help("share of the rows to validate on")] = 0.2
    test: Annotated[float, Range(0, below=1), Help("share of the rows, the latest, kept for the last word")] = 0.0
    ties: Ties = "together"

    def __post_init__(self) -> None:
        if self.valid + self.test >= 1:
            raise ValueError(f"valid = {self.valid} and test = {self.test} leave no row to train on")


@dataclass(frozen=True)
class UnseenUsersParams:
    """Parameters of strong generalisation."""

    valid: Annotated[float, Range(above=0, below=1), Help("share of the users to validate on")] = 0.1
    test: Annotated[float, Range(0, below=1), Help("share of the users kept for the last word")] = 0.0
    given: Annotated[
        float, Range(above=0, below=1), Help("share of such a user's rows that the model is shown when it ranks")
    ] = 0.8
    by: Annotated[
        Literal["random", "time"], Choices("random", "time"), Help("which rows are given: drawn ones, or the first")
    ] = "random"

    def __post_init__(self) -> None:
        if self.valid + self.test >= 1:
            raise ValueError(f"valid = {self.valid} and test = {self.test} leave no user to train on")


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
        Splitter(
            "leave-last",
            "Each user's last",
            "the last rows, or the last share, of each user",
            "cfbench_splitters.by_time:leave_last",
            LeaveLastParams,
            needs_time=True,
        ),
        Splitter(
            "leave-one-out",
            "Leave one out",
            "one row of each user: the last one, or a drawn one",
            "cfbench_splitters.by_time:leave_one_out",
            LeaveOneOutParams,
        ),
        Splitter(
            "time-cut",
            "Cut in time",
            "all rows after one moment, as when a model goes into service",
            "cfbench_splitters.by_time:time_cut",
            TimeCutParams,
            needs_time=True,
        ),
        Splitter(
            "unseen-users",
            "Unseen users",
            "users whom training does not see at all; some of their rows are given (strong generalisation)",
            "cfbench_splitters.unseen_users:unseen_users",
            UnseenUsersParams,
        ),
    ]
