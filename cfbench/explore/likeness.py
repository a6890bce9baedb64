"""Which items, or users, are most like another one, by their factors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Measure, Scored, Side
from cfbench.explore.factors import factors_of, tables_of
from cfbench.explore.naming import item_code, user_code
from cfbench.explore.ranking import highest, known
from cfbench.explore.trained import Trained


def similar(
    trained: Trained, name: str, count: int = 10, least: int = 1, measure: Measure = "cosine", side: Side = "item"
) -> list[Scored]:
    """Return the items, or users, most like one of them, the most like first.

    Args:
        trained: the model.
        name: of an item a title that it alone bears, or its label; a user's label.
        count: how many.
        least: training rows that each has at least.
        measure: "cosine" of the angle between vectors, their "dot" product, or "euclid", their distance: least first.
        side: whose.

    Raises:
        BadInput: there is no such item or user, or the model has no factors.
    """
    factors = factors_of(tables_of(trained), side)
    code = item_code(trained, name) if side == "item" else user_code(trained, name)
    codes = known(trained, side, least)
    codes = codes[codes != code]
    values = likeness(factors[codes], factors[code], measure)
    if measure != "euclid":
        return list(highest(trained, side, codes, values, count))
    nearest = highest(trained, side, codes, -values, count)
    return [Scored(one.label, one.title, -one.value, one.count) for one in nearest]


def likeness(factors: NDArray[np.float64], vector: NDArray[np.float64], measure: Measure) -> NDArray[np.float64]:
    """Return how like each of some vectors (n, k) is to one (k,), float64 (n,); NaN where one has no direction."""
    if measure == "euclid":
        distances: NDArray[np.float64] = np.linalg.norm(factors - vector, axis=1)
        return distances
    products: NDArray[np.float64] = factors @ vector
    if measure == "dot":
        return products
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines: NDArray[np.float64] = products / (np.linalg.norm(factors, axis=1) * np.linalg.norm(vector))
    return cosines
