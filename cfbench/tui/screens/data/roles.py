"""What a column can be read as, and the settings that say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cfbench.answers import Column
from cfbench.experiment import Data
from cfbench.tui.dialogs.choosing import Choice

_ALONE = ("user", "item", "target", "time", "id", "title")
"""Roles that one column of a table has."""

_ROLES = {
    "ratings": ("user", "item", "target", "time", "categorical", "continuous", "multilabel", ""),
    "items": ("id", "title", "categorical", "continuous", "multilabel", ""),
    "users": ("id", "categorical", "continuous", "multilabel", ""),
}
_FIELDS = ("categorical", "continuous", "multilabel")
_OF_FLAGS = ("multilabel", "")
_ABOUT = {
    "user": "who rated",
    "item": "what was rated",
    "target": "the rating",
    "time": "Unix seconds",
    "id": "what the ratings call it",
    "title": "its name in human words",
    "categorical": "one of a set of labels",
    "continuous": "a number",
    "multilabel": "several labels at once",
}


def choices(column: Column, columns: Sequence[Column]) -> list[Choice]:
    """Return what a column can be read as; a table can't do without its user, item or id.

    A field of flags is several labels, or nothing.
    """
    needed = column.role in ("user", "item", "id")
    return [
        Choice(role, role or "not used", _ABOUT.get(role, "give the role to another column" if needed else ""),
               allowed=bool(role) or not needed)
        for role in (_OF_FLAGS if column.is_made_of(columns) else _ROLES[column.table])
    ]  # fmt: skip


def changes(data: Data, columns: Sequence[Column], column: Column, role: str) -> dict[str, Any]:
    """Return the settings (path -> value) that give a column another role; None leaves one out.

    Where another column of the table had the role, they change places.
    """
    if role == column.role:
        return {}
    table = "data" if column.table == "ratings" else f"data.{column.table}"
    others = [other for other in columns if other.table == column.table and other.name != column.name]
    other = next((other for other in others if role in _ALONE and other.role == role), None)
    found: dict[str, Any] = {}
    if column.role in _ALONE:
        none = "none" if column.role in ("target", "time") else None
        found[f"{table}.{column.role}"] = other.name if other else none
    if role in _ALONE:
        found[f"{table}.{role}"] = column.name
    for kind in _FIELDS:
        before = list(getattr(data, kind))
        after = [name for name in before if name != column.name] + [column.name] * (role == kind)
        after += [other.name] if other and column.role == kind else []
        if after != before:
            found[f"data.{kind}"] = after
    if column.table != "ratings" and role in _FIELDS:
        named = list(getattr(data, column.table).fields)
        if named and column.name not in named:
            found[f"{table}.fields"] = [*named, column.name]
    return found
