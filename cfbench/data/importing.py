"""From an experiment's [data] to interactions: read, join, apply the policies, code."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.data import account, cache, delimited, policies, roles, sides, sources, values
from cfbench.data.interactions import Counts, Interactions
from cfbench.data.named import resolved
from cfbench.errors import BadInput, nearest
from cfbench.experiment import Data
from cfbench.plugin import NA

_RESERVED = ("user", "item", "title")


def open_interactions(data: Data, *, verify: bool = False) -> Interactions:
    """Return the interactions of an experiment's [data], imported once and kept.

    Args:
        data: sources, roles, policies; paths as they stand, so relative ones start from the working folder.
        verify: hash the source files and the kept columns again, rather than trust sizes and times of change.

    Raises:
        BadInput: the files or the settings can't be used; names the file, the line and the value.
        DiskFull: there is no room to keep the imported columns.
    """
    data = resolved(data)
    return cache.opened(data, lambda: import_interactions(data), verify=verify)


def import_interactions(data: Data) -> Interactions:
    """Return the interactions of `data`, read from its files without regard to the cache; `data` names no data set.

    Raises:
        BadInput: as `open_interactions`.
    """
    stack = delimited.stack([delimited.read(path, data.read) for path in sources.named(data)])
    where = str(stack.tables[0].path)
    chosen = roles.assign(stack.frame, data, where)
    rows = _typed_rows(stack, chosen)
    found = {
        "items": sides.read("items", data.items, chosen.item, rows["item"]),
        "users": sides.read("users", data.users, chosen.user, rows["user"]),
    }
    side_tables = [side for side in found.values() if side is not None]
    origin = _field_origins(data, stack, side_tables, chosen)
    rows = _with_sides(rows, side_tables)
    rows = _with_fields(rows, data, stack, origin)
    rows, counts = policies.apply(rows, data, stack, chosen, found["items"])
    return _coded(rows, data, stack, counts, side_tables, chosen, origin)


# -- rows with typed columns -------------------------------------------------------------------------------------------


def _typed_rows(stack: delimited.Stack, chosen: roles.Roles) -> pl.DataFrame:
    """The columns user, item (text), target (f64), time (i64, where there is one), part and row, in file order."""

    def text(column: str) -> pl.Series:
        return stack.frame[column].str.strip_chars()

    columns = [text(chosen.user).alias("user"), text(chosen.item).alias("item")]
    if chosen.target is None:
        columns.append(pl.Series("target", np.ones(stack.frame.height)))
    else:
        columns.append(values.numbers(text(chosen.target), "a rating", stack.place).alias("target"))
    if chosen.time is not None:
        columns.append(values.times(text(chosen.time), stack.place).alias("time"))
    columns.append(pl.Series("part", stack.part))
    return pl.DataFrame(columns).with_row_index("row")


def _with_sides(rows: pl.DataFrame, side_tables: list[sides.SideTable]) -> pl.DataFrame:
    """Add for each row its row in the side tables, null where they have none, and the item's title."""
    for side in side_tables:
        wanted = [pl.col(side.id).alias(side.kind[:-1]), pl.col(side.row)]
        if side.kind == "items" and side.title is not None:
            wanted.append(pl.col(side.title).alias("title"))
        rows = rows.join(side.frame.select(wanted), on=side.kind[:-1], how="left", maintain_order="left")
    if "title" not in rows.columns:
        return rows.with_columns(title=pl.lit(None, pl.String))
    return rows.with_columns(pl.when(pl.col("title") != "").then("title"))


# -- further fields ----------------------------------------------------------------------------------------------------


def _field_origins(
    data: Data, stack: delimited.Stack, side_tables: list[sides.SideTable], chosen: roles.Roles
) -> dict[str, sides.SideTable | None]:
    """Field -> the side table that has it, None for the ratings: they are looked through first, then items, users."""
    fields = [*data.categorical, *data.continuous]
    origin: dict[str, sides.SideTable | None] = {}
    for name in fields:
        key = "[data] categorical" if name in data.categorical else "[data] continuous"
        if fields.count(name) > 1:
            raise BadInput(f"'{name}' is named twice", where=key, mend="name each field once")
        if name in _RESERVED or name in chosen.by_column():
            role = chosen.by_column().get(name, name)
            raise BadInput(f"'{name}' already is the {role}", where=key, mend="name other columns")
        holders = [side for side in side_tables if name in side.fields]
        if name not in stack.frame.columns and not holders:
            known = [*stack.frame.columns, *(column for side in side_tables for column in side.fields)]
            fault = f"'{name}' is not a column of the data{nearest(name, known)}"
            for side in side_tables:
                if name in side.table.frame.columns:
                    fault = f"'{name}' is not among the fields of [data.{side.kind}]"
            raise BadInput(
                fault,
                where=key,
                mend=f"there are {', '.join(dict.fromkeys(known))}",
            )
        origin[name] = None if name in stack.frame.columns else holders[0]
    return origin


def _with_fields(
    rows: pl.DataFrame, data: Data, stack: delimited.Stack, origin: dict[str, sides.SideTable | None]
) -> pl.DataFrame:
    """Add a column "field <name>" each: text ("" where missing) or Float64 (null where missing)."""
    for name, side in origin.items():
        if side is None:
            column, index, place = stack.frame[name].str.strip_chars(), rows["row"], stack.place
        else:
            column, index, place = side.table.frame[name].str.strip_chars(), rows[side.row], side.table.place
        if name in data.continuous:
            column = values.numbers(column, f"a number for '{name}'", place)
            field = column.gather(index)
        else:
            field = column.gather(index).fill_null("")
        rows = rows.with_columns(field.alias(f"field {name}"))
    return rows


# -- codes -------------------------------------------------------------------------------------------------------------


def _codes(column: pl.Series) -> tuple[NDArray[np.int32], list[str]]:
    """Codes 1..k by first appearance, 0 where the text is "", and the labels."""
    labels = column.filter(column != "").unique(maintain_order=True).alias("label")
    table = labels.to_frame().with_row_index("code", offset=1)
    joined = column.alias("label").to_frame().join(table, on="label", how="left", maintain_order="left")
    return joined["code"].fill_null(0).cast(pl.Int32).to_numpy(), [NA, *labels]


def _coded(
    rows: pl.DataFrame,
    data: Data,
    stack: delimited.Stack,
    counts: Counts,
    side_tables: list[sides.SideTable],
    chosen: roles.Roles,
    origin: dict[str, sides.SideTable | None],
) -> Interactions:
    classes: dict[str, list[str]] = {}
    user, classes["user"] = _codes(rows["user"])
    item, classes["item"] = _codes(rows["item"])
    titles = rows.unique("item", keep="first", maintain_order=True).select(pl.coalesce("title", "item"))
    classes["title"] = [NA, *titles.to_series()]
    categorical = {}
    for name in data.categorical:
        categorical[name], classes[name] = _codes(rows[f"field {name}"])
    return Interactions(
        user=user,
        item=item,
        target=rows["target"].cast(pl.Float32).to_numpy(),
        time=rows["time"].to_numpy() if chosen.time is not None else None,
        part=rows["part"].to_numpy(),
        sources=tuple(table.path.name for table in stack.tables),
        categorical=categorical,
        continuous={
            name: rows[f"field {name}"].cast(pl.Float32).fill_null(float("nan")).to_numpy() for name in data.continuous
        },
        classes=classes,
        counts=counts,
        files=account.files(stack, side_tables),
        columns=account.columns(stack, side_tables, chosen, data, origin),
        notes=account.notes(data, counts, chosen, side_tables),
    )
