"""Item and user tables: one row an id, with a title in words and more fields."""

from __future__ import annotations

from collections.abc import Sequence

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


class SideTable(Struct, frozen=True):
    """A side table that was opened, its columns' roles known.

    Attributes:
        kind: "items" or "users".
        opened: the file and how it is read.
        id: its column of ids.
        title: its column in words, or None.
        fields: its columns that [data] categorical, continuous and multilabel may name.
        reasons: role -> why that column.
        sample: its first rows as text.
    """

    kind: str
    opened: Opened
    id: str
    title: str | None
    fields: tuple[str, ...]
    reasons: dict[str, str]
    sample: pl.DataFrame


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
        values = [*self.frame[name], ""]
        return [values[row] for row in self.row.tolist()]


def find(kind: str, side: Side, column: str) -> SideTable | None:
    """Return the side table that an experiment names, or None; `column` is the ratings' column of such ids.

    Raises:
        BadInput: it can't be read, or lacks a column that was named.
    """
    if not side.source:
        return None
    opened = open_table(given(side.source), side.read, f"data.{kind}.read")
    sample = opened.sample()
    columns, where = list(opened.table.columns), side.source
    for name in side.fields:
        known_column(name, columns, f"[data.{kind}] fields", where)
    key, key_reason = _id(side, column, columns, f"[data.{kind}] id", where)
    title, title_reason = _title(kind, side, key, sample, where)
    fields = tuple(side.fields or columns)
    return SideTable(kind, opened, key, title, fields, {"id": key_reason, "title": title_reason}, sample)


def join(side: SideTable, labels: Sequence[str]) -> JoinedSide:
    """Return a side table's rows for labels by code, code 0 included; the first row of an id counts.

    Raises:
        BadInput: it knows none of the labels.
    """
    frame = side.opened.as_text()
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
