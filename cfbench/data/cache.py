"""Imported interactions, kept: one .npy a column, labels in Parquet, found again without reading the source."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from cfbench import durable, paths
from cfbench.answers import Column, SourceFile
from cfbench.data import arrays, sources
from cfbench.data import interactions as tables
from cfbench.data.interactions import Counts, Interactions
from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Data

FORMAT = 2
"""Raised whenever the same files would give other columns, or the columns are kept in another way."""

_PIECE = 2**20
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


class _Kept(Struct, frozen=True):
    """A file of an entry."""

    size: int
    mtime_ns: int
    hash: str


class _Meta(Struct, frozen=True):
    """meta.json of an entry; `columns` and `classes` give the file of each name."""

    format: int
    fingerprint: str
    columns: dict[str, str]
    classes: dict[str, str]
    files: dict[str, _Kept]
    sources: tuple[str, ...]
    counts: Counts
    source_files: tuple[SourceFile, ...]
    source_columns: tuple[Column, ...]
    notes: tuple[str, ...]
    check: str = ""


class _Damaged(Exception):
    """An entry is not what was written."""


def opened(data: Data, import_: Callable[[], Interactions], *, verify: bool = False) -> Interactions:
    """Return the kept interactions of `data`, calling `import_` and keeping its result where there are none.

    Args:
        data: settings with sources that are files.
        import_: reads the sources.
        verify: hash sources and kept columns again.

    Raises:
        BadInput: a source is missing, or what `import_` raises.
        DiskFull: there is no room.
    """
    key = key_of(data, verify=verify)
    entry = paths.writable_folder("imported") / key
    for _ in range(3):
        with durable.disk_full(entry):
            if entry.exists():
                with suppress(_Damaged, FileNotFoundError):
                    return _open(entry, verify=verify)
                _discard(entry)
            _keep(entry, import_())
    raise WorkFailed("the imported data keep being damaged", where=str(entry), mend="is the disk sound?")


def open_cached(key: str) -> Interactions:
    """Return kept interactions by their key, as a run remembers it; the source files may be gone.

    Raises:
        BadInput: there are none of that key, or they are damaged.
    """
    mend = "open the data's source again"
    if not re.fullmatch("[0-9a-f]{32}", key):
        raise BadInput(f"'{key}' is not the key of imported data", mend=mend)
    entry = paths.folder("imported") / key
    try:
        return _open(entry, verify=False)
    except FileNotFoundError as error:
        raise BadInput("the imported data are no longer kept here", where=str(entry), mend=mend) from error
    except _Damaged as error:
        raise BadInput(f"the imported data are damaged ({error})", where=str(entry), mend=mend) from error


def key_of(data: Data, *, verify: bool = False) -> str:
    """Return the key of `data`: 32 hex digits from its files' contents, its settings and `FORMAT`.

    Raises:
        BadInput: a source is missing or can't be read.
    """
    sides = [paths.given(side.source) for side in (data.items, data.users) if side.source]
    every = [*sources.named(data), *sides]
    hashes = [content_hash(path, verify=verify) for path in every]
    names = [path.name for path in every]
    plain = msgspec.structs.replace(
        data,
        source="",
        items=msgspec.structs.replace(data.items, source="items" if data.items.source else ""),
        users=msgspec.structs.replace(data.users, source="users" if data.users.source else ""),
    )
    return blake2b(msgspec.json.encode([FORMAT, hashes, names, plain]), digest_size=16).hexdigest()


# -- sources -----------------------------------------------------------------------------------------------------------


def content_hash(path: Path, *, verify: bool = False) -> str:
    """Return the BLAKE2b hash of a file, known from before where path, size, times and inode are the same.

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
            digest = _hash(path)
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
    return folder / f"{blake2b(path, digest_size=16).hexdigest()}.json"


def _known(record: Path) -> _Known | None:
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(record.read_bytes(), type=_Known)
    return None


def _hash(path: Path) -> str:
    total = blake2b(digest_size=16)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total.update(piece)
    return total.hexdigest()


