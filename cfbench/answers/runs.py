"""What runs are and do."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

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
        note: what somebody wrote about it.
        pinned: it shall stand first in lists and be drawn beside every run.
        seconds: of work so far, pauses left out.
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
    note: str
    pinned: bool
    seconds: float


class RunChanges(Struct, frozen=True):
    """What changed among the runs.

    Attributes:
        token: says what is known now; give it back to hear of later changes, or of the rest at once where there are
            more than 2,000.
        changed: runs that are new or look different.
        gone: ids of runs that are no longer there.
        whole: the token told nothing, so `changed` starts over: runs that it does not name are not there.
    """

    token: str
    changed: tuple[RunSummary, ...]
    gone: tuple[str, ...]
    whole: bool = False


class Curve(Struct, frozen=True):
    """A measured value over epochs, thinned: of the points that fall into one, the lowest and the highest are kept.

    Attributes:
        name: "train" and "lr" of steps, "train_epoch", "valid" or a metric's name of epochs.
        x: in epochs, increasing; the end of the point.
        low: lowest value; None where one was no finite number.
        high: highest value; None likewise.
        single: how many points, the newest, are one value each.
    """

    name: str
    x: list[float]
    low: list[float | None]
    high: list[float | None]
    single: int = 0


class History(Struct, frozen=True):
    """A run's past, small enough to travel whole whatever its length; go on with events from `offset`.

    Attributes:
        run: its id.
        key: of its events' file, another one where the file was replaced.
        offset: bytes of events that are in here.
        steps_an_epoch: steps, or 0 where no epoch is known.
        curves: by name.
        epochs: the newest epochs' events of the effective history, oldest first, at most 1,000.
        last: the newest event of each kind but step and epoch.
    """

    run: str
    key: str
    offset: int
    steps_an_epoch: float
    curves: tuple[Curve, ...]
    epochs: list[dict[str, Any]]
    last: dict[str, dict[str, Any]]


class EventPage(Struct, frozen=True):
    """Events of a run from one byte offset to the next.

    Attributes:
        events: in the order they were written.
        offset: bytes up to the end of these events; below the offset asked for where they start over.
        alive: whether there may be more: the run is alive, or not all of its events are in this page.
        key: of the events' file; another one than before where they start over.
    """

    events: list[dict[str, Any]]
    offset: int
    alive: bool
    key: str
