"""Delimited text, a piece at a time: nothing inferred, every row as wide as the others."""

from __future__ import annotations

import csv
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl

from cfbench.plugin import BadInput, DataFile, Guess
from cfbench_readers import layout as layouts
from cfbench_readers.encodings import not_text, pieces
from cfbench_readers.layout import Layout, one_character, records
from cfbench_readers.params import DelimitedParams

_THREADS = min(4, (os.cpu_count() or 1) + 1)


class Delimited:
    """A file's rows; `Table` of the public API."""

    def __init__(self, file: DataFile, params: DelimitedParams) -> None:
        self._file, self._layout = file, Layout.of(params)
        self.columns: Sequence[str] = self._layout.columns

    @staticmethod
    def guess(file: DataFile, params: DelimitedParams) -> Guess | None:
        """Return how the file is written, where its lines split into two values or more."""
        found = layouts.guess(file, params)
        if found is None:
            return None
        complete, evenness = found
        return Guess(0.5 if evenness > 0.5 else 0.3, complete, f"{len(complete.columns or ())} values a line")

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the rows, `texts` as String, `numbers` as Float64 or String."""
        work = _Work(self._layout, tuple(dict.fromkeys([*texts, *numbers])), frozenset(numbers) - frozenset(texts))
        waiting: deque[tuple[int, bytes, Future[pl.DataFrame | None]]] = deque()
        with ThreadPoolExecutor(_THREADS) as threads:
            for number, piece in enumerate(self._pieces()):
                if number == 0:  # it is small, and somebody may want no more than the first rows
                    yield self._frame(work, 0, piece, threads.submit(work.quick, piece, True))
                    continue
                waiting.append((number, piece, threads.submit(work.quick, piece, False)))
                if len(waiting) > _THREADS:
                    yield self._frame(work, *waiting.popleft())
            while waiting:
                yield self._frame(work, *waiting.popleft())

    def _pieces(self) -> Iterator[bytes]:
        return pieces(self._file, self._layout.encoding, self._layout.quote)

    def _frame(self, work: _Work, number: int, piece: bytes, quick: Future[pl.DataFrame | None]) -> pl.DataFrame:
        frame = quick.result()
        if frame is not None:
            return frame
        try:
            return work.careful(piece.decode("utf-8"), number == 0)
        except UnicodeDecodeError as error:
            line = self._lines_before(number) + piece.count(b"\n", 0, error.start) + 1
            raise not_text(self._file, line, piece[error.start], self._layout.encoding) from error
        except _BadRow as bad:
            raise BadInput(
                bad.what,
                where=f"{self._file.where}, line {self._lines_before(number) + bad.line}",
                mend="mend the row, or set separator and quote in its read table",
            ) from bad

    def _lines_before(self, number: int) -> int:
        return sum(piece.count(b"\n") for _, piece in zip(range(number), self._pieces(), strict=False))

    def place(self, row: int) -> str:
        """Return the line of a row; the file is read again to find it."""
        passed, lines, skip = 0, 0, self._layout.header
        for piece in self._pieces():
            text = piece.decode("utf-8", errors="replace")
            for line, _ in _rows(text, self._layout):
                if skip:
                    skip = False
                    continue
                if passed == row:
                    return f"line {lines + line}"
                passed += 1
            lines += piece.count(b"\n")
        return f"row {row + 1}"


class _BadRow(Exception):
    """A row of a piece that can't be told from the next, or is longer or shorter than the others."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.what, self.line = what, line


