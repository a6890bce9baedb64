"""The first look at files: how they are written, what the columns may mean, the first rows; nothing is imported."""

from __future__ import annotations

from cfbench.answers import Preview
from cfbench.data.importing import planned
from cfbench.data.named import resolved
from cfbench.experiment import Data

ROWS = 100


def sample(data: Data) -> Preview:
    """Return what the beginning of the files tells, within a moment whatever their size.

    Raises:
        BadInput: the files or the settings can't be used.
    """
    data = resolved(data)
    plan = planned(data)
    opened = [*plan.stack.opened, *(side.opened for side in plan.side_tables)]
    tables = ["ratings"] * len(plan.stack.opened) + [side.kind for side in plan.side_tables]
    chosen = plan.roles
    shown = [
        name for name in (chosen.user, chosen.title or chosen.item, chosen.target, chosen.time) if name is not None
    ]
    return Preview(
        files=tuple(one.account(table, 0) for one, table in zip(opened, tables, strict=True)),
        columns=plan.columns(),
        shown=tuple(shown),
        rows=tuple(plan.sample.select(shown).head(ROWS).rows()),
        size=sum(one.file.size for one in plan.stack.opened),
    )
