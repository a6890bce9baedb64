"""Data sets by name that are fetched: what is here, fetching, taking from a path, removing; no table is read."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from cfbench import durable, paths
from cfbench.answers import DatasetCard, DatasetState
from cfbench.data import archives
from cfbench.data.downloading import Progress, Stop, download
from cfbench.errors import BadInput, WorkFailed
from cfbench.plugin import Download
from cfbench.registry.catalogue import catalogue
from cfbench.registry.declarations import Declaration

MARKER = "cfbench-dataset.json"
_PIECE = 2**20


class Kept(msgspec.Struct, frozen=True):
    """The marker of a folder that holds a fetched data set: its full name, where it is from, its files' SHA-256."""

    name: str
    source: str
    hashes: dict[str, str]


def find(name: str) -> Declaration:
    """Return the declaration of a data set.

    Raises:
        BadInput: there is none of that name.
    """
    return catalogue().find("dataset", name)


def is_fetched(declaration: Declaration) -> bool:
    """Return whether a data set is fetched rather than made."""
    return bool(declaration.facts.get("downloads"))


def folder_of(declaration: Declaration) -> Path:
    """Return the folder of a fetched data set, whether it is here or not."""
    own = declaration.full_name.replace(":", "-") if declaration.origin != "built in" else declaration.name
    return paths.folder("datasets") / own


def kept(declaration: Declaration) -> Kept | None:
    """Return what is here of a fetched data set; None where it is not here, or not whole."""
    with suppress(OSError, msgspec.MsgspecError):
        found = msgspec.json.decode((folder_of(declaration) / MARKER).read_bytes(), type=Kept)
        return found if found.name == declaration.full_name else None
    return None


def cards() -> list[DatasetCard]:
    """Return all data sets, and which of them are here."""
    return [card(declaration) for declaration in catalogue().of_kind("dataset")]


def card(declaration: Declaration) -> DatasetCard:
    """Return what there is to know of a data set before it is opened."""
    facts = declaration.facts
    here = kept(declaration) is not None
    state: DatasetState = "made when opened" if not is_fetched(declaration) else "here" if here else "not here"
    folder = folder_of(declaration)
    if state == "not here" and any(paths.folder("datasets").glob(f".{folder.name}-*.part")):
        state = "partly here"
    return DatasetCard(
        name=declaration.name,
        full_name=declaration.full_name,
        title=declaration.title,
        summary=declaration.summary,
        licence=facts.get("licence", ""),
        may_share=facts.get("may_share"),
        page=facts.get("source", ""),
        citation=facts.get("citation", ""),
        rows=facts.get("rows", 0),
        users=facts.get("users", 0),
        items=facts.get("items", 0),
        size=sum(one["size"] for one in facts.get("downloads", [])),
        state=state,
        folder=str(folder) if here else "",
        on_disk=sum(path.stat().st_size for path in folder.iterdir()) if here else 0,
        splits={name: list(split["source"]) for name, split in facts.get("splits", {}).items()},
    )


# -- fetching ----------------------------------------------------------------------------------------------------------


def fetch(declaration: Declaration, progress: Progress, stop: Stop, waits: tuple[float, ...] | None = None) -> Path:
    """Fetch a data set; return its folder. What is here already is not fetched again.

    Raises:
        BadInput: it is made rather than fetched, or somebody else is fetching it.
        WorkFailed: it can't be fetched, or is not what it was.
        DiskFull: there is no room.
        Stopped: `stop` asked for it.
    """
    if not is_fetched(declaration):
        raise BadInput(f"the data set '{declaration.name}' is made when it is opened", mend="there is nothing to fetch")
    folder = folder_of(declaration)
    if kept(declaration):
        return folder
    downloads = [msgspec.convert(one, Download) for one in declaration.facts["downloads"]]
    with _alone(declaration), _aside(folder) as aside:
        for number, one in enumerate(downloads):
            packed = folder.parent / f".{folder.name}-{number}"
            extra = {} if waits is None else {"waits": waits}
            download(one.url, packed, one.size, progress, stop, **extra)
            _verify(packed, one.sha256, f"the file from {one.url}")
            with durable.disk_full(folder, f"no space is left to unpack {declaration.name}"):
                _take(packed, one, aside, stop)
            packed.unlink()
        _settle(declaration, aside, folder, downloads[0].url)
    return folder


def fetch_from(declaration: Declaration, path: Path, stop: Stop, any_version: bool = False) -> Path:
    """Take a data set from an archive or a folder that the user has; return its folder.

    Args:
        declaration: the data set.
        path: the archive as it is downloaded, or a folder with its files.
        stop: asks to stop.
        any_version: take files whose hash is not the known one.

    Raises:
        BadInput: there is no such path, it lacks a file, or a file is another version.
    """
    if not is_fetched(declaration):
        raise BadInput(f"the data set '{declaration.name}' is made when it is opened", mend="there is nothing to fetch")
    downloads = [msgspec.convert(one, Download) for one in declaration.facts["downloads"]]
    folder = folder_of(declaration)
    with _alone(declaration), _aside(folder) as aside, durable.disk_full(folder):
        for one in downloads:
            for member, name in (one.members or {"": Path(one.url).name}).items():
                _take_from(path, one, member, name, aside, stop)
        _settle(declaration, aside, folder, str(path.absolute()), any_version=any_version)
    return folder


