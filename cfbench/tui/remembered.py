"""What a workbench remembers from one start to the next, for each host a file."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from cfbench import durable, paths
from cfbench.errors import CfbenchError

FORMAT = 1

MOST_RECENT = 20

_TRIES, _PAUSE = 20, 0.01


class Remembered(Struct, frozen=True, omit_defaults=True):
    """What is remembered; all of it may be out of date, and is checked where it is used.

    Attributes:
        screen: the one in sight, or "".
        run: id of the one in front, or "".
        draft: the experiment being set up, as its dump, or None.
        recent: path of data -> when it was last opened, in Unix seconds.
        look: the look that was chosen, or "" for none.
        marks: ids of the runs marked for comparison, in the order of their letters.
        screens: screen -> its own settings, by name.
    """

    screen: str = ""
    run: str = ""
    draft: dict[str, Any] | None = None
    recent: dict[str, float] = {}
    look: str = ""
    marks: tuple[str, ...] = ()
    screens: dict[str, dict[str, Any]] = {}

    def opened(self, path: str, when: float) -> Remembered:
        """Return this with data just opened."""
        return msgspec.structs.replace(self, recent=_newest({**self.recent, path: when}))

    @property
    def recent_paths(self) -> list[str]:
        """The data opened last, newest first."""
        return list(_newest(self.recent))


class _File(Struct, frozen=True):
    format: int
    workbench: msgspec.Raw


def load(host: str) -> Remembered:
    """Return what is remembered of a host, the defaults where that is nothing or can't be read."""
    with suppress(CfbenchError, OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return _read(_path(host))
    return Remembered()


def save(host: str, remembered: Remembered) -> str:
    """Remember this of a host; return "", or in a sentence why that failed.

    Other workbenches on the host may save too: the last one counts, but the data that any of them opened stay. It waits
    for the disk, so a screen calls it in a thread.
    """
    try:
        path = paths.writable_folder("state") / _path(host).name
        with durable.disk_full(path), _alone(path):
            kept = load(host)
            merged = msgspec.structs.replace(remembered, recent=_merged(kept.recent, remembered.recent))
            content = msgspec.json.encode(merged)
            if content != msgspec.json.encode(kept):  # not themselves: JSON has no tuples
                durable.replace(path, msgspec.json.encode(_File(FORMAT, msgspec.Raw(content))))
    except (CfbenchError, OSError, ValueError) as error:
        return f"this workbench won't be remembered: {getattr(error, 'strerror', None) or error}"
    return ""


def _path(host: str) -> Path:
    return paths.folder("state") / f"workbench-{quote(host, safe='')}.json"


def _read(path: Path) -> Remembered:
    file = msgspec.json.decode(path.read_bytes(), type=_File)
    return msgspec.json.decode(file.workbench, type=Remembered) if file.format == FORMAT else Remembered()


def _newest(recent: dict[str, float]) -> dict[str, float]:
    """Return the data opened last, newest first."""
    return dict(sorted(recent.items(), key=lambda one: -one[1])[:MOST_RECENT])


def _merged(kept: dict[str, float], ours: dict[str, float]) -> dict[str, float]:
    """Return what either workbench opened, each with the later time."""
    return _newest({path: max(kept.get(path, 0.0), ours.get(path, 0.0)) for path in {**kept, **ours}})


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep others from saving in the block; one that was stopped while it saved is not waited for."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(_TRIES):
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)
