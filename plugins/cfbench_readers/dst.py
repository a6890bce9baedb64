"""Visits in the "DST" form of the Anonymous Microsoft Web Data: a letter begins each line and says what it is."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice

import polars as pl

from cfbench.plugin import BadInput, DataFile, Guess, NoParams
from cfbench_readers.encodings import decoded_head, encoding_of, pieces

_KINDS = frozenset("ICVATN")
_BATCH = 200_000


class Dst:
    """Lines "C" start a user, lines "V" are visits of the user at hand, lines "A" name what is visited."""

    columns: Sequence[str] = ("user", "item", "title")

    def __init__(self, file: DataFile, params: NoParams) -> None:
        self._file, self._encoding = file, encoding_of(file)
        self._titles = {row[1]: row[3] for _, row in self._lines() if row[0] == "A" and len(row) > 3}

    @staticmethod
    def guess(file: DataFile, params: NoParams) -> Guess | None:
        """Return that this is such a file, where lines begin with the letters of the form and users are quoted."""
        whole = decoded_head(file, "latin-1").removeprefix("ï»¿").split("\n")[:-1]
        lines = [line for line in whole if line.strip()]
        kinds = {line[0] for line in lines}
        if not kinds <= _KINDS or len(kinds) < 2 or not all(line[1:2] == "," for line in lines):
            return None
        return Guess(0.9, params, "lines begin with A, C and V") if any(one[:3] == 'C,"' for one in lines) else None

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the visits."""
        wanted = list(dict.fromkeys([*texts, *numbers]))
        visits = ((user, item, self._titles.get(item, "")) for _, user, item in self._visits())
        while rows := list(islice(visits, _BATCH)):
            yield pl.DataFrame(rows, schema=dict.fromkeys(self.columns, pl.String), orient="row").select(wanted)

    def _visits(self) -> Iterator[tuple[int, str, str]]:
        user = ""
        for number, row in self._lines():
            if row[0] not in "CV":
                continue
            if len(row) < 2 or (row[0] == "V" and not user):
                what = "no user has started before this visit" if len(row) > 1 else "this line is cut short"
                raise BadInput(what, where=f"{self._file.where}, line {number}", mend="mend it")
            if row[0] == "C":
                user = row[1]
            else:
                yield number, user, row[1]

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(2**31 - 1)
        number = 0
        for piece in pieces(self._file, self._encoding, ""):
            for line in piece.decode("utf-8", "replace").split("\n"):
                number += 1
                if line.strip():
                    yield number, next(csv.reader([line.replace("\r", " ")]))
            number -= 1

    def place(self, row: int) -> str:
        """Return the line of a visit."""
        return next((f"line {line}" for n, (line, _, _) in enumerate(self._visits()) if n == row), f"row {row + 1}")
