"""What was learned, being written into files by threads of this process; whoever asks is told how far they are."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from cfbench.answers import Exported, Form, Job
from cfbench.errors import BadInput, CfbenchError
from cfbench.paths import given

_REMEMBERED = 64
"""Exports that are known, those at work aside; the oldest are forgotten."""

_PATIENCE = 10.0
"""Seconds that a stop waits until what was written aside is gone."""

_LOOK = 0.1

_Progress = Callable[[int, int], None]
_Stop = Callable[[], bool]
_Write = Callable[[_Progress, _Stop], tuple[Path, ...]]


class Exports:
    """The exports of this process, one after another, each with all the threads it may have; they end with it."""

    def __init__(self) -> None:
        self._known: dict[str, _Export] = {}
        self._keeping = threading.Lock()
        self._turn = threading.Lock()

    def start(
        self, run: str, what: Exported, form: Form, path: str, count: int = 10, least: int = 1, force: bool = False
    ) -> str:
        """Start to write what a run learned; return a name to ask after it.

        Args:
            run: its id, the start or end of one, or "last".
            what: the model's factors and biases, or the first items of every user.
            form: how; recommendations are parquet.
            path: the file or folder, as a user wrote it.
            count: items a user.
            least: training rows that an item has at least.
            force: replace what is there.

        Raises:
            BadInput: there is no such run or form, the model has no factors, or `path` is taken or can't be written.
        """
        write = _writing(run, what, form, given(path), count, least, force)
        with self._keeping:
            name = secrets.token_hex(4)
            self._known[name] = _Export(name, write, self._turn)
            ended = [one for one, export in self._known.items() if export.status.state != "running"]
            for old in ended[:-_REMEMBERED]:
                del self._known[old]
        return name

    def status(self, name: str) -> Job:
        """Return how far an export is.

        Raises:
            BadInput: none of that name was started here.
        """
        return self._one(name).status

    def stop(self, name: str) -> None:
        """Stop an export; it counts as stopped at once, and this waits a moment until nothing is left of it.

        Raises:
            BadInput: none of that name was started here.
        """
        self._one(name).stop()

    def leave(self, patience: float) -> None:
        """Stop all, and wait up to so many seconds until what they wrote aside is gone."""
        with self._keeping:
            exports = list(self._known.values())
        end = time.monotonic() + patience
        for export in exports:
            export.stop(0.0)
        for export in exports:
            export.stop(max(0.0, end - time.monotonic()))

    def _one(self, name: str) -> _Export:
        with self._keeping:
            found = self._known.get(name)
        if found is None:
            raise BadInput(f"there is no export '{name}'", mend="start it again: cfbench runs export RUN")
        return found


class _Export:
    def __init__(self, name: str, write: _Write, turn: threading.Lock) -> None:
        self._stop = threading.Event()
        self._saying = threading.Lock()
        self.status = Job(name, "running")
        self._thread = threading.Thread(target=self._run, args=(write, turn), daemon=True)
        self._thread.start()

    def stop(self, patience: float = _PATIENCE) -> None:
        """Ask to stop, unless it has ended."""
        self._stop.set()
        with self._saying:
            if self.status.state == "running":
                self.status = msgspec.structs.replace(self.status, state="stopped")
        self._thread.join(patience)

    def _run(self, write: _Write, turn: threading.Lock) -> None:
        from cfbench.explore.exporting import Stopped, go_on

        try:
            while not turn.acquire(timeout=_LOOK):
                go_on(self._stop.is_set)
            try:
                paths = write(self._progress, self._stop.is_set)
            finally:
                turn.release()
        except (Stopped, KeyboardInterrupt):  # polars raises the latter on whichever thread it works for
            self._say(state="stopped")
        except CfbenchError as error:
            self._say(state="failed", error=str(error), bad_input=isinstance(error, BadInput))
        except BaseException as error:  # a panic of polars is no Exception
            self._say(state="failed", error=f"{type(error).__name__}: {error}")
        else:
            self._say(state="done", paths=tuple(map(str, paths)))

    def _progress(self, done: int, total: int) -> None:
        self._say(done=done, total=total)

    def _say(self, **changes: object) -> None:
        with self._saying:
            self.status = msgspec.structs.replace(self.status, **changes)


def _writing(run: str, what: Exported, form: Form, path: Path, count: int, least: int, force: bool) -> _Write:
    """Return what writes, once all is checked that can be told at once."""
    from cfbench.explore.every_user import export_recommendations
    from cfbench.explore.exporting import export_factors, free_file, free_place
    from cfbench.explore.factors import refuse_without_factors
    from cfbench.explore.ranking import known
    from cfbench.explore.recent import recent

    if what == "factors":
        place, trained = free_place(path, form, force), recent(run)
        refuse_without_factors(trained)
    else:
        if form != "parquet":
            raise BadInput(f"recommendations are written as parquet, not as {form}", mend="--format parquet")
        if count < 1:
            raise BadInput(f"{count} recommendations a user are none", mend="ask for 1 or more")
        place, trained = free_file(path, force), recent(run)
    users = len(known(trained, "user"))

    def write(progress: _Progress, stop: _Stop) -> tuple[Path, ...]:
        progress(0, users)
        if what == "recommendations":
            return (export_recommendations(trained, place, count, least, progress, stop, force),)
        files = export_factors(trained, place, form, force, stop)
        progress(users, users)
        return files

    return write
