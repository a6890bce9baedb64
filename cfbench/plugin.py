"""The whole public API for authors of plugins.

A plugin is a module with one or more of the hooks at the end of this page. Each hook takes nothing and returns a
list of declarations; a declaration names a class or function (the `target`) and a frozen dataclass of parameters.
cfbench reads declarations as data in a child process, so a plugin's code runs only where it is used.

This module imports nothing heavy: torch and numpy appear in annotations alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal, Protocol

import pluggy

from cfbench.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import polars as pl
    import torch
    from numpy.typing import NDArray

__all__ = [
    "API",
    "NA",
    "Advanced",
    "BadInput",
    "Choices",
    "DataFile",
    "DataInfo",
    "Dataset",
    "Declaration",
    "Download",
    "Exposure",
    "Factorization",
    "FitData",
    "Groups",
    "Guess",
    "Help",
    "Interactions",
    "Log",
    "Loss",
    "Metric",
    "Model",
    "MultiLabel",
    "NoParams",
    "Optimizer",
    "Range",
    "Ranking",
    "Rates",
    "Reader",
    "Sampler",
    "Schedule",
    "ScoreRequest",
    "Search",
    "SparseRows",
    "Split",
    "Splitter",
    "Step",
    "Table",
    "Unit",
    "hookimpl",
]

API = 1
"""The version of this API. A declaration made for a newer one is listed with what it needs, and not used."""

NA = "#na#"
"""The label of code 0 in every table of classes: not known, or not seen in training."""

hookimpl = pluggy.HookimplMarker("cfbench")
"""Marks a function of a plugin as one of the hooks below."""

_hookspec = pluggy.HookspecMarker("cfbench")


# -- what a parameter's annotation may carry --


@dataclass(frozen=True)
class Range:
    """The numbers allowed: `min` <= value <= `max`; `above` and `below` are bounds that the value may not equal."""

    min: float | None = None
    max: float | None = None
    _: KW_ONLY
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, init=False)
class Choices:
    """The values allowed, in the order in which a form shows them."""

    values: tuple[str | int | float, ...]

    def __init__(self, *values: str | int | float) -> None:
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Help:
    """One line that says what the parameter does."""

    text: str


@dataclass(frozen=True)
class Unit:
    """What the number counts or measures: "rows", "epochs", "stars"."""

    text: str


@dataclass(frozen=True)
class Advanced:
    """Shown only when somebody asks for all settings."""


@dataclass(frozen=True)
class Log:
    """Sliders and searches move through this number's logarithm."""


@dataclass(frozen=True)
class Search:
    """Where a search tries values when nobody says where: from `low` to `high`, by the logarithm beside `Log`.

    ``Search.among("normal", "uniform")`` tries these values instead.
    """

    low: float
    high: float
    _: KW_ONLY
    values: tuple[str | int | float, ...] = ()

    @classmethod
    def among(cls, *values: str | int | float) -> Search:
        """Return the annotation of a parameter of which a search tries these values alone."""
        return cls(0, 0, values=values)


# -- what plugins are given, and what they give back --


class MultiLabel(Protocol):
    """A field of which a row has several labels at once, such as the genres of its film."""

    @property
    def sets(self) -> NDArray[np.int32]:
        """For each row which set of labels it has, int32 (n,); 0 is the empty set."""

    @property
    def members(self) -> NDArray[np.bool_]:
        """Which labels are in each set, bool (sets, labels), by the codes of the field's classes."""


class Interactions(Protocol):
    """Rows of (user, item, target[, time][, fields]) as columns of equal length n; users, items, fields as codes.

    Codes 1..k stand for the k known labels and do not depend on any split; code 0 is `NA`.
    """

    @property
    def user(self) -> NDArray[np.int32]:
        """User codes, int32 (n,)."""

    @property
    def item(self) -> NDArray[np.int32]:
        """Item codes, int32 (n,)."""

    @property
    def target(self) -> NDArray[np.float32]:
        """Ratings, or 1.0 for implicit feedback, float32 (n,)."""

    @property
    def time(self) -> NDArray[np.int64] | None:
        """Unix seconds, int64 (n,), or None where the data have no time."""

    @property
    def part(self) -> NDArray[np.uint8]:
        """For each row the number of the source file that it came from, uint8 (n,)."""

    @property
    def sources(self) -> Sequence[str]:
        """The source files' names, by that number."""

    @property
    def categorical(self) -> Mapping[str, NDArray[np.int32]]:
        """Field -> codes, int32 (n,)."""

    @property
    def continuous(self) -> Mapping[str, NDArray[np.float32]]:
        """Field -> values, float32 (n,), NaN where missing."""

    @property
    def multilabel(self) -> Mapping[str, MultiLabel]:
        """Field -> the set of labels that each row has."""

    @property
    def classes(self) -> Mapping[str, Sequence[str]]:
        """Field -> its labels by code; "user", "item" and "title" (the items in human words) are always there."""

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Split:
    """Row numbers of each part, int64, no row in two parts; what is in none was dropped, with a count a reason.

    Attributes:
        train: to learn from.
        valid: to measure on while choosing.
        test: for the last word.
        dropped: reason -> rows in no part.
        given: rows of users that training does not see, shown to the model when it ranks for them, never to learn from.
        tied: rows that fell on one side of a cut in time while a row of the same moment fell on the other.
    """

    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    test: NDArray[np.int64] | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    given: NDArray[np.int64] | None = None
    tied: int = 0


