"""What a run's events tell at a glance, taken one by one: all that its summary needs but for who holds its lock."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec import Struct

from cfbench.answers import RunState
from cfbench.runs import events
from cfbench.runs.events import Created, Event, Reading
from cfbench.runs.folder import RunFolder
from cfbench.runs.reading import Follower

ENDS: dict[str, RunState] = {"finished": "finished", "stopped": "stopped", "failed": "failed"}
STATES: dict[str, RunState] = {
    "created": "queued",
    "waiting": "queued",
    "queued": "queued",
    "starting": "running",
    "started": "running",
    "paused": "paused",
    **ENDS,
}
_BEFORE_WORK = {"created", "waiting", "queued", "starting", "started"}
_MOST_BAD_LINES = 100


class LastState(Struct, frozen=True):
    """The event that tells a run's state."""

    event: str = ""
    boot: str = ""
    reason: str = ""
    exit_code: int = 0


class Facts(Struct, frozen=True):
    """What a run's events tell; for fields that are not said here see `cfbench.answers.RunSummary`.

    Attributes:
        created: the first event.
        last: the event that tells the state.
        newer: a later cfbench wrote them.
    """

    created: Created
    last: LastState
    newer: bool
    epochs_done: int
    step: int
    epoch: int | None
    valid_loss: float | None
    metrics: dict[str, float | None]
    best_valid_loss: float | None
    damaged_lines: tuple[int, ...]
    seconds: float

    @property
    def ended(self) -> bool:
        """Whether its last worker said how it ended, so that its lock adds nothing."""
        return self.last.event in ENDS


class _Epoch(NamedTuple):
    epoch: int
    step: int
    valid_loss: float | None
    metrics: dict[str, float | None]


class Account:
    """The facts of one run, kept while its events go on."""

    def __init__(self, run: RunFolder) -> None:
        self._follower = Follower(run.events)
        self._created: Created | None = None
        self._newer = False
        self._epochs: list[_Epoch] = []
        self._step = 0
        self._last = LastState()
        self._before_pause = LastState()
        self._bad_lines: list[int] = []
        self._seconds = 0.0
        self._working_since: float | None = None

    def read(self) -> bool:
        """Take what is new; return False where the file was replaced, so that another account has to be opened."""
        if self._follower.replaced():
            return False
        for reading in self._follower.news():
            self._take(reading)
        return True

    def _take(self, reading: Reading) -> None:
        self._bad_lines += reading.bad_lines[: _MOST_BAD_LINES - len(self._bad_lines)]
        if self._created is None and reading.events:
            first = reading.events[0]
            self._newer = events.written_by_newer([first])
            self._created = msgspec.convert(first, Created) if first["event"] == "created" else Created()
        for event in reading.events:
            self._add(event)

    def _add(self, event: Event) -> None:
        kind = event["event"]
        self._clock(kind, event.get("mono", self._working_since))
        self._step = max(self._step, event.get("step", 0))
        if kind == "epoch":
            self._epochs.append(_Epoch(event["epoch"], event["step"], event["valid_loss"], event["metrics"]))
        elif kind == "resumed":
            self._epochs = [epoch for epoch in self._epochs if epoch.step <= event["from_step"]]
            self._step = min(self._step, event["from_step"])
        elif kind == "continued" and self._last.event == "paused":
            self._last = self._before_pause
        elif kind in STATES:
            if kind == "paused" and self._last.event != "paused":
                self._before_pause = self._last
            code = event["exit_code"] if kind == "failed" else 0
            self._last = LastState(kind, event.get("boot", ""), event.get("reason", ""), code)

    def _clock(self, kind: str, now: float | None) -> None:
        """Count the time since the event before, where the run worked in it."""
        if now is not None and self._working_since is not None and kind not in _BEFORE_WORK:
            self._seconds += max(0.0, now - self._working_since)
        if kind in ("started", "continued"):
            self._working_since = now
        elif kind in STATES:
            self._working_since = None
        elif self._working_since is not None:
            self._working_since = now

    def facts(self) -> Facts:
        """Return what is known now."""
        created = self._created or Created()
        measured = (epoch for epoch in self._epochs if epoch.valid_loss is not None)
        best = min(measured, key=lambda epoch: epoch.valid_loss or 0.0, default=None)
        newest = self._epochs[-1] if self._epochs else None
        counts = best if best and created.early_stopping else newest
        return Facts(
            created=created,
            last=self._last,
            newer=self._newer,
            epochs_done=newest.epoch if newest else 0,
            step=self._step,
            epoch=counts.epoch if counts else None,
            valid_loss=counts.valid_loss if counts else None,
            metrics=counts.metrics if counts else {},
            best_valid_loss=best.valid_loss if best else None,
            damaged_lines=tuple(self._bad_lines),
            seconds=round(self._seconds, 3),
        )
