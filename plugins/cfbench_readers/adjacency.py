"""Adjacency lists: a line a user, with the items that belong to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from cfbench.plugin import BadInput, DataFile, Guess
from cfbench_readers.encodings import decoded_head, encoding_of, pieces
from cfbench_readers.params import AdjacencyParams, First

_WHOLE = re.compile(r"[0-9]+")
_LOOKED_AT = 2000


class Adjacency:
    """Pairs of user and item; where lines do not name their user, it is the line's number from 0."""

    columns: Sequence[str] = ("user", "item")

    def __init__(self, file: DataFile, params: AdjacencyParams) -> None:
        self._file, self._params = file, params

    @staticmethod
    def guess(file: DataFile, params: AdjacencyParams) -> Guess | None:
        """Return how the lists are written, where lines are whole numbers of differing count."""
        encoding = params.encoding or encoding_of(file)
        if encoding != "utf-16" and b"\0" in file.head:
            return None
        lines = [line for line in decoded_head(file, encoding).split("\n") if line.strip()][:_LOOKED_AT]
        separators = ("\t", ",", " ") if params.separator is None else (params.separator,)
        separator = next((one for one in separators if any(one in line.strip() for line in lines)), "")
        if not lines or not separator:
            return None
        rows = [row for line in lines if (row := split(line, separator))]
        first = params.first or _first(rows)
        named = params.first is not None
        whole = all(_WHOLE.fullmatch(value) for row in rows for value in row)
        widths = {len(row) for row in rows}
        uneven = len(widths) > 2 or (first == "count" and widths != {1})
        if not named and not (whole and uneven and len(rows) > 1):
            return None
        why = {"count": "lines begin with their count", "user": "lines begin with a user", "item": "lines of items"}
        complete = replace(params, separator=separator, first=first, encoding=encoding)
        return Guess(0.8 if whole and uneven else 0.4, complete, why[first])

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the pairs, line by line."""
        wanted = list(dict.fromkeys([*texts, *numbers]))
        line = 0
        for piece in pieces(self._file, str(self._params.encoding), ""):
            users: list[str] = []
            items: list[str] = []
            for text in _lines(self._text(piece, line)):
                line += 1
                user, found = self._pairs(text, line)
                users += [user] * len(found)
                items += found
            frame = pl.DataFrame({"user": users, "item": items}, schema={"user": pl.String, "item": pl.String})
            yield frame.select(wanted)

    def _text(self, piece: bytes, line: int) -> str:
        try:
            return piece.decode("utf-8")
        except UnicodeDecodeError as error:
            line += piece.count(b"\n", 0, error.start) + 1
            raise BadInput(
                "this line is not UTF-8", where=f"{self._file.where}, line {line}", mend="mend it"
            ) from error

    def _pairs(self, text: str, line: int) -> tuple[str, list[str]]:
        values = split(text, str(self._params.separator))
        if self._params.first == "user":
            return (values[0], values[1:]) if values else ("", [])
        if self._params.first == "item" or not values:
            return str(line - 1), values
        if values[0] != str(len(values) - 1):
            raise BadInput(
                f"this line says that it has {values[0][:20]} items and has {len(values) - 1}",
                where=f"{self._file.where}, line {line}",
                mend='mend it, or say first = "user" or "item" in its read table',
            )
        return str(line - 1), values[1:]

    def place(self, row: int) -> str:
        """Return the line of a pair; the file is read again to find it."""
        line = passed = 0
        for piece in pieces(self._file, str(self._params.encoding), ""):
            for text in _lines(piece.decode("utf-8", "replace")):
                line += 1
                values = split(text, str(self._params.separator))
                passed += max(0, len(values) - (self._params.first != "item"))
                if row < passed:
                    return f"line {line}"
        return f"row {row + 1}"


def _lines(text: str) -> list[str]:
    """The lines of a piece; what follows its last line end is none."""
    return text.removesuffix("\n").split("\n")


def split(line: str, separator: str) -> list[str]:
    """Return the values of a line, without those that are empty."""
    parts = line.split() if separator == " " else line.split(separator)
    return [part for part in map(str.strip, parts) if part]


def _height(number: str) -> tuple[int, str]:
    """What whole numbers are sorted by, however many digits they have."""
    digits = number.lstrip("0")
    return len(digits), digits


def _first(rows: list[list[str]]) -> First:
    """What lines begin with: a count that is right in each, else a user that differs in each, else an item."""
    if all(row and row[0] == str(len(row) - 1) for row in rows):
        return "count"
    users = [row[0] for row in rows]
    rising = all(map(_WHOLE.fullmatch, users)) and users == sorted(users, key=_height)
    return "user" if len(set(users)) == len(users) and rising else "item"
