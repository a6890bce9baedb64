"""Data sets that are being fetched, each by a thread of its own; whoever asks is told how far they are."""

from __future__ import annotations

import threading
import time
from collections import deque
from pathlib import Path

import msgspec

from cfbench.answers import Fetch
from cfbench.data import fetching, sets
from cfbench.data.downloading import Stop, Stopped
from cfbench.errors import BadInput, CfbenchError
from cfbench.paths import given
from cfbench.registry.declarations import Declaration

_LATELY = 5.0
"""Seconds over which a rate is measured."""


class Fetches:
    """The fetches of this process; they end with it, and what came is gone on with next time."""

    def __init__(self) -> None:
        self._known: dict[str, _Fetch] = {}
        self._starting = threading.Lock()

    def start(self, name: str, source: str = "", any_version: bool = False) -> None:
        """Start to fetch a data set, or to take it from a path; asking twice does no harm.

        Raises:
            BadInput: there is no data set of that name, or it is not one that is fetched.
        """
        declaration = sets.find(name)
        if not sets.is_fetched(declaration):
            raise BadInput(f"the data set '{name}' is made when it is opened", mend="there is nothing to fetch")
        with self._starting:
            running = self._known.get(declaration.full_name)
            if running is None or running.status.state != "running":
                self._known[declaration.full_name] = _Fetch(declaration, given(source) if source else None, any_version)

    def status(self, name: str) -> Fetch:
        """Return how far a fetch is.

        Raises:
            BadInput: it was never started here.
        """
        return self._one(name).status

    def stop(self, name: str) -> None:
        """Stop a fetch; it counts as stopped at once, though a silent server may hold its thread for a while.

        Raises:
            BadInput: it was never started here.
        """
        self._one(name).stop()

    def _one(self, name: str) -> _Fetch:
        full_name = sets.find(name).full_name
        if full_name not in self._known:
            raise BadInput(f"'{name}' is not being fetched", mend=f"start it: cfbench data get {name}")
        return self._known[full_name]


class _Fetch:
    def __init__(self, declaration: Declaration, path: Path | None, any_version: bool) -> None:
        self._stop = Stop(threading.Event())
        self._saying = threading.Lock()
        self.status = Fetch(declaration.full_name, "running")
        self._lately: deque[tuple[float, int]] = deque()
        self._declaration, self._path, self._any_version = declaration, path, any_version
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """Ask to stop, unless it has ended."""
        self._stop.event.set()
        with self._saying:
            if self.status.state == "running":
                self.status = msgspec.structs.replace(self.status, state="stopped")

    def _run(self) -> None:
        try:
            if self._path is not None:
                folder = fetching.fetch_from(self._declaration, self._path, self._stop, self._any_version)
            else:
                folder = fetching.fetch(self._declaration, self._progress, self._stop, self._any_version)
            self._say(state="done", folder=str(folder))
        except Stopped:
            self._say(state="stopped")
        except CfbenchError as error:
            self._say(state="failed", error=str(error), bad_input=isinstance(error, BadInput))
        except Exception as error:
            self._say(state="failed", error=f"{type(error).__name__}: {error}")

    def _progress(self, here: int, total: int) -> None:
        now = time.monotonic()
        self._lately.append((now, here))
        while now - self._lately[0][0] > _LATELY:
            self._lately.popleft()
        (then, before) = self._lately[0]
        spent = now - then
        self._say(here=here, total=total, rate=max(0.0, here - before) / spent if spent > 0 else 0.0)

    def _say(self, **changes: object) -> None:
        with self._saying:
            self.status = msgspec.structs.replace(self.status, **changes)
