"""What changed among the runs since somebody last asked, told as soon as it is seen and at little cost."""

from __future__ import annotations

import math
import secrets
import threading
import time
from dataclasses import dataclass

from cfbench import paths
from cfbench.answers import RunChanges, RunSummary
from cfbench.runs.folder import RunFolder
from cfbench.runs.index import RunIndex
from cfbench.runs.kept import Stamp, stamp
from cfbench.runs.reading import LONGEST_WAIT

MOST_CHANGES = 2000
_LOOK_SECONDS = 0.25
_LOOK_AT_ALL_SECONDS = 5.0
_RESTLESS_SECONDS = 10.0
"""A run that was alive is looked at as often for so long after."""
_PROGRESS_SECONDS = 1.0
"""A run's progress alone is told no more often than this."""
_MOST_GONE = 1000
_ALIVE = {"queued", "running", "paused"}


@dataclass
class _Seen:
    run: RunSummary
    version: int
    told: float


class RunWatch:
    """Tells any number of clients, each waiting in a thread of its own, how runs change; one look serves all.

    Args:
        index: where runs are read.
    """

    def __init__(self, index: RunIndex) -> None:
        self._index = index
        self._turn = threading.Condition()
        self._nonce = secrets.token_hex(4)
        self._version = 0
        self._seen: dict[str, _Seen] = {}
        self._gone: dict[str, int] = {}
        self._forgotten = 0
        self._restless: dict[str, float] = {}
        self._folder: Stamp | None = None
        self._looked = self._looked_at_all = -math.inf

    def changes(self, token: str = "", wait: float = 0.0) -> RunChanges:
        """Return what changed since a token of ours was given, or everything; wait for it up to `wait` seconds."""
        until = time.monotonic() + min(wait, LONGEST_WAIT)
        with self._turn:
            while True:
                self._look(time.monotonic())
                answer = self._since(token)
                left = until - time.monotonic()
                if answer.whole or answer.changed or answer.gone or left <= 0:
                    return answer
                self._turn.wait(min(left, _LOOK_SECONDS))

    def look_again(self) -> None:
        """Look at everything now, for whoever waits: this process has just changed something."""
        with self._turn:
            self._looked = self._looked_at_all = -math.inf
            self._turn.notify_all()

    def _look(self, now: float) -> None:
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        root = paths.folder("runs")
        folder = stamp(root)
        if folder != self._folder or now - self._looked_at_all >= _LOOK_AT_ALL_SECONDS:
            self._folder, self._looked_at_all = folder, now
            found = self._index.summaries()
            for gone in self._seen.keys() - {run.id for run in found}:
                self._lose(gone)
        else:
            restless = [RunFolder(root / run) for run in self._restless]
            found = [self._index.summary(run) for run in restless if run.events.exists()]
        for run in found:
            self._see(run, now)

    def _see(self, run: RunSummary, now: float) -> None:
        if run.state in _ALIVE:
            self._restless[run.id] = now
        elif now - self._restless.get(run.id, now) > _RESTLESS_SECONDS:
            del self._restless[run.id]
        before = self._seen.get(run.id)
        if before and (run is before.run or run == before.run):
            return
        if before and now - before.told < _PROGRESS_SECONDS and _at_once(run) == _at_once(before.run):
            return
        self._version += 1
        self._seen[run.id] = _Seen(run, self._version, now)
        self._gone.pop(run.id, None)

    def _lose(self, run: str) -> None:
        del self._seen[run]
        self._restless.pop(run, None)
        self._version += 1
        self._gone[run] = self._version
        while len(self._gone) > _MOST_GONE:
            self._forgotten = self._gone.pop(next(iter(self._gone)))

    def _since(self, token: str) -> RunChanges:
        known = self._known(token)
        if known == self._version:
            return RunChanges(token, (), ())
        news = sorted((seen for seen in self._seen.values() if seen.version > (known or 0)), key=_by_version)
        told = news[:MOST_CHANGES]
        until = told[-1].version if len(told) < len(news) else self._version
        gone = [] if known is None else [run for run, version in self._gone.items() if known < version <= until]
        return RunChanges(
            token=f"{self._nonce}.{until}",
            changed=tuple(seen.run for seen in told),
            gone=tuple(gone),
            whole=known is None,
        )

    def _known(self, token: str) -> int | None:
        """Return the version that a token stands for, or None where it tells nothing."""
        nonce, _, number = token.partition(".")
        if nonce != self._nonce or not number.isdecimal():
            return None
        return int(number) if self._forgotten <= int(number) <= self._version else None


def _by_version(seen: _Seen) -> int:
    return seen.version


def _at_once(run: RunSummary) -> tuple[object, ...]:
    """Return what of a run nobody should hear of late."""
    return run.state, run.reason, run.note, run.pinned
