"""The source files, and their bytes: found, readable, unpacked, and text at all."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

from cfbench.errors import BadInput
from cfbench.experiment import Data
from cfbench.paths import given

GZIP = b"\x1f\x8b"
LARGEST_RATIO = 200
"""What unpacks to more times its size, beyond 100 MiB, is refused: it is a bomb rather than ratings."""

_PIECE = 2**20

_OTHER_FORMATS = {
    b"PK\x03\x04": "a zip archive",
    b"PAR1": "a Parquet file",
    b"\x89HDF": "an HDF5 file",
    b"\x89PNG": "a picture",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ": "packed by xz",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
}


def named(data: Data) -> list[Path]:
    """Return the rating files that `data` names.

    Raises:
        BadInput: it names none, or more than the 256 that a part number can tell apart, or what no file can be called.
    """
    names = [data.source] if isinstance(data.source, str) else data.source
    if not names or not all(names):
        raise BadInput("no data source is named", where="[data] source", mend='name a file, or the data set "demo"')
    if len(names) > 256:
        raise BadInput(f"{len(names)} files are more than 256", where="[data] source", mend="join some of them")
    return [given(name) for name in names]


def read(path: Path) -> bytes:
    """Return the bytes of a text file, unpacked where it starts as gzip does.

    Raises:
        BadInput: it is missing, a folder, unreadable, empty, a damaged gzip, or not text.
    """
    content = _unpacked(_stored(path), path)
    if not content.strip():
        raise BadInput("the file is empty", where=str(path), mend="name a file with one row a rating")
    for magic, format_name in _OTHER_FORMATS.items():
        if content.startswith(magic):
            raise BadInput(
                f"this is {format_name}", where=str(path), mend="give delimited text in UTF-8 (or packed by gzip)"
            )
    if b"\0" in content:
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise BadInput(
            "this is not text: it holds a NUL byte", where=f"{path}, line {line}", mend="give delimited text in UTF-8"
        )
    return content


def _stored(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "not a regular file"
            raise BadInput(f"this is {kind}", where=str(path), mend="name a file")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise BadInput("there is no such file", where=str(path), mend="check its name and folder") from error
    except PermissionError as error:
        raise BadInput("you may not read this file", where=str(path), mend="change its permissions") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"it can't be read ({reason})", where=str(path), mend="check its name and folder") from error


def _unpacked(stored: bytes, path: Path) -> bytes:
    if not stored.startswith(GZIP):
        return stored
    largest = max(100 * 2**20, LARGEST_RATIO * len(stored))
    pieces: list[bytes] = []
    try:
        with gzip.open(io.BytesIO(stored)) as stream:
            while (piece := stream.read(_PIECE)) and len(pieces) * _PIECE <= largest:
                pieces.append(piece)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"this gzip file is damaged ({error})", where=str(path), mend="fetch it again") from error
    if len(pieces) * _PIECE > largest:
        raise BadInput(
            f"it unpacks to more than {LARGEST_RATIO} times its size", where=str(path), mend="unpack it yourself"
        )
    return b"".join(pieces)
