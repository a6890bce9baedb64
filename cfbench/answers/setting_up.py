"""What an experiment will see and cost, before it is a run."""

from __future__ import annotations

from msgspec import Struct

from cfbench.answers.data import Finding


class LoaderPreview(Struct, frozen=True):
    """What training will see of the data.

    Attributes:
        rows: part -> number of rows.
        dropped: reason -> rows in no part.
        unseen: part -> rows whose user, or item, training does not see.
        batch_size: rows a step.
        steps_an_epoch: steps.
        shapes: of a batch: x, categorical, continuous, target.
        classes: field -> number of labels, "#na#" included.
        batch: the first rows of a training batch, in words.
        batch_number: which one, from 1.
        repeated: pairs of user and item that stand in training and in another part.
        split_hash: equal for equal data and rows.
        findings: what one part knows of another, what was dropped, and why.
    """

    rows: dict[str, int]
    dropped: dict[str, int]
    unseen: dict[str, dict[str, int]]
    batch_size: int
    steps_an_epoch: int
    shapes: dict[str, tuple[int, ...]]
    classes: dict[str, int]
    batch: tuple[dict[str, str | float], ...]
    batch_number: int
    repeated: int
    split_hash: str
    findings: tuple[Finding, ...] = ()


class Cost(Struct, frozen=True):
    """What a training will cost, from a few steps taken for the purpose.

    Attributes:
        parameters: numbers that are learned; of a model that trains itself all that it keeps.
        tables: parameter's name -> its shape, in the model's order.
        model_bytes: of the parameters.
        optimizer_bytes: of the optimizer's own state after a step.
        steps_an_epoch: steps.
        seconds_an_epoch: of training, measuring on valid left out; 0 where the model trains itself.
        seconds: of the whole training.
        device: where.
        threads: of the CPU.
    """

    parameters: int
    tables: dict[str, tuple[int, ...]]
    model_bytes: int
    optimizer_bytes: int
    steps_an_epoch: int
    seconds_an_epoch: float
    seconds: float
    device: str
    threads: int


class LrCurve(Struct, frozen=True):
    """The loss of a short training while its learning rate grew, step by step.

    Attributes:
        rates: learning rates, growing by the same factor.
        losses: smoothed losses.
        suggestion: the rate at which the loss falls most steeply, None where it never does.
        ended: why the test ended.
    """

    rates: list[float]
    losses: list[float]
    suggestion: float | None
    ended: str


class Rate(Struct, frozen=True):
    """What a schedule sets before a step: the learning rate, and the momentum or None."""

    step: int
    lr: float
    momentum: float | None
