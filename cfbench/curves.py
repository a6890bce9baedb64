"""Curves of a training, thinned as they grow: in bounded memory, and alike for the work and for the faces.

A curve's newest values are kept one by one, since a resumed run may go back behind some of them. What is older lies in
points of equal width, a power of two of an epoch that follows from the newest of these values alone; so a curve that
travelled goes on exactly as the one it was taken from.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from cfbench.answers import Curve, History

Event = dict[str, Any]

POINTS = 400
"""In each curve, unless somebody asks for more or fewer."""

_OWN = ("train", "train_epoch", "valid", "lr")
_FINEST = 2.0**-40
_MOST_EPOCHS = 1000
_MOST_NAMES = 64
"""Curves, and kinds of events, of one run: more come only from a file that is none of ours."""


class Thinned:
    """A measured value over epochs in at most `most` points; adding takes constant time on average.

    Args:
        most: points, at least 8; the newest quarter of them are single values.
    """

    def __init__(self, most: int = POINTS) -> None:
        self._keep = most // 4
        self._room_for = most - self._keep
        self._single: deque[tuple[float, float | None]] = deque()
        self._x: list[float] = []
        self._low: list[float | None] = []
        self._high: list[float | None] = []
        self._width = self._room = self._end = 0.0
        self._fit()

    @classmethod
    def of(cls, curve: Curve, most: int = POINTS) -> Thinned:
        """Return what goes on from a curve that was thinned to `most` points."""
        thinned = cls(most)
        settled = len(curve.x) - curve.single
        thinned._x, thinned._low, thinned._high = curve.x[:settled], curve.low[:settled], curve.high[:settled]
        thinned._single.extend(zip(curve.x[settled:], curve.low[settled:], strict=True))
        thinned._fit()
        return thinned

    def add(self, x: float, value: float | None) -> None:
        """Add a value at `x`, or at the newest x where that is beyond it; infinity and NaN count as None."""
        if value is not None and not math.isfinite(value):
            value = None
        single = self._single
        if single and x < single[-1][0]:
            x = single[-1][0]
        single.append((x, value))
        if len(single) > self._keep:
            self._settle(*single.popleft())

    def drop_after(self, x: float) -> None:
        """Forget all values beyond `x`; where that cuts a point of several values in two, forget that point whole."""
        while self._single and self._single[-1][0] > x:
            self._single.pop()
        if self._x and self._x[-1] > x:
            while self._x and self._x[-1] > x:
                del self._x[-1], self._low[-1], self._high[-1]
            self._fit()

    def curve(self, name: str) -> Curve:
        """Return the points: settled ones, and the newest values one by one."""
        values = [value for _, value in self._single]
        return Curve(
            name=name,
            x=[*self._x, *(x for x, _ in self._single)],
            low=[*self._low, *values],
            high=[*self._high, *values],
            single=len(values),
        )

    def _settle(self, x: float, value: float | None) -> None:
        if x > self._room:
            self._widen(x)
        if x > self._end:
            self._end = math.ceil(x / self._width) * self._width
            self._x.append(x)
            self._low.append(value)
            self._high.append(value)
            return
        self._x[-1] = max(x, self._x[-1])
        low, high = self._low[-1], self._high[-1]
        if low is None or high is None or value is None:
            self._low[-1] = self._high[-1] = None
        elif value < low:
            self._low[-1] = value
        elif value > high:
            self._high[-1] = value

    def _fit(self) -> None:
        """Set the width that follows from the newest settled value, and where the last point ends."""
        self._width, self._end = _FINEST, -math.inf
        self._room = self._width * self._room_for
        if self._x:
            while self._x[-1] > self._room:
                self._double()
            self._end = math.ceil(self._x[-1] / self._width) * self._width

    def _widen(self, x: float) -> None:
        """Make room up to `x`, and let points that now lie in one become one."""
        while x > self._room:
            self._double()
        before = zip(self._x, self._low, self._high, strict=True)
        self._x, self._low, self._high, self._end = [], [], [], -math.inf
        for end, low, high in before:
            self._settle(end, low)
            self._settle(end, high)

    def _double(self) -> None:
        self._width *= 2
        self._room *= 2


class RunHistory:
    """A run's past, told event by event as if it had never been interrupted.

    Steps before an epoch is known, in a file that lacks its first event, can't be placed and are left out.

    Args:
        points: in each curve, at most.

    Attributes:
        steps_an_epoch: steps, or 0 where no epoch is known.
        curves: by name: "train" and "lr" of step events, "train_epoch", "valid" and each metric of epoch events.
        epochs: the newest epochs' events.
        last: the newest event of each kind but step and epoch.
    """

    def __init__(self, points: int = POINTS) -> None:
        self.points = points
        self.steps_an_epoch = 0.0
        self.curves = {name: Thinned(points) for name in _OWN}
        self.epochs: deque[Event] = deque(maxlen=_MOST_EPOCHS)
        self.last: dict[str, Event] = {}

    @classmethod
    def of(cls, history: History, points: int = POINTS) -> RunHistory:
        """Return what goes on from a history that was asked for with as many `points`."""
        going_on = cls(points)
        going_on.steps_an_epoch = history.steps_an_epoch
        going_on.curves |= {curve.name: Thinned.of(curve, points) for curve in history.curves}
        going_on.epochs.extend(history.epochs)
        going_on.last.update(history.last)
        return going_on

    def add(self, event: Event) -> None:
        """Take the next event."""
        kind = event["event"]
        if kind == "step":
            if self.steps_an_epoch:
                x = event["step"] / self.steps_an_epoch
                self.curves["train"].add(x, event.get("loss"))
                self.curves["lr"].add(x, event.get("lr"))
        elif kind == "epoch":
            self._add_epoch(event)
        elif kind in self.last or len(self.last) < _MOST_NAMES:
            self.last[kind] = event
            if kind == "created" and event.get("epochs"):
                self.steps_an_epoch = event.get("steps", 0) / event["epochs"]
            elif kind == "resumed":
                self._go_back(event["from_step"])

    def _add_epoch(self, event: Event) -> None:
        self.epochs.append(event)
        self.steps_an_epoch = self.steps_an_epoch or event["step"] / max(1, event["epoch"])
        self.curves["train_epoch"].add(event["epoch"], event["train_loss"])
        if event["valid_loss"] is not None:
            self.curves["valid"].add(event["epoch"], event["valid_loss"])
        for name, value in event["metrics"].items():
            if name not in self.curves and len(self.curves) < _MOST_NAMES:
                self.curves[name] = Thinned(self.points)
            if name in self.curves and name not in _OWN:
                self.curves[name].add(event["epoch"], value)

    def _go_back(self, step: int) -> None:
        while self.epochs and self.epochs[-1]["step"] > step:
            self.epochs.pop()
        if self.steps_an_epoch:
            for curve in self.curves.values():
                curve.drop_after(step / self.steps_an_epoch)

    def answer(self, run: str, key: str, offset: int) -> History:
        """Return it as it travels: of the run of that id, up to a byte offset of the events' file of that key."""
        return History(
            run=run,
            key=key,
            offset=offset,
            steps_an_epoch=self.steps_an_epoch,
            curves=tuple(curve.curve(name) for name, curve in self.curves.items()),
            epochs=list(self.epochs),
            last=dict(self.last),
        )
