"""Which columns are the user, the item, the target and the time: said, or guessed from names, values and places."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import polars as pl
from msgspec import Struct

from cfbench.data.layout import is_number
from cfbench.errors import BadInput, nearest
from cfbench.experiment import Data

NONE = "none"
"""What an experiment says where there is no target or no time."""

_NAMES = {
    "user": "user uid users username reviewer member customer account person people listener visitor reader viewer u",
    "item": "item iid items movie film book isbn artist track song album product asin joke article game anime business"
    " venue recipe restaurant beer page url show i",
    "target": "rating ratings stars star score weight value playcount plays listens count overall preference target"
    " feedback r",
    "time": "timestamp time date datetime ts unixtime unixreviewtime ratedat createdat t",
}
_SAMPLE = 1000
_LONG_AGO = 100_000_000
"""Unix seconds of 1973: larger whole numbers without a name are times."""


class Roles(Struct, frozen=True):
    """The columns that hold the user, the item, the target and the time, None where there is none.

    Attributes:
        reasons: role -> why that column, in a few words.
    """

    user: str
    item: str
    target: str | None
    time: str | None
    reasons: dict[str, str]

    def by_column(self) -> dict[str, str]:
        """Return column -> role."""
        columns = {"user": self.user, "item": self.item, "target": self.target, "time": self.time}
        return {column: role for role, column in columns.items() if column is not None}


def assign(frame: pl.DataFrame, data: Data, where: str) -> Roles:
    """Return the roles of a table of text columns; what `data` says wins over any guess.

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
            none = said == NONE and role in ("target", "time") and said not in frame.columns
            choose(role, None if none else known_column(said, frame.columns, f"[data] {role}", where), "said")
    _refuse_two_roles(chosen, where)
    left = [name for name in frame.columns if name not in [*chosen.values(), *data.categorical, *data.continuous]]
    for role in _NAMES:
        choose(role, _named(role, left), "by its name")
        left = [name for name in left if name not in chosen.values()]
    for guess_role, fits, reason in _by_values(frame.head(_SAMPLE)):
        choose(guess_role, next((name for name in left if fits(name)), None), reason)
        left = [name for name in left if name not in chosen.values()]
    if chosen.get("user") is None or chosen.get("item") is None:
        missing = "user" if chosen.get("user") is None else "item"
        raise BadInput(f"no column is left for the {missing}", where=where, mend=f"name it: {missing} in [data]")
    return Roles(str(chosen["user"]), str(chosen["item"]), chosen.get("target"), chosen.get("time"), reasons)


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


def _refuse_two_roles(chosen: dict[str, str | None], where: str) -> None:
    columns = [column for column in chosen.values() if column is not None]
    for column in columns:
        if columns.count(column) > 1:
            roles = " and ".join(role for role, name in chosen.items() if name == column)
            raise BadInput(f"'{column}' is said to be {roles}", where=where, mend="name a column for each in [data]")


def _named(role: str, columns: Sequence[str]) -> str | None:
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
