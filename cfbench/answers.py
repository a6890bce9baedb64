"""What the work answers to the faces: typed data, nothing else."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class LayoutPart(Struct, frozen=True):
    """One part of how a file is written, such as its separator.

    Attributes:
        name: separator, header, encoding, quote or columns.
        value: in words.
        guessed: it was guessed from the file rather than given.
    """

    name: str
    value: str
    guessed: bool


class SourceFile(Struct, frozen=True):
    """A file that was read.

    Attributes:
        name: its name without the folder.
        table: which table it belongs to: ratings, items or users.
        rows: how many rows it has.
        layout: how it is written.
    """

    name: str
    table: str
    rows: int
    layout: tuple[LayoutPart, ...]


class Column(Struct, frozen=True):
    """A column of a file and what it is taken for.

    Attributes:
        table: ratings, items or users.
        name: its name in the file.
        role: user, item, target, time, id, title, categorical, continuous, or "" where it is not used.
        reason: why it has that role, in a few words.
    """

    table: str
    name: str
    role: str
    reason: str


class Bar(Struct, frozen=True):
    """Rows whose target lies between `low` and `high`, both included; equal ends mean one value."""

    low: float
    high: float
    count: int


class Row(Struct, frozen=True):
    """A row in human words; `time` is UTC in ISO 8601, or None."""

    user: str
    item: str
    target: float
    time: str | None


class DataProfile(Struct, frozen=True):
    """What `data describe` says of interactions.

    Attributes:
        key: the name under which the imported data are kept.
        fingerprint: a hash of all coded columns and labels.
        files: the files they came from, ratings first.
        columns: every column of these files.
        read: rows read.
        kept: rows kept.
        dropped: reason -> rows.
        users: how many.
        items: how many.
        density: kept rows by users times items; above 1 where pairs repeat.
        feedback: "explicit", or "implicit" where every target is the same.
        targets: the histogram, at most 12 bars.
        target_mean: mean target.
        time_first: the earliest time, UTC in ISO 8601, or None.
        time_last: the latest.
        duplicates: rows that repeat a pair of user and item.
        conflicts: pairs that repeat with another target.
        shared_titles: titles that several items' ids bear.
        merged_items: items that became one with another by their title.
        fields: further field -> its number of labels, 0 for numbers.
        first: the first rows.
        notes: what to look at; each says what to do.
    """

    key: str
    fingerprint: str
    files: tuple[SourceFile, ...]
    columns: tuple[Column, ...]
    read: int
    kept: int
    dropped: dict[str, int]
    users: int
    items: int
    density: float
    feedback: str
    targets: tuple[Bar, ...]
    target_mean: float
    time_first: str | None
    time_last: str | None
    duplicates: int
    conflicts: int
    shared_titles: int
    merged_items: int
    fields: dict[str, int]
    first: tuple[Row, ...]
    notes: tuple[str, ...]


Part = Literal["valid", "test"]
"""Rows to measure a model on."""

Checkpoint = Literal["auto", "last", "best"]
"""Which state of a model: "auto" is the best by valid loss where the run stops early, else the last."""

Verb = Literal["stop", "pause", "resume", "kill"]
"""What can be asked of a run that is alive."""

RunState = Literal["queued", "running", "paused", "finished", "failed", "stopped", "lost"]


class RunSummary(Struct, frozen=True):
    """A run at a glance.

    Attributes:
        id: its folder's name.
        state: derived from its events and its lock.
        reason: why it failed, stopped or was lost; else empty.
        exit_code: what a command that waited for it exits with: 0 only where it finished or is alive.
        created: Unix seconds.
        group: what it belongs to: folds, seeds.
        seed: the experiment's.
        fold: which one, from 1, or None.
        data: the data's sources.
        model: the model's full name.
        epochs: planned.
        epochs_done: done.
        step: steps done.
        steps: planned.
        epoch: the one whose model counts, from 1, or None: the best by valid loss where the run stops early, else the
            last; what evaluate and predict use.
        valid_loss: of that epoch, or None.
        metrics: of that epoch, on valid; None where a metric was no finite number.
        best_valid_loss: of all epochs, or None.
        split_hash: equal where runs may be compared.
        damaged_lines: numbers of lines of its events that can't be read.
        path: its folder.
    """

    id: str
    state: RunState
    reason: str
    exit_code: int
    created: float
    group: str
    seed: int
    fold: int | None
    data: tuple[str, ...]
    model: str
    epochs: int
    epochs_done: int
    step: int
    steps: int
    epoch: int | None
    valid_loss: float | None
    metrics: dict[str, float | None]
    best_valid_loss: float | None
    split_hash: str
    damaged_lines: tuple[int, ...]
    path: str


class Evaluation(Struct, frozen=True):
    """A run's model measured on one part of its data.

    Attributes:
        run: its id.
        part: "valid" or "test".
        rows: rows measured on.
        step: the checkpoint's step.
        checkpoint: "last" or "best".
        loss: the experiment's loss.
        metrics: name -> value; None where it was no finite number.
        unseen: rows whose user, or item, training did not see.
        test_openings: how often the run's test part has been measured, this time included.
        split_hash: equal where values may be compared.
    """

    run: str
    part: str
    rows: int
    step: int
    checkpoint: str
    loss: float
    metrics: dict[str, float | None]
    unseen: dict[str, int]
    test_openings: int
    split_hash: str


class Prediction(Struct, frozen=True):
    """A predicted target; `known` is false where training saw the user, or the item, or both, not at all."""

    user: str
    item: str
    prediction: float
    known: bool


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
        batch: the first rows of the first training batch, in words.
        split_hash: equal for equal data and rows.
    """

    rows: dict[str, int]
    dropped: dict[str, int]
    unseen: dict[str, dict[str, int]]
    batch_size: int
    steps_an_epoch: int
    shapes: dict[str, tuple[int, ...]]
    classes: dict[str, int]
    batch: tuple[dict[str, str | float], ...]
    split_hash: str


class EventPage(Struct, frozen=True):
    """Events of a run from one byte offset to the next, and whether the run is alive."""

    events: list[dict[str, Any]]
    offset: int
    alive: bool
