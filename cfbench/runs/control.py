"""How a worker is told to stop or pause: by a command in its folder, or by a signal."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from cfbench.runs import commands
from cfbench.runs.events import EventLog
from cfbench.runs.folder import RunFolder

_POLL_SECONDS = 0.1


class RunControl:
    """Read by the learner between steps; cheap enough for every step.

    Args:
        heed_from: bytes of the commands' file that are of earlier times.

    Attributes:
        asked: who asked to stop, for the event; None while nobody has.
        interrupted: it was the keyboard.
    """

    def __init__(self, run: RunFolder, events: EventLog, heed_from: int) -> None:
        self._run, self._events = run, events
        self._offset = heed_from
        self._looked = 0.0
        self._paused_by: str | None = None
        self.asked: str | None = None
        self.interrupted = False

    def stop_wanted(self, step: int) -> bool:
        """Return whether somebody asked to stop; while paused, come back only when that ends."""
        self._look()
        if self._paused_by and not self.asked:
            self._events.write("paused", step=step, reason=f"paused by {self._paused_by}")
            while self._paused_by and not self.asked:
                time.sleep(_POLL_SECONDS)
                self._look()
            self._events.write("continued", step=step)
        return self.asked is not None

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _POLL_SECONDS:
            return
        self._looked = now
        asked, self._offset = commands.read(self._run.commands, self._offset)
        for command in asked:
            who = f"{command.by}@{command.host}"
            if command.command == "stop":
                self.asked = self.asked or who
            else:
                self._paused_by = who if command.command == "pause" else None

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Let SIGTERM and a first ctrl+c ask to stop, and a second ctrl+c end at once; ignore SIGHUP."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.asked:
            raise KeyboardInterrupt
        self.interrupted = number == signal.SIGINT
        self.asked = "ctrl+c" if self.interrupted else signal.Signals(number).name
