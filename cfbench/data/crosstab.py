"""A dense corner of the table of users by items, by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import CrossTab
from cfbench.data.interactions import Interactions

SIZE = 10
_CANDIDATES = 40


def densest(interactions: Interactions, n_users: int = SIZE, n_items: int = SIZE) -> CrossTab:
    """Return the items with most rows, and the users with most rows among them."""
    classes = interactions.classes
    popular = _most(np.bincount(interactions.item, minlength=len(classes["item"])), _CANDIDATES)
    wanted = np.zeros(len(classes["item"]), bool)
    wanted[popular] = True
    rows = np.flatnonzero(wanted[interactions.item])
    busy = _most(np.bincount(interactions.user[rows], minlength=len(classes["user"])), n_users)
    chosen = np.zeros(len(classes["user"]), bool)
    chosen[busy] = True
    rows = rows[chosen[interactions.user[rows]]]
    items = _most(np.bincount(interactions.item[rows], minlength=len(classes["item"])), n_items)
    cells: list[list[float | None]] = [[None] * len(items) for _ in busy]
    place = {int(code): n for n, code in enumerate(items)}
    line = {int(code): n for n, code in enumerate(busy)}
    columns = (interactions.user[rows], interactions.item[rows], interactions.target[rows])
    for user, item, target in zip(*(column.tolist() for column in columns), strict=True):
        if item in place:
            cells[line[user]][place[item]] = float(f"{target:.6g}")
    return CrossTab(
        users=tuple(classes["user"][code] for code in busy.tolist()),
        items=tuple(classes["title"][code] for code in items.tolist()),
        cells=tuple(map(tuple, cells)),
    )


def _most(counts: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """The codes with most rows, at most n, none without a row; the lower code first where two have as many."""
    counts = counts.copy()
    counts[0] = 0
    order = np.argsort(-counts, kind="stable")[:n]
    return order[counts[order] > 0]
