"""Runs' pasts, kept in memory for those lately asked for, so that only what is new has to be read."""

from __future__ import annotations

import threading
from collections import OrderedDict

from cfbench.answers import History
from cfbench.curves import POINTS, RunHistory
from cfbench.runs import events
from cfbench.runs.folder import RunFolder
from cfbench.runs.reading import Follower

_MOST_RUNS = 16
_FEWEST_POINTS, _MOST_POINTS = 16, 5000


class _Read:
    """One run's history as far as its events were read; one thread at a time reads on."""

    def __init__(self, run: RunFolder, points: int) -> None:
        self._run, self._points = run, points
        self._one_at_a_time = threading.Lock()
        self._start_over()

    def _start_over(self) -> None:
        self._follower = Follower(self._run.events)
        self._history = RunHistory(self._points)
        self._key = ""

    def answer(self) -> History:
        with self._one_at_a_time:
            if self._follower.replaced():
                self._start_over()
            self._key = self._key or events.key(self._run.events)
            for reading in self._follower.news():
                for event in reading.events:
                    self._history.add(event)
            return self._history.answer(self._run.id, self._key, self._follower.offset)


class Histories:
    """The histories of the runs that were asked for last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reads: OrderedDict[tuple[str, int], _Read] = OrderedDict()

    def history(self, run: RunFolder, points: int = POINTS) -> History:
        """Return a run's past in at most `points` points a curve, but at least 16 and at most 5,000."""
        points = max(_FEWEST_POINTS, min(points, _MOST_POINTS))
        with self._lock:
            which = (str(run.path), points)
            found = self._reads.setdefault(which, _Read(run, points))
            self._reads.move_to_end(which)
            while len(self._reads) > _MOST_RUNS:
                self._reads.popitem(last=False)
        return found.answer()
