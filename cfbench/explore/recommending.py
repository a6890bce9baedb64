"""What a model predicts highest for a user, or for somebody new who gave a few ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.answers import Recommendations, Recommended, Scored
from cfbench.errors import BadInput
from cfbench.explore.factors import factorization, float64, scores_of_user, scores_of_vector, squashed
from cfbench.explore.filtering import allowed
from cfbench.explore.folding import checked, folded, own_scores, takes_itself
from cfbench.explore.naming import user_code
from cfbench.explore.ranking import highest, known, threshold
from cfbench.explore.trained import Trained
from cfbench.loading.loader import Loader
from cfbench.plugin import Factorization

_POOL = 200
"""Of how many items a varied list is put together, best first; whatever is wanted, so that a shorter list begins it."""


def recommend(
    trained: Trained,
    user: str = "",
    count: int = 10,
    least: int = 1,
    *,
    where: Sequence[str] = (),
    diversity: float = 0.0,
    seen: bool = False,
    ratings: Mapping[str, float] | None = None,
) -> Recommendations:
    """Return the `count` items with the highest predictions: from the model's tables, or else pair by pair.

    Fields that the model reads are the user's and the items' own. Somebody new is folded in: by the model's own
    `score` where it only puts items in order, else by `folding`.

    Args:
        trained: the model.
        user: label; "" for somebody new, who gave `ratings`.
        count: how many.
        least: training rows that an item has at least.
        where: conditions on items' fields, as `filtering` has them.
        diversity: from 0 to 1; how much an item loses for being like one above it, among the 200 best; what comes below
            these is in order of prediction.
        seen: rank what was rated too.
        ratings: title or label -> rating, of somebody new.

    Raises:
        BadInput: there is no such user, item or field; the model needs a field that belongs to neither, or can't take
            somebody new; or the ratings are gone.
    """
    if count < 0:
        raise BadInput(f"{count} recommendations are none", mend="ask for 0 or more")
    if not 0 <= diversity <= 1:
        raise BadInput(f"diversity is from 0 to 1, not {diversity:g}", mend="0 ranks by prediction alone")
    if not user and not ratings:
        raise BadInput("it is for nobody", mend="give a user's label, or ratings of somebody new")
    tables = factorization(trained)
    if diversity and tables is None:
        raise BadInput(
            f"the model {trained.model_name} learns no factors, so its items have no likeness to vary",
            where="diversity",
            mend="leave it at 0",
        )
    if ratings:
        items, values = checked(trained, ratings)
        scores = _of_somebody_new(trained, tables, items, values)
    else:
        code = user_code(trained, user)
        loader = _loader(trained, user)
        rows = loader.training_rows(code)
        items, values = loader.interactions.item[rows], loader.interactions.target[rows].astype(np.float64)
        scores = _by_forward(trained, code) if tables is None else scores_of_user(tables, code)
    hidden = trained.counts["item"] < max(least, 1)
    if where:
        hidden |= ~allowed(trained, where)
    wanted = max(count, _POOL) if diversity else count
    codes, predicted, ranked = first(tables, scores, items if not seen else items[:0], hidden, wanted)
    best = highest(trained, "item", codes, predicted, wanted)
    if diversity and tables is not None:
        pool, below = best[:_POOL], best[_POOL:]
        order = varied([one.value for one in pool], _vectors(trained, tables, pool), diversity, count)
        best = (*(pool[n] for n in order), *below)
    given = dict(zip((trained.classes["item"][code] for code in items.tolist()), values.tolist(), strict=True))
    return Recommendations(
        user="" if ratings else user,
        ratings=len(values),
        mean=float(values.mean()),
        unseen=ranked,
        items=tuple(
            Recommended(one.label, one.title, one.value, one.count, one.label in given, given.get(one.label))
            for one in best[:count]
        ),
        ranks=not trained.predictor.ratings,
    )


def first(
    tables: Factorization | None,
    scores: NDArray[np.float32],
    seen: NDArray[np.int32],
    hidden: NDArray[np.bool_],
    count: int,
) -> tuple[NDArray[np.int32], NDArray[np.float64], int]:
    """Return codes that may be among the first `count`, what is predicted for them, and how many could have been.

    Args:
        tables: the model's, None where scores are predictions already.
        scores: of all items by code, float32 (n_items,); changed here.
        seen: codes that are left out.
        hidden: more that are left out, bool (n_items,).
        count: how many are wanted.
    """
    scores[seen] = -np.inf
    scores[hidden] = -np.inf
    scores[~(scores < np.inf)] = -np.inf  # no finite number
    least_score = max(threshold(scores, min(max(count, 1), len(scores))), float(np.finfo(np.float32).min))
    codes = np.flatnonzero(scores >= least_score).astype(np.int32)
    predicted = scores[codes].astype(np.float64) if tables is None else squashed(tables, scores[codes])
    return codes, predicted, int(np.count_nonzero(scores > -np.inf))


def varied(values: Sequence[float], vectors: NDArray[np.float64], diversity: float, count: int) -> list[int]:
    """Return the places of `count` items, each the best of those left by (1 - d) of its value and d of its difference.

    Maximal marginal relevance: Carbonell, Goldstein: The use of MMR, diversity-based reranking for reordering documents
    and producing summaries. SIGIR 1998. Values are taken from 0 to 1 over the pool, likeness is the cosine.

    Args:
        values: of the pool, best first.
        vectors: of the pool, float64 (n, k).
        diversity: d.
        count: how many.
    """
    worth = np.asarray(values, np.float64)
    spread = float(np.ptp(worth)) if len(worth) else 0.0
    worth = (worth - worth.min()) / spread if spread else np.zeros(len(worth))
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    closest, left, chosen = np.full(len(worth), -1.0), np.ones(len(worth), bool), []
    for _ in range(min(count, len(worth))):
        marginal = (1 - diversity) * worth - diversity * np.maximum(closest, 0.0)
        marginal[~left] = -np.inf
        best = int(marginal.argmax())
        chosen.append(best)
        left[best] = False
        closest = np.maximum(closest, directions @ directions[best])
    return chosen


def _of_somebody_new(
    trained: Trained,
    tables: Factorization | None,
    items: NDArray[np.int32],
    values: NDArray[np.float64],
) -> NDArray[np.float32]:
    if takes_itself(trained):
        return own_scores(trained, items.astype(np.int64), values)
    if tables is None:
        raise BadInput(
            f"the model {trained.model_name} can't take somebody new: it has no factors and no score()",
            mend="take one that can, such as biased-dot-product, ease or item-knn",
        )
    found = folded(trained, items.astype(np.int64), values)
    vector = torch.from_numpy(found.factors).to(tables.item_factors.dtype)
    return scores_of_vector(tables, vector, found.bias)


def _by_forward(trained: Trained, user: int) -> NDArray[np.float32]:
    """Return what the model itself predicts for all items that training saw, NaN for the others."""
    codes = known(trained, "item")
    scores = np.full(len(trained.classes["item"]), np.nan, np.float32)
    scores[codes] = trained.score({"user": np.full(len(codes), user, np.int32), "item": codes})
    return scores


def _vectors(trained: Trained, tables: Factorization, items: Sequence[Scored]) -> NDArray[np.float64]:
    codes = [trained.label_codes["item"][one.label] for one in items]
    return float64(tables.item_factors[codes])


def _loader(trained: Trained, user: str) -> Loader:
    try:
        return trained.loader
    except BadInput as error:
        raise BadInput(
            f"what '{user}' rated can't be looked up, since the data of run {trained.run.id} are gone: {error.what}",
            where=error.where,
            mend="put the data back there",
        ) from error
