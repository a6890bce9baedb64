"""The hash of a file's content, remembered: a file that looks unchanged is not read again."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import msgspec
from blake3 import blake3
from msgspec import Struct

from cfbench import durable, paths
from cfbench.errors import BadInput

_PIECE = 2 * 2**20
_SETTLED = 100_000_000
"""Nanoseconds after its last change from which a file's time of change can be trusted to tell the next one."""


class _Stamp(Struct, frozen=True):
    """What tells without reading that a file is unchanged."""

    path: bytes
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class _Known(Struct, frozen=True):
    stamp: _Stamp
    hash: str


def content_hash(path: Path, *, verify: bool = False) -> str:
    """Return the BLAKE3 hash of a file, known from before where path, size, times and inode are the same.

    Raises:
        BadInput: it is missing or can't be read.
    """
    try:
        with durable.disk_full(paths.folder("imported")):
            stamp = _stamp(path)
            record = _record(stamp.path)
            known = None if verify else _known(record)
            if known is not None and known.stamp == stamp:
                return known.hash
            digest = file_hash(path)
            if _stamp(path) == stamp and time.time_ns() - max(stamp.mtime_ns, stamp.ctime_ns) > _SETTLED:
                durable.replace(record, msgspec.json.encode(_Known(stamp, digest)))
            return digest
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput("there is no such file", where=str(path), mend="check its name and folder") from error
    except IsADirectoryError as error:
        raise BadInput("this is a folder", where=str(path), mend="name a file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"it can't be read ({reason})", where=str(path), mend="check its name and rights") from error


def _stamp(path: Path) -> _Stamp:
    about = path.stat()
    if path.is_dir():
        raise IsADirectoryError(str(path))
    return _Stamp(os.fsencode(path.absolute()), about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino)


def _record(path: bytes) -> Path:
    folder = paths.writable_folder("imported") / "known"
    folder.mkdir(exist_ok=True)
    return folder / f"{digest(path)}.json"


def _known(record: Path) -> _Known | None:
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(record.read_bytes(), type=_Known)
    return None


def file_hash(path: Path) -> str:
    """Return the BLAKE3 hash, 32 hex digits, of a file as it is now."""
    total = blake3(max_threads=blake3.AUTO)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total.update(piece)
    return total.hexdigest(length=16)


def digest(content: bytes) -> str:
    """Return the BLAKE3 hash, 32 hex digits, of some bytes."""
    return blake3(content).hexdigest(length=16)
