"""A wide matrix in delimited text: a line a user, a column an item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.plugin import BadInput, DataFile, Guess
from cfbench_readers import layout as layouts
from cfbench_readers.delimited import Delimited
from cfbench_readers.layout import KNOWN_HEADERS, is_number
from cfbench_readers.params import First, MatrixParams

_FEWEST_COLUMNS = 16
_LOOKED_AT = 500
_OFTEN = 0.02
"""The share of cells that a code for "not rated" takes at least."""
_WORDS = frozenset(["na", "n/a", "nan", "null", "none", "?", "-"])
"""What stands for "not rated" where it is no number."""


class Matrix:
    """The rated cells, row by row; users without a name are numbered from 1 by line, items from 1 by place."""

    columns: Sequence[str] = ("user", "item", "rating")

    def __init__(self, file: DataFile, params: MatrixParams) -> None:
        self._file, self._params = file, params
        found = layouts.guess(file, params.delimited)
        if found is None:
            raise BadInput(
                "its lines do not split into cells", where=file.where, mend="say separator in its read table"
            )
        self._cells = Delimited(file, found[0])
        names = list(self._cells.columns)
        self._users = names[0] if params.first == "user" else None
        self._ratings = names if params.first == "item" else names[1:]
        self._items = self._ratings if params.header else [str(n + 1) for n in range(len(self._ratings))]
        missing = [_plain(one, params.decimal == ",") for one in params.missing or []]
        self._codes = [float(one) for one in missing if is_number(one)]
        self._nan = any(one.lower() == "nan" for one in missing)
        self._words = [one for one in missing if not is_number(one)] + ["nan", "NaN", "NAN"] * self._nan

    @staticmethod
    def guess(file: DataFile, params: MatrixParams) -> Guess | None:
        """Return how the matrix is written, where there are many columns of numbers and cells that say "not rated"."""
        found = layouts.guess(file, params.delimited)
        if found is None:
            return None
        layout = found[0]
        width = len(layout.columns or ())
        text = layouts.sample_of(file, layout)
        rows = [
            [value.strip() for value in row] for row in layouts.split(text, str(layout.separator), layout.quote or "")
        ]
        header = bool(layout.header) or (params.header is None and _names_items(rows[:1]))
        names, rows = (rows[0] if header and rows else []), rows[header:][:_LOOKED_AT]
        if not rows or width < (2 if params.first else _FEWEST_COLUMNS) or any(len(row) != width for row in rows):
            return None
        if header and (len(names) != width or (params.first is None and _roles(names) > 1)):
            return None
        comma = layout.decimal == ","
        first = params.first or _first(rows)
        cells = [value for row in rows for value in (row if first == "item" else row[1:])]
        missing = params.missing if params.missing is not None else _missing(cells, comma)
        if not all(not cell or cell in missing or is_number(_plain(cell, comma)) for cell in cells):
            return None
        unrated = sum(not cell or cell in missing for cell in cells)
        if params.first is None and params.missing is None and unrated < _OFTEN * len(cells):
            return None
        if first == "count" and params.first is None and not _counts(rows, missing):
            first = "user" if _names(rows) else "item"
        complete = replace(
            params, separator=layout.separator, header=header, first=first, missing=missing,
            encoding=layout.encoding, decimal=layout.decimal,
        )  # fmt: skip
        return Guess(0.8, complete, f"{width} columns of numbers, {unrated / len(cells):.0%} of them unrated")

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the rated cells."""
        wanted = list(dict.fromkeys([*texts, *numbers]))
        items = np.array(self._items, dtype=object)
        start = 0
        for frame in self._cells.batches([self._users] if self._users else [], self._ratings):
            values, rated = self._numbers(frame, start)
            row, column = np.nonzero(rated)
            if self._users:
                users = frame[self._users].cast(pl.String).gather(row)
            else:
                users = pl.Series(row + (start + 1)).cast(pl.String)
            found = {"user": users, "item": pl.Series(items[column], dtype=pl.String), "rating": values[row, column]}
            yield pl.DataFrame({name: found[name] for name in wanted})
            start += frame.height

    def _numbers(self, frame: pl.DataFrame, start: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The cells as float64 (rows, items), and which of them are ratings."""
        text = pl.col(pl.String).str.strip_chars()
        unrated = text.is_in(["", *self._words])
        cells = frame.select(self._ratings).with_columns(pl.when(unrated).then(None).otherwise(text).name.keep())
        rated = cells.select(pl.all().is_not_null()).to_numpy()
        numbers = cells.select(pl.all().cast(pl.Float64, strict=False).fill_null(float("nan"))).to_numpy()
        rated = rated & ~np.isin(numbers, self._codes)
        if self._nan:
            typed = np.array([kind != pl.String for kind in cells.dtypes])
            rated &= ~(np.isnan(numbers) & typed)
        strange = np.argwhere(rated & ~np.isfinite(numbers))
        if len(strange):
            row, column = strange[0].tolist()
            raise BadInput(
                f"'{str(cells[row, column])[:20]}' for item '{self._items[column][:40]}' is no number",
                where=f"{self._file.where}, {self._cells.place(start + row)}",
                mend="mend it, or say in its read table which cells are missing",
            )
        return numbers, rated

    def place(self, row: int) -> str:
        """Return the line of a rating; the file is read again to find it."""
        passed = start = 0
        for frame in self._cells.batches([], self._ratings):
            _, rated = self._numbers(frame, start)
            ends = passed + np.cumsum(rated.sum(1))
            if len(ends) and row < ends[-1]:
                return self._cells.place(start + int(np.searchsorted(ends, row, side="right")))
            passed, start = int(ends[-1]) if len(ends) else passed, start + frame.height
        return f"rating {row + 1}"


def _plain(cell: str, comma: bool) -> str:
    return cell.replace(",", ".") if comma else cell


def _first(rows: list[list[str]]) -> First:
    """What the first column is: text or distinct names a user, whole numbers of at most the columns' count a count."""
    if _names(rows):
        return "user"
    whole = all(row[0].isdecimal() and int(row[0][:9]) < len(row) for row in rows)
    return "count" if whole else "item"


def _names_items(rows: list[list[str]]) -> bool:
    """Whether the rows hold nothing that could be a cell, their beginning aside."""
    return not any(
        not cell or cell.lower() in _WORDS or is_number(_plain(cell, True)) for row in rows for cell in row[1:]
    )


def _names(rows: list[list[str]]) -> bool:
    """Whether the first column names users: no value twice, none empty, and not all plain measures."""
    names = [row[0] for row in rows]
    distinct = len(set(names)) == len(names) and not any(not name or name.lower() in _WORDS for name in names)
    return distinct and (not all(map(is_number, names)) or (all(n.isdecimal() for n in names) and len(names) > 2))


def _counts(rows: list[list[str]], missing: list[str]) -> bool:
    """Whether the first column counts the rated cells of its row."""
    return all(row[0] == str(sum(bool(cell) and cell not in missing for cell in row[1:])) for row in rows)


def _roles(names: Sequence[str]) -> int:
    """How many columns are called as those of a table of ratings are: user, item, rating …"""
    return sum(KNOWN_HEADERS.fullmatch(name) is not None for name in names)


def _missing(cells: list[str], comma: bool) -> list[str]:
    """What means "not rated": words for it, and a number that comes often and lies far outside of all others.

    A negative number needs not lie far off where no other is negative and none comes as often.
    """
    counts = Counter(cell for cell in cells if cell)
    words = [cell for cell in counts if cell.lower() in _WORDS]
    return sorted(words) + _code({c: n for c, n in counts.items() if is_number(_plain(c, comma))}, comma, len(cells))


def _code(counts: dict[str, int], comma: bool, n_cells: int) -> list[str]:
    values = {cell: float(_plain(cell, comma)) for cell in counts}
    ordered = sorted(set(values.values()))
    if len(ordered) < 3:
        return []
    for code, next_to, far_end in ((ordered[-1], ordered[-2], ordered[0]), (ordered[0], ordered[1], ordered[-1])):
        often = [cell for cell, value in values.items() if value == code]
        if sum(counts[cell] for cell in often) < _OFTEN * n_cells:
            continue
        least = code < 0 <= next_to and max(counts, key=lambda cell: counts[cell]) in often
        if least or abs(code - next_to) > abs(next_to - far_end):
            return sorted(often)
    return []
