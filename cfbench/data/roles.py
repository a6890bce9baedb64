"""Which columns are the user, the item, the target, the time and the title: said, or guessed from names and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import polars as pl
from msgspec import Struct

from cfbench.data.values import is_number
from cfbench.errors import BadInput, nearest
from cfbench.experiment import Data

NONE = "none"
"""What an experiment says where there is no target, no time or no title."""

TITLES = "title name movietitle itemname itemtitle label booktitle artist artistname track trackname"
"""Names of columns that hold items in human words."""

_NAMES = {
    "user": "user uid users username reviewer member customer account person people listener visitor reader viewer"
    " author respondent rater u",
    "item": "item iid items movie film book isbn artist track song album product asin parentasin joke article game"
    " anime business venue recipe restaurant beer page url show i",
    "target": "rating ratings stars star score weight value playcount plays listens count overall preference target"
    " feedback bookrating r",
    "time": "timestamp time date datetime ts unixtime unixreviewtime ratedat createdat reviewtime t",
    "title": TITLES,
}
_MAY_LACK = ("target", "time", "title")
_SAMPLE = 1000
_LONG_AGO = 100_000_000
"""Unix seconds of 1973: larger whole numbers without a name are times."""

_LABEL_SEPARATORS = ("|", ";", ",", "/")
_FEW = 0.2
"""Where a column has fewer distinct values than this share of its rows, these look like labels of a set."""


class Roles(Struct, frozen=True):
    """The columns that hold the user, the item, the target, the time and the title, None where there is none.

    Attributes:
        reasons: role -> why that column, in a few words.
    """

    user: str
    item: str
    target: str | None
    time: str | None
    reasons: dict[str, str]
    title: str | None = None

    def by_column(self) -> dict[str, str]:
        """Return column -> role."""
        columns = {role: getattr(self, role) for role in _NAMES}
        return {column: role for role, column in columns.items() if column is not None}


def assign(sample: pl.DataFrame, data: Data, where: str) -> Roles:
    """Return the roles of a table; what `data` says wins over any guess.

    Args:
        sample: the first rows, all columns as text.
        data: what is said.
        where: the file, for messages.

    Raises:
        BadInput: a column that `data` names is not there, or no column is left for the user or the item.
    """
    chosen: dict[str, str | None] = {}
    reasons: dict[str, str] = {}

    def choose(role: str, column: str | None, reason: str) -> None:
        if role not in chosen and (column is not None or reason == "said"):
            chosen[role], reasons[role] = column, reason

    for role in _NAMES:
        said = getattr(data, role)
        if said is not None:
            none = said == NONE and role in _MAY_LACK and said not in sample.columns
            choose(role, None if none else known_column(said, sample.columns, f"[data] {role}", where), "said")
    _refuse_two_roles(chosen, where)
    fields = (*data.categorical, *data.continuous, *data.multilabel)
    left = [name for name in sample.columns if name not in [*chosen.values(), *fields]]
    for role in _NAMES:
        found = named(role, left)
        if role == "title" and found is not None and "item" not in chosen:
            choose("item", found, "by its name, in words")
        else:
            choose(role, found, "by its name")
        left = [name for name in left if name not in chosen.values()]
    for guess_role, fits, reason in _by_values(sample.head(_SAMPLE)):
        choose(guess_role, next((name for name in left if fits(name)), None), reason)
        left = [name for name in left if name not in chosen.values()]
    if chosen.get("user") is None or chosen.get("item") is None:
        missing = "user" if chosen.get("user") is None else "item"
        raise BadInput(f"no column is left for the {missing}", where=where, mend=f"name it: {missing} in [data]")
    return Roles(
        str(chosen["user"]), str(chosen["item"]), chosen.get("target"), chosen.get("time"), reasons, chosen.get("title")
    )


def lost_target(sample: pl.DataFrame, data: Data, chosen: Roles) -> str | None:
    """Return the column that would be the target were it not said to be a field; None where there is a target.

    A column counts by its name, and without a name of its own by its numbers.
    """
    if chosen.target is not None or data.target is not None:
        return None
    fields = [name for name in sample.columns if name in (*data.categorical, *data.continuous, *data.multilabel)]
    *_, (_, numbers, _) = _by_values(sample.head(_SAMPLE))
    return named("target", fields) or next(
        (name for name in fields if re.fullmatch(r"column_\d+", name) and numbers(name)), None
    )


def known_column(name: str, columns: Sequence[str], key: str, where: str) -> str:
    """Return `name`, a column of the file `where`.

    Raises:
        BadInput: there is no such column; gives the nearest name and the list.
    """
    if name in columns:
        return name
    raise BadInput(
        f"{key} = '{name}' is not one of its columns{nearest(name, columns)}",
        where=where,
        mend=f"it has {', '.join(columns)}",
    )


def suggestion(column: pl.Series) -> str:
    """Return what a column without a role could be, by its first values: "multilabel", "categorical", … or ""."""
    values = [value for value in column.head(_SAMPLE) if value]
    if not values:
        return ""
    if all(map(is_number, values)):
        whole = len(set(values)) <= 2 and set(values) <= {"0", "1"}
        return "categorical" if whole else "continuous"
    if separator_of_labels(values):
        return "multilabel"
    few = len(set(values)) <= max(2, _FEW * len(values))
    return "categorical" if few else ""


def separator_of_labels(values: Sequence[str]) -> str:
    """Return what stands between the labels of values such as "Comedy|Drama", or "" where they hold one each.

    Labels are short and come back again and again; prose with commas does not.
    """
    for separator in _LABEL_SEPARATORS:
        holding = [value for value in values if separator in value]
        if len(holding) < max(2, 0.1 * len(values)):
            continue
        labels = [label.strip() for value in values for label in value.split(separator)]
        if max(map(len, labels)) <= 40 and len(set(labels)) <= 0.5 * len(labels) and len(set(labels)) <= 200:
            return separator
    return ""


def _refuse_two_roles(chosen: dict[str, str | None], where: str) -> None:
    columns = [column for column in chosen.values() if column is not None]
    for column in columns:
        if columns.count(column) > 1:
            roles = " and ".join(role for role, name in chosen.items() if name == column)
            raise BadInput(f"'{column}' is said to be {roles}", where=where, mend="name a column for each in [data]")


def named(role: str, columns: Sequence[str]) -> str | None:
    """Return the first column whose name is one that a role's columns bear, or None."""
    known = _NAMES[role].split()
    for name in columns:
        plain = re.sub(r"[^a-z]", "", name.lower())
        if plain in known or (role in ("user", "item") and plain.removesuffix("id") in known and plain != "uid"):
            return name
    return None


def _by_values(head: pl.DataFrame) -> list[tuple[str, Callable[[str], bool], str]]:
    """The guesses that look past the names: role, which column fits, and why it would."""

    def numbers(name: str) -> bool:
        return all(is_number(value) for value in head[name] if value.strip())

    def times(name: str) -> bool:
        values = [value for value in head[name] if value.strip()]
        return bool(values) and all(value.isdecimal() and int(value[:30]) >= _LONG_AGO for value in values)

    return [
        ("user", lambda _: True, "by its place, the first column left"),
        ("item", lambda _: True, "by its place, the next column left"),
        ("time", times, "by its values, large whole numbers"),
        ("target", numbers, "by its place, the first numbers left"),
    ]
