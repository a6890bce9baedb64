"""Imported interactions, kept: one .npy a column, labels in Parquet, found again without reading the source."""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from cfbench import durable, paths
from cfbench.answers import Column, SourceFile
from cfbench.data import arrays, files
from cfbench.data import interactions as tables
from cfbench.data.contents import content_hash, digest, file_hash
from cfbench.data.interactions import Counts, Interactions, MultiLabel
from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Data

FORMAT = 3
"""Raised whenever the same files would give other columns, or the columns are kept in another way."""


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
    check: str = ""


class _Damaged(Exception):
    """An entry is not what was written."""


MOST_OPEN = 4
_open_entries: OrderedDict[tuple[Path, str], Interactions] = OrderedDict()
"""The entries opened last, by folder and `_Meta.check`, so that paging through millions of labels reads them once."""


def opened(key: Callable[[], str], make: Callable[[], Interactions], *, verify: bool = False) -> Interactions:
    """Return the kept interactions of a key, calling `make` and keeping its result where there are none.

    Args:
        key: gives the key, from the sources as they are at that moment.
        make: reads the sources.
        verify: hash the kept columns again.

    Raises:
        BadInput: what `make` raises, or a source changed while it was read.
        DiskFull: there is no room.
    """
    before = key()
    entry = paths.writable_folder("imported") / before
    for _ in range(3):
        with durable.disk_full(entry):
            if entry.exists():
                with suppress(_Damaged, FileNotFoundError):
                    return _open(entry, verify=verify)
                _discard(entry)
            made = make()
            if key() != before:
                raise BadInput("a file changed while it was read", mend="try again when nobody writes to it")
            _keep(entry, made)
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


def beside(key: str, name: str) -> Path | None:
    """Return the path of a file that is kept and forgotten with interactions; None where none are kept."""
    entry = paths.folder("imported") / key
    return entry / name if key and entry.is_dir() else None


def key_of(data: Data, *, verify: bool = False) -> str:
    """Return the key of `data` as it is said: 32 hex digits from its files' contents, its settings and `FORMAT`.

    Raises:
        BadInput: a source is missing or can't be read.
    """
    sides = [paths.given(side.source) for side in (data.items, data.users) if side.source]
    every = [files.split_member(path) for path in [*files.named(data), *sides]]
    plain = msgspec.structs.replace(
        data,
        source="",
        candidates="",
        items=msgspec.structs.replace(data.items, source="items" if data.items.source else ""),
        users=msgspec.structs.replace(data.users, source="users" if data.users.source else ""),
    )
    names = [member or path.name for path, member in every]
    return key([path for path, _ in every], names, plain, verify=verify)


def key(sources: Sequence[Path], names: Sequence[str], settings: Any, *, verify: bool = False) -> str:
    """Return a key, 32 hex digits, from files' contents, their names, plain settings and `FORMAT`.

    Raises:
        BadInput: a source is missing or can't be read.
    """
    hashes = [content_hash(path, verify=verify) for path in sources]
    return digest(msgspec.json.encode([FORMAT, hashes, list(names), settings]))


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
    for number, (name, column) in enumerate({**tables.arrays(made), "titled": made.titled}.items()):
        columns[name] = f"column-{number}.npy"
        _save(folder / columns[name], column)
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
    )
    (folder / "meta.json").write_bytes(msgspec.json.encode(msgspec.structs.replace(meta, check=_check(meta))))
    for path in folder.iterdir():
        if path.stat().st_nlink == 1:
            durable.sync(path)


def _save(path: Path, column: NDArray[Any]) -> None:
    """Write a column; one that is mapped from another entry's file, whole, becomes a second name of that file."""
    if isinstance(column, np.memmap) and column.filename is not None:
        source = Path(column.filename)
        if column.nbytes + column.offset == source.stat().st_size and source.parent.parent == path.parent.parent:
            with suppress(OSError):
                path.hardlink_to(source)
                return
    arrays.save(path, column)


def _kept(path: Path) -> _Kept:
    about = path.stat()
    return _Kept(about.st_size, about.st_mtime_ns, file_hash(path))


def _check(meta: _Meta) -> str:
    return digest(msgspec.json.encode(msgspec.structs.replace(meta, check="")))


def _open(entry: Path, *, verify: bool) -> Interactions:
    try:
        meta = msgspec.json.decode((entry / "meta.json").read_bytes(), type=_Meta)
        if meta.format != FORMAT or meta.check != _check(meta):
            raise _Damaged("meta.json is not what was written")
        for name, kept in meta.files.items():
            _believe(entry / name, kept, verify=verify)
        found = _open_entries.pop((entry, meta.check), None) or _read(entry, meta)
    except (FileNotFoundError, NotADirectoryError) as error:
        if entry.exists():
            raise _Damaged(f"{error.filename} is missing") from error
        raise
    except (OSError, ValueError, msgspec.MsgspecError, pl.exceptions.PolarsError) as error:
        raise _Damaged(str(error)) from error
    _open_entries[entry, meta.check] = found
    while len(_open_entries) > MOST_OPEN:
        _open_entries.popitem(last=False)
    return found


def _read(entry: Path, meta: _Meta) -> Interactions:
    columns = {name: np.load(entry / file, mmap_mode="r", allow_pickle=False) for name, file in meta.columns.items()}
    return Interactions(
        user=columns["user"],
        item=columns["item"],
        target=columns["target"],
        time=columns.get("time"),
        part=columns["part"],
        sources=meta.sources,
        categorical=_fields("categorical ", columns),
        continuous=_fields("continuous ", columns),
        multilabel={
            name: MultiLabel(sets, columns[f"members {name}"]) for name, sets in _fields("sets ", columns).items()
        },
        titled=columns["titled"],
        classes={name: pl.read_parquet(entry / file)["label"].to_list() for name, file in meta.classes.items()},
        counts=meta.counts,
        files=meta.source_files,
        columns=meta.source_columns,
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
    if (verify or about.st_mtime_ns != kept.mtime_ns) and file_hash(path) != kept.hash:
        raise _Damaged(f"{path.name} has other bytes")


def _discard(entry: Path) -> None:
    """Move an entry aside before deleting it, so that nobody finds half of it."""
    aside = Path(tempfile.mkdtemp(prefix=".damaged-", dir=entry.parent))
    with suppress(FileNotFoundError):
        entry.rename(aside / entry.name)
    shutil.rmtree(aside, ignore_errors=True)
