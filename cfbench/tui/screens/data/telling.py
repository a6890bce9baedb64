"""What the Data screen says of a profile, as lines and rows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from cfbench.answers import Column, DataProfile, Row
from cfbench.experiment import Data
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line, Span, text

ROLES = {
    "ratings": ("user", "item", "target", "time", "categorical", "continuous", ""),
    "items": ("id", "title", "categorical", "continuous", ""),
    "users": ("id", "categorical", "continuous", ""),
}
"""What a column of each table can be read as; "" is not used."""


_TONES = {"✓": "ok", "!": "warn", "·": "dim"}


def answer(profile: DataProfile, sources: Sequence[str]) -> list[Line]:
    """Return how much there is, and how it was read."""
    main: Line = [
        (f"{profile.kept:,} {_noun(profile)}", "b"),
        (" by ", ""),
        (f"{profile.users:,} users", "b"),
        (" of ", ""),
        (f"{profile.items:,} items", "b"),
        ("  ·  ", "faint"),
        (f"{100 * profile.density:.2f} % filled", ""),
    ]
    if profile.feedback == "explicit":
        main += [("  ·  ", "faint"), (f"mean {profile.target_mean:.2f}", "")]
    read = ", ".join(_layout(profile))
    return [main, [text(f"{', '.join(sources)}  ·  read as {read}  ·  {profile.feedback}", "dim")]]


def _noun(profile: DataProfile) -> str:
    return "ratings" if profile.feedback == "explicit" else "rows"


def _layout(profile: DataProfile) -> list[str]:
    parts = []
    for part in profile.files[0].layout if profile.files else ():
        value = f"{part.name} {part.value}" if part.name in ("header", "quote", "columns") else part.value
        parts.append(value + ("" if part.guessed else " (as said)"))
    return parts


def day(time: str | None) -> str:
    """Return the day of a time in ISO 8601: 4 Dec 1997."""
    return datetime.fromisoformat(time).astimezone(UTC).strftime("%d %b %Y").lstrip("0") if time else ""


def row(row: Row) -> Sequence[Span]:
    """Return one row's cells: user, title, target, day."""
    return [text(row.user), text(row.item), (figures.plain(row.target), "b"), (day(row.time), "dim")]


def column(column: Column) -> Sequence[Span]:
    """Return a column's cells: table, name, role, reason."""
    role: Span = (column.role, "b") if column.role else ("not used", "dim")
    table = "" if column.table == "ratings" else column.table
    return [text(column.name), role, text(" ".join(part for part in (table, column.reason) if part), "dim")]


def doctor(profile: DataProfile) -> list[Line]:
    """Return what was dropped and why, what repeats, and what to look at."""
    found: list[tuple[str, str, str]] = []
    for reason, rows in profile.dropped.items():
        found.append(("!", f"{rows:,} rows dropped", reason))
    if profile.duplicates:
        said = f", {profile.conflicts:,} with another target" if profile.conflicts else ""
        found.append(("!", f"{profile.duplicates:,} rows repeat a pair{said}", "which one counts: duplicates"))
    else:
        found.append(("✓", "no user rated an item twice", ""))
    if profile.merged_items:
        found.append(("·", f"{profile.merged_items:,} items became one with another by title", ""))
    found += [("!", note, "") for note in profile.notes]
    if profile.read == profile.kept:
        found.append(("✓", "every row is kept", f"{profile.read:,} of {profile.read:,}"))
    if profile.shared_titles and not any("title" in note for note in profile.notes):
        found.append(
            ("!", f"{profile.shared_titles:,} titles are shared by several items", 'data.items.by = "title" merges')
        )
    roles = {"✓": "ok", "!": "warn", "·": "dim"}
    return [
        [("  ", ""), (sign, roles[sign]), text(f" {what}"), text(f"   {mend}", "dim")] for sign, what, mend in found
    ]


def changed_role(data: Data, column: Column, role: str) -> dict[str, object]:
    """Return the settings (path -> value) that give a column another role; None leaves one out."""
    table = "data" if column.table == "ratings" else f"data.{column.table}"
    changes: dict[str, object] = {}
    if column.role in ("user", "item", "target", "time", "id", "title"):
        changes[f"{table}.{column.role}"] = "none" if column.role in ("target", "time") else None
    for kind in ("categorical", "continuous"):
        names = [name for name in getattr(data, kind) if name != column.name]
        names += [column.name] if role == kind else []
        if names != list(getattr(data, kind)):
            changes[f"data.{kind}"] = names
    if role in ("user", "item", "target", "time", "id", "title"):
        changes[f"{table}.{role}"] = column.name
    if column.table != "ratings":
        side = getattr(data, column.table)
        fields = [name for name in side.fields if name != column.name]
        fields += [column.name] if role in ("categorical", "continuous") else []
        changes[f"{table}.fields"] = fields
    return changes


def command(data: Data) -> str:
    """Return the command that describes the same data."""
    sources = [data.source] if isinstance(data.source, str) else list(data.source)
    parts = ["cfbench", "data", "describe", *sources]
    for option, value in (
        ("--user", data.user),
        ("--item", data.item),
        ("--target", data.target),
        ("--time", data.time),
        ("--separator", data.read.separator),
        ("--encoding", data.read.encoding),
        ("--quote", data.read.quote),
        ("--items", data.items.source or None),
        ("--item-id", data.items.id),
        ("--title", data.items.title),
        ("--users", data.users.source or None),
        ("--user-id", data.users.id),
        ("--duplicates", data.duplicates if data.duplicates != "keep" else None),
        ("--missing", data.missing if data.missing != "error" else None),
        ("--min-user", str(data.min_user) if data.min_user else None),
        ("--min-item", str(data.min_item) if data.min_item else None),
    ):
        parts += [option, value] if value is not None else []
    if data.read.header is not None:
        parts.append("--header" if data.read.header else "--no-header")
    if data.items.by == "title":
        parts.append("--by-title")
    for kind in ("categorical", "continuous"):
        for name in getattr(data, kind):
            parts += [f"--{kind}", name]
    return shlex.join(parts)
