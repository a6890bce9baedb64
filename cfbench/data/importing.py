"""From an experiment's [data] to interactions: read, join, apply the policies, code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.answers import Column, LayoutPart, SourceFile
from cfbench.data import cache, delimited, roles, sides, values
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


def source_files(data: Data) -> list[Path]:
    """Return the rating files that `data` names.

    Raises:
        BadInput: it names none, or more than the 256 that a part number can tell apart.
    """
    names = [data.source] if isinstance(data.source, str) else data.source
    if not names or not all(names):
        raise BadInput("no data source is named", where="[data] source", mend='name a file, or the data set "demo"')
    if len(names) > 256:
        raise BadInput(f"{len(names)} files are more than 256", where="[data] source", mend="join some of them")
    return [Path(name).expanduser() for name in names]


def import_interactions(data: Data) -> Interactions:
    """Return the interactions of `data`, read from its files without regard to the cache; `data` names no data set.

    Raises:
        BadInput: as `open_interactions`.
    """
    stack = delimited.stack([delimited.read(path, data.read) for path in source_files(data)])
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
    rows, counts = _policies(rows, data, stack, chosen, found["items"])
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
        holders = [side for side in side_tables if name in side.table.frame.columns]
        if name not in stack.frame.columns and not holders:
            known = [*stack.frame.columns, *(column for side in side_tables for column in side.table.frame.columns)]
            raise BadInput(
                f"'{name}' is not a column of the data{nearest(name, known)}",
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


# -- policies ----------------------------------------------------------------------------------------------------------


def _policies(
    rows: pl.DataFrame, data: Data, stack: delimited.Stack, chosen: roles.Roles, items: sides.SideTable | None
) -> tuple[pl.DataFrame, Counts]:
    read, dropped = rows.height, dict[str, int]()
    rows = _missing(rows, data, stack, chosen, dropped)
    titles = rows.unique("item", maintain_order=True).select("item", "title")
    shared = titles.drop_nulls()["title"].value_counts().filter(pl.col("count") > 1).height
    ids = titles.height
    if data.items.by == "title":
        rows = _by_title(rows, items)
    merged = ids - rows["item"].n_unique()
    rows, duplicates, conflicts = _duplicates(rows, data, stack, dropped)
    rows = _frequent(rows, data, dropped)
    if not rows.height:
        raise BadInput("no row is left", where=str(stack.tables[0].path), mend=f"of {read:,} dropped: {dropped}")
    untitled = 0 if items is None else rows.filter(pl.col(items.row).is_null())["item"].n_unique()
    return rows, Counts(read, dropped, duplicates, conflicts, shared, merged, untitled)


def _missing(
    rows: pl.DataFrame, data: Data, stack: delimited.Stack, chosen: roles.Roles, dropped: dict[str, int]
) -> pl.DataFrame:
    tests = {"user": pl.col("user") == "", "item": pl.col("item") == "", "target": pl.col("target").is_null()}
    if chosen.time is not None:
        tests["time"] = pl.col("time").is_null()
    for role, test in tests.items():
        lacking = rows.filter(test)
        if not lacking.height:
            continue
        if data.missing == "error":
            column = getattr(chosen, role)
            raise BadInput(
                f"the {role} (column '{column}') is missing",
                where=stack.place(lacking["row"][0]),
                mend='mend the row, or say missing = "drop" in [data]',
            )
        dropped[f"without a {role}"] = lacking.height
        rows = rows.filter(~test)
    return rows


def _by_title(rows: pl.DataFrame, items: sides.SideTable | None) -> pl.DataFrame:
    """Make the title the item; an item without one keeps its id, marked where that is another's title."""
    if items is None or items.title is None:
        raise BadInput(
            'by = "title" needs a table with titles' if items is None else "no column of titles was found",
            where="[data.items]",
            mend="name the file in source" if items is None else "name the column in title",
        )
    untitled = pl.col("title").is_null()
    taken = untitled & pl.col("item").is_in(rows["title"].drop_nulls().unique().implode())
    label = pl.when(taken).then(pl.col("item") + " (id)").otherwise(pl.coalesce("title", "item"))
    return rows.with_columns(item=label, title=label)


