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
