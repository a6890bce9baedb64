"""What can be chosen on the Loader screen: splitters, and the fields of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cfbench.answers import Column as DataColumn
from cfbench.answers import DataProfile
from cfbench.experiment import Data
from cfbench.registry.declarations import Declaration
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Span, text

_AFTER = {"": "categorical", "categorical": "continuous", "continuous": "", "multilabel": ""}
_WORDS = {"": "not used", "categorical": "labels", "continuous": "numbers", "multilabel": "several labels"}


def unfit(splitter: Declaration, profile: DataProfile | None) -> str:
    """Return why a splitter can't split the data, or nothing."""
    if splitter.facts.get("needs_time") and profile and profile.time_first is None:
        return "needs a time, and the data have none"
    return ""


def splitter_row(splitter: Declaration, chosen: bool, reason: str) -> Sequence[Span]:
    """Return a splitter's cells: sign, title, what it does or why it does not fit."""
    if reason:
        return [("✗", "dim"), text(splitter.title, "dim"), text(reason, "dim")]
    sign: Span = ("◉", "s1") if chosen else ("○", "dim")
    return [sign, text(splitter.title, "b" if chosen else ""), text(splitter.summary, "dim")]


def fields_of(profile: DataProfile | None) -> list[DataColumn]:
    """Return the columns that may be used besides users, items, targets, times and titles."""
    columns = profile.columns if profile else ()
    return [column for column in columns if column.role in _WORDS]


def role_of(field: str, data: Data) -> str:
    """Return what an experiment's [data] uses a field as: categorical, continuous, multilabel, or nothing."""
    for role in ("categorical", "continuous", "multilabel"):
        if field in getattr(data, role):
            return role
    return ""


def taken(field: DataColumn, profile: DataProfile | None) -> str:
    """Return the role of another table's column that has the same name, so that the field can't be used; or nothing."""
    others = profile.columns if profile else ()
    roles = [column.role for column in others if column.name == field.name and column.table != field.table]
    return next((role for role in roles if role), "")


def field_row(field: DataColumn, role: str, taken: str, classes: Mapping[str, int]) -> Sequence[Span]:
    """Return a field's cells: sign, name, what it is used as or why it can't be."""
    if taken:
        return [("✗", "dim"), text(field.name, "dim"), (f"named as {taken}", "dim")]
    sign: Span = ("■", "s1") if role else ("□", "dim")
    words = _WORDS[role]
    if role == "categorical" and field.name in classes:
        words = f"{figures.count(classes[field.name])} labels"
    return [sign, text(field.name, "b" if role else ""), (words, "" if role else "dim")]


def switched(field: DataColumn, data: Data, columns: Sequence[DataColumn]) -> dict[str, list[str]]:
    """Return the settings (path -> value) that use a field as the next thing: labels, numbers, nothing.

    A field of flags is several labels, or nothing.
    """
    role = _AFTER[role_of(field.name, data)]
    if role and field.is_made_of(columns):
        role = "multilabel"
    changes: dict[str, list[str]] = {}
    for kind in ("categorical", "continuous", "multilabel"):
        before = list(getattr(data, kind))
        after = [name for name in before if name != field.name] + [field.name] * (kind == role)
        if after != before:
            changes[f"data.{kind}"] = after
    if field.table != "ratings":
        named = list(getattr(data, field.table).fields)
        if role and named and field.name not in named:
            changes[f"data.{field.table}.fields"] = [*named, field.name]
    return changes
