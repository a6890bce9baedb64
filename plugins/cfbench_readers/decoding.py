"""Decodes Parquet and Arrow files in a process apart, which damage may end: polars gives up the process at some of it.

The process reads a request a line and answers with parts: a letter, the length of what follows, and that.
"""

from __future__ import annotations

import contextlib
import io
import json
import signal
import struct
import sys
from collections.abc import Iterator
from typing import BinaryIO, Literal

import polars as pl

Format = Literal["Parquet", "Arrow", "Arrow stream"]

PART = struct.Struct("<cQ")
"""What each part of an answer begins with: a letter and the number of bytes that follow."""

FRAME, END, FAULT = b"F", b"E", b"X"

_BATCH = 500_000
_FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError)
"""What polars raises at damaged files."""


def main() -> None:
    """Answer the requests on the standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):
        for request in sys.stdin.buffer:
            _answer(json.loads(request), sys.stdout.buffer)


def _answer(request: dict[str, object], out: BinaryIO) -> None:
    try:
        for frame in _frames(**request):  # type: ignore[arg-type]
            packed = io.BytesIO()
            frame.write_ipc_stream(packed)
            _send(out, FRAME, packed.getbuffer())
    except BrokenPipeError:
        raise
    except _FAULTS as error:
        _send(out, FAULT, " ".join(str(error).split())[:100].encode())
    else:
        _send(out, END, b"")


def _send(out: BinaryIO, kind: bytes, content: bytes | memoryview) -> None:
    out.write(PART.pack(kind, len(content)))
    out.write(content)
    out.flush()


def _frames(path: str, form: Format, columns: list[str] | None) -> Iterator[pl.DataFrame]:
    """The columns asked for in batches; where none are named, a frame without rows that has them all."""
    frame = _scanned(path, form)
    schema = frame.collect_schema()
    if columns is None:
        yield pl.DataFrame(schema=schema)
    else:
        wanted = frame.select(_plain(name, schema[name]) for name in columns)
        yield from wanted.collect_batches(chunk_size=_BATCH, maintain_order=True)


def _scanned(path: str, form: Format) -> pl.LazyFrame:
    if form == "Parquet":
        return pl.scan_parquet(path, glob=False)
    return pl.scan_ipc(path, glob=False) if form == "Arrow" else pl.read_ipc_stream(path).lazy()


def _plain(name: str, kind: pl.DataType) -> pl.Expr:
    """A column as readers give it: text, whole numbers, numbers or times."""
    column = pl.col(name)
    if isinstance(kind, pl.List | pl.Array):
        return column.cast(pl.List(pl.String)).list.join("|")
    if isinstance(kind, pl.Categorical | pl.Enum | pl.Binary | pl.Boolean):
        return column.cast(pl.String)
    if isinstance(kind, pl.Decimal):
        return column.cast(pl.Float64)
    return column


if __name__ == "__main__":
    main()
