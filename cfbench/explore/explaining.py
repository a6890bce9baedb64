"""Why a model predicts what it predicts: the score term by term, and the rated titles that carry it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Explanation, Support, Term
from cfbench.errors import BadInput
from cfbench.explore.factors import curve, float64, tables_of
from cfbench.explore.folding import Folded, design, fold_in, folded
from cfbench.explore.naming import item_code, user_code
from cfbench.explore.trained import Trained
from cfbench.plugin import Factorization

_Floats = NDArray[np.float64]

TERMS = 12
SUPPORTS = 8


def explain(
    trained: Trained,
    user: str,
    item: str,
    ratings: Mapping[str, float] | None = None,
    count: int = TERMS,
    supports: int = SUPPORTS,
) -> Explanation:
    """Return the score of an item as a sum, and the rated titles that move it most.

    The supports are those of a user whose vector is solved from the user's ratings (Hu, Koren, Volinsky: Collaborative
    filtering for implicit feedback datasets, ICDM 2008, section 5): what the score would lose without the rating's
    pull. They tell of the trained vector as far as it is near that one.

    Args:
        trained: the model.
        user: label; "" for somebody new, who gave `ratings`.
        item: title that it alone bears, or label.
        ratings: title or label -> rating.
        count: terms at most; the smallest factors are one term together.
        supports: titles at most.

    Raises:
        BadInput: there is no such user or item, or the model has no factors.
    """
    tables, code = tables_of(trained), item_code(trained, item)
    made: Folded | None = None
    rating: float | None = None
    part = ""
    if ratings:
        made = fold_in(trained, ratings)
        vector, bias = made.factors, made.bias
        rating = dict(zip(made.items.tolist(), made.ratings.tolist(), strict=True)).get(code)
    else:
        number = user_code(trained, user)
        vector = float64(tables.user_factors[number])
        bias = 0.0 if tables.user_bias is None else float(tables.user_bias[number].detach())
        items, values = _history(trained, number)
        rating, part = _rated(trained, number, code)
        own = items != code  # what it is rated is no reason for what is predicted
        if own.any():
            made = folded(trained, items[own], values[own])
    row = design(tables, np.array([code]))[0][0]
    fixed, products = _biases(tables, code, bias), _factors(trained, vector, row, made)
    score = float(sum(term.value for term in (*fixed, *products)))
    predicted, _ = curve(tables, np.array([score]))
    return Explanation(
        user=user if not ratings else "",
        item=trained.classes["item"][code],
        title=trained.classes["title"][code],
        terms=_biggest(fixed, products, count),
        score=score,
        y_range=None if tables.y_range is None else (float(tables.y_range[0]), float(tables.y_range[1])),
        prediction=float(predicted[0]),
        rating=rating,
        supports=() if made is None else _supports(trained, made, row, code, supports),
        part=part,
    )


def _history(trained: Trained, user: int) -> tuple[NDArray[np.int64], _Floats]:
    """Return a user's training items and ratings; none where the data are gone."""
    try:
        loader = trained.loader
    except BadInput:
        return np.empty(0, np.int64), np.empty(0)
    seen = loader.history
    page = slice(seen.starts[user], seen.starts[user + 1])
    return seen.items[page].astype(np.int64), seen.values[page].astype(np.float64)


def _rated(trained: Trained, user: int, item: int) -> tuple[float | None, str]:
    """Return what a user rated an item in the data, and in which part; None where nothing, or where they are gone."""
    try:
        loader = trained.loader
    except BadInput:
        return None, ""
    data = loader.interactions
    rows = np.flatnonzero((data.user == user) & (data.item == item))
    if not len(rows):
        return None, ""
    return float(data.target[rows[-1]]), loader.part_of(rows[-1:])[0]


def _biases(tables: Factorization, item: int, bias: float) -> list[Term]:
    terms = []
    if tables.global_mean or tables.user_bias is not None:
        terms.append(Term("global mean", float(tables.global_mean)))
    if tables.user_bias is not None:
        terms.append(Term("user bias", bias))
    if tables.item_bias is not None:
        terms.append(Term("item bias", float(tables.item_bias[item].detach())))
    return [term for term in terms if term.value]


def _factors(trained: Trained, vector: _Floats, row: _Floats, made: Folded | None) -> list[Term]:
    titles = trained.classes["title"]
    terms = []
    for n, number in enumerate(vector.tolist()):
        because = ""
        if made is not None:
            pull = made.parts[:, n] * np.sign(number)
            if len(pull) and pull.max() > 0:
                because = titles[made.items[int(pull.argmax())]]
        terms.append(Term(f"factor {n + 1}", float(number * row[n]), float(number), float(row[n]), because))
    return terms


def _biggest(fixed: list[Term], products: list[Term], count: int) -> tuple[Term, ...]:
    """Return terms by their size; the smallest factors that are too many become one, the last."""
    products = sorted(products, key=lambda term: -abs(term.value))
    room = max(0, count - len(fixed) - (len(fixed) + len(products) > count))
    room += room == len(products) - 1  # one alone is named
    shown = sorted([*fixed, *products[:room]], key=lambda term: -abs(term.value))
    rest = products[room:]
    if not rest:
        return tuple(shown)
    return (*shown, Term(f"{len(rest)} other factors", float(sum(term.value for term in rest))))


def _supports(trained: Trained, made: Folded, row: _Floats, item: int, count: int) -> tuple[Support, ...]:
    weights = made.parts @ row
    order = [n for n in np.argsort(-np.abs(weights), kind="stable") if made.items[n] != item][:count]
    return tuple(
        Support(
            trained.classes["item"][made.items[n]],
            trained.classes["title"][made.items[n]],
            float(made.ratings[n]),
            float(weights[n]),
        )
        for n in order
    )
