"""A run that the screens follow: its curves, how fast it goes, and what happened in it."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable
from statistics import median

from cfbench.answers import History
from cfbench.curves import POINTS, Event, RunHistory

_RECENT_STEPS, _RECENT_EPOCHS, _HAPPENINGS = 240, 9, 200
_QUIET = ("step", "epoch")


class FollowedRun(RunHistory):
    """A run's past with what only a screen needs.

    Attributes:
        step: the newest step that was told.
        happened: the newest events that are no measurements, oldest first; of checkpoints in a row the last one.
    """

    def __init__(self, points: int = POINTS) -> None:
        super().__init__(points)
        self.step = 0
        self.happened: deque[Event] = deque(maxlen=_HAPPENINGS)
        self._step_seconds: deque[float] = deque(maxlen=_RECENT_STEPS)
        self._between_epochs: deque[float] = deque(maxlen=_RECENT_EPOCHS)
        self._before: Event = {}

    @classmethod
    def of(cls, history: History, points: int = POINTS) -> FollowedRun:
        """Return what goes on from a history that was asked for with as many `points`."""
        followed = super().of(history, points)
        assert isinstance(followed, cls)
        followed._begin()
        return followed

    def _begin(self) -> None:
        """Take what the newest events tell."""
        newest = sorted([*self.last.values(), *list(self.epochs)[-1:]], key=lambda event: event.get("seq", 0))
        self.happened.extend(event for event in newest if event["event"] not in _QUIET)
        train = self.curves["train"].curve("train")
        told = round(train.x[-1] * self.steps_an_epoch) if train.x else 0
        self.step = max([told, *(event.get("step", 0) for event in newest)])
        if resumed := self.last.get("resumed"):
            later = [event.get("step", 0) for event in newest if event["seq"] > resumed["seq"]]
            self.step = max([told, resumed["from_step"], *later])

    def add(self, event: Event) -> None:
        """Take the next event."""
        super().add(event)
        kind = event["event"]
        passed = _seconds(self._before, event)
        if kind == "step":
            if passed is not None and event["step"] > self.step:
                self._step_seconds.append(passed / (event["step"] - self.step))
        elif kind == "epoch" and passed is not None:
            self._between_epochs.append(passed)
        elif kind == "checkpoint" and passed is not None and self._before["event"] == "epoch" and self._between_epochs:
            self._between_epochs[-1] += passed
        if kind == "resumed":
            self.step = event["from_step"]
        self.step = max(self.step, event.get("step", 0))
        if kind not in _QUIET:
            if kind == "checkpoint" and self.happened and self.happened[-1]["event"] == kind:
                self.happened.pop()
            self.happened.append(event)
        self._before = event

    def seconds_left(self, steps: int) -> float | None:
        """Return about how long it takes to come to the end of so many steps, or None where nothing tells."""
        left = max(0, steps - self.step)
        if not self._step_seconds:
            pace = _pace(list(self.epochs)[-_RECENT_EPOCHS:])
            return None if pace is None else left * pace
        measuring = median(self._between_epochs) if self._between_epochs and self.steps_an_epoch else 0.0
        return left * (median(self._step_seconds) + measuring / max(1.0, self.steps_an_epoch))

    def epoch_seconds(self) -> list[float | None]:
        """Return how long each of the epochs took, None where that is not known or there was a break."""
        breaks = [event["seq"] for event in self.happened if event["event"] in ("paused", "resumed")]
        after = list(self.epochs)
        first = after[0]["epoch"] == 1 if after else False
        before = [self.last.get("started", {}) if first else {}, *after[:-1]]
        return [
            None if any(a.get("seq", 0) < broken < b["seq"] for broken in breaks) else _seconds(a, b)
            for a, b in zip(before, after, strict=False)
        ]


def _seconds(before: Event, after: Event) -> float | None:
    """Return what passed between two events on the clock of one start of the machine."""
    if before.get("boot") != after.get("boot") or "mono" not in before or "mono" not in after:
        return None
    passed = after["mono"] - before["mono"]
    return float(passed) if passed >= 0 else None


def _pace(epochs: Iterable[Event]) -> float | None:
    """Return the seconds a step of the middle one of some epochs."""
    known = list(epochs)
    found = []
    for before, after in itertools.pairwise(known):
        passed = _seconds(before, after)
        if passed is not None and after["step"] > before["step"]:
            found.append(passed / (after["step"] - before["step"]))
    return median(found) if found else None
