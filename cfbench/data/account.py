"""What a person is told of the files' columns: their roles, and why."""

from __future__ import annotations

import polars as pl

from cfbench.answers import Column
from cfbench.data import roles, sides
from cfbench.experiment import Data

_LOOKS = {
    "categorical": "labels",
    "continuous": "numbers",
    "multilabel": "several labels a value",
}


def _possible(role: str) -> str:
    """Return why a column without a role has none, and which one it could have."""
    return f"not used; {_LOOKS[role]}, so it can be {role}" if role else "not used"


def columns(
    sample: pl.DataFrame,
    side_tables: list[sides.SideTable],
    chosen: roles.Roles,
    data: Data,
    origin: dict[str, sides.SideTable | None],
) -> tuple[Column, ...]:
    """Return every column of the files with its role and the reason for it; what else one could be stands there too.

    Fields of flags follow the columns of their table.
    """

    def further(name: str, table: sides.SideTable | None, values: pl.Series) -> tuple[str, str]:
        if name in origin and origin[name] is table:
            kinds = ("categorical", "continuous", "multilabel")
            return next(kind for kind in kinds if name in getattr(data, kind)), "said"
        return "", _possible(roles.suggestion(values))

    found = []
    taken = chosen.by_column()
    for name in sample.columns:
        role, reason = (
            (taken[name], chosen.reasons[taken[name]]) if name in taken else further(name, None, sample[name])
        )
        found.append(Column("ratings", name, role, reason))
    for side in side_tables:
        flag_of = {name: field for field, flags in side.flags.items() for name in flags}
        named = {side.id: "id", side.title: "title"}
        for name in side.sample.columns:
            role, reason = further(name, side, side.sample[name])
            if not role and name in named:
                role, reason = named[name], side.reasons[named[name]]
            if not role and name in flag_of:
                reason = f"a flag of '{flag_of[name]}'"
            found.append(Column(side.kind, name, role, reason, flag_of.get(name, "")))
        for field in side.flags:
            role, reason = ("multilabel", "said") if origin.get(field) is side else ("", _possible("multilabel"))
            found.append(Column(side.kind, field, role, reason))
    return tuple(found)
