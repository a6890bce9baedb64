"""What a model predicts highest for a user, among the items that training did not see with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Recommendations
from cfbench.errors import BadInput
from cfbench.explore.factors import factorization, scores_of_user, squashed
from cfbench.explore.naming import user_code
from cfbench.explore.ranking import highest, known, threshold
from cfbench.explore.trained import Trained
from cfbench.loading.loader import Loader
from cfbench.plugin import Factorization


def recommend(trained: Trained, user: str, count: int = 10, least: int = 1) -> Recommendations:
    """Return the `count` items with the highest predictions: from the model's tables, or else pair by pair.

    Fields that the model reads are the user's and the items' own.

    Args:
        trained: the model.
        user: label.
        count: how many.
        least: training rows that an item has at least.

    Raises:
        BadInput: there is no such user, the model needs a field that belongs to neither, or the ratings are gone.
    """
    code = user_code(trained, user)
    loader = _loader(trained, user)
    rows = loader.training_rows(code)
    own = loader.interactions.item[rows]
    tables = factorization(trained)
    codes, values, unseen = (
        _by_pairs(trained, code, own, least) if tables is None else _by_tables(trained, tables, code, own, least, count)
    )
    return Recommendations(
        user=user,
        ratings=len(rows),
        mean=float(loader.interactions.target[rows].mean(dtype=np.float64)),
        unseen=unseen,
        items=highest(trained, "item", codes, values, count),
    )


def _by_tables(
    trained: Trained, tables: Factorization, user: int, own: NDArray[np.int32], least: int, count: int
) -> tuple[NDArray[np.int32], NDArray[np.float64], int]:
    """Return codes that may be among the first `count`, what is predicted for them, and how many could have been."""
    scores = scores_of_user(tables, user)
    scores[own] = -np.inf
    scores[trained.counts["item"] < max(least, 1)] = -np.inf
    scores[~(scores < np.inf)] = -np.inf  # no finite number
    least_score = max(threshold(scores, min(max(count, 1), len(scores))), float(np.finfo(np.float32).min))
    codes = np.flatnonzero(scores >= least_score).astype(np.int32)
    return codes, squashed(tables, scores[codes]), int(np.count_nonzero(scores > -np.inf))


def _by_pairs(
    trained: Trained, user: int, own: NDArray[np.int32], least: int
) -> tuple[NDArray[np.int32], NDArray[np.float64], int]:
    """Likewise with all codes, each scored by the model itself."""
    codes = known(trained, "item", least)
    codes = codes[~np.isin(codes, own)]
    values = trained.score({"user": np.full(len(codes), user, np.int32), "item": codes})
    return codes, values, int(np.count_nonzero(np.isfinite(values)))


def _loader(trained: Trained, user: str) -> Loader:
    try:
        return trained.loader
    except BadInput as error:
        raise BadInput(
            f"what '{user}' rated can't be looked up, since the data of run {trained.run.id} are gone: {error.what}",
            where=error.where,
            mend="put the data back there",
        ) from error
