"""events.jsonl: what happened in a run, one JSON object a line, only ever appended to."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from cfbench.durable import no_room
from cfbench.errors import BadInput, DiskFull
from cfbench.runs.machine import boot_id

FORMAT = 1
LONGEST_LINE = 64 * 1024
SYNC_SECONDS = 2.0
_SYNCED = {"created", "started", "resumed", "checkpoint", "paused", "finished", "stopped", "failed"}

Event = dict[str, Any]


class EventLog:
    """The one writer of a run's events; a line is one `write`, so a reader never sees half of one for long.

    Args:
        path: events.jsonl.
        tell: called with each event once it is written.
    """

    def __init__(self, path: Path, tell: Callable[[Event], None] | None = None) -> None:
        self._tell = tell
        self._path, self._reserve = path, path.with_name(".reserve")
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._cut_torn_line()
        known = read(path).events
        self._next = 1 + max((event.get("seq", 0) for event in known), default=0)
        self._synced = time.monotonic()

    def _cut_torn_line(self) -> None:
        """Drop what a killed writer left of its last line; readers have never taken it for an event."""
        size = os.fstat(self._file).st_size
        tail = os.pread(self._file, LONGEST_LINE, max(0, size - LONGEST_LINE))
        if tail and not tail.endswith(b"\n"):
            os.ftruncate(self._file, size - len(tail) + tail.rfind(b"\n") + 1)

    def write(self, event: str, **fields: Any) -> None:
        """Append one event with its sequence number, the machine's boot, its monotonic clock and the wall's time.

        The first one also carries the format and a random id of the run, which stays when the folder is renamed.
        """
        line: Event = {"seq": self._next, "event": event}
        if self._next == 1:
            line |= {"format": FORMAT, "run": secrets.token_hex(8)}
        line |= {"time": time.time(), "boot": boot_id(), "mono": time.monotonic(), **fields}
        encoded = msgspec.json.encode(line) + b"\n"
        if len(encoded) > LONGEST_LINE:
            raise ValueError(f"event {event} of {len(encoded)} bytes is longer than {LONGEST_LINE}")
        self._append(encoded)
        self._next += 1
        if self._tell:
            self._tell(line)
        if event in _SYNCED or time.monotonic() - self._synced > SYNC_SECONDS:
            self.sync()

    def _append(self, line: bytes) -> None:
        """Write a line whole, or cut what went of it into a full disk off again."""
        size = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, line)
        except OSError as error:
            if not no_room(error):
                raise
            written = 0
        if written < len(line):
            os.ftruncate(self._file, size)
            raise DiskFull(
                f"no space is left for an event of {len(line):,} bytes",
                where=str(self._path),
                mend="free some space and resume the run; the last checkpoint is whole",
            )

    def reserve_last_words(self) -> None:
        """Take room on the disk now for an event that must be told when the disk is full."""
        with suppress(OSError), open(os.open(self._reserve, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(bytes(LONGEST_LINE // 4))

    def write_last_words(self, event: str, **fields: Any) -> None:
        """Append an event in the room that was reserved."""
        self._reserve.unlink(missing_ok=True)
        self.write(event, **fields)

    def sync(self) -> None:
        """Return when all lines last through a crash of the machine."""
        os.fsync(self._file)
        self._synced = time.monotonic()

    def close(self) -> None:
        """Close the file; nothing can be written after."""
        os.close(self._file)
        self._reserve.unlink(missing_ok=True)


@dataclass
class Reading:
    """Events from an offset on.

    Attributes:
        events: in the order they were written.
        offset: to go on from.
        lines: how many were read.
        bad_lines: numbers of those that are no events, from 1 at the offset asked for.
        complete: there was no more to read.
    """

    events: list[Event] = field(default_factory=list)
    offset: int = 0
    lines: int = 0
    bad_lines: list[int] = field(default_factory=list)
    complete: bool = True


def read(path: Path, offset: int = 0, most: int = -1) -> Reading:
    """Return whole lines from byte `offset` on; a torn last line waits for the next reading.

    A line elsewhere that is no event, or lacks what its kind has, is skipped and its number (from `offset`) told.

    Args:
        path: events.jsonl.
        offset: the start of a line.
        most: bytes to read, unless a single line has more; all where it is negative.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            content = file.read(most)
            complete = most < 0 or len(content) < most
            if not complete and b"\n" not in content:
                content += file.readline()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
        return Reading(offset=offset)
    whole = content[: content.rfind(b"\n") + 1]
    lines = whole.splitlines()
    reading = Reading(offset=offset + len(whole), lines=len(lines), complete=complete)
    for number, line in enumerate(lines, 1):
        try:
            reading.events.append(_event(line))
        except msgspec.DecodeError:
            reading.bad_lines.append(number)
    return reading


