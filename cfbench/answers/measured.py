"""How good models are, alone and side by side."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from cfbench.answers.data import Finding

Part = Literal["valid", "test"]
"""Rows to measure a model on."""


Checkpoint = Literal["auto", "last", "best"]
"""Which state of a model: "auto" is the best by valid loss where the run stops early, else the last."""


class Evaluation(Struct, frozen=True):
    """A run's model measured on one part of its data.

    Attributes:
        run: its id.
        part: "valid" or "test".
        rows: rows measured on.
        step: the checkpoint's step.
        checkpoint: "last" or "best".
        loss: the experiment's loss, None where the model only puts items in order.
        metrics: name -> value; None where it was no finite number.
        unseen: rows whose user, or item, training did not see.
        test_openings: how often the run's test part has been measured, this time included.
        split_hash: equal where values may be compared.
        standard_errors: name -> standard error of the mean over users, of metrics with a value a user.
        users: users measured on.
        slices: "warm", "cold" (user or item unseen in training), "head" (the fifth of the items with most training
            rows), "tail" -> name -> value; those without rows are left out.
        slice_rows: slice -> rows.
        findings: what makes the values doubtful.
    """

    run: str
    part: str
    rows: int
    step: int
    checkpoint: str
    loss: float | None
    metrics: dict[str, float | None]
    unseen: dict[str, int]
    test_openings: int
    split_hash: str
    standard_errors: dict[str, float] = {}
    users: int = 0
    slices: dict[str, dict[str, float | None]] = {}
    slice_rows: dict[str, int] = {}
    findings: tuple[Finding, ...] = ()


class Spread(Struct, frozen=True):
    """A metric over n runs: mean, and standard deviation where there are two or more; None where no run has a value."""

    mean: float | None
    sd: float | None
    n: int


class Compared(Struct, frozen=True):
    """Runs of one experiment, over its seeds and folds, or a baseline, as one line of a comparison.

    Attributes:
        name: short and unlike the others'.
        model: its title.
        runs: ids; none of a baseline.
        seeds: of the runs.
        folds: of the runs, 0 where the splitter makes none.
        values: metric -> what it reached.
        seconds: of training, all runs together; 0 of a baseline.
        trials: different settings that were tried in its group, as a search does; or 1.
        trial_seconds: of all runs of that group.
        baseline: it joined by itself.
        below: metric -> the baseline that is better, the best one.
        findings: what makes its values doubtful.
    """

    name: str
    model: str
    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    folds: tuple[int, ...]
    values: dict[str, Spread]
    seconds: float
    trials: int
    trial_seconds: float
    baseline: bool
    below: dict[str, str]
    findings: tuple[Finding, ...]


class Difference(Struct, frozen=True):
    """Two lines of a comparison, paired by users on the same splits; `first` is the better one.

    Attributes:
        metric: of which.
        first: a line's name.
        second: another's.
        n: users with a value of both; a user counts once for each split.
        difference: mean of first - second over them; each user counts once, unlike in an error over all rows.
        effect: that mean by the standard deviation of the differences (Cohen's d); None where they are all the same.
        low: lower end of its 95 % bootstrap interval.
        high: upper end.
        p: of the paired t test, two-sided.
        adjusted: p by Holm, for all differences of this metric that are shown.
    """

    metric: str
    first: str
    second: str
    n: int
    difference: float
    effect: float | None
    low: float
    high: float
    p: float
    adjusted: float


class Comparison(Struct, frozen=True):
    """What runs reached on the same rows.

    Attributes:
        part: "valid" or "test".
        metrics: in order.
        better: metric -> which way is better.
        lines: what is compared, baselines last.
        differences: pairs of lines, tested.
        splits: hashes of the splits that all lines have.
        findings: what makes it unfair, and what was left out.
    """

    part: str
    metrics: tuple[str, ...]
    better: dict[str, str]
    lines: tuple[Compared, ...]
    differences: tuple[Difference, ...]
    splits: tuple[str, ...]
    findings: tuple[Finding, ...]


class Prediction(Struct, frozen=True):
    """A predicted target; `known` is false where training saw the user, or the item, or both, not at all."""

    user: str
    item: str
    prediction: float
    known: bool