def _take_from(path: Path, one: Download, member: str, name: str, aside: Path, stop: Stop) -> None:
    try:
        if not path.is_dir():
            if one.members:
                archives.unpack(path, {member: name}, aside, stop.check)
            else:
                shutil.copyfile(path, aside / name)
            return
        candidates = [path / name, path / Path(member).name, *([path / member] if member else [])]
        packed = path / Path(one.url).name
        source = next((found for found in candidates if found.is_file()), None)
        if source is not None:
            shutil.copyfile(source, aside / name)
        elif packed.is_file():
            _take_from(packed, one, member, name, aside, stop)
        else:
            raise BadInput(f"there is no '{name}' in this folder", where=str(path), mend="name the folder that has it")
    except FileNotFoundError as error:
        raise BadInput("there is no such file or folder", where=str(path), mend="check its name") from error
    except PermissionError as error:
        raise BadInput("you may not read this", where=str(path), mend="change its permissions") from error
    except WorkFailed as error:
        raise BadInput(error.what, where=error.where, mend=error.mend) from error


def _take(packed: Path, one: Download, aside: Path, stop: Stop) -> None:
    if one.members:
        archives.unpack(packed, one.members, aside, stop.check)
    else:
        shutil.copyfile(packed, aside / Path(one.url).name)


def _settle(declaration: Declaration, aside: Path, folder: Path, source: str, *, any_version: bool = False) -> None:
    """Check the files that came, pin their hashes, and rename them into place."""
    found = {path.name: sha256(path) for path in sorted(aside.iterdir())}
    pins = _pins(declaration)
    for name, known in {**pins, **declaration.facts.get("hashes", {})}.items():
        if name in found and found[name] != known and not any_version:
            raise BadInput(
                f"{name} is not the file that is known (SHA-256 {found[name][:12]}… instead of {known[:12]}…)",
                where=source,
                mend="it may be another version, or edited; to take it all the same: --any-version",
            )
    (aside / MARKER).write_bytes(msgspec.json.format(msgspec.json.encode(Kept(declaration.full_name, source, found))))
    pinned = _pin_file(declaration)
    durable.replace(pinned, msgspec.json.format(msgspec.json.encode({**found, **pins} if not any_version else found)))
    for path in aside.iterdir():
        durable.sync(path)
    if folder.exists():
        _refuse_foreign(folder)
        shutil.rmtree(folder)
    aside.rename(folder)


def _pin_file(declaration: Declaration) -> Path:
    return folder_of(declaration).with_name(f".{folder_of(declaration).name}.sha256.json")


def _pins(declaration: Declaration) -> dict[str, str]:
    """The hashes of the files when they first came; they outlive the folder."""
    with suppress(OSError, msgspec.MsgspecError):
        found: dict[str, str] = msgspec.json.decode(_pin_file(declaration).read_bytes(), type=dict[str, str])
        return found
    return {}


def sha256(path: Path) -> str:
    """Return a file's SHA-256, 64 hex digits."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total.update(piece)
    return total.hexdigest()


def _verify(path: Path, known: str, what: str) -> None:
    if known and (found := sha256(path)) != known:
        path.unlink()
        raise WorkFailed(
            f"{what} is not what it was (SHA-256 {found[:12]}… instead of {known[:12]}…)",
            mend="it was thrown away; try again, or give a file that you trust: --from PATH",
        )


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder beside the one to make; gone again where it was not renamed."""
    parent = paths.writable_folder("datasets")
    durable.sweep(parent, ".building-*")
    with durable.disk_full(folder):
        aside = Path(tempfile.mkdtemp(prefix=".building-", dir=parent))
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _alone(declaration: Declaration) -> Iterator[None]:
    """Hold the lock of a data set, so that no two processes fetch it at once."""
    lock = paths.writable_folder("datasets") / f".{folder_of(declaration).name}.lock"
    with open(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "wb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(
                f"another process is fetching '{declaration.name}'", mend="wait for it, then ask again"
            ) from error
        yield


# -- removing ----------------------------------------------------------------------------------------------------------


def remove(declaration: Declaration) -> int:
    """Remove what is here of a fetched data set, and what is left of a fetch; return the bytes that became free.

    Raises:
        BadInput: nothing of it is here, or the folder is not one that cfbench made.
    """
    folder = folder_of(declaration)
    freed = 0
    with _alone(declaration):
        for part in folder.parent.glob(f".{folder.name}-*"):
            freed += part.stat().st_size
            part.unlink()
        if folder.exists() or folder.is_symlink():
            _refuse_foreign(folder)
            freed += sum(path.stat().st_size for path in folder.iterdir())
            shutil.rmtree(folder)
        elif not freed:
            raise BadInput(f"nothing of '{declaration.name}' is here", mend="'cfbench data list' says what is")
    return freed


def _refuse_foreign(folder: Path) -> None:
    """Raise BadInput where a folder is a link, or lacks the marker of those that cfbench makes."""
    if folder.is_symlink() or not (folder / MARKER).is_file():
        raise BadInput("this is not a folder that cfbench made", where=str(folder), mend="remove it yourself")


def table_of(declaration: Declaration) -> Mapping[str, Any]:
    """Return the [data] table that reads a data set, file names relative to its folder."""
    table: Mapping[str, Any] = declaration.facts.get("data", {})
    return table
