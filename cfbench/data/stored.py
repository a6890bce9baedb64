"""What is kept of imported data, and forgetting it; the tables themselves are not opened."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import msgspec

from cfbench import paths
from cfbench.answers import CachedData


class _Counts(msgspec.Struct):
    read: int


class _Meta(msgspec.Struct):
    """As much of an entry's meta.json as is told."""

    sources: tuple[str, ...]
    counts: _Counts


def cached() -> list[CachedData]:
    """Return what is kept, what was used last first."""
    seen: set[int] = set()
    found = []
    for entry in sorted(_entries()):
        size = 0
        for path in entry.iterdir():
            about = path.stat()
            size += about.st_size if about.st_ino not in seen else 0
            seen.add(about.st_ino)
        meta = entry / "meta.json"
        with suppress(OSError, msgspec.MsgspecError):
            told = msgspec.json.decode(meta.read_bytes(), type=_Meta)
            about = meta.stat()
            used = max(about.st_atime, about.st_mtime)
            found.append(CachedData(entry.name, told.sources, told.counts.read, size, used))
    return sorted(found, key=lambda one: -one.used)


def forget(keys: Collection[str] = ()) -> int:
    """Remove entries, all where none is named; return how many. Runs do not need them, and a source is read again."""
    wanted = [entry for entry in _entries() if not keys or entry.name in keys]
    for entry in wanted:
        aside = entry.with_name(f".forgotten-{entry.name}")
        with suppress(OSError):
            entry.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
    return len(wanted)


def _entries() -> list[Path]:
    folder = paths.folder("imported")
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if len(path.name) == 32 and path.is_dir() and not path.is_symlink()]
