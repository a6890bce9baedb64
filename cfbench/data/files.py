"""The source files: found, readable, and unpacked where they are packed."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from glob import glob, has_magic
from pathlib import Path
from typing import Any, BinaryIO

import zstandard

from cfbench import durable, paths
from cfbench.errors import BadInput, listing, nearest
from cfbench.experiment import Data

HEAD = 256 * 1024
LARGEST_RATIO, ANY_RATIO, LARGEST = 200, 100 * 2**20, 20 * 2**30
"""What unpacks to more times its size, beyond 100 MiB, or to more than 20 GiB, is refused: it is a bomb."""

_PIECE = 2**20
_GZIP, _ZSTD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_DAMAGES = (
    EOFError,
    UnicodeDecodeError,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    zlib.error,
    zstandard.ZstdError,
)
"""What is raised at damaged packed files."""

_ENDINGS = (".gz", ".zst", ".zstd", ".zip")
_OTHER_FORMATS = {
    b"\x89HDF": "an HDF5 file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"MATLAB 5.0": "a MATLAB file",
    b"\x80\x04\x95": "a Python pickle, which is code and not opened",
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ": "packed by xz",
    b"7z\xbc\xaf": "packed by 7-Zip",
    b"Rar!": "packed by RAR",
}


def named(data: Data) -> list[Path]:
    """Return the rating files that `data` names; "*", "?" and "[…]" stand for all that fit, by name.

    Raises:
        BadInput: it names none, or more than the 256 that a part number can tell apart, or what no file can be called.
    """
    names = [data.source] if isinstance(data.source, str) else data.source
    if not names or not all(names):
        raise BadInput("no data source is named", where="[data] source", mend='name a file, or the data set "demo"')
    found = [path for name in names for path in _fitting(name)]
    if len(found) > 256:
        raise BadInput(f"{len(found)} files are more than 256", where="[data] source", mend="join some of them")
    return found


def _fitting(name: str) -> list[Path]:
    path = paths.given(name)
    if path.exists() or not has_magic(name):
        return [path]
    fitting = sorted(glob(str(path)))
    if not fitting:
        raise BadInput("no file fits this name", where=name, mend="check the folder and the pattern")
    return [Path(one) for one in fitting]


def split_member(path: Path) -> tuple[Path, str]:
    """Return a path into an archive, "set.zip/ratings.csv", as the archive and the member; else the path and ""."""
    for parent in path.parents:
        if parent.suffix.lower() == ".zip" and parent.is_file():
            return parent, path.relative_to(parent).as_posix()
    return path, ""


class RatingFile:
    """A file of rows, unpacked; `DataFile` of the public API.

    Attributes:
        stored: the file as it lies on the disk.
        member: which member of it, where it is a zip archive.
        where: what messages call it.
    """

    def __init__(self, path: Path) -> None:
        self.stored, self.member = split_member(path)
        self.where = str(path)
        _refuse_unreadable(self.stored)

    @cached_property
    def packing(self) -> str:
        """What packs it: "gzip", "zstd", "zip", or "" for nothing."""
        with self._reading(), self.stored.open("rb") as file:
            magic = file.read(4)
        if magic.startswith(_GZIP):
            return "gzip"
        if magic == _ZSTD:
            return "zstd"
        return "zip" if magic == _ZIP and not self._is_npz() else ""

    def _is_npz(self) -> bool:
        try:
            with zipfile.ZipFile(self.stored) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return False
        return bool(names) and all(name.endswith(".npy") for name in names)

    @property
    def name(self) -> str:
        """Its name without the folder and without the ending of what packs it."""
        name = Path(self.member).name if self.member else self.stored.name
        ending = Path(name).suffix.lower()
        return name[: -len(ending)] if ending in _ENDINGS else name

    @cached_property
    def path(self) -> Path:
        """A plain file with its bytes."""
        if not self.packing:
            return self.stored
        imported = paths.writable_folder("imported")
        durable.sweep(imported, ".unpacked-*")
        with durable.disk_full(imported, f"no space is left to unpack {self.where}"):
            folder = tempfile.mkdtemp(prefix=".unpacked-", dir=imported)
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            plain = Path(folder) / "plain"
            self._unpack(plain)
        return plain

    @cached_property
    def size(self) -> int:
        """Its bytes."""
        with self._reading():
            return self.path.stat().st_size

    @cached_property
    def head(self) -> bytes:
        """Its first bytes, at most 256 KiB."""
        with self._reading(), self._stream() as stream:
            return read_fully(stream, HEAD)

    def open(self) -> BinaryIO:
        """Return its bytes as a stream."""
        with self._reading():
            return self.path.open("rb")

    def refuse_other_formats(self) -> None:
        """Raise BadInput where its first bytes say that it is no table at all."""
        if not self.head.strip():
            raise BadInput("the file is empty", where=self.where, mend="name a file with one row a rating")
        for magic, format_name in _OTHER_FORMATS.items():
            if self.head.startswith(magic):
                raise BadInput(
                    f"this is {format_name}", where=self.where, mend="give delimited text, Parquet or JSON lines"
                )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Say in words why the file can't be read."""
        try:
            yield
        except OSError as error:
            if durable.no_room(error):
                raise
            raise BadInput(
                f"it can't be read ({error.strerror or error})", where=self.where, mend="check its name and rights"
            ) from error

    # -- unpacking --

    def _unpack(self, plain: Path) -> None:
        largest = min(LARGEST, max(ANY_RATIO, LARGEST_RATIO * self.stored.stat().st_size))
        total = 0
        with self._damaged(), self._stream() as stream, plain.open("wb") as target:
            while piece := stream.read(_PIECE):
                total += len(piece)
                if total > largest:
                    raise BadInput(
                        f"it unpacks to more than {LARGEST_RATIO} times its size", where=self.where, mend="unpack it"
                    )
                target.write(piece)

    @contextmanager
    def _stream(self) -> Iterator[Any]:
        with self._damaged():
            if self.packing == "gzip":
                with gzip.open(self.stored) as unpacked:
                    yield unpacked
            elif self.packing == "zstd":
                with self.stored.open("rb") as packed:
                    yield zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
            elif self.packing == "zip":
                with zipfile.ZipFile(self.stored) as archive, archive.open(self._member(archive)) as unpacked:
                    yield unpacked
            else:
                with self.stored.open("rb") as plain:
                    yield plain

    def _member(self, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
        files = {info.filename: info for info in archive.infolist() if info.filename[-1:] not in ("", "/")}
        if not files:
            raise BadInput("this zip archive is empty", where=self.where, mend="name another")
        wanted = self.member or (next(iter(files)) if len(files) == 1 else "")
        if wanted in files:
            if files[wanted].flag_bits & 1:
                raise BadInput("it is encrypted", where=self.where, mend="unpack it yourself")
            return files[wanted]
        some = listing(list(files)[:12]) + (" and more" if len(files) > 12 else "")
        raise BadInput(
            f"there is no '{wanted}' in this archive{nearest(wanted, files)}" if wanted else "it holds several files",
            where=str(self.stored),
            mend=f"name one of them, as {self.stored.name}/NAME: {some}",
        )

    @contextmanager
    def _damaged(self) -> Iterator[None]:
        try:
            yield
        except _DAMAGES as error:
            raise BadInput(
                f"this {self.packing} file is damaged ({error})", where=self.where, mend="fetch it again"
            ) from error
        except (NotImplementedError, RuntimeError) as error:
            raise BadInput(f"it can't be unpacked ({error})", where=self.where, mend="unpack it yourself") from error


def read_fully(stream: Any, count: int) -> bytes:
    """Return the next `count` bytes of a stream that may give fewer at a time; fewer only at its end."""
    found = bytearray()
    while len(found) < count and (piece := stream.read(count - len(found))):
        found += piece
    return bytes(found)


def _refuse_unreadable(path: Path) -> None:
    try:
        os.stat(path)
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "not a regular file"
            raise BadInput(f"this is {kind}", where=str(path), mend="name a file")
        with path.open("rb"):
            return
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput("there is no such file", where=str(path), mend="check its name and folder") from error
    except PermissionError as error:
        raise BadInput("you may not read this file", where=str(path), mend="change its permissions") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"it can't be read ({reason})", where=str(path), mend="check its name and folder") from error
