"""Reading what a run writes while it writes: what is new, a page at a time, the end of its log."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cfbench.answers import EventPage
from cfbench.runs import events, lock
from cfbench.runs.events import Reading
from cfbench.runs.folder import RunFolder

PAGE_BYTES = 256 * 1024
LONGEST_WAIT = 60.0
_POLL_SECONDS = 0.05
_CHUNK_BYTES = 64 * 1024
_LOG_BYTES = 2**20
_REMEMBERED = 256


class Follower:
    """Reads the events that came since it last read; where the file was replaced it has to start over.

    Attributes:
        offset: bytes read.
        lines: lines read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = b""
        self.offset = 0
        self.lines = 0

    def replaced(self) -> bool:
        """Return whether the file no longer holds what was read of it, as far as its last lines tell."""
        return self._last_read() != self._before

    def news(self) -> Iterator[Reading]:
        """Yield what is new, in readings of bounded size whose bad lines are numbered from the file's start."""
        complete = False
        while not complete:
            reading = events.read(self._path, self.offset, _CHUNK_BYTES)
            reading.bad_lines = [self.lines + number for number in reading.bad_lines]
            self.offset, self.lines, complete = reading.offset, self.lines + reading.lines, reading.complete
            self._before = self._last_read()
            yield reading

    def _last_read(self) -> bytes:
        if not self.offset:
            return b""
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            start = max(0, self.offset - _REMEMBERED)
            return os.pread(file.fileno(), self.offset - start, start)
        return b""


def page(run: RunFolder, offset: int = 0, wait: float = 0.0, key: str = "") -> EventPage:
    """Return a run's events from a byte offset on, at most 256 KiB of them, cut at a line.

    Args:
        run: the run.
        offset: the start of a line.
        wait: seconds to wait for events where there is none and the run is alive; at most 60.
        key: of the file that the offset belongs to; where the file has another one, or is shorter, start at 0.
    """
    until = time.monotonic() + min(wait, LONGEST_WAIT)
    while True:
        alive = lock.held(run.lock)  # first, so that a run that ended has no more events than are read now
        size, now = _size(run.events), events.key(run.events)
        if size < offset or (key and key != now):
            offset = 0
        reading = events.read(run.events, offset, PAGE_BYTES)
        if reading.lines or not alive or time.monotonic() >= until:
            return EventPage(reading.events, reading.offset, alive or not reading.complete, now)
        _until_changed(run, size, until)


def _until_changed(run: RunFolder, size: int, until: float) -> None:
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _POLL_SECONDS))
        if _size(run.events) != size or not lock.held(run.lock):
            return


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def last_lines(path: Path, lines: int) -> list[str]:
    """Return the last lines of a text file, of its last 1 MiB at most; none where there is no file."""
    if lines < 1:
        return []
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            content, start = b"", size
            while start and size - start < _LOG_BYTES and content.count(b"\n") <= lines:
                before, start = start, max(0, start - _CHUNK_BYTES)
                content = os.pread(file.fileno(), before - start, start) + content
    except FileNotFoundError:
        return []
    found = content.decode(errors="replace").removesuffix("\n").split("\n") if content else []
    whole = found if start == 0 else found[1:] or found
    return [line.removesuffix("\r") for line in whole[-lines:]]
