"""A cache of what was derived from files of runs, believed while size, time of change and inode of a file are the same.

Nothing depends on it: a file of it that is missing, damaged or of another version counts as empty. Processes that write
it at once each write it whole, and the last one stays.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from cfbench import __version__, durable, paths
from cfbench.errors import CfbenchError

_FORMAT = 1
_DIGEST_BYTES = 16

T = TypeVar("T")


class Stamp(Struct, frozen=True, array_like=True):
    """What tells a file from what it was before."""

    size: int
    changed: int
    inode: int


def stamp(path: Path) -> Stamp | None:
    """Return a file's stamp, or None where there is no file."""
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)


class Kept(Generic[T]):
    """Values derived from one file of each run, by the run's id.

    Args:
        name: of the file that keeps them.
        kind: the values' type, which msgspec can write.
    """

    def __init__(self, name: str, kind: type[T]) -> None:
        self._name = name
        self._decoder = msgspec.msgpack.Decoder(dict[str, tuple[Stamp, kind]])  # type: ignore[valid-type]
        self._values: dict[str, tuple[Stamp, T]] | None = None

    def get(self, run: str, now: Stamp | None) -> T | None:
        """Return the value derived from the file with this stamp, if it is known."""
        known, value = self._all().get(run, (None, None))
        return value if known is not None and known == now else None

    def put(self, run: str, now: Stamp, value: T) -> None:
        """Remember a value in this process; `now` was taken before its file was read."""
        self._all()[run] = (now, value)

    def save(self, runs: Collection[str]) -> None:
        """Write the values of these runs, and of no others, for later processes; do nothing where that can't be."""
        kept = {run: known for run, known in self._all().items() if run in runs}
        content = msgspec.msgpack.encode(kept)
        with suppress(OSError, CfbenchError):
            durable.replace(paths.writable_folder("index") / self._file(), _digest(content) + content)

    def _all(self) -> dict[str, tuple[Stamp, T]]:
        if self._values is None:
            self._values = self._read()
        return self._values

    def _read(self) -> dict[str, tuple[Stamp, T]]:
        with suppress(OSError, CfbenchError, msgspec.DecodeError):
            content = (paths.folder("index") / self._file()).read_bytes()
            if content[:_DIGEST_BYTES] == _digest(content[_DIGEST_BYTES:]):
                return self._decoder.decode(content[_DIGEST_BYTES:])
        return {}

    def _file(self) -> str:
        """Return the name under which what belongs to this user's runs folder is kept."""
        root = hashlib.blake2b(os.fsencode(paths.folder("runs")), digest_size=8).hexdigest()
        return f"{self._name}-{root}"


def _digest(content: bytes) -> bytes:
    version = f"{_FORMAT} {__version__} ".encode()
    return hashlib.blake2b(version + content, digest_size=_DIGEST_BYTES).digest()