def _duplicates(
    rows: pl.DataFrame, data: Data, stack: delimited.Stack, dropped: dict[str, int]
) -> tuple[pl.DataFrame, int, int]:
    pair = ["user", "item"]
    repeats = rows.filter(rows.select(pair).is_duplicated())
    if not repeats.height:
        return rows, 0, 0
    pairs = repeats.group_by(pair, maintain_order=True).agg(
        conflict=pl.col("target").n_unique() > 1, second=pl.col("row").get(1)
    )
    duplicates, conflicts = repeats.height - pairs.height, int(pairs["conflict"].sum())
    if data.duplicates == "error":
        first = pairs.sort("second").row(0, named=True)
        raise BadInput(
            f"user '{first['user']}' has item '{first['item']}' again",
            where=stack.place(first["second"]),
            mend='say duplicates = "keep", "first", "last" or "mean" in [data]',
        )
    if data.duplicates == "keep":
        return rows, duplicates, conflicts
    if data.duplicates == "mean":
        later = [pl.col("time").max().over(pair)] if "time" in rows.columns else []
        rows = rows.with_columns(pl.col("target").mean().over(pair), *later)
    keep = "last" if data.duplicates == "last" else "first"
    dropped["repeats of a pair"] = duplicates
    return rows.unique(pair, keep=keep, maintain_order=True), duplicates, conflicts


def _frequent(rows: pl.DataFrame, data: Data, dropped: dict[str, int]) -> pl.DataFrame:
    """Drop users and items with too few rows, again and again, until all that are left have enough."""
    before = -1
    while rows.height != before:
        before = rows.height
        for column, least in (("user", data.min_user), ("item", data.min_item)):
            if least < 2:
                continue
            kept = rows.filter(pl.len().over(column) >= least)
            if kept.height < rows.height:
                reason = f"of {column}s with fewer than {least} rows"
                dropped[reason] = dropped.get(reason, 0) + rows.height - kept.height
            rows = kept
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
        files=_files(stack, side_tables),
        columns=_columns(stack, side_tables, chosen, data, origin),
        notes=tuple(_notes(data, counts, chosen, side_tables)),
    )


# -- what a person is told ---------------------------------------------------------------------------------------------


def _files(stack: delimited.Stack, side_tables: list[sides.SideTable]) -> tuple[SourceFile, ...]:
    tables = [("ratings", table) for table in stack.tables] + [(side.kind, side.table) for side in side_tables]
    return tuple(SourceFile(table.path.name, kind, table.frame.height, _layout_parts(table)) for kind, table in tables)


def _layout_parts(table: delimited.Table) -> tuple[LayoutPart, ...]:
    layout = table.layout
    words: dict[str, str] = {
        "separator": {"\t": "TAB", " ": "blank"}.get(layout.separator, layout.separator),
        "header": "yes" if layout.header else "no",
        "encoding": layout.encoding,
        "quote": layout.quote or "none",
    }
    return tuple(LayoutPart(name, value, name in layout.guessed) for name, value in words.items())


def _columns(
    stack: delimited.Stack,
    side_tables: list[sides.SideTable],
    chosen: roles.Roles,
    data: Data,
    origin: dict[str, sides.SideTable | None],
) -> tuple[Column, ...]:
    def further(name: str, table: Any) -> tuple[str, str]:
        if name in origin and origin[name] is table:
            return ("categorical" if name in data.categorical else "continuous"), "said"
        return "", "not used"

    columns = []
    taken = chosen.by_column()
    for name in stack.frame.columns:
        role, reason = (taken[name], chosen.reasons[taken[name]]) if name in taken else further(name, None)
        columns.append(Column("ratings", name, role, reason))
    for side in side_tables:
        named = {side.id: "id", side.title: "title"}
        for name in side.table.frame.columns:
            role, reason = further(name, side)
            if not role and name in named:
                role, reason = named[name], side.reasons[named[name]]
            columns.append(Column(side.kind, name, role, reason))
    return tuple(columns)


def _notes(data: Data, counts: Counts, chosen: roles.Roles, side_tables: list[sides.SideTable]) -> list[str]:
    notes = []
    placed = [role for role, reason in chosen.reasons.items() if reason.startswith("by its place")]
    if placed:
        notes.append(f"{', '.join(placed)}: taken by the columns' places; if wrong, name the columns in [data]")
    if chosen.target is None and data.target is None:
        notes.append("no column of ratings was found, so every row counts as 1; if there is one, name target in [data]")
    if counts.duplicates and data.duplicates == "keep":
        notes.append(
            f"{counts.duplicates:,} rows repeat a pair of user and item, {counts.conflicts:,} pairs with another"
            ' target; duplicates = "last" or "mean" in [data] makes them one'
        )
    if counts.shared_titles and data.items.by == "id":
        notes.append(
            f'{counts.shared_titles:,} titles are borne by several items; by = "title" in [data.items] makes each one'
        )
    if counts.untitled:
        notes.append(f"{counts.untitled:,} items are not in the item table and show their id; check id in [data.items]")
    for side in side_tables:
        if side.repeated():
            notes.append(f"{side.repeated():,} rows of {side.table.path.name} repeat an id or lack one and are ignored")
    return notes