@dataclass(frozen=True)
class DataInfo:
    """What a model may know of the data when it is made. All figures are of the training rows.

    Attributes:
        n_users: rows that a table of users needs: every known user, and row 0 for `NA`.
        n_items: likewise for items.
        n_rows: training rows.
        target_mean: mean target.
        target_min: smallest target.
        target_max: largest target.
        categorical: field -> number of codes, code 0 included, in the order of the columns of `categorical`.
        continuous: the names of the columns of `continuous`, which are standardised (mean 0, sd 1; missing is 0); a
            multi-label field has a column of 0 and 1 for each of its labels, named as "genres: Drama".
        generator: name -> torch.Generator, the same one each time, seeded from the experiment's seed and that name.
    """

    n_users: int
    n_items: int
    n_rows: int
    target_mean: float
    target_min: float
    target_max: float
    categorical: Mapping[str, int]
    continuous: Sequence[str]
    generator: Callable[[str], torch.Generator]


@dataclass(frozen=True, eq=False)
class Factorization:
    """The tables of a model that scores user u and item i as user_factors[u] · item_factors[i] + biases + global_mean.

    A model that has the method ``factorization() -> Factorization`` can be asked for its biases and for similar items.
    Row number = code, row 0 included, so tables have as many rows as `DataInfo` says. What forward returns must be
    this score, squashed where there is a range.

    Attributes:
        user_factors: float (n_users, k).
        item_factors: float (n_items, k).
        user_bias: float (n_users,), or None where there is none.
        item_bias: float (n_items,), or None where there is none.
        global_mean: added to every score, before squashing.
        y_range: (low, high) where forward returns ``low + (high - low) * sigmoid(score)``; None: the score as it is.
    """

    user_factors: torch.Tensor
    item_factors: torch.Tensor
    user_bias: torch.Tensor | None = None
    item_bias: torch.Tensor | None = None
    global_mean: float = 0.0
    y_range: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class SparseRows:
    """n rows of (item, value) side by side: row r is at ``starts[r]:starts[r + 1]``, its items ascending.

    Attributes:
        starts: int64 (n + 1,).
        items: item codes, int32 (m,).
        values: targets, float32 (m,).
    """

    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True, eq=False)
class FitData:
    """What a model with a ``fit`` method is trained on: the training rows, and nothing else of the data.

    Attributes:
        user: user codes, int32 (n,).
        item: item codes, int32 (n,).
        target: float32 (n,).
        time: Unix seconds, int64 (n,), or None.
        by_user: the same rows by user code, a row for each of ``info.n_users``; of a pair that repeats the last one.
    """

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    target: NDArray[np.float32]
    time: NDArray[np.int64] | None
    by_user: SparseRows


@dataclass(frozen=True)
class Step:
    """What a ``fit`` that is a generator yields now and then: it can be stopped there, and tells how far it is.

    Attributes:
        fraction: of the work, from 0 to 1.
        metrics: name -> value, for people.
        note: what it did, in a few words.
    """

    fraction: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, eq=False)
class ScoreRequest:
    """For whom items are to be scored.

    Attributes:
        users: user codes, int64 (n,); 0 for one whom training did not see.
        seen: what is known of each, a row a user: their training rows, or what was given of a new user.
    """

    users: NDArray[np.int64]
    seen: SparseRows