def key(path: Path) -> str:
    """Return the random id that a run's first event carries; "" where there is none."""
    try:
        with path.open("rb") as file:
            return str(_decode(file.readline(LONGEST_LINE)).get("run", ""))
    except (OSError, msgspec.DecodeError):
        return ""


class _Any(Struct):
    event: str
    seq: int
    step: int = 0
    boot: str = ""
    mono: float = 0.0
    reason: str = ""
    format: int = 0


class _Step(_Any, kw_only=True):
    step: int
    loss: float | None = None
    lr: float | None = None


class _Epoch(_Any, kw_only=True):
    epoch: int
    step: int
    train_loss: float | None
    valid_loss: float | None
    metrics: dict[str, float | None]
    best: bool


class _Resumed(_Any, kw_only=True):
    from_step: int


class _Failed(_Any, kw_only=True):
    reason: str
    exit_code: int


class Created(_Any, kw_only=True):
    """The first event of a run: what it is, at a glance."""

    event: str = ""
    seq: int = 0
    time: float = 0.0
    group: str = ""
    seed: int = 0
    fold: int | None = None
    data: str | list[str] = ""
    model: str = ""
    epochs: int = 0
    early_stopping: int = 0
    steps: int = 0
    split_hash: str = ""


_SHAPES = {"created": Created, "step": _Step, "epoch": _Epoch, "resumed": _Resumed, "failed": _Failed}
"""What readers rely on; further keys, and kinds that are not known, pass."""

_decode = msgspec.json.Decoder(Event).decode


def _event(line: bytes) -> Event:
    event = _decode(line)
    msgspec.convert(event, _SHAPES.get(str(event.get("event")), _Any))
    return event


NEWER = "it was written by a newer cfbench"


def written_by_newer(events: Sequence[Event]) -> bool:
    """Return whether a later cfbench wrote these events, in a format that this one may misread."""
    return bool(events) and events[0].get("format", 0) > FORMAT


def refuse_newer(path: Path) -> None:
    """Raise BadInput where a later cfbench wrote the events in `path`: such a run is listed, and not touched."""
    if written_by_newer(read(path).events):
        raise BadInput(NEWER, where=str(path.parent), mend="pip install -U cfbench")


def effective(events: Iterable[Event]) -> list[Event]:
    """Return the events as if the run had never been interrupted: what a resumption went back behind is dropped."""
    history: list[Event] = []
    for event in events:
        if event["event"] == "resumed":
            history = [earlier for earlier in history if earlier.get("step", 0) <= event["from_step"]]
        history.append(event)
    return history


def measurements(events: Iterable[Event]) -> Iterator[Event]:
    """Yield what training measured, step and epoch events of the effective history, without times and speeds."""
    for event in effective(events):
        if event["event"] in ("step", "epoch"):
            yield {key: value for key, value in event.items() if key not in _OF_THE_MOMENT}


_OF_THE_MOMENT = {"seq", "time", "boot", "mono", "rows_per_second"}
