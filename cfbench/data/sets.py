"""Data sets by name: what is here of them, and removing it; no table is read."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from cfbench import paths
from cfbench.answers import DatasetCard, DatasetState
from cfbench.errors import BadInput
from cfbench.registry.catalogue import catalogue
from cfbench.registry.declarations import Declaration

MARKER = "cfbench-dataset.json"
BUILDING = ".building-"
"""Starts the names of folders that are not whole yet, or no longer; those of killed processes are swept a day later."""

_VERSION = re.compile("-[0-9a-f]{12}")
_PACKED = re.compile(r"-[0-9a-f]{8}(\.part(\.json)?)?")


class Kept(msgspec.Struct, frozen=True):
    """The marker of a folder that holds a data set: its full name, where it is from, its files' SHA-256 if fetched."""

    name: str
    source: str = ""
    hashes: dict[str, str] = {}

    def write(self, folder: Path) -> None:
        """Mark a folder."""
        (folder / MARKER).write_bytes(msgspec.json.format(msgspec.json.encode(self)))


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
    return _marked(folder_of(declaration), declaration)


def made(declaration: Declaration) -> list[Path]:
    """Return the folders of a data set that its plugin made, one for each choice of parameters, the newest last."""
    found = paths.folder("datasets").glob(f"{declaration.name}-*")
    own = [path for path in found if _VERSION.fullmatch(path.name.removeprefix(declaration.name))]
    marked = [path for path in own if _marked(path, declaration) and not path.is_symlink()]
    return sorted(marked, key=lambda path: path.stat().st_mtime)


def _marked(folder: Path, declaration: Declaration) -> Kept | None:
    with suppress(OSError, msgspec.MsgspecError):
        found = msgspec.json.decode((folder / MARKER).read_bytes(), type=Kept)
        return found if found.name == declaration.full_name else None
    return None


def packed_as(folder: Path, url: str) -> Path:
    """Return the file that a URL is fetched into, beside the folder of its data set."""
    return folder.with_name(f".{folder.name}-{blake2b(url.encode(), digest_size=4).hexdigest()}")


def come(folder: Path) -> list[Path]:
    """Return the files, whole or not, that a fetch into a data set's folder has left beside it."""
    found = folder.parent.glob(f".{folder.name}-*")
    return [path for path in found if _PACKED.fullmatch(path.name.removeprefix(f".{folder.name}"))]


def size_of(files: list[Path]) -> int:
    """Return the bytes of files, 0 for those that just went."""
    total = 0
    for path in files:
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def cards() -> list[DatasetCard]:
    """Return all data sets, and which of them are here."""
    return [card(declaration) for declaration in catalogue().of_kind("dataset")]


def card(declaration: Declaration) -> DatasetCard:
    """Return what there is to know of a data set before it is opened."""
    facts = declaration.facts
    folder = folder_of(declaration)
    state: DatasetState
    if not is_fetched(declaration):
        state, folders = "made when opened", made(declaration)
    elif kept(declaration):
        state, folders = "here", [folder]
    else:
        state, folders = "partly here" if come(folder) else "not here", []
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
        folder=str(folders[-1]) if folders else "",
        on_disk=sum(size_of(list(one.glob("*"))) for one in folders),
        splits={name: list(split["source"]) for name, split in facts.get("splits", {}).items()},
    )


def table_of(declaration: Declaration) -> Mapping[str, Any]:
    """Return the [data] table that reads a data set, file names relative to its folder."""
    table: Mapping[str, Any] = declaration.facts.get("data", {})
    return table


@contextmanager
def alone(declaration: Declaration, wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock of a data set, so that no two processes fetch or remove it at once.

    Args:
        declaration: the data set.
        wait: is called again and again while another process holds it, and passes some time.

    Raises:
        BadInput: another process holds it, and there is no `wait`.
    """
    lock = paths.writable_folder("datasets") / f".{folder_of(declaration).name}.lock"
    with open(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "wb") as held:
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if wait is None:
                    raise BadInput(
                        f"another process is fetching '{declaration.name}'", mend="wait for it, then ask again"
                    ) from error
                wait()
        yield


def remove(declaration: Declaration) -> int:
    """Remove what is here of a data set, and what is left of a fetch; return the bytes that became free.

    Raises:
        BadInput: nothing of it is here, or the folder is not one that cfbench made.
    """
    with alone(declaration):
        folder = folder_of(declaration)
        fetched = is_fetched(declaration) and (folder.exists() or folder.is_symlink())
        folders = [folder] if fetched else made(declaration)
        parts = come(folder)
        if not folders and not parts:
            raise BadInput(f"nothing of '{declaration.name}' is here", mend="'cfbench data list' says what is")
        for one in folders:
            refuse_foreign(one)
        freed = size_of([*parts, *(path for one in folders for path in one.iterdir())])
        for part in parts:
            part.unlink(missing_ok=True)
        for one in folders:
            discard(one)
    return freed


def discard(folder: Path) -> None:
    """Remove a folder: it is out of the way at once, so that nobody finds a half of it."""
    aside = Path(tempfile.mkdtemp(prefix=BUILDING, dir=folder.parent))
    folder.rename(aside / folder.name)
    shutil.rmtree(aside, ignore_errors=True)


def refuse_foreign(folder: Path) -> None:
    """Raise BadInput where there is a folder that is a link, or lacks the marker of those that cfbench makes."""
    if folder.is_symlink() or (folder.exists() and not (folder / MARKER).is_file()):
        raise BadInput("this is not a folder that cfbench made", where=str(folder), mend="remove it yourself")
