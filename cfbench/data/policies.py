"""What happens to rows that lack a value, repeat a pair, or belong to the rarely seen."""

from __future__ import annotations

from typing import Literal

import polars as pl

from cfbench.data import delimited, roles, sides
from cfbench.data.interactions import Counts
from cfbench.errors import BadInput
from cfbench.experiment import Data


def apply(
    rows: pl.DataFrame, data: Data, stack: delimited.Stack, chosen: roles.Roles, items: sides.SideTable | None
) -> tuple[pl.DataFrame, Counts]:
    """Return the rows that the policies of `data` keep, items merged by title where it says so, and what happened.

    Args:
        rows: columns row, user, item, title (null where unknown), target, time (where there is one), and others.
        data: the policies.
        stack: the files, to name a line.
        chosen: the columns' roles.
        items: the item table.

    Raises:
        BadInput: a value is missing or a pair repeats where the policy forbids it, or no row is left.
    """
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
    keep: Literal["first", "last"] = "last" if data.duplicates == "last" else "first"
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
