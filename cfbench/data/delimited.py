"""A delimited file as a table of text: nothing inferred, every row as wide as the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.data import sources
from cfbench.data.layout import BOM, FileLayout, guess, one_character, records, unix_line_ends
from cfbench.errors import BadInput
from cfbench.experiment import Layout

_PIECE = 8 * 2**20


@dataclass(frozen=True)
class Table:
    """A file's rows.

    Attributes:
        path: the file.
        layout: how it is written.
        frame: its columns, all text without nulls; a value left out is "".
    """

    path: Path
    layout: FileLayout
    frame: pl.DataFrame

    def place(self, row: int) -> str:
        """Return the file and line of a row, for a message; it reads the file again to find the line."""
        text = _text(sources.read(self.path), self.layout, str(self.path))
        rows = records(text, self.layout.separator, self.layout.quote, str(self.path))
        wanted = row + self.layout.header
        for number, (line, _) in enumerate(rows):
            if number == wanted:
                return f"{self.path}, line {line}"
        return str(self.path)


def read(path: Path, given: Layout) -> Table:
    """Return the table of a file whose layout is guessed where `given` does not say it.

    Raises:
        BadInput: the file can't be read, is not text, or has a row that is longer or shorter than the others.
    """
    content = sources.read(path)
    layout = guess(content, given, str(path))
    text = _text(content, layout, str(path))
    frame = _quick(text, layout)
    if frame is None:
        frame = _careful(text, layout, path)
    if not frame.height:
        raise BadInput("there is no row below the header", where=str(path), mend="name a file with one row a rating")
    return Table(path, layout, frame)


def _text(content: bytes, layout: FileLayout, where: str) -> str:
    try:
        text = content.removeprefix(BOM).decode(layout.encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(
            f"the byte 0x{error.object[error.start]:02x} is not {layout.encoding.upper()}",
            where=f"{where}, line {line}",
            mend='if the file is older than UTF-8, set encoding = "latin-1" in its read table',
        ) from error
    return unix_line_ends(text)


def _quick(text: str, layout: FileLayout) -> pl.DataFrame | None:
    """Read by polars; None where a row is ragged or blank or a quote is odd, which `_careful` judges.

    A CR inside a line is left to `_careful` too: polars drops it before a separator.
    """
    if "\r" in text:
        return None
    text, separator = one_character(text, layout.separator)
    encoded = text.strip("\n").encode()
    rows = _even_rows(encoded, separator, layout)
    if rows is None:
        return None
    try:
        frame = pl.read_csv(
            encoded,
            separator=separator,
            quote_char=layout.quote or None,
            has_header=False,
            skip_rows=int(layout.header) if not layout.quote else 0,
            new_columns=list(layout.columns),
            infer_schema=False,
        )
    except pl.exceptions.PolarsError:
        return None
    if layout.header and layout.quote:
        frame = frame.slice(1)
    if frame.height != rows - layout.header or frame.width != len(layout.columns):
        return None
    if layout.quote and separator != layout.separator:
        frame = frame.with_columns(pl.all().str.replace_all(separator, layout.separator, literal=True))
    return frame.with_columns(pl.all().fill_null(""))


def _even_rows(encoded: bytes, separator: str, layout: FileLayout) -> int | None:
    """The number of rows where each has as many values as there are columns, else None."""
    if len(separator.encode()) > 1:
        return None
    data = np.frombuffer(encoded + b"\n", np.uint8)
    quoted = bool(layout.quote) and layout.quote.encode() in encoded
    rows, start, size = 0, 0, _PIECE
    while start < len(data):
        piece = data[start : start + size]
        plain = np.cumsum(piece == ord(layout.quote)) % 2 == 0 if quoted else np.True_
        ends = np.flatnonzero((piece == ord("\n")) & plain)
        if not len(ends):
            if start + size >= len(data):
                return None
            size *= 2
            continue
        separators = np.searchsorted(np.flatnonzero((piece == ord(separator)) & plain), ends)
        if np.any(np.diff(separators, prepend=0) != len(layout.columns) - 1):
            return None
        rows += len(ends)
        start += int(ends[-1]) + 1
        size = _PIECE
    return rows


def _careful(text: str, layout: FileLayout, path: Path) -> pl.DataFrame:
    width = len(layout.columns)
    kept = []
    for line, row in records(text, layout.separator, layout.quote, str(path)):
        if len(row) != width:
            raise BadInput(
                f"this row has {len(row)} values, the others have {width}",
                where=f"{path}, line {line}",
                mend="mend the row, or set separator and quote in its read table",
            )
        kept.append(row)
    return pl.DataFrame(kept[int(layout.header) :], schema=dict.fromkeys(layout.columns, pl.String), orient="row")


@dataclass(frozen=True)
class Stack:
    """Tables with the same columns, one below the other.

    Attributes:
        tables: the files, in order.
        frame: their rows, in order, with the columns of the first.
    """

    tables: tuple[Table, ...]
    frame: pl.DataFrame

    @property
    def part(self) -> NDArray[np.uint8]:
        """For each row the number of its file, uint8 (n,)."""
        heights = [table.frame.height for table in self.tables]
        return np.repeat(np.arange(len(heights), dtype=np.uint8), heights)

    def place(self, row: int) -> str:
        """Return the file and line of a row of the whole."""
        for table in self.tables:
            if row < table.frame.height:
                return table.place(row)
            row -= table.frame.height
        raise IndexError(row)


def stack(tables: list[Table]) -> Stack:
    """Return tables one below the other; files with headers may have their columns in another order.

    Raises:
        BadInput: a table lacks a column of the first, or has one more.
    """
    columns = tables[0].frame.columns
    for table in tables[1:]:
        if sorted(table.frame.columns) != sorted(columns):
            raise BadInput(
                f"its columns {', '.join(table.frame.columns)} are not those of {tables[0].path.name}:"
                f" {', '.join(columns)}",
                where=str(table.path),
                mend="give files with the same columns, or header and columns in [data.read]",
            )
    return Stack(tuple(tables), pl.concat([table.frame.select(columns) for table in tables]))
