"""Item and user tables: one row an id, with a title in words and more fields."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import msgspec
import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from cfbench.data.reading import SAMPLE, Opened, open_table
from cfbench.data.roles import NONE, TITLES, known_column
from cfbench.data.values import is_number
from cfbench.errors import BadInput
from cfbench.experiment import Side
from cfbench.paths import given

BETWEEN = "\x1f"
"""What stands between labels that are put into one text."""

_SET, _NOT_SET = ("1", "1.0", "true"), ("", "0", "0.0", "false")


class SideTable(Struct, frozen=True):
    """A side table that was opened, its columns' roles known.

    Attributes:
        kind: "items" or "users".
        opened: the file and how it is read.
        id: its column of ids.
        title: its column in words, or None.
        fields: its columns that [data] categorical, continuous and multilabel may name.
        reasons: role -> why that column.
        sample: its first rows as text, the columns under the names that they have here.
        flags: field of several labels -> its columns of 0 and 1, which name the labels; it is in `fields` too.
    """

    kind: str
    opened: Opened
    id: str
    title: str | None
    fields: tuple[str, ...]
    reasons: dict[str, str]
    sample: pl.DataFrame
    flags: Mapping[str, Sequence[str]] = {}


class JoinedSide(Struct, frozen=True):
    """The rows of a side table for the labels of the ratings.

    Attributes:
        side: the table.
        frame: all its rows, all columns as text, in the file's order.
        row: for each code of the ratings the row that belongs to it, int32 (codes,), -1 where there is none.
        repeated: rows that were left out since their id had come before, or is missing.
    """

    side: SideTable
    frame: pl.DataFrame
    row: NDArray[np.int32]
    repeated: int

    def column(self, name: str) -> list[str]:
        """Return a column's text for each code, "" where there is none."""
        return self._by_code(self.frame[name])

    def flagged(self, field: str) -> list[str]:
        """Return for each code the names of a field's flags that are set in its row, `BETWEEN` them; "" for none.

        Raises:
            BadInput: a value is neither 0 nor 1; names its line and column.
        """
        named = {}
        for number, column in enumerate(self.side.flags[field]):
            values = self.frame[column].str.to_lowercase()
            strange = ~values.is_in([*_SET, *_NOT_SET])
            if strange.any():
                row = int(strange.arg_max() or 0)
                raise BadInput(
                    f"'{self.frame[column][row][:60]}' in column '{column}' is neither 0 nor 1",
                    where=self.side.opened.place(row),
                    mend=f"mend it, or leave '{column}' out of flags.{field} in [data.{self.side.kind}]",
                )
            named[str(number)] = pl.select(pl.when(values.is_in(_SET)).then(pl.lit(column))).to_series()
        texts = pl.DataFrame(named).select(pl.concat_str(pl.all(), separator=BETWEEN, ignore_nulls=True))
        return self._by_code(texts.to_series())

    def _by_code(self, column: pl.Series) -> list[str]:
        values = [*column, ""]
        return [values[row] for row in self.row.tolist()]


def find(kind: str, side: Side, column: str, taken: Collection[str] = ()) -> SideTable | None:
    """Return the side table that an experiment names, or None.

    Args:
        kind: "items" or "users".
        side: what is said of it.
        column: the ratings' column of such ids.
        taken: columns of other files. One without a name of its own that would be called as one of these gets the
            kind before it, so that "column_3" is that of the ratings, and "items_column_3" that of the items.

    Raises:
        BadInput: it can't be read, or lacks a column that was named.
    """
    if not side.source:
        return None
    opened = open_table(given(side.source), side.read, f"data.{kind}.read")
    apart = _apart(kind, opened.table.columns, taken)
    sample = opened.sample().rename(apart)
    side = msgspec.structs.replace(
        side,
        id=apart.get(side.id or "", side.id),
        title=apart.get(side.title or "", side.title),
        fields=[apart.get(name, name) for name in side.fields],
        flags={field: [apart.get(name, name) for name in flags] for field, flags in side.flags.items()},
    )
    columns, where = sample.columns, side.source
    _refuse_flags(side, columns, f"[data.{kind}] flags", where)
    for name in side.fields:
        known_column(name, [*columns, *side.flags], f"[data.{kind}] fields", where)
    key, key_reason = _id(side, column, columns, f"[data.{kind}] id", where)
    title, title_reason = _title(kind, side, key, sample, where)
    fields = tuple(dict.fromkeys([*(side.fields or columns), *side.flags]))
    reasons = {"id": key_reason, "title": title_reason}
    return SideTable(kind, opened, key, title, fields, reasons, sample, side.flags)


