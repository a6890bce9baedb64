"""From a file to a table: which reader reads it, how, and where a row of several files stands."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl

from cfbench import plugin
from cfbench.answers import LayoutPart, SourceFile
from cfbench.data.files import RatingFile
from cfbench.errors import BadInput, nearest
from cfbench.plugin import Guess, Table
from cfbench.registry import parameters
from cfbench.registry.catalogue import catalogue
from cfbench.registry.declarations import Declaration
from cfbench.registry.faults import in_its_own_words
from cfbench.registry.importing import place_of
from cfbench.registry.loading import load
from cfbench.registry.loading import parameters as live_parameters

SAMPLE = 1000
"""Rows at a table's start by which its columns are judged."""

_COMMA = r"^([+-]?\d+),(\d+)$"


@dataclass(frozen=True)
class Reader:
    """A reader: what is known of it as data, and live."""

    declaration: Declaration
    live: plugin.Declaration

    @property
    def target(self) -> Any:
        """Its class."""
        return self.live.target

    def parameters(self, said: Mapping[str, Any], where: str, key: str) -> Any:
        """Return what was said as the reader's dataclass; BadInput where it is not allowed, naming file and key."""
        checked = parameters.check(self.declaration, said, where, key)
        try:
            return live_parameters(self.live, checked)
        except BadInput as error:
            raise BadInput(error.what, where=where, mend=error.mend) from error

    @contextmanager
    def at_work(self, where: str) -> Iterator[None]:
        """Say in its own words what fails in its code; what it says itself of bad input passes."""
        with in_its_own_words(f"reader {self.declaration.full_name}", place_of(sys.modules[self.target.__module__])):
            try:
                yield
            except pl.exceptions.PolarsError as error:
                raise BadInput(
                    f"it can't be read ({' '.join(str(error).split())[:120]})", where=where, mend="is it damaged?"
                ) from error


@dataclass(frozen=True)
class Opened:
    """A file and how it is read.

    Attributes:
        file: the file.
        reader: what reads it.
        params: the reader's parameters, complete, as its dataclass.
        given: the names of those that were said rather than guessed.
        table: its rows.
        why: what the reader saw.
    """

    file: RatingFile
    reader: Reader
    params: Any
    given: frozenset[str]
    table: Table
    why: str

    @property
    def settings(self) -> dict[str, Any]:
        """How it is read as plain values, the reader's full name first: what decides the rows."""
        return {"name": self.reader.declaration.full_name, **dataclasses.asdict(self.params)}

    def batches(self, texts: Sequence[str], numbers: Sequence[str] = ()) -> Iterator[pl.DataFrame]:
        """Yield the rows in frames, what the reader's code raises said in words."""
        with self.reader.at_work(self.file.where):
            yield from self.table.batches(texts, numbers)

    def place(self, row: int) -> str:
        """Return the file and line of a row, for a message."""
        with self.reader.at_work(self.file.where):
            return f"{self.file.where}, {self.table.place(row)}"

    def sample(self) -> pl.DataFrame:
        """Return the first rows, all columns as text, "" where a value is missing.

        Raises:
            BadInput: there is no row.
        """
        for frame in self.batches(self.table.columns):
            if frame.height:
                first = as_text(frame.head(SAMPLE).select(self.table.columns))
                return first.select(self.with_points(column) for column in first)
        raise BadInput("there is no row", where=self.file.where, mend="name a file with one row a rating")

    def with_points(self, column: pl.Series) -> pl.Series:
        """Return a column of text with points for decimal commas, where the file is written with these."""
        return column.str.replace(_COMMA, "$1.$2") if getattr(self.params, "decimal", ".") == "," else column

    def as_text(self) -> pl.DataFrame:
        """Return all rows, all columns as text, "" where a value is missing."""
        columns = self.table.columns
        frames = [as_text(frame.select(columns)) for frame in self.batches(columns)]
        return pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(columns, pl.String))

    def account(self, table: str, rows: int) -> SourceFile:
        """Return what a person is told of it."""
        parts = [
            LayoutPart(name, in_words(value), name not in self.given)
            for name, value in dataclasses.asdict(self.params).items()
            if name != "columns"
        ]
        name = f"{self.file.stored.name}/{self.file.member}" if self.file.member else self.file.stored.name
        return SourceFile(name, table, rows, tuple(parts), self.reader.declaration.name, self.why)


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with every column as text without surrounding blanks, "" for null."""
    return frame.select(text_of(frame[name]) for name in frame.columns)


def text_of(column: pl.Series) -> pl.Series:
    """Return a column as text without surrounding blanks, "" for null."""
    if column.dtype.is_temporal():
        column = column.dt.to_string("iso")
    return column.cast(pl.String).fill_null("").str.strip_chars()


def in_words(value: Any) -> str:
    """Return a parameter's value for people: TAB, blank, yes, none."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in (None, "", []):
        return "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return {"\t": "TAB", " ": "blank"}.get(value, str(value))


