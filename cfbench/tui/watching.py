"""Keeping up with the runs: each loop asks for what is new, tells the screen, and waits before it asks again.

The bench answers a question when there is something to answer, so nothing is asked or drawn while nothing happens; a
screen that is behind asks less often, and no queue builds up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cfbench.bench.interface import Bench
from cfbench.bench.link import Link
from cfbench.errors import CfbenchError
from cfbench.tui.followed import FollowedRun
from cfbench.tui.workspace import Workspace

PATIENCE = 20.0
"""Seconds that the bench may wait for something new."""

_AFTER_TROUBLE = 0.3

_BETWEEN_LOOKS = 3.0
"""Seconds between two looks at a run that is not alive: it may be resumed."""


class Watcher:
    """Follows the list of runs, and the events of those that are shown.

    Args:
        bench: asked.
        workspace: kept up to date.
        pace: seconds between two updates.
        tell: called with a topic when something of it changed.
    """

    def __init__(
        self, bench: Link, workspace: Workspace, pace: Callable[[], float], tell: Callable[[str], None]
    ) -> None:
        self._bench, self._workspace, self._pace, self._tell = bench, workspace, pace, tell
        self._following: dict[str, asyncio.Task[None]] = {}

    async def runs(self) -> None:
        """Keep up with the list of runs, for ever."""
        token = ""
        while True:
            try:
                changes = await self._bench.ask(Bench.changes, token, PATIENCE if token else 0.0)
            except CfbenchError:
                await asyncio.sleep(_AFTER_TROUBLE)
                continue
            first, token = not token, changes.token
            if changes.changed or changes.gone or changes.whole or first:
                known = {} if changes.whole else dict(self._workspace.runs)
                for gone in changes.gone:
                    known.pop(gone, None)
                known |= {run.id: run for run in changes.changed}
                self._workspace.runs = dict(sorted(known.items()))
                self._tell("runs")
            await asyncio.sleep(self._pace())

    def follow(self, wanted: set[str]) -> None:
        """Follow the events of these runs and of no others."""
        for run in set(self._following) - wanted:
            self._following.pop(run).cancel()
            self._workspace.followed.pop(run, None)
        for run in wanted - set(self._following):
            self._following[run] = asyncio.create_task(self._events(run))

    async def _events(self, run: str) -> None:
        history, past = FollowedRun(), None
        while True:
            try:
                if past is None:
                    past = await self._bench.ask(Bench.history, run)
                    history, offset = FollowedRun.of(past), past.offset
                    self._workspace.followed[run] = history
                    self._tell("front")
                page = await self._bench.ask(Bench.events, run, offset, PATIENCE, past.key)
            except CfbenchError:
                await asyncio.sleep(_AFTER_TROUBLE)
                continue
            if page.key != past.key or page.offset < offset:
                past = None
                continue
            for event in page.events:
                history.add(event)
            offset = page.offset
            if page.events:
                self._tell("front")
            await asyncio.sleep(self._pace() if page.alive else _BETWEEN_LOOKS)

    def stop(self) -> None:
        """Follow nothing any more."""
        self.follow(set())
