"""What a person is told of an import: the columns and their roles, and what to look at."""

from __future__ import annotations

import polars as pl

from cfbench.answers import Column, SourceFile
from cfbench.data import roles, sides
from cfbench.data.interactions import Counts
from cfbench.experiment import Data

__all__ = ["Column", "SourceFile", "columns", "notes"]

_LOOKS = {
    "categorical": "labels",
    "continuous": "numbers",
    "multilabel": "several labels a value",
}


def columns(
    sample: pl.DataFrame,
    side_tables: list[sides.SideTable],
    chosen: roles.Roles,
    data: Data,
    origin: dict[str, sides.SideTable | None],
) -> tuple[Column, ...]:
    """Return every column of the files with its role and the reason for it; what else one could be stands there too."""

    def further(name: str, table: sides.SideTable | None, values: pl.Series) -> tuple[str, str]:
        if name in origin and origin[name] is table:
            kinds = ("categorical", "continuous", "multilabel")
            return next(kind for kind in kinds if name in getattr(data, kind)), "said"
        looks = roles.suggestion(values)
        return "", f"not used; {_LOOKS[looks]}, so it can be {looks}" if looks else "not used"

    found = []
    taken = chosen.by_column()
    for name in sample.columns:
        role, reason = (
            (taken[name], chosen.reasons[taken[name]]) if name in taken else further(name, None, sample[name])
        )
        found.append(Column("ratings", name, role, reason))
    for side in side_tables:
        named = {side.id: "id", side.title: "title"}
        for name in side.sample.columns:
            role, reason = further(name, side, side.sample[name])
            if not role and name in named:
                role, reason = named[name], side.reasons[named[name]]
            found.append(Column(side.kind, name, role, reason))
    return tuple(found)


def notes(data: Data, counts: Counts, chosen: roles.Roles) -> tuple[str, ...]:
    """Return what to look at in the data; each note says what to do."""
    found = []
    placed = [role for role, reason in chosen.reasons.items() if reason.startswith("by its place")]
    if placed:
        found.append(f"{', '.join(placed)}: taken by the columns' places; if wrong, name the columns in [data]")
    if chosen.target is None and data.target is None:
        found.append("no column of ratings was found, so every row counts as 1; if there is one, name target in [data]")
    if counts.duplicates and data.duplicates == "keep":
        found.append(
            f"{counts.duplicates:,} rows repeat a pair of user and item, {counts.conflicts:,} pairs with another"
            ' target; duplicates = "last" or "mean" in [data] makes them one'
        )
    if counts.shared_titles and data.items.by == "id":
        found.append(
            f'{counts.shared_titles:,} titles are borne by several items; by = "title" in [data.items] makes each one'
        )
    if counts.untitled:
        found.append(f"{counts.untitled:,} items are not in the item table and show their id; check id in [data.items]")
    found += [
        f"{rows:,} rows of {name} repeat an id or lack one and are ignored; mend that file"
        for name, rows in counts.side_repeats.items()
    ]
    return tuple(found)