# -- entries -----------------------------------------------------------------------------------------------------------


def _keep(entry: Path, made: Interactions) -> None:
    """Write an entry aside and rename it; where another process was faster, theirs stays."""
    durable.sweep(entry.parent, ".*-*")
    aside = Path(tempfile.mkdtemp(prefix=".building-", dir=entry.parent))
    try:
        _fill(aside, made)
        with suppress(FileExistsError):
            _rename(aside, entry)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _rename(aside: Path, entry: Path) -> None:
    try:
        aside.rename(entry)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise FileExistsError(str(entry)) from error
        raise


def _fill(folder: Path, made: Interactions) -> None:
    columns, classes = {}, {}
    for number, (name, column) in enumerate(tables.arrays(made).items()):
        columns[name] = f"column-{number}.npy"
        arrays.save(folder / columns[name], column)
    for number, (name, labels) in enumerate(made.classes.items()):
        classes[name] = f"labels-{number}.parquet"
        pl.DataFrame({"label": labels}, schema={"label": pl.String}).write_parquet(folder / classes[name])
    meta = _Meta(
        FORMAT,
        made.fingerprint,
        columns,
        classes,
        {file: _kept(folder / file) for file in [*columns.values(), *classes.values()]},
        tuple(made.sources),
        made.counts,
        made.files,
        made.columns,
        made.notes,
    )
    (folder / "meta.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(meta, check=_check(meta))))
    for path in folder.iterdir():
        durable.sync(path)


def _kept(path: Path) -> _Kept:
    about = path.stat()
    return _Kept(about.st_size, about.st_mtime_ns, _hash(path))


def _check(meta: _Meta) -> str:
    return blake2b(msgspec.json.encode(msgspec.structs.replace(meta, check="")), digest_size=16).hexdigest()


def _open(entry: Path, *, verify: bool) -> Interactions:
    try:
        meta = msgspec.json.decode((entry / "meta.json").read_bytes(), type=_Meta)
        if meta.format != FORMAT or meta.check != _check(meta):
            raise _Damaged("meta.json is not what was written")
        for name, kept in meta.files.items():
            _believe(entry / name, kept, verify=verify)
        columns = {
            name: np.load(entry / file, mmap_mode="r", allow_pickle=False) for name, file in meta.columns.items()
        }
        classes = {name: pl.read_parquet(entry / file)["label"].to_list() for name, file in meta.classes.items()}
    except (FileNotFoundError, NotADirectoryError) as error:
        if entry.exists():
            raise _Damaged(f"{error.filename} is missing") from error
        raise
    except (OSError, ValueError, msgspec.MsgspecError, pl.exceptions.PolarsError) as error:
        raise _Damaged(str(error)) from error
    return Interactions(
        user=columns["user"],
        item=columns["item"],
        target=columns["target"],
        time=columns.get("time"),
        part=columns["part"],
        sources=meta.sources,
        categorical=_fields("categorical ", columns),
        continuous=_fields("continuous ", columns),
        classes=classes,
        counts=meta.counts,
        files=meta.source_files,
        columns=meta.source_columns,
        notes=meta.notes,
        key=entry.name,
        fingerprint=meta.fingerprint,
    )


def _fields(prefix: str, columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): column for name, column in columns.items() if name.startswith(prefix)}


def _believe(path: Path, kept: _Kept, *, verify: bool) -> None:
    """Raise `_Damaged` where a file of an entry is not what was written; its hash decides where its time differs."""
    about = path.stat()
    if about.st_size != kept.size:
        raise _Damaged(f"{path.name} has another size")
    if (verify or about.st_mtime_ns != kept.mtime_ns) and _hash(path) != kept.hash:
        raise _Damaged(f"{path.name} has other bytes")


def _discard(entry: Path) -> None:
    """Move an entry aside before deleting it, so that nobody finds half of it."""
    aside = Path(tempfile.mkdtemp(prefix=".damaged-", dir=entry.parent))
    with suppress(FileNotFoundError):
        entry.rename(aside / entry.name)
    shutil.rmtree(aside, ignore_errors=True)