# -- choosing a reader ---------------------------------------------------------------------------------------------


def open_table(path: Path, read: Mapping[str, Any], key: str = "data.read") -> Opened:
    """Return a file with the reader that `read` names, or with the one that is surest, and complete parameters.

    Args:
        path: the file, or a member of an archive.
        read: a table [data.read]: `name` of the reader, and its parameters; what is not said is guessed.
        key: the table's path, for messages.

    Raises:
        BadInput: it can't be read, or a setting is not known or not allowed.
    """
    file = RatingFile(path)
    file.refuse_other_formats()
    said = {name: value for name, value in read.items() if name != "name"}
    readers = _readers(read, key)
    found: list[tuple[Guess, Reader]] = []
    for reader in readers:
        params = reader.parameters(said, file.where, key)
        with reader.at_work(file.where):
            guess = reader.target.guess(file, params)
        if guess is not None:
            found.append((guess, reader))
    if not found:
        raise _unreadable(file, readers, read)
    guess, reader = max(found, key=lambda one: one[0].sure)
    with reader.at_work(file.where):
        table = cast(Table, reader.target(file, guess.params))
    return Opened(file, reader, guess.params, frozenset(said), table, guess.why)


def _readers(read: Mapping[str, Any], key: str) -> list[Reader]:
    known = catalogue()
    if "name" in read:
        try:
            return [_live(known.find("reader", str(read["name"])))]
        except BadInput as error:
            raise BadInput(f"{key}.name: {error.what}", mend=error.mend) from error
    every = known.of_kind("reader")
    fitting = [one for one in every if all(name in one.properties for name in read)]
    if not fitting:
        names = sorted({name for one in every for name in one.properties})
        strange = next((name for name in read if name not in names), None)
        if strange is None:
            raise BadInput(f"no reader takes {', '.join(read)} together", where=key, mend="name the reader too")
        raise BadInput(f"unknown key {key}.{strange}{nearest(strange, names)}", mend=f"readers take {', '.join(names)}")
    return [_live(one) for one in fitting]


_loaded: dict[tuple[str, str, str], Reader] = {}
"""Readers by full name, version and hash: files are opened far more often than plugins change."""


def _live(declaration: Declaration) -> Reader:
    key = (declaration.full_name, declaration.version, declaration.sha256)
    if key not in _loaded:
        _loaded[key] = Reader(declaration, load(declaration))
    return _loaded[key]


def _unreadable(file: RatingFile, readers: Sequence[Reader], read: Mapping[str, Any]) -> BadInput:
    if "name" in read:
        return BadInput(
            f"this is no file for the reader '{readers[0].declaration.name}'",
            where=file.where,
            mend=f"leave {'its name' if len(read) > 1 else 'it'} out to guess",
        )
    if b"\0" in file.head:
        line = file.head.count(b"\n", 0, file.head.index(b"\0")) + 1
        return BadInput(
            "this is not text: it holds a NUL byte", where=f"{file.where}, line {line}", mend="give delimited text"
        )
    return BadInput(
        "only one column was found, and a rating needs a user and an item",
        where=file.where,
        mend="if the values are separated by something rare, set separator in [data.read]",
    )


@dataclass(frozen=True)
class Stack:
    """Files with the same columns, one below the other; those with headers may have them in another order."""

    opened: tuple[Opened, ...]

    @property
    def columns(self) -> Sequence[str]:
        """The columns of the first file."""
        return self.opened[0].table.columns

    @property
    def where(self) -> str:
        """The first file's path."""
        return self.opened[0].file.where


def stack(files: Sequence[Path], read: Mapping[str, Any]) -> Stack:
    """Return files one below the other.

    Raises:
        BadInput: a file can't be read, lacks a column of the first, or has one more.
    """
    opened = tuple(open_table(path, read) for path in files)
    columns = opened[0].table.columns
    for other in opened[1:]:
        if sorted(other.table.columns) != sorted(columns):
            raise BadInput(
                f"its columns {', '.join(other.table.columns)} are not those of {opened[0].file.name}:"
                f" {', '.join(columns)}",
                where=other.file.where,
                mend="give files with the same columns, or header and columns in [data.read]",
            )
    return Stack(opened)
