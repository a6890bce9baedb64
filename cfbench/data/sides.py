"""Item and user tables: one row an id, with a title in words and more fields."""

from __future__ import annotations

import polars as pl
from msgspec import Struct

from cfbench.data import delimited
from cfbench.data.layout import is_number
from cfbench.data.roles import known_column
from cfbench.errors import BadInput
from cfbench.experiment import Side
from cfbench.paths import given

_TITLES = ("title", "name", "movietitle", "itemname", "label", "booktitle", "artist", "track")
_SAMPLE = 1000


class SideTable(Struct, frozen=True):
    """A side table that was read.

    Attributes:
        kind: "items" or "users".
        table: its rows.
        id: its column of ids.
        title: its column in words, or None.
        fields: its columns that [data] categorical and continuous may name.
        reasons: role -> why that column.
        frame: its rows without surrounding blanks, the first row of each id, with its number in "row of <kind>".
    """

    kind: str
    table: delimited.Table
    id: str
    title: str | None
    fields: tuple[str, ...]
    reasons: dict[str, str]
    frame: pl.DataFrame

    @property
    def row(self) -> str:
        """The name of the column that numbers the rows."""
        return f"row of {self.kind}"

    def repeated(self) -> int:
        """Return how many rows were left out since their id had come before."""
        return self.table.frame.height - self.frame.height


def read(kind: str, side: Side, column: str, ids: pl.Series) -> SideTable | None:
    """Return the side table that an experiment names, or None; `column` and `ids` are those of the ratings.

    Raises:
        BadInput: it can't be read, lacks a column that was named, or knows none of the ids.
    """
    if not side.source:
        return None
    table = delimited.read(given(side.source), side.read)
    columns, where = table.frame.columns, side.source
    for name in side.fields:
        known_column(name, columns, f"[data.{kind}] fields", where)
    key, key_reason = _id(side, column, columns, f"[data.{kind}] id", where)
    title, title_reason = _title(kind, side, key, table.frame, where)
    frame = table.frame.with_columns(pl.all().str.strip_chars()).with_row_index(f"row of {kind}")
    frame = frame.filter(pl.col(key) != "").unique(key, keep="first", maintain_order=True)
    if not frame[key].is_in(ids.implode()).any():
        raise BadInput(
            f"none of the ids in its column '{key}' is in the ratings ('{frame[key][0]}' here, '{ids[0]}' there)"
            if frame.height
            else f"its column '{key}' is empty",
            where=where,
            mend=f"name the column of ids: id in [data.{kind}]",
        )
    fields = tuple(side.fields or columns)
    return SideTable(kind, table, key, title, fields, {"id": key_reason, "title": title_reason}, frame)


def _id(side: Side, column: str, columns: list[str], key: str, where: str) -> tuple[str, str]:
    if side.id is not None:
        return known_column(side.id, columns, key, where), "said"
    if column in columns and not column.startswith("column_"):
        return column, "named as in the ratings"
    return columns[0], "by its place, the first column"


def _title(kind: str, side: Side, key: str, frame: pl.DataFrame, where: str) -> tuple[str | None, str]:
    if side.title is not None:
        return known_column(side.title, frame.columns, f"[data.{kind}] title", where), "said"
    others = [name for name in frame.columns if name != key]
    for name in others:
        if name.lower().replace("_", "").replace(" ", "") in _TITLES:
            return name, "by its name"
    for name in others[frame.columns.index(key) :] if kind == "items" else []:
        values = [value for value in frame[name].head(_SAMPLE) if value.strip()]
        if values and sum(map(is_number, values)) < len(values) / 2:
            return name, "by its values, the first text after the id"
    return None, ""
