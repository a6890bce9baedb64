"""The textbook's table: users by items, what was rated, what is predicted, and how far that is off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Cell, PredictedTab
from cfbench.errors import BadInput
from cfbench.explore.naming import item_code, user_code
from cfbench.explore.trained import Trained

USERS, ITEMS = 15, 10
MOST = 40


def predicted_tab(
    trained: Trained, users: Sequence[str] = (), items: Sequence[str] = (), n_users: int = USERS, n_items: int = ITEMS
) -> PredictedTab:
    """Return a corner of the table: of the users and items that are named, filled up with the densest.

    The densest are the items with most training rows, and the users with most rows among them.

    Args:
        trained: the model.
        users: labels that come first.
        items: titles or labels that come first.
        n_users: how many in all, at most 40, or as many as are named.
        n_items: likewise.

    Raises:
        BadInput: there is no such user or item, too many are asked for, or the ratings are gone.
    """
    first_users = list(dict.fromkeys(user_code(trained, user) for user in users))
    first_items = list(dict.fromkeys(item_code(trained, item) for item in items))
    n_users, n_items = max(n_users, len(first_users) or n_users), max(n_items, len(first_items) or n_items)
    if not (0 < n_users <= MOST and 0 < n_items <= MOST):
        raise BadInput(f"{n_users} x {n_items} are too many, or none", mend=f"ask for 1 to {MOST} of each")
    loader = trained.loader
    data = loader.interactions
    popular = _most(trained.counts["item"], n_items, first_items)
    rows_each = np.bincount(data.user[np.isin(data.item, popular)], minlength=len(trained.classes["user"]))
    busy = _most(np.where(trained.counts["user"] > 0, rows_each, 0), n_users, first_users)
    ratings: dict[tuple[int, int], tuple[float, str]] = {}
    rows = np.flatnonzero(np.isin(data.user, busy) & np.isin(data.item, popular))
    for row, part in zip(rows.tolist(), loader.part_of(rows), strict=True):
        ratings[int(data.user[row]), int(data.item[row])] = float(data.target[row]), part
    grid = np.array([(user, item) for user in busy for item in popular], np.int32).reshape(-1, 2)
    predicted = trained.score({"user": grid[:, 0].copy(), "item": grid[:, 1].copy()}).tolist()
    cells = [
        _cell(ratings.get((user, item)), value, trained.predictor.ratings)
        for (user, item), value in zip(grid.tolist(), predicted, strict=True)
    ]
    wide = len(popular)
    return PredictedTab(
        users=tuple(trained.classes["user"][code] for code in busy),
        items=tuple(trained.classes["item"][code] for code in popular),
        titles=tuple(trained.classes["title"][code] for code in popular),
        cells=tuple(tuple(cells[n * wide : (n + 1) * wide]) for n in range(len(busy))),
        ranks=not trained.predictor.ratings,
    )


def _cell(known: tuple[float, str] | None, prediction: float, in_units: bool) -> Cell:
    if known is None:
        return Cell(None, prediction, None)
    rating, part = known
    return Cell(rating, prediction, prediction - rating if in_units else None, part)


def _most(counts: NDArray[np.integer[Any]], count: int, first: Sequence[int]) -> list[int]:
    """Return the codes that come first, and then those with most rows, `count` in all."""
    counts = counts.copy()
    counts[0] = 0
    order = np.argsort(-counts, kind="stable")[: count + len(first)]
    others = [int(code) for code in order if counts[code] and code not in first]
    return [*first, *others][:count]