def _rows(text: str, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """The rows of a piece with their lines, comments passed over."""
    try:
        for line, row in records(text, layout.separator, layout.quote):
            if not (layout.comment and row[0].lstrip().startswith(layout.comment)):
                yield line, row
    except csv.Error as error:
        raise _BadRow(f"the row can't be split ({error})", text.count("\n") + 1) from error


@dataclass(frozen=True)
class _Work:
    """Turns pieces into frames.

    Attributes:
        layout: how the file is written.
        wanted: the columns to keep.
        numbers: those of which only the number counts.
    """

    layout: Layout
    wanted: tuple[str, ...]
    numbers: frozenset[str]

    def quick(self, piece: bytes, first: bool) -> pl.DataFrame | None:
        """Read by polars; None where a row is ragged or blank or a quote is odd, which `careful` judges.

        A CR inside a line is left to `careful` too: polars drops it before a separator.
        """
        layout = self.layout
        if b"\r" in piece or b"\0" in piece:
            return None
        separator = layout.separator
        if (layout.comment and layout.comment.encode() in piece) or separator == " " or len(separator) > 1:
            try:
                text = layouts.without_comments(piece.decode("utf-8"), layout.comment)
            except UnicodeDecodeError:
                return None
            text, separator = one_character(text, separator)
            piece = text.encode()
        mark = layout.quote.encode()
        if piece.startswith(b"\n") or piece.endswith(b"\n\n"):
            piece = piece.strip(b"\n") + b"\n"
        if first and layout.header:
            head, _, piece = piece.partition(b"\n")
            if mark and head.count(mark) % 2:
                return None
        if not piece or len(separator.encode()) > 1:
            return None
        kept = tuple(dict.fromkeys([*self.wanted, layout.columns[-1]]))
        types: dict[str, pl.DataType] = {
            name: pl.Float64() if name in self.numbers else pl.String() for name in layout.columns
        }
        quoted = bool(mark) and mark in piece
        whole = len(kept) == len(layout.columns)  # polars refuses a row that is longer than those it reads whole
        if not (_well_quoted(piece, separator, layout) if quoted else whole or _even(piece, separator, layout)):
            return None
        try:
            frame = self._read(piece, separator, types, kept)
        except pl.exceptions.PolarsError:
            return None
        if quoted or frame[layout.columns[-1]].has_nulls():
            rows = _even_rows(piece, separator, layout)
            if rows != frame.height:
                return None
        frame = frame.select(self.wanted)
        if quoted and separator != layout.separator:
            texts = [name for name in self.wanted if name not in self.numbers]
            frame = frame.with_columns(pl.col(texts).str.replace_all(separator, layout.separator, literal=True))
        return frame

    def _read(self, piece: bytes, separator: str, types: dict[str, pl.DataType], kept: Sequence[str]) -> pl.DataFrame:
        def scanned(schema: dict[str, pl.DataType]) -> pl.DataFrame:
            found = pl.scan_csv(
                piece,
                separator=separator,
                quote_char=self.layout.quote or None,
                has_header=False,
                schema=schema,
                decimal_comma=self.layout.decimal == "," and separator != ",",
            )
            return found.select(kept).collect(engine="in-memory")

        try:
            return scanned(types)
        except pl.exceptions.PolarsError:
            if not self.numbers:
                raise
        return self._plain(scanned(dict.fromkeys(types, pl.String())))

    def careful(self, text: str, first: bool) -> pl.DataFrame:
        """Read row by row, each judged; _BadRow names the line of one that is longer or shorter than the others."""
        width = len(self.layout.columns)
        kept = []
        for line, row in _rows(text, self.layout):
            if len(row) != width:
                values = "value" if len(row) == 1 else "values"
                raise _BadRow(f"this row has {len(row)} {values}, the others have {width}", line)
            kept.append(row)
        kept = kept[1:] if first and self.layout.header else kept
        frame = pl.DataFrame(kept, schema=dict.fromkeys(self.layout.columns, pl.String), orient="row")
        return self._plain(frame.select(self.wanted))

    def _plain(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Numbers that came as text, with a decimal point."""
        numbers = [name for name in frame.columns if name in self.numbers]
        if self.layout.decimal != "," or not numbers:
            return frame
        return frame.with_columns(pl.col(numbers).str.replace(",", ".", literal=True))


def _well_quoted(piece: bytes, separator: str, layout: Layout) -> bool:
    """Whether quotes stand around whole values, or doubled inside them; polars panics at others."""
    data = np.frombuffer(b"\n" + piece + b"\n", np.uint8)
    quotes = np.flatnonzero(data == ord(layout.quote))
    if len(quotes) % 2:
        return False
    around = np.zeros(256, bool)
    around[[10, ord(separator), ord(layout.quote)]] = True
    return bool(around[data[quotes[0::2] - 1]].all() and around[data[quotes[1::2] + 1]].all())


def _even(piece: bytes, separator: str, layout: Layout) -> bool:
    """Whether there are as many separators as such rows have; a short row could still make up for a long one."""
    data = np.frombuffer(piece, np.uint8)
    rows = np.count_nonzero(data == 10) + (not piece.endswith(b"\n"))
    return int(np.count_nonzero(data == ord(separator))) == rows * (len(layout.columns) - 1)


def _even_rows(piece: bytes, separator: str, layout: Layout) -> int | None:
    """The number of rows where each has as many values as there are columns, else None."""
    data = np.frombuffer(piece if piece.endswith(b"\n") else piece + b"\n", np.uint8)
    quoted = bool(layout.quote) and layout.quote.encode() in piece
    plain = np.cumsum(data == ord(layout.quote)) % 2 == 0 if quoted else np.True_
    ends = np.flatnonzero((data == 10) & plain)
    separators = np.searchsorted(np.flatnonzero((data == ord(separator)) & plain), ends)
    if not len(ends) or np.any(np.diff(separators, prepend=0) != len(layout.columns) - 1):
        return None
    return len(ends)
