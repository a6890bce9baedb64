"""Factors for somebody new from a few ratings, the model kept fixed.

The user's vector and bias are the most probable ones, given the ratings and a normal prior: the mean and covariance of
the vectors and biases that the model learned of its own users (an empirical Bayes estimate; Efron: Large-scale
inference, 2010, chapter 1). Without a range that is ridge regression, solved at once; where scores are squashed, each
Gauss-Newton step solves the ridge regression of the line that touches the curve there (Nocedal, Wright: Numerical
optimization, 2006, section 10.3). So nothing has to be known of how the model was regularised.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.errors import BadInput, WorkFailed
from cfbench.explore.factors import curve, factorization, float64, tables_of
from cfbench.explore.naming import item_codes
from cfbench.explore.noise import noise
from cfbench.explore.trained import Trained
from cfbench.loading.negatives import chances
from cfbench.plugin import Factorization, ScoreRequest, SparseRows

_Floats = NDArray[np.float64]

_MOST_STEPS = 30
_ENOUGH = 1e-8
_MOST_PAIRS, _LEAST_BESIDE = 4_000_000, 256
"""Pairs of a like and an item drawn beside it that are summed over, and of how many items at least."""


@dataclass(frozen=True, eq=False)
class Prior:
    """What is known of a user before any rating.

    Attributes:
        mean: of vectors, and of biases in the last place where the model has them, float64 (d,).
        precision: the inverse of their covariance, float64 (d, d).
        noise: variance of rating - prediction.
    """

    mean: _Floats
    precision: _Floats
    noise: float


@dataclass(frozen=True, eq=False)
class Folded:
    """Somebody new in the model's terms.

    Attributes:
        factors: float64 (k,).
        bias: 0 where the model has no user biases.
        items: codes of what was rated, int64 (n,).
        ratings: float64 (n,).
        parts: what each rating adds to the factors, and in the last place to a bias: float64 (n, d); (0, d) where the
            model itself took somebody new and does not tell.
    """

    factors: _Floats
    bias: float
    items: NDArray[np.int64]
    ratings: _Floats
    parts: _Floats


def fold_in(trained: Trained, ratings: Mapping[str, float]) -> Folded:
    """Return factors and bias of somebody who gave some ratings.

    Args:
        trained: the model.
        ratings: title that one item alone bears, or label -> rating.

    Raises:
        BadInput: there is no such item, a rating is no finite number, or the model has no factors.
    """
    items, values = checked(trained, ratings)
    return folded(trained, items.astype(np.int64), values)


def folded(trained: Trained, items: NDArray[np.int64], ratings: _Floats) -> Folded:
    """Return factors and bias for ratings, float64 (n,), of items by code, int64 (n,), in the way that fits the model.

    Raises:
        BadInput: the model has no factors, or takes somebody new in a way that is no vector.
    """
    tables = tables_of(trained)
    if takes_itself(trained):
        return _by_itself(trained, tables, items, ratings)
    if trained.predictor.ratings:
        return fold(tables, prior(trained), items, ratings)
    counts, sampler = trained.counts["item"], trained.experiment.sampler
    chance = (counts > 0) / np.count_nonzero(counts) if sampler is None else chances(sampler, trained.find, counts)
    return fold_likes(tables, prior(trained), items, ratings, chance)


def takes_itself(trained: Trained) -> bool:
    """Return whether a model takes somebody new by its own `score`: puts items in order alone, or has no factors."""
    able = callable(getattr(trained.model, "score", None))
    return able and (not trained.predictor.ratings or factorization(trained) is None)


def own_scores(trained: Trained, items: NDArray[np.int64], ratings: _Floats) -> NDArray[np.float32]:
    """Return what a model's own `score` gives all items for somebody new, float32 (n_items,)."""
    order = np.argsort(items, kind="stable")
    seen = SparseRows(np.array([0, len(items)]), items[order].astype(np.int32), ratings[order].astype(np.float32))
    return scored_by_itself(trained, ScoreRequest(np.zeros(1, np.int64), seen))[0].float().numpy().copy()


def scored_by_itself(trained: Trained, request: ScoreRequest) -> torch.Tensor:
    """Return what a model's own `score` gives all items for some users, (n, n_items) on the CPU.

    Raises:
        WorkFailed: it gives another shape.
    """
    with torch.no_grad(), trained.at_work():
        found = torch.as_tensor(trained.model.score(request)).cpu()  # type: ignore[operator]
        shape = (len(request.users), len(trained.classes["item"]))
        if found.shape != shape:
            raise WorkFailed(
                f"score gave shape {tuple(found.shape)} where {shape} was asked for",
                where=f"model {trained.model_name}",
            )
    return found


