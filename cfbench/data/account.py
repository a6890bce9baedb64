"""What a person is told of an import: the files, the columns and their roles, and what to look at."""

from __future__ import annotations

from cfbench.answers import Column, LayoutPart, SourceFile
from cfbench.data import delimited, roles, sides
from cfbench.data.interactions import Counts
from cfbench.experiment import Data


def files(stack: delimited.Stack, side_tables: list[sides.SideTable]) -> tuple[SourceFile, ...]:
    """Return the files that were read, ratings first, and how each is written."""
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


def columns(
    stack: delimited.Stack,
    side_tables: list[sides.SideTable],
    chosen: roles.Roles,
    data: Data,
    origin: dict[str, sides.SideTable | None],
) -> tuple[Column, ...]:
    """Return every column of the files with its role and the reason for it."""

    def further(name: str, table: sides.SideTable | None) -> tuple[str, str]:
        if name in origin and origin[name] is table:
            return ("categorical" if name in data.categorical else "continuous"), "said"
        return "", "not used"

    found = []
    taken = chosen.by_column()
    for name in stack.frame.columns:
        role, reason = (taken[name], chosen.reasons[taken[name]]) if name in taken else further(name, None)
        found.append(Column("ratings", name, role, reason))
    for side in side_tables:
        named = {side.id: "id", side.title: "title"}
        for name in side.table.frame.columns:
            role, reason = further(name, side)
            if not role and name in named:
                role, reason = named[name], side.reasons[named[name]]
            found.append(Column(side.kind, name, role, reason))
    return tuple(found)


def notes(data: Data, counts: Counts, chosen: roles.Roles, side_tables: list[sides.SideTable]) -> tuple[str, ...]:
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
        f"{side.repeated():,} rows of {side.table.path.name} repeat an id or lack one and are ignored; mend that file"
        for side in side_tables
        if side.repeated()
    ]
    return tuple(found)
