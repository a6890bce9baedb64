"""Factors for somebody new from a few ratings, the model kept fixed.

The user's vector and bias are the most probable ones, given the ratings and a normal prior: the mean and covariance of
the vectors and biases that the model learned of its own users (an empirical Bayes estimate; Efron: Large-scale
inference, 2010, chapter 1). Without a range that is ridge regression, solved at once; where scores are squashed, each
Gauss-Newton step solves the ridge regression of the line that touches the curve there (Nocedal, Wright: Numerical
optimization, 2006, section 10.3). So nothing has to be known of how the model was regularised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.errors import BadInput, WorkFailed
from cfbench.explore.factors import curve, float64, tables_of
from cfbench.explore.naming import item_codes
from cfbench.explore.noise import noise
from cfbench.explore.trained import Trained
from cfbench.plugin import Factorization, ScoreRequest, SparseRows

_Floats = NDArray[np.float64]

_MOST_STEPS = 30
_ENOUGH = 1e-8


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
    return fold_likes(tables, prior(trained), items, ratings, trained.counts["item"])


def takes_itself(trained: Trained) -> bool:
    """Return whether a model takes somebody new by its own `score`: it has one, and puts items in order alone."""
    return callable(getattr(trained.model, "score", None)) and not trained.predictor.ratings


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
                where=f"model {trained.experiment.model.name}",
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
            f"the model {trained.experiment.model.name} scores somebody new by more than a vector",
            mend="ask for recommendations, which it can give",
        )
    return _folded(tables, found, items, ratings, np.empty((0, len(found))))


def checked(trained: Trained, ratings: Mapping[str, float]) -> tuple[NDArray[np.int32], _Floats]:
    """Return the codes of rated items, int32 (n,), and the ratings, float64 (n,).

    Raises:
        BadInput: there is no rating, no such item, an item stands there twice, or a rating is no finite number.
    """
    if not ratings:
        raise BadInput("there are no ratings", mend="give one or more")
    wrong = [f"{value} of '{name}'" for name, value in ratings.items() if not np.isfinite(value)]
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
    tables: Factorization, known: Prior, items: NDArray[np.int64], weights: _Floats, counts: NDArray[np.int32]
) -> Folded:
    """Return the most probable factors and bias where scores are logits of liking an item, and nothing is disliked.

    What was liked counts as 1. All items that training saw count as 0, with as much weight together as what was liked:
    what a sampler of negatives tells a model on average. Scores are taken from their mean over these items, since
    losses that compare pairs leave it open. Newton's method.

    Args:
        tables: the model's.
        known: the prior.
        items: codes of what was liked, int64 (n,).
        weights: how much each counts, float64 (n,), relative to their mean; one below 0 counts nothing.
        counts: training rows of each item by code, int32 (n_items,).
    """
    others = np.flatnonzero(counts).astype(np.int64)
    rows, offsets = design(tables, np.concatenate([items, others]))
    likes = np.maximum(weights, 0.0)
    likes = likes / likes.mean() if likes.any() else np.ones(len(weights))
    share = np.concatenate([likes, np.full(len(others), len(items) / len(others))])
    wanted = np.concatenate([np.ones(len(items)), np.zeros(len(others))])
    offsets = offsets - float((rows[len(items) :] @ known.mean + offsets[len(items) :]).mean())
    found = known.mean.copy()
    for _ in range(_MOST_STEPS):
        chance = 1 / (1 + np.exp(-(rows @ found + offsets)))
        pull = rows.T @ (share * (wanted - chance)) - known.precision @ (found - known.mean)
        curvature = (rows * (share * chance * (1 - chance))[:, None]).T @ rows + known.precision
        step = np.linalg.solve(curvature, pull)
        found = found + step
        if np.abs(step).max() <= _ENOUGH:
            break
    chance = 1 / (1 + np.exp(-(rows @ found + offsets)))
    bend = chance * (1 - chance)
    curvature = (rows * (share * bend)[:, None]).T @ rows + known.precision
    pull = share * (wanted - chance + bend * (rows @ (found - known.mean)))
    n = len(items)
    parts = np.linalg.solve(curvature, (rows[:n] * pull[:n, None]).T).T
    return _folded(tables, found, items, weights, parts)


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
