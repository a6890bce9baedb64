"""Getting data sets by name: from where they are published, or from a path; checked before anybody reads them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from cfbench import durable, paths
from cfbench.data import archives, sets
from cfbench.data.downloading import Progress, Stop, download
from cfbench.errors import BadInput, CfbenchError, DiskFull, WorkFailed
from cfbench.plugin import Download
from cfbench.registry.declarations import Declaration

_PIECE = 2**20
_TURN = 0.2
"""Seconds after which a process that waits for another one's fetch looks again."""


def fetch(
    declaration: Declaration,
    progress: Progress,
    stop: Stop,
    any_version: bool = False,
    waits: tuple[float, ...] | None = None,
) -> Path:
    """Fetch a data set; return its folder. What is here already, or another process fetches meanwhile, is taken.

    Args:
        declaration: the data set.
        progress: is told what has come.
        stop: asks to stop; what came is gone on with next time.
        any_version: take files whose hash is not the known one.
        waits: seconds between tries.

    Raises:
        BadInput: it is made rather than fetched, or its files are not the known ones.
        WorkFailed: it can't be fetched, or is not what it was.
        DiskFull: there is no room.
        Stopped: `stop` asked for it.
    """
    downloads = _downloads(declaration)
    folder = sets.folder_of(declaration)
    listed = sum(one.size for one in downloads)

    def wait() -> None:
        progress(sets.size_of(sets.come(folder)), listed)
        stop.wait(_TURN)

    with sets.alone(declaration, wait):
        if sets.kept(declaration):
            return folder
        sets.refuse_foreign(folder)
        packed = [sets.packed_as(folder, one.url) for one in downloads]
        extra = {} if waits is None else {"waits": waits}
        for number, (one, file) in enumerate(zip(downloads, packed, strict=True)):
            if not file.exists():
                before, after = sets.size_of(packed[:number]), sum(later.size for later in downloads[number + 1 :])
                download(one.url, file, one.size, _among(progress, before, after), stop, **extra)
        with _aside(folder) as aside, _thrown_away_where_wrong(packed):
            for one, file in zip(downloads, packed, strict=True):
                _verify(file, one)
                with durable.disk_full(folder, f"no space is left to unpack {declaration.name}"):
                    _take(file, one, aside, stop)
            _settle(declaration, aside, folder, downloads[0].url, any_version)
        for file in packed:
            file.unlink(missing_ok=True)
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
        DiskFull: there is no room.
        Stopped: `stop` asked for it.
    """
    downloads = _downloads(declaration)
    folder = sets.folder_of(declaration)
    with sets.alone(declaration, lambda: stop.wait(_TURN)):
        sets.refuse_foreign(folder)
        with _aside(folder) as aside, durable.disk_full(folder):
            with _at(path):
                for one in downloads:
                    _take_from(path, one, aside, stop, only=len(downloads) == 1)
            _settle(declaration, aside, folder, str(path.absolute()), any_version)
    return folder


def _downloads(declaration: Declaration) -> list[Download]:
    if not sets.is_fetched(declaration):
        raise BadInput(f"the data set '{declaration.name}' is made when it is opened", mend="there is nothing to fetch")
    return [msgspec.convert(one, Download) for one in declaration.facts["downloads"]]


def _among(progress: Progress, before: int, after: int) -> Progress:
    """Tell of one file as a part of all."""
    return lambda here, total: progress(before + here, before + total + after if total else 0)


def _name(one: Download) -> str:
    return Path(urlsplit(one.url).path).name


def _take(file: Path, one: Download, aside: Path, stop: Stop) -> None:
    if one.members:
        archives.unpack(file, one.members, aside, stop.check)
    else:
        shutil.copyfile(file, aside / _name(one))


def _take_from(path: Path, one: Download, aside: Path, stop: Stop, *, only: bool) -> None:
    """Take what a download would bring from a file, or from a folder that has the files or the archive."""
    if path.is_dir():
        found = {target: _loose(path, member, target) for member, target in (one.members or {"": _name(one)}).items()}
        missing = [target for target, source in found.items() if source is None]
        if missing and (path / _name(one)).is_file():
            _take(path / _name(one), one, aside, stop)
            return
        if missing:
            raise BadInput(
                f"there is no '{missing[0]}' in this folder", where=str(path), mend="name the folder that has it"
            )
        for target, source in found.items():
            stop.check()
            shutil.copyfile(str(source), aside / target)
    elif path.exists() and not path.is_file():
        raise BadInput("this is neither a file nor a folder", where=str(path), mend="name an archive or a folder")
    elif not (one.members or only):
        raise BadInput("the set has several files, and this is one", where=str(path), mend="name the folder with them")
    else:
        _take(path, one, aside, stop)


def _loose(folder: Path, member: str, target: str) -> Path | None:
    candidates = [folder / target, folder / Path(member).name, folder / member]
    return next((path for path in candidates if path.is_file()), None)


@contextmanager
def _at(path: Path) -> Iterator[None]:
    """Say of a path that the user gave what is wrong with it."""
    try:
        yield
    except DiskFull:
        raise
    except WorkFailed as error:
        raise BadInput(error.what, where=error.where, mend=error.mend) from error
    except FileNotFoundError as error:
        raise BadInput("there is no such file or folder", where=str(path), mend="check its name") from error
    except PermissionError as error:
        raise BadInput("you may not read this", where=str(path), mend="change its permissions") from error


def _settle(declaration: Declaration, aside: Path, folder: Path, source: str, any_version: bool) -> None:
    """Check the files that came, pin their hashes, and rename them into place."""
    found = {path.name: sha256(path) for path in sorted(aside.iterdir())}
    pins = _pins(folder)
    for name, known in {**pins, **declaration.facts.get("hashes", {})}.items():
        if name in found and found[name] != known and not any_version:
            raise BadInput(
                f"{name} is not the file that is known (SHA-256 {found[name][:12]}… instead of {known[:12]}…)",
                where=source,
                mend="it may be another version, or edited; to take it all the same: --any-version",
            )
    sets.Kept(declaration.full_name, source, found).write(aside)
    pinned = {**pins, **found} if any_version else {**found, **pins}
    durable.replace(_pin_file(folder), msgspec.json.format(msgspec.json.encode(pinned)))
    for path in (*aside.iterdir(), aside):
        durable.sync(path)
    if folder.exists():
        sets.discard(folder)
    aside.rename(folder)
    durable.sync(folder.parent)


def _pin_file(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.sha256.json")


def _pins(folder: Path) -> dict[str, str]:
    """The hashes of the files when they first came; they outlive the folder."""
    with suppress(OSError, msgspec.MsgspecError):
        found: dict[str, str] = msgspec.json.decode(_pin_file(folder).read_bytes(), type=dict[str, str])
        return found
    return {}


def sha256(path: Path) -> str:
    """Return a file's SHA-256, 64 hex digits."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            total.update(piece)
    return total.hexdigest()


def _verify(path: Path, one: Download) -> None:
    if one.sha256 and (found := sha256(path)) != one.sha256:
        raise WorkFailed(
            f"the file from {one.url} is not what it was"
            f" (SHA-256 {found[:12]}… instead of {one.sha256[:12]}…)",
            mend="it was thrown away; try again, or give a file that you trust: --from PATH",
        )  # fmt: skip


@contextmanager
def _thrown_away_where_wrong(packed: Sequence[Path]) -> Iterator[None]:
    """Remove what was fetched where it is no good, so that it is fetched anew; not where somebody stops, or no room."""
    try:
        yield
    except DiskFull:
        raise
    except CfbenchError:
        for file in packed:
            file.unlink(missing_ok=True)
        raise


@contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """A folder beside the one to make; gone again where it was not renamed."""
    parent = paths.writable_folder("datasets")
    durable.sweep(parent, f"{sets.BUILDING}*")
    with durable.disk_full(folder):
        aside = Path(tempfile.mkdtemp(prefix=sets.BUILDING, dir=parent))
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
