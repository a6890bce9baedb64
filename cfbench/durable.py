"""Files that last: synced to the disk, whole or not there, and a full disk said in a sentence."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cfbench.errors import BadInput, CfbenchError, DiskFull

NO_ROOM = "no space is left on the disk"

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_SAID = tuple(f"{os.strerror(number)} (os error {number})" for number in _NO_ROOM)
"""How libraries in Rust (polars, safetensors) say it, in errors of their own."""

_STALE = 24 * 3600


def sync(path: Path) -> None:
    """Return when a file's content, or a folder's entries, last through a crash of the machine."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file, for its owner alone, that lasts through a crash of the machine."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes) -> None:
    """Write a file aside and rename it into place: readers find the old content or the new, never a half."""
    descriptor, aside = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(aside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(aside)
        raise


def refuse_taken(path: Path, force: bool | None = None) -> None:
    """Say before the work, not after it, that its result could not be kept in a file.

    Args:
        path: the file.
        force: whether to replace what is there; None where nobody is asked that.

    Raises:
        BadInput: there is no such folder, it is read-only, or something is there that must stay.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise BadInput("there is no such folder", where=str(folder), mend="make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput("this folder is read-only for you", where=str(folder), mend="choose another one")
    if not os.path.lexists(path):
        return
    if not path.is_file():
        raise BadInput("this is no file that could be replaced", where=str(path), mend="choose another name")
    if not force:
        mend = "choose another name" if force is None else "choose another name, or add --force"
        raise BadInput("this file exists already", where=str(path), mend=mend)


def write_document(path: Path, content: str, force: bool | None = None) -> int:
    """Write what a user asked for aside and rename it into place, with the rights of any new file; return its bytes.

    Raises:
        BadInput: as `refuse_taken`, or it can't be written.
        DiskFull: there is no room.
    """
    written = content.encode()
    aside = path.with_name(f".{path.name[:50]}.{os.getpid()}.part")
    with disk_full(path):
        try:
            aside.write_bytes(written)
            refuse_taken(path, force)
            aside.replace(path)
        except OSError as error:
            if no_room(error):
                raise
            raise BadInput(f"it can't be written ({error.strerror})", where=str(path)) from error
        finally:
            aside.unlink(missing_ok=True)
    return len(written)


def no_room(error: Exception) -> bool:
    """Return whether an error says that the disk, or the user's share of it, is full."""
    if isinstance(error, OSError):
        return error.errno in _NO_ROOM
    return not isinstance(error, CfbenchError) and any(said in str(error) for said in _SAID)


@contextmanager
def disk_full(where: Path, what: str = NO_ROOM, mend: str = "free some space") -> Iterator[None]:
    """Turn what is raised in the block because the disk is full into this DiskFull; all else passes.

    Args:
        where: the file or folder that is written.
        what: what there is no room for.
        mend: what the user can do.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, DiskFull) or no_room(error):
            raise DiskFull(what, where=str(where), mend=mend) from error
        raise


def sweep(folder: Path, pattern: str) -> None:
    """Remove the folders aside that killed processes left in `folder`, a day later."""
    for leftover in folder.glob(pattern):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _STALE:
                shutil.rmtree(leftover, ignore_errors=True)