@dataclass(frozen=True, eq=False)
class Groups:
    """Relevant items of equal score, those of a user from the best on; arrays of length g, but for the last two.

    A group takes the places ``start + 1 .. start + size`` of its user's list, in any order with equal chance.

    Attributes:
        query: whose, as an index of the ranking's users, int64.
        start: candidates with a higher score, int64.
        size: candidates with this score, int64.
        relevant: relevant ones among them, int64.
        earlier: relevant ones in the user's groups before, int64.
        member: of each relevant candidate its group, int64.
        target: of each relevant candidate its target, float32.
    """

    query: NDArray[np.int64]
    start: NDArray[np.int64]
    size: NDArray[np.int64]
    relevant: NDArray[np.int64]
    earlier: NDArray[np.int64]
    member: NDArray[np.int64]
    target: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Exposure:
    """How often items stand among the first k of a list, over all users; ties count by expectation.

    Attributes:
        expected: the expected number of lists with the item, float64 (n_items,).
        missed: the chance that no list has it, float64 (n_items,).
        lists: how many lists.
        k: their length.
    """

    expected: NDArray[np.float64]
    missed: NDArray[np.float64]
    lists: int
    k: int


class Ranking(Protocol):
    """Where the relevant items of each user stand among the candidates, and which candidates come first.

    Candidates are the items that training saw, without those that are known of the user. Relevant are the user's items
    in the part that is measured on, so far as they are not known already. One that training did not see is relevant
    and no candidate: it is missed.
    """

    @property
    def users(self) -> NDArray[np.int32]:
        """User codes, int32 (n,). One user stands here several times where each row is ranked by itself."""

    @property
    def n_candidates(self) -> NDArray[np.int64]:
        """Candidates of each, int64 (n,)."""

    @property
    def n_relevant(self) -> NDArray[np.int64]:
        """Relevant items of each, missed ones included, int64 (n,)."""

    @property
    def targets(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """All relevant items, missed ones included: whose (an index of users, ascending), and the target; (r,) each."""

    @property
    def groups(self) -> Groups:
        """The relevant candidates, by groups of equal score."""

    @property
    def counts(self) -> NDArray[np.int32]:
        """Training rows of each item by code, int32 (n_items,); candidates have one at least."""

    def exposure(self, k: int) -> Exposure:
        """Return how often items stand among the first k; only for a k that the metric's parameters name."""


class DataFile(Protocol):
    """A file that somebody wants read, unpacked where it is packed (gzip, zip, zstandard)."""

    @property
    def name(self) -> str:
        """Its name without the folder, and without the ending of what packs it: "ratings.csv" of ratings.csv.gz."""

    @property
    def where(self) -> str:
        """What a message calls it: the path as the user knows it."""

    @property
    def head(self) -> bytes:
        """Its first bytes, at most 256 KiB."""

    @property
    def size(self) -> int:
        """Its bytes."""

    @property
    def path(self) -> Path:
        """A plain file with its bytes: the file itself, or a temporary one where it is packed."""

    def open(self) -> BinaryIO:
        """Return its bytes as a stream from the start; close it after use."""


@dataclass(frozen=True)
class Guess:
    """How a reader would read a file.

    Attributes:
        sure: from 0 to 1; the reader that is surest reads the file where the experiment names none. A format with a
            signature of its own is sure by 1.0, a delimited table of two columns or more by 0.5.
        params: the reader's parameters with nothing left to guess.
        why: what it saw, in a few words.
    """

    sure: float
    params: Any
    why: str = ""


class Table(Protocol):
    """A file as rows and columns, read as often as it is asked for."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns' names, all distinct."""

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the rows in the file's order, in frames of any height, with the columns asked for in any order.

        Args:
            texts: columns of which every character counts. String, or Int64 where each value is written as Python
                writes that integer ("7", never "007" or "7.0"); Datetime or Date are fine. "" or null is missing.
            numbers: columns of which only the number counts: any numeric type, or String that Python's `float` reads.

        Raises:
            BadInput: a row can't be read; names its place.
        """

    def place(self, row: int) -> str:
        """Return where a row (from 0) stands in the file, such as "line 17", for a message."""


@dataclass(frozen=True)
class Rates:
    """What a schedule sets before a step.

    `momentum` takes the place of the optimizer's own momentum or betas[0], where it uses one; None leaves it.
    """

    lr: float
    momentum: float | None = None


# -- declarations --


@dataclass(frozen=True)
class NoParams:
    """The parameters of a plugin that has none."""


@dataclass(frozen=True)
class Declaration:
    """What every plugin says of itself.

    Attributes:
        name: ``[a-z0-9-]{2,40}``, unique in the plugin and kind; "name" is not a parameter's name.
        title: for people, in a form or a table.
        summary: one line.
        target: the class or function, or "module:name" of it, which keeps heavy imports out of the listing.
        params: a frozen dataclass; fields are int, float, bool, str, Literal, Enum, lists or tuples of these, or
            Optional, every one with a default. `Range`, `Choices`, `Help`, `Unit`, `Advanced`, `Log` and `Search` in
            Annotated. A rule across fields is a `__post_init__` that raises ValueError.
        api: the `API` it was written for.
        renamed_from: earlier names, so that old experiments still open.
    """

    kind: ClassVar[str]

    name: str
    title: str
    summary: str
    target: Callable[..., Any] | str
    params: type = NoParams
    _: KW_ONLY
    api: int = 1
    renamed_from: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model(Declaration):
    """A `torch.nn.Module` made as ``target(info: DataInfo, params)``.

    ``forward(x)`` gets codes, int64 (B, 2) as (user, item), and returns predictions, float32 (B,). With `fields` it is
    ``forward(x, categorical, continuous)``: int64 (B, C) codes and float32 (B, D) standardised values. Its state is
    its `state_dict()`. Draw first values from ``info.generator("init")``.

    Abilities are methods that a model may have and core looks for:

    - ``factorization()`` returns its `Factorization`.
    - ``fit(data: FitData)`` trains it, in place of gradient descent; what it learns is in its parameters and buffers,
      whose shapes ``__init__`` knows. It may be a generator that yields `Step`. Its declaration has ``batches="none"``.
    - ``score(request: ScoreRequest)`` returns the scores of all items, float (n, n_items) as a tensor or array; where
      it is missing, core takes the `Factorization`, or calls forward for every pair.

    Attributes:
        fields: forward wants the categorical and continuous fields too.
        deterministic: the same seed gives the same numbers on the same machine.
        batches: what a step of training takes; "none" where the model has a ``fit``.
        ratings: its predictions are in units of the target; else they only put items in order, and errors mean nothing.
        baseline_items: it joins comparisons by itself where the data have at most so many items, since it then takes
            seconds; 0: never. It has a ``fit``.
    """

    kind = "model"

    _: KW_ONLY
    fields: bool = False
    deterministic: bool = True
    batches: Literal["pairs", "none"] = "pairs"
    ratings: bool = True
    baseline_items: int = 0


@dataclass(frozen=True)
class Splitter(Declaration):
    """``target(interactions: Interactions, params, generator: numpy.random.Generator) -> Split``.

    A splitter that makes folds has the parameters `folds` (how many) and `fold` (which one, from 1) and returns the
    split of that fold; ``cfbench train --folds all`` then starts one run a fold.

    Attributes:
        needs_time: it only works on data with a time column.
    """

    kind = "splitter"

    _: KW_ONLY
    needs_time: bool = False


@dataclass(frozen=True)
class Loss(Declaration):
    """``target(params)`` gives a callable: (prediction, target), both float32 (B,), to a scalar tensor, a mean.

    Where its params have the field `l2`, core adds l2 times the mean over the batch of |p_u|² + |q_i|² + b_u² + b_i²,
    of the rows of the model's `Factorization`.

    With `negatives` it is (positive, negative, log_q): scores of the batch's items, float32 (B,), and of n items drawn
    for each of its rows, (B, n); log_q is the logarithm of the chance with which the sampler draws them, as a pair of
    tensors of these shapes.

    Attributes:
        negatives: it is of rows against drawn items.
        form: which loss of the fused engine it is, where it is one: "mse", (prediction - target)², or "logits",
            log(1 + exp(score)) - target * score.
    """

    kind = "loss"

    _: KW_ONLY
    negatives: bool = False
    form: Literal["", "mse", "logits"] = ""


@dataclass(frozen=True)
class Sampler(Declaration):
    """``target(counts, params)`` gives weights, float64 (n_items,), by which items are drawn as negatives.

    `counts` are the training rows of each item by code, int32 (n_items,); what training did not see is never drawn.
    Its params have the fields `negatives`, how many to draw for each row, and `allow_positives`: where that is false,
    an item of the user's training rows is drawn again.
    """

    kind = "sampler"


@dataclass(frozen=True)
class Optimizer(Declaration):
    """``target(parameters: Iterable[torch.nn.Parameter], params) -> torch.optim.Optimizer``.

    Its params have the field `lr`; the schedule sets it, and momentum, in the optimizer's groups before each step.

    Attributes:
        rule: which row rule of the fused engine it is, "sgd", w -= lr g, "adagrad" or "adam", of which
            `cfbench_optimizers.rows` has the formulas, while all its parameters but lr, and with "adam" betas and eps,
            have their defaults. A row rule changes nothing but rows that have a gradient, so core gives it sparse ones
            where tables are large.
    """

    kind = "optimizer"

    _: KW_ONLY
    rule: Literal["", "sgd", "adagrad", "adam"] = ""


@dataclass(frozen=True)
class Schedule(Declaration):
    """``target(params, lr: float, steps: int)`` gives a function from a step's number (from 0) to its `Rates`.

    A schedule is a function of the step alone, so a resumed run needs nothing of it.
    """

    kind = "schedule"


@dataclass(frozen=True)
class Metric(Declaration):
    """A number that says how good a model is on a part of the data.

    Where it reads "predictions" it is ``target(prediction, target, params) -> float``, both float64 (n,), of any rows.
    Where it reads a "ranking" it is ``target(ranking: Ranking, params) -> float64 (n,)``, one value for each of the
    ranking's users, NaN where there is none; where it reads "lists", ``target(ranking, params) -> float``.

    A parameter `k` stands in its name as in NDCG@10; a parameter `candidates` as in HR@10~99: each relevant item is
    then ranked among so many drawn candidates and itself, which says little of the full ranking.

    Attributes:
        better: which way is better.
        reads: what it is computed from.
        card: for people: formula, gain, ideal list, users without relevant items, tie rule; by these names.
    """

    kind = "metric"

    _: KW_ONLY
    better: Literal["lower", "higher"] = "lower"
    reads: Literal["predictions", "ranking", "lists"] = "predictions"
    card: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reader(Declaration):
    """A class: ``target(file: DataFile, params)`` is the file's `Table`; its `params` are complete.

    What is None in parameters is to be guessed: the class's static method ``guess(file: DataFile, params)`` takes those
    that the user gave and returns a `Guess`, or None where this is no file of that kind. Both may raise `BadInput`,
    `guess` only where the user named this reader or gave a parameter that can't be.

    Attributes:
        suffixes: how names of such files end, for people: (".csv", ".tsv").
    """

    kind = "reader"

    _: KW_ONLY
    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Download:
    """A file to fetch.

    Attributes:
        url: HTTPS.
        size: its bytes as its page says them, 0 where it does not; ten times as many are refused.
        sha256: its SHA-256 where that is known for certain; else it is pinned when the file first comes.
        members: what to take out of it where it is an archive: name there -> name to keep; none: the file itself.
    """

    url: str
    size: int = 0
    sha256: str = ""
    members: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset(Declaration):
    """A table of who rated what, by name.

    It is made by ``target(folder: pathlib.Path, params)``, which writes its files into that empty folder; or, where the
    target is "", it is fetched when somebody asks for it, as `downloads` say.

    Attributes:
        data: the experiment's [data] table that reads them, file names relative to the folder.
        licence: the terms in a few words.
        may_share: whether the terms allow to pass it on; None where they do not say.
        source: the page it comes from.
        citation: how its makers wish to be cited.
        downloads: what to fetch.
        hashes: file -> its SHA-256, where it is known for certain.
        splits: published splits by name: tables with `source`, a list of files, and `splitter`, an experiment's table.
        rows: how many it has as published, 0 where that is not known or up to its parameters.
        users: likewise.
        items: likewise.
    """

    kind = "dataset"

    _: KW_ONLY
    data: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    may_share: bool | None = None
    source: str = ""
    citation: str = ""
    downloads: Sequence[Download] = ()
    hashes: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rows: int = 0
    users: int = 0
    items: int = 0


# -- hooks: signatures never change, declarations grow by keyword fields with defaults --


class Hooks:
    """The hooks, one a kind. A plugin implements those it needs, marked with `hookimpl`."""

    @_hookspec
    def cfbench_readers(self) -> Iterable[Reader]:
        """Return readers of rating files."""
        raise NotImplementedError

    @_hookspec
    def cfbench_models(self) -> Iterable[Model]:
        """Return models."""
        raise NotImplementedError

    @_hookspec
    def cfbench_splitters(self) -> Iterable[Splitter]:
        """Return splitters."""
        raise NotImplementedError

    @_hookspec
    def cfbench_losses(self) -> Iterable[Loss]:
        """Return losses."""
        raise NotImplementedError

    @_hookspec
    def cfbench_samplers(self) -> Iterable[Sampler]:
        """Return samplers of negatives."""
        raise NotImplementedError

    @_hookspec
    def cfbench_optimizers(self) -> Iterable[Optimizer]:
        """Return optimizers."""
        raise NotImplementedError

    @_hookspec
    def cfbench_schedules(self) -> Iterable[Schedule]:
        """Return schedules of the learning rate."""
        raise NotImplementedError

    @_hookspec
    def cfbench_metrics(self) -> Iterable[Metric]:
        """Return metrics."""
        raise NotImplementedError

    @_hookspec
    def cfbench_datasets(self) -> Iterable[Dataset]:
        """Return named data sets."""
        raise NotImplementedError