def _by_itself(trained: Trained, tables: Factorization, items: NDArray[np.int64], ratings: _Floats) -> Folded:
    """Return the vector that the model's own scores come from."""
    seen = np.flatnonzero(trained.counts["item"])
    scores = own_scores(trained, items, ratings)[seen].astype(np.float64)
    rows, offsets = design(tables, seen)
    found, *_ = np.linalg.lstsq(rows, scores - offsets)
    if not np.allclose(rows @ found + offsets, scores, rtol=1e-3, atol=1e-3 * max(1e-6, float(np.abs(scores).max()))):
        raise BadInput(
            f"the model {trained.model_name} scores somebody new by more than a vector",
            mend="ask for recommendations, which it can give",
        )
    return _folded(tables, found, items, ratings, np.empty((0, len(found))))


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def checked(trained: Trained, ratings: Mapping[str, float]) -> tuple[NDArray[np.int32], _Floats]:
    """Return the codes of rated items, int32 (n,), and the ratings, float64 (n,).

    Raises:
        BadInput: there is no rating, no such item, an item stands there twice, a rating is no finite number, or
            `ratings` is no mapping.
    """
    if not isinstance(ratings, Mapping):
        what = f"ratings are a mapping of titles or ids to numbers, and this is of type {type(ratings).__name__}"
        raise BadInput(what, where="ratings", mend='give one such as {"a title": 4}')
    if not ratings:
        raise BadInput("there are no ratings", mend="give one or more")
    wrong = [f"{value} of '{name}'" for name, value in ratings.items() if not _is_finite(value)]
    if wrong:
        raise BadInput(f"{wrong[0]} is no rating", mend="give a finite number")
    low, high = trained.target_ends
    beyond = [name for name, value in ratings.items() if not low <= value <= high]
    if trained.predictor.ratings and beyond:
        what = f"{ratings[beyond[0]]:g} of '{beyond[0]}' is no rating here: they go from {low:g} to {high:g}"
        raise BadInput(what, mend="give one on that scale")
    items = np.array(item_codes(trained, ratings), np.int32)
    if len(np.unique(items)) < len(items):
        title = trained.classes["title"][int(items[np.argmax(np.bincount(items)[items] > 1)])]
        raise BadInput(f"'{title}' is rated twice", mend="name it once, by its title or its id")
    return items, np.array(list(ratings.values()), np.float64)


def fold(tables: Factorization, known: Prior, items: NDArray[np.int64], ratings: _Floats) -> Folded:
    """Return the most probable factors and bias for ratings, float64 (n,), of items by code, int64 (n,)."""
    rows, offsets = design(tables, items)
    found = known.mean.copy()
    lowest = _energy(tables, known, rows, offsets, ratings, found)
    for _ in range(_MOST_STEPS if tables.y_range else 1):
        predicted, slope = curve(tables, rows @ found + offsets)
        tangent = rows * slope[:, None]
        pull = tangent.T @ (ratings - predicted) / known.noise - known.precision @ (found - known.mean)
        step = np.linalg.solve(tangent.T @ tangent / known.noise + known.precision, pull)
        scale = 1.0
        while (energy := _energy(tables, known, rows, offsets, ratings, found + scale * step)) > lowest:
            scale /= 2
            if scale < _ENOUGH:
                break
        if scale < _ENOUGH:
            break
        found = found + scale * step
        done = lowest - energy <= _ENOUGH * (1 + lowest)
        lowest = energy
        if done:
            break
    predicted, slope = curve(tables, rows @ found + offsets)
    tangent = rows * slope[:, None]
    pull = (ratings - predicted + tangent @ (found - known.mean)) / known.noise
    parts = np.linalg.solve(tangent.T @ tangent / known.noise + known.precision, (tangent * pull[:, None]).T).T
    return _folded(tables, found, items, ratings, parts)