def join(side: SideTable, labels: Sequence[str]) -> JoinedSide:
    """Return a side table's rows for labels by code, code 0 included; the first row of an id counts.

    Raises:
        BadInput: it knows none of the labels.
    """
    frame = side.opened.as_text()
    frame.columns = side.sample.columns
    ids = frame.select(pl.col(side.id).alias("label")).with_row_index("row")
    first = ids.filter(pl.col("label") != "").unique("label", keep="first", maintain_order=True)
    wanted = pl.DataFrame({"label": list(labels)}, schema={"label": pl.String})
    found = wanted.join(first, on="label", how="left", maintain_order="left")["row"].cast(pl.Int32)
    row = found.fill_null(-1).to_numpy().copy()
    row[0] = -1
    if len(labels) > 1 and not np.any(row >= 0):
        raise BadInput(
            f"none of the ids in its column '{side.id}' is in the ratings ('{first['label'][0]}' here,"
            f" '{labels[1]}' there)"
            if first.height
            else f"its column '{side.id}' is empty",
            where=side.opened.file.where,
            mend=f"name the column of ids: id in [data.{side.kind}]",
        )
    return JoinedSide(side, frame, row, frame.height - first.height)


def _apart(kind: str, columns: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    """Return other names for those columns that have none of their own and are called as one that is taken."""
    same = (name for name in columns if name in taken and re.fullmatch(r"column_\d+", name))
    return {name: f"{kind}_{name}" for name in same if f"{kind}_{name}" not in columns}


def _refuse_flags(side: Side, columns: list[str], key: str, where: str) -> None:
    """Raise BadInput where a field of flags has a column's name, or names what is no column, or one twice."""
    for field, flags in side.flags.items():
        if field in columns:
            raise BadInput(
                f"{key}: '{field}' is one of its columns already", where=where, mend="give the field another name"
            )
        for name in flags:
            known_column(name, columns, f"{key}.{field}", where)
            if flags.count(name) > 1:
                raise BadInput(f"{key}.{field} names '{name}' twice", where=where, mend="name each column once")


def _id(side: Side, column: str, columns: list[str], key: str, where: str) -> tuple[str, str]:
    if side.id is not None:
        return known_column(side.id, columns, key, where), "said"
    if column in columns and not column.startswith("column_"):
        return column, "named as in the ratings"
    return columns[0], "by its place, the first column"


def _title(kind: str, side: Side, key: str, sample: pl.DataFrame, where: str) -> tuple[str | None, str]:
    if side.title is not None:
        if side.title == NONE and NONE not in sample.columns:
            return None, "said"
        return known_column(side.title, sample.columns, f"[data.{kind}] title", where), "said"
    others = [name for name in sample.columns if name != key]
    for name in others:
        if name.lower().replace("_", "").replace(" ", "").replace("-", "") in TITLES.split():
            return name, "by its name"
    for name in others[sample.columns.index(key) :] if kind == "items" else []:
        values = [value for value in sample[name].head(SAMPLE) if value]
        if values and sum(map(is_number, values)) < len(values) / 2:
            return name, "by its values, the first text after the id"
    return None, ""
