"""Why a model predicts what it predicts: the score term by term, and the rated titles that carry it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Explanation, Support, Term
from cfbench.errors import BadInput
from cfbench.explore.factors import curve, factorization, float64
from cfbench.explore.folding import Folded, checked, design, folded, takes_itself
from cfbench.explore.leaving_out import LeftOut, leave_out
from cfbench.explore.naming import item_code, user_code
from cfbench.explore.trained import Trained
from cfbench.plugin import Factorization

_Floats = NDArray[np.float64]

TERMS = 12
SUPPORTS = 8
FAR = 0.5


def explain(
    trained: Trained,
    user: str,
    item: str,
    ratings: Mapping[str, float] | None = None,
    count: int = TERMS,
    supports: int = SUPPORTS,
) -> Explanation:
    """Return the score of an item as a sum, and the rated titles that move it most.

    With factors the supports are those of a user whose vector is solved from the user's ratings (Hu, Koren, Volinsky:
    Collaborative filtering for implicit feedback datasets, ICDM 2008, section 5): what the score would lose without the
    rating's pull. They tell of the trained vector as far as it is near that one: `solved` is the score by the solved
    one. Where that is off by more than `FAR` of all moves together, sizes added up, the ratings do not give the score,
    and no factor is because of a title.

    With a model that takes somebody new by its own `score` they are what that score lacks when a title is left out of
    what the user rated, of `leaving_out.MOST` titles at most. Such differences need not add up to the score; where it
    is a sum over what was rated, as with EASE, they do. Without factors the terms are the score of somebody who rated
    nothing, and what the ratings change about it.

    Args:
        trained: the model.
        user: label; "" for somebody new, who gave `ratings`.
        item: title that it alone bears, or label.
        ratings: title or label -> rating.
        count: terms at most; the smallest factors are one term together.
        supports: titles at most.

    Raises:
        BadInput: there is no such user or item, or the model has neither factors nor a `score`; or it has no factors,
            and the ratings are gone.
        WorkFailed: its `score` gives what is none.
    """
    tables = factorization(trained)
    by_itself = takes_itself(trained)
    if tables is None and not by_itself:
        raise BadInput(
            f"the model {trained.model_name} learns no factors and has no score(), so nothing tells what its"
            " predictions come from",
            mend="take one that has, such as biased-dot-product, ease or item-knn",
        )
    code, number, part = item_code(trained, item), 0, ""
    if ratings:
        codes, values = checked(trained, ratings)
        items = codes.astype(np.int64)
        rating = dict(zip(items.tolist(), values.tolist(), strict=True)).get(code)
    else:
        number = user_code(trained, user)
        items, values = _history(trained, number, needed=tables is None)
        rating, part = _rated(trained, number, code)
    left = leave_out(trained, number, code, items, values) if by_itself else None
    if tables is not None:
        found = _of_factors(trained, tables, number, code, items, values, left, count)
    else:
        assert left is not None
        found = _of_score(trained, number, code, left)
    y_range = tables.y_range if tables is not None else None
    return Explanation(
        user=user if not ratings else "",
        item=trained.classes["item"][code],
        title=trained.classes["title"][code],
        terms=found.terms,
        score=found.score,
        y_range=None if y_range is None else (float(y_range[0]), float(y_range[1])),
        prediction=found.prediction,
        rating=rating,
        supports=_supports(trained, *found.moves, supports),
        part=part,
        left_out=left is not None,
        untried=0 if left is None else left.untried,
        solved=found.solved,
        far=found.far,
        ranks=not trained.predictor.ratings,
    )


@dataclass(frozen=True, eq=False)
class _Sum:
    """Terms, the score that they add up to, what it predicts, and what moves it.

    Attributes:
        moves: codes of rated items, int64 (n,), their ratings and weights, float64 (n,).
        solved: the score that they move, None where it is `score`.
        far: whether it is too far from `score` for them to tell of that.
    """

    terms: tuple[Term, ...]
    score: float
    prediction: float
    moves: tuple[NDArray[np.int64], _Floats, _Floats]
    solved: float | None = None
    far: bool = False


def _of_score(trained: Trained, user: int, item: int, left: LeftOut) -> _Sum:
    """Return the score of a model without factors; what it predicts of a user whom it knows is its own affair."""
    terms = [Term("without any rating", left.bare), Term("what was rated", left.score - left.bare)]
    predicted = left.score
    if user:
        predicted = float(trained.score({"user": np.array([user], np.int32), "item": np.array([item], np.int32)})[0])
    return _Sum(_biggest([term for term in terms if term.value], [], len(terms)), left.score, predicted, _felt(left))


def _felt(left: LeftOut) -> tuple[NDArray[np.int64], _Floats, _Floats]:
    """Return what moves a score at all."""
    some = left.weights != 0
    return left.items[some], left.ratings[some], left.weights[some]


def _of_factors(
    trained: Trained,
    tables: Factorization,
    user: int,
    item: int,
    items: NDArray[np.int64],
    values: _Floats,
    left: LeftOut | None,
    count: int,
) -> _Sum:
    """Return the score of a model of factors; `user` is 0 for somebody new, who is folded in."""
    made: Folded | None = None
    if not user:
        made = folded(trained, items, values)
        vector, bias = made.factors, made.bias
    else:
        vector = float64(tables.user_factors[user])
        bias = 0.0 if tables.user_bias is None else float(tables.user_bias[user].detach())
        own = items != item  # what it is rated is no reason for what is predicted
        if left is None and own.any():
            made = folded(trained, items[own], values[own])
    rows, offsets = design(tables, np.array([item]))
    row = rows[0]
    fixed, products = _biases(tables, item, bias), _factors(vector, row)
    score = float(sum(term.value for term in (*fixed, *products)))
    solved: float | None = None
    if left is not None:
        moves = _felt(left)
    elif made is None:
        moves = items[:0], values[:0], values[:0]
    else:
        others = made.items != item
        moves = made.items[others], made.ratings[others], (made.parts @ row)[others]
        if user:
            solved = float(row[: len(made.factors)] @ made.factors + made.bias + offsets[0])
    far = solved is not None and abs(solved - score) > FAR * float(np.abs(moves[2]).sum())
    if made is not None and not far:
        products = _reasoned(trained, products, made)
    prediction = float(curve(tables, np.array([score]))[0][0])
    return _Sum(_biggest(fixed, products, count), score, prediction, moves, solved, far)


def _history(trained: Trained, user: int, needed: bool) -> tuple[NDArray[np.int64], _Floats]:
    """Return a user's training items and ratings; none where the data are gone and they are not needed."""
    try:
        loader = trained.loader
    except BadInput:
        if needed:
            raise
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


def _factors(vector: _Floats, row: _Floats) -> list[Term]:
    return [
        Term(f"factor {n + 1}", float(number * row[n]), float(number), float(row[n]))
        for n, number in enumerate(vector.tolist())
    ]


def _reasoned(trained: Trained, products: list[Term], made: Folded) -> list[Term]:
    """Return all factors in their order, each with the rated title that pulls it most towards where it is."""
    titles = trained.classes["title"]
    terms = []
    for n, term in enumerate(products):
        pull = made.parts[:, n] * np.sign(term.user or 0.0)
        because = titles[made.items[int(pull.argmax())]] if len(pull) and pull.max() > 0 else ""
        terms.append(msgspec.structs.replace(term, because=because))
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


def _supports(
    trained: Trained, items: NDArray[np.int64], ratings: _Floats, weights: _Floats, count: int
) -> tuple[Support, ...]:
    labels, titles = trained.classes["item"], trained.classes["title"]
    return tuple(
        Support(labels[items[n]], titles[items[n]], float(ratings[n]), float(weights[n]))
        for n in np.argsort(-np.abs(weights), kind="stable")[:count]
    )
