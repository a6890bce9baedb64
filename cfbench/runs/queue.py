"""The line: on one device one worker trains at a time; who comes later waits for the locks of those ahead."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cfbench import paths
from cfbench.runs import lock
from cfbench.runs.folder import RunFolder, all_runs

_POLL_SECONDS = 0.2


def slot(device: str) -> str:
    """Return the place that a run on this device takes, told without importing torch."""
    if device == "auto":
        return "cuda:0" if Path("/dev/nvidia0").exists() else "cpu"
    return "cuda:0" if device == "cuda" else device


@contextmanager
def _counter() -> Iterator[int]:
    path = paths.writable_folder("runs") / ".queue"
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        ticket = int(os.pread(file, 32, 0) or b"0") + 1
        yield ticket
        os.pwrite(file, str(ticket).encode(), 0)
    finally:
        os.close(file)


def join(held_lock: int, device: str) -> None:
    """Give the run whose held lock this is the next ticket."""
    with _counter() as ticket:
        lock.write_info(held_lock, ticket=ticket, slot=slot(device))


def ahead(run: RunFolder) -> list[RunFolder]:
    """Return the living runs with an earlier ticket for the same slot."""
    own = lock.read_info(run.lock)
    return [other for other in all_runs() if other.path != run.path and _is_ahead(other, own)]


def _is_ahead(other: RunFolder, own: dict[str, Any]) -> bool:
    info = lock.read_info(other.lock)
    return info.get("slot") == own["slot"] and info["ticket"] < own["ticket"] and lock.held(other.lock)


def wait_turn(run: RunFolder, give_up: Callable[[], bool]) -> bool:
    """Return True when no living run is ahead, or False as soon as `give_up` says so."""
    while ahead(run):
        if give_up():
            return False
        time.sleep(_POLL_SECONDS)
    return not give_up()
