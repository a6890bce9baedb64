"""A run's lock: held by its worker for as long as it lives, freed by the system however it dies."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from cfbench.errors import BadInput
from cfbench.runs.machine import boot_id, hostname

_PATIENCE = 0.5
_INFO_BYTES = 512
"""Always as many, in one write, so that a reader never sees the half of it."""


def take(path: Path) -> int | None:
    """Return the open file of the lock, now held, with this process written into it; None where somebody holds it.

    A probe of `held` holds it for microseconds, so a refusal is believed only when it lasts.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + _PATIENCE
    while not _try(lock, fcntl.LOCK_EX):
        if time.monotonic() > until:
            os.close(lock)
            return None
        time.sleep(0.01)
    try:
        write_info(lock)
    except BaseException:
        os.close(lock)
        raise
    return lock


def write_info(lock: int, **info: Any) -> None:
    """Write into a held lock who holds it: this process unless `info` says another `pid`, since when and where."""
    holder = {"pid": os.getpid(), "host": hostname(), "boot": boot_id(), "since": time.time()}
    os.pwrite(lock, msgspec.json.encode({**holder, **info}).ljust(_INFO_BYTES), 0)


def read_info(path: Path) -> dict[str, Any]:
    """Return what the last holder wrote; nothing where that can't be read."""
    try:
        info = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return {}
    return info if isinstance(info, dict) else {}


def held(path: Path) -> bool:
    """Return whether somebody holds the lock now."""
    try:
        lock = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def release_in_forks(lock: int) -> None:
    """Keep children of this process from holding the lock after it: they close it when forked and when started."""
    os.set_inheritable(lock, False)

    inherited = True

    def close() -> None:
        nonlocal inherited
        if inherited:  # in a child's own child the number may be another file's
            os.close(lock)
            inherited = False

    os.register_at_fork(after_in_child=close)


def _try(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP):
            raise
        raise BadInput(
            "this file system has no locks, so a run here can't be watched",
            where="runs folder",
            mend="set CFBENCH_HOME to a folder on a local disk",
        ) from error
    return True
