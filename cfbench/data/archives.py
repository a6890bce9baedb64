"""Taking listed files out of an archive that somebody else made, and nothing but these."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from cfbench.errors import BadInput, WorkFailed

MOST_MEMBERS = 10_000
LARGEST_RATIO, ANY_RATIO = 200, 100 * 2**20
"""An archive may unpack to 200 times its size, or to 100 MiB where that is more."""

LARGEST = 20 * 10**9
_PIECE = 2**20


def unpack(archive: Path, members: Mapping[str, str], folder: Path, check: Callable[[], None] = lambda: None) -> None:
    """Write the listed members of a zip, tar or gzip file into a folder.

    Args:
        archive: the file.
        members: name in the archive -> name to write. A member may lie below any folder of the archive: "u.data" finds
            "ml-100k/u.data" where there is one such. A lone gzip file is its only member, whatever its name.
        folder: where to write; names lead nowhere else.
        check: is called now and then, to raise where somebody asked to stop.

    Raises:
        WorkFailed: it is damaged, encrypted, holds too much, or lacks a member.
    """
    for name in members.values():
        if not is_plain(name):
            raise WorkFailed(f"'{name}' is no name for a file", where=str(archive))
    budget = _Budget(archive, check)
    with _damaged(archive):
        if zipfile.is_zipfile(archive):
            _unzip(archive, members, folder, budget)
        elif tarfile.is_tarfile(archive):
            _untar(archive, members, folder, budget)
        elif len(members) == 1 and _is_gzip(archive):
            with gzip.open(archive) as stream:
                budget.copy(stream, folder / next(iter(members.values())))
        else:
            what = "one packed file where several are wanted" if _is_gzip(archive) else "no zip, tar or gzip file"
            raise WorkFailed(f"it is {what}", where=str(archive), mend="give the archive as it is published")


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def is_plain(name: str) -> bool:
    """Return whether a name leads to a file in a folder and nowhere else."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name


class _Budget:
    """How much may still be written."""

    def __init__(self, archive: Path, check: Callable[[], None]) -> None:
        self._archive, self._check = archive, check
        self._left = min(LARGEST, max(ANY_RATIO, LARGEST_RATIO * archive.stat().st_size))

    def copy(self, stream: IO[bytes] | gzip.GzipFile, target: Path) -> None:
        """Write a stream into a file."""
        with target.open("xb") as file:
            while piece := stream.read(_PIECE):
                self._check()
                self._left -= len(piece)
                if self._left < 0:
                    raise WorkFailed(
                        f"it unpacks to more than {LARGEST_RATIO} times its size", where=str(self._archive),
                        mend="look at it yourself before you use it",
                    )  # fmt: skip
                file.write(piece)


def _unzip(archive: Path, members: Mapping[str, str], folder: Path, budget: _Budget) -> None:
    with zipfile.ZipFile(archive) as found:
        infos = {info.filename: info for info in found.infolist()}
        _refuse_many(len(infos), archive)
        for wanted, target in members.items():
            info = infos[_member(wanted, list(infos), archive)]
            if info.flag_bits & 1:
                raise WorkFailed("it is encrypted", where=f"{archive}, {wanted}", mend="unpack it yourself")
            kind = info.external_attr >> 28
            if kind not in (0, 8):
                raise WorkFailed(f"'{wanted}' is no plain file", where=str(archive))
            with found.open(info) as stream:
                budget.copy(stream, folder / target)


def _untar(archive: Path, members: Mapping[str, str], folder: Path, budget: _Budget) -> None:
    with tarfile.open(archive) as found:
        infos: dict[str, tarfile.TarInfo] = {}
        for info in found:
            infos[info.name] = info
            _refuse_many(len(infos), archive)
        for wanted, target in members.items():
            info = infos[_member(wanted, list(infos), archive)]
            stream = found.extractfile(info) if info.isreg() else None
            if stream is None:
                raise WorkFailed(f"'{wanted}' is no plain file", where=str(archive))
            with stream:
                budget.copy(stream, folder / target)


def _member(wanted: str, names: list[str], archive: Path) -> str:
    if wanted in names:
        return wanted
    below = [name for name in names if name.endswith(f"/{wanted}") and is_plain(name)]
    if len(below) == 1:
        return below[0]
    what = "holds several" if below else "lacks"
    raise WorkFailed(f"the archive {what} '{wanted}'", where=str(archive), mend="is it another version of the set?")


def _refuse_many(count: int, archive: Path) -> None:
    if count > MOST_MEMBERS:
        raise WorkFailed(f"it holds more than {MOST_MEMBERS:,} files", where=str(archive), mend="unpack it yourself")


@contextmanager
def _damaged(archive: Path) -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        gzip.BadGzipFile,
        EOFError,
        zlib.error,
        NotImplementedError,
        UnicodeError,
    ) as error:
        raise WorkFailed(f"the archive is damaged ({error})", where=str(archive), mend="fetch it again") from error
    except FileExistsError as error:
        raise BadInput("two members have one name", where=str(archive)) from error