def fold_likes(
    tables: Factorization, known: Prior, items: NDArray[np.int64], weights: _Floats, chances: _Floats
) -> Folded:
    """Return the most probable factors and bias where what was liked shall score above what is drawn beside it.

    That is BPR's own posterior of one user (Rendle et al.: BPR: Bayesian personalized ranking from implicit feedback.
    UAI 2009, section 4.1) with the items fixed and the mean taken over all that may be drawn: each like i adds the mean
    of log sigmoid(score of i - score of j) over items j by their chance. Scores count by their differences alone, since
    such losses leave their level open. Newton's method.

    Each part is what a like adds against all that is drawn beside it, so parts add up to the way from the prior's mean.

    Args:
        tables: the model's.
        known: the prior.
        items: codes of what was liked, int64 (n,).
        weights: how much each counts, float64 (n,), relative to their mean; one below 0 counts nothing.
        chances: of each item by code to be drawn, float64 (n_items,); what was liked is not.
    """
    likes = np.maximum(weights, 0.0)
    likes = likes / likes.mean() if likes.any() else np.ones(len(weights))
    others, share = _beside(chances, items)
    liked, own = design(tables, items)
    drawn, theirs = design(tables, others)
    each = likes[:, None] * share
    between = own[:, None] - theirs

    def lost(vector: _Floats) -> float:
        away = vector - known.mean
        apart = (liked @ vector)[:, None] - drawn @ vector + between
        return float((each * np.logaddexp(0, -apart)).sum() + away @ known.precision @ away / 2)

    def over_pairs(values: _Floats) -> _Floats:
        """Return for each like the sum over what is drawn of a value times the difference of their rows, (n, d)."""
        summed: _Floats = liked * values.sum(1)[:, None] - values @ drawn
        return summed

    def at(vector: _Floats) -> tuple[_Floats, _Floats, _Floats]:
        """Return the pull of each pair, how fast that gives way, (n, others) both, and the curvature, (d, d)."""
        apart = (liked @ vector)[:, None] - drawn @ vector + between
        wrong = np.exp(-np.logaddexp(0, apart))
        bend = each * wrong * (1 - wrong)
        crossed = liked.T @ (bend @ drawn)
        curvature = (liked * bend.sum(1)[:, None]).T @ liked + (drawn * bend.sum(0)[:, None]).T @ drawn
        return each * wrong, bend, curvature - crossed - crossed.T + known.precision

    found, lowest = known.mean.copy(), lost(known.mean)
    for _ in range(_MOST_STEPS):
        pull, _, curvature = at(found)
        step = np.linalg.solve(curvature, over_pairs(pull).sum(0) - known.precision @ (found - known.mean))
        scale = 1.0
        while (loss := lost(found + scale * step)) > lowest and scale >= _ENOUGH:
            scale /= 2
        if scale < _ENOUGH:
            break
        found, lowest = found + scale * step, loss
        if np.abs(step).max() <= _ENOUGH:
            break
    pull, bend, curvature = at(found)
    away = found - known.mean
    apart = (liked @ away)[:, None] - drawn @ away
    parts = np.linalg.solve(curvature, over_pairs(pull + bend * apart).T).T
    return _folded(tables, found, items, weights, parts)


def _beside(chances: _Floats, items: NDArray[np.int64]) -> tuple[NDArray[np.int64], _Floats]:
    """Return codes of what may be drawn beside likes, int64 (m,), and their chances, float64 (m,).

    Of a catalogue with too many pairs they are drawn systematically: as many places at equal distances along the sum of
    the chances (Cochran: Sampling techniques, 1977, chapter 8).
    """
    left = chances.copy()
    left[items] = 0
    if not left.any():
        return items[:0], left[:0]
    left /= left.sum()
    others = np.flatnonzero(left)
    most = max(_LEAST_BESIDE, _MOST_PAIRS // len(items))
    if len(others) > most:
        places = (np.arange(most) + 0.5) / most
        picked = np.searchsorted(np.cumsum(left[others]), places, "right")
        others, times = np.unique(others[np.minimum(picked, len(others) - 1)], return_counts=True)
        return others.astype(np.int64), times / most
    return others.astype(np.int64), left[others]


def _folded(
    tables: Factorization, found: NDArray[Any], items: NDArray[np.int64], ratings: _Floats, parts: NDArray[Any]
) -> Folded:
    if tables.user_bias is None:
        return Folded(found, 0.0, items, ratings, parts)
    return Folded(found[:-1], float(found[-1]), items, ratings, parts)


def prior(trained: Trained) -> Prior:
    """Return the prior of a model's users, estimated once."""
    if trained not in _priors:
        _priors[trained] = _estimated(trained)
    return _priors[trained]


_priors: WeakKeyDictionary[Trained, Prior] = WeakKeyDictionary()


def design(tables: Factorization, items: NDArray[np.int64]) -> tuple[_Floats, _Floats]:
    """Return what a user's vector and bias are multiplied with, (n, d), and what is added to the product, (n,)."""
    rows = float64(tables.item_factors[torch.from_numpy(items)])
    if tables.user_bias is not None:
        rows = np.concatenate([rows, np.ones((len(rows), 1))], 1)
    offsets = np.full(len(rows), tables.global_mean)
    if tables.item_bias is not None:
        offsets += float64(tables.item_bias[torch.from_numpy(items)])
    return rows, offsets


def _energy(
    tables: Factorization, known: Prior, rows: _Floats, offsets: _Floats, ratings: _Floats, found: _Floats
) -> float:
    predicted, _ = curve(tables, rows @ found + offsets)
    away = found - known.mean
    return float(((ratings - predicted) ** 2).sum() / known.noise + away @ known.precision @ away) / 2


def _estimated(trained: Trained) -> Prior:
    tables = tables_of(trained)
    users = np.flatnonzero(trained.counts["user"])
    vectors = float64(tables.user_factors[torch.from_numpy(users)])
    if tables.user_bias is not None:
        vectors = np.concatenate([vectors, float64(tables.user_bias[torch.from_numpy(users)])[:, None]], 1)
    covariance: _Floats = np.eye(vectors.shape[1], dtype=np.float64)
    if len(users) > 1:
        covariance = np.atleast_2d(np.cov(vectors, rowvar=False)).astype(np.float64)
    floor = 1e-6 * float(np.trace(covariance)) / len(covariance) + 1e-12
    precision: _Floats = np.linalg.inv(covariance + floor * np.eye(len(covariance))).astype(np.float64)
    return Prior(vectors.mean(0, dtype=np.float64), precision, noise(trained))
