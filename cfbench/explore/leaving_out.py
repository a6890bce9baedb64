"""What a model's own score of an item lacks without a rated title: it scores again with the title left out.

These are differences on leaving out. Where the score is a sum over what was rated, as with EASE, they are its parts and
add up to it; elsewhere they need not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cfbench.errors import WorkFailed
from cfbench.explore.folding import scored_by_itself
from cfbench.explore.trained import Trained
from cfbench.plugin import ScoreRequest, SparseRows

MOST = 200
"""Rated titles that are left out in turn, those rated highest."""

_CELLS = 2**25
"""Scores that one request may ask for, about."""


@dataclass(frozen=True, eq=False)
class LeftOut:
    """A score, and what it lacks without each of some rated titles.

    Attributes:
        score: of the item, for all that the user rated.
        bare: of the item, for somebody who rated nothing.
        items: codes of the titles, int64 (n,).
        ratings: float64 (n,).
        weights: the score less the score without the title, float64 (n,); both without the item's own rating.
        untried: rated titles that were too many.
    """

    score: float
    bare: float
    items: NDArray[np.int64]
    ratings: NDArray[np.float64]
    weights: NDArray[np.float64]
    untried: int


def leave_out(
    trained: Trained, user: int, item: int, items: NDArray[np.int64], ratings: NDArray[np.float64], most: int = MOST
) -> LeftOut:
    """Return the score of an item by a model's own `score`, and what it lacks without each rated title.

    All rows but the first are those of somebody whom training did not see, so that a model goes by them alone.

    Args:
        trained: the model; it has a `score`.
        user: code; 0 for somebody new.
        item: code.
        items: codes of what was rated, int64 (m,).
        ratings: float64 (m,).
        most: titles at most; of more, those rated highest.

    Raises:
        WorkFailed: the model gives scores of another shape, or what is no finite number.
    """
    order = np.argsort(items, kind="stable")
    items, ratings = items[order], ratings[order]
    others = np.flatnonzero(items != item)
    tried = others[np.argsort(-ratings[others], kind="stable")[:most]]
    kept = np.tile(items != item, (3 + len(tried), 1))
    kept[0], kept[1] = True, False
    kept[np.arange(3, len(kept)), tried] = False
    users = np.zeros(len(kept), np.int64)
    users[0] = user
    step = max(1, _CELLS // len(trained.classes["item"]))
    pieces = []
    for at in range(0, len(kept), step):
        request = ScoreRequest(users[at : at + step], _rows(items, ratings, kept[at : at + step]))
        pieces.append(scored_by_itself(trained, request)[:, item].double().numpy())
    scores = np.concatenate(pieces)
    if not np.isfinite(scores).all():
        raise WorkFailed("it gives a score that is no finite number", where=f"model {trained.model_name}")
    return LeftOut(
        score=float(scores[0]),
        bare=float(scores[1]),
        items=items[tried],
        ratings=ratings[tried],
        weights=scores[2] - scores[3:],
        untried=len(others) - len(tried),
    )


def _rows(items: NDArray[np.int64], ratings: NDArray[np.float64], kept: NDArray[np.bool_]) -> SparseRows:
    """Return one row for each row of `kept`, bool (n, m): the items and ratings that it keeps."""
    starts = np.concatenate([[0], kept.sum(1).cumsum()]).astype(np.int64)
    chosen = np.nonzero(kept)[1]
    return SparseRows(starts, items[chosen].astype(np.int32), ratings[chosen].astype(np.float32))
