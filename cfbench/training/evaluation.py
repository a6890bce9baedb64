"""How good a model is: loss and metrics over a part of the data, by user, and apart for what training knew well."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.loading.loader import Loader, Part
from cfbench.training.components import Predictor, Scorer
from cfbench.training.objective import Objective
from cfbench.training.ranking import Ranked, rank, rank_among

HEAD = 0.2
"""The share of the items that training saw which are the head; the others are the tail."""

_SLICES = ("warm", "cold", "head", "tail")


@dataclass(frozen=True)
class Measured:
    """What was measured on a part.

    Attributes:
        loss: None where the part is empty, or the model only puts items in order.
        metrics: label -> value; None where it is no finite number.
        by_user: label -> value of each user, float64 (users,), NaN where there is none.
        users: their codes, int32 (users,), ascending.
        slices: "warm", "cold" (user or item unseen in training), "head", "tail" (by the item) -> label -> value.
        sizes: slice -> rows.
        constant: every prediction is the same.
        ranked: the ranking of all items, where a metric read it.
    """

    loss: float | None
    metrics: dict[str, float | None]
    by_user: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    users: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    slices: dict[str, dict[str, float | None]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    constant: bool = False
    ranked: Ranked | None = None


@torch.no_grad()
def predict(predictor: Predictor, part: Part) -> torch.Tensor:
    """Return predictions (n,) of all rows of a part, in the order of the data, dropout off."""
    was_training = predictor.module.training
    predictor.module.eval()
    chunks = [predictor(predictor.place(chunk)) for chunk in part.chunks()]
    predictor.module.train(was_training)
    return torch.cat(chunks) if chunks else torch.empty(0, dtype=predictor.dtype, device=predictor.device)


def evaluate(
    predictor: Predictor, loader: Loader, part: str, objective: Objective, metrics: Iterable[Scorer]
) -> tuple[float | None, dict[str, float | None]]:
    """Return the loss and each metric over a part; (None, {}) where the part is empty."""
    view = _View(predictor, loader, part, objective, list(metrics))
    return (view.loss(), view.values()) if len(view.rows) else (None, {})


def measure(
    predictor: Predictor, loader: Loader, part: str, objective: Objective, metrics: Iterable[Scorer]
) -> Measured:
    """Return all there is to measure on a part."""
    view = _View(predictor, loader, part, objective, list(metrics))
    if not len(view.rows):
        return Measured(None, {})
    users = np.unique(loader.interactions.user[view.rows])
    slices = view.slices()
    return Measured(
        loss=view.loss(),
        metrics=view.values(),
        by_user={metric.name: values for metric in view.metrics if (values := view.by_user(metric, users)) is not None},
        users=users,
        slices={name: view.values(mask) for name, mask in slices.items() if mask.any()},
        sizes={name: int(mask.sum()) for name, mask in slices.items()},
        constant=view.constant,
        ranked=view.ranked,
    )


class _View:
    """A part of the data as one model sees it; everything is computed once, and only where a metric reads it."""

    def __init__(
        self, predictor: Predictor, loader: Loader, part: str, objective: Objective, metrics: list[Scorer]
    ) -> None:
        self.predictor, self.loader, self.part, self.objective = predictor, loader, part, objective
        self.metrics, self.rows = metrics, loader.rows(part)
        self._among: dict[int, Ranked] = {}

    @cached_property
    def _predictions(self) -> torch.Tensor:
        part: Part = getattr(self.loader, self.part)
        return predict(self.predictor, part)

    @cached_property
    def _numbers(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        target: NDArray[np.float64] = self.loader.interactions.target[self.rows].astype(np.float64)
        return self._predictions.double().cpu().numpy(), target

    @cached_property
    def _ranked(self) -> Ranked:
        lists = {metric.params.k for metric in self.metrics if metric.reads == "lists"}
        return rank(self.predictor, self.loader, self.part, lists)

    @property
    def ranked(self) -> Ranked | None:
        """The ranking of all items, where a metric read it."""
        return self.__dict__.get("_ranked")

    def _ranking(self, metric: Scorer) -> Ranked:
        n = getattr(metric.params, "candidates", 0)
        if not n:
            return self._ranked
        if n not in self._among:
            self._among[n] = rank_among(self.predictor, self.loader, self.part, self.loader.among(self.part, n))
        return self._among[n]

    @property
    def constant(self) -> bool:
        """Whether every prediction is the same."""
        if len(self.rows) < 2 or not any(metric.reads == "predictions" for metric in self.metrics):
            return False
        return bool(self._predictions.min() == self._predictions.max())

    def loss(self) -> float | None:
        """Return the loss; None where it is of targets, and the model's predictions are in another unit."""
        if not (self.predictor.ratings or self.objective.draws):
            return None
        return self.objective.over(self.predictor, self.loader, self.part, lambda: self._predictions)

    def values(self, rows: NDArray[np.bool_] | None = None) -> dict[str, float | None]:
        """Return label -> value over the part, or over some of its rows, bool (n,)."""
        return {metric.name: _finite(self._value(metric, rows)) for metric in self.metrics}

    def _value(self, metric: Scorer, rows: NDArray[np.bool_] | None) -> float:
        if metric.reads == "predictions":
            if not self.predictor.ratings:
                return math.nan
            prediction, target = self._numbers
            chosen = slice(None) if rows is None else rows
            return float(metric.target(prediction[chosen], target[chosen], metric.params))
        if metric.reads == "lists":
            return float(metric.target(self._ranked, metric.params)) if rows is None else math.nan
        ranked = _relevant(self._ranking(metric), metric)
        if rows is not None:
            ranked = ranked.among(self._relevant_rows(ranked, rows))
        return _mean_of_users(ranked.users, np.asarray(metric.target(ranked, metric.params), np.float64))

    def _relevant_rows(self, ranked: Ranked, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which relevant items, bool (r,), are in some rows of the part."""
        data, numbers = self.loader.interactions, self.rows[rows]
        chosen = np.unique(data.user[numbers].astype(np.int64) << 32 | data.item[numbers])
        mine = ranked.users[ranked.query].astype(np.int64) << 32 | ranked.item
        return np.isin(mine, chosen)

    def by_user(self, metric: Scorer, users: NDArray[np.int32]) -> NDArray[np.float64] | None:
        """Return a metric's value of each of `users`, NaN where there is none; None where it has none a user."""
        if metric.reads == "lists" or (metric.reads == "predictions" and not self.predictor.ratings):
            return None
        if metric.reads == "ranking":
            ranked = _relevant(self._ranking(metric), metric)
            return _by_user(ranked.users, np.asarray(metric.target(ranked, metric.params), np.float64), users)
        prediction, target = self._numbers
        owner = self.loader.interactions.user[self.rows]
        order = np.argsort(owner, kind="stable")
        pieces = np.split(order, np.flatnonzero(np.diff(owner[order])) + 1)
        with np.errstate(all="ignore"):
            return np.array([float(metric.target(prediction[rows], target[rows], metric.params)) for rows in pieces])

    def slices(self) -> dict[str, NDArray[np.bool_]]:
        """Return slice -> which rows of the part are in it, bool (n,)."""
        data, encoder = self.loader.interactions, self.loader.encoder
        known = encoder.counts["user"].astype(bool)
        shown = np.diff(self.loader.history.starts) > 0
        item = data.item[self.rows]
        warm = (known | shown)[data.user[self.rows]] & encoder.seen["item"][item]
        head = head_items(encoder.counts["item"])[item]
        return dict(zip(_SLICES, (warm, ~warm, head, ~head), strict=True))


def head_items(counts: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which items are the head: the fifth of those that training saw with most rows, bool (n_items,)."""
    seen = np.flatnonzero(counts)
    head = np.zeros(len(counts), bool)
    head[seen[np.argsort(-counts[seen], kind="stable")][: math.ceil(HEAD * len(seen))]] = True
    return head


def _relevant(ranked: Ranked, metric: Scorer) -> Ranked:
    """Return the ranking with items below the metric's own threshold as plain candidates."""
    least = getattr(metric.params, "relevant", None)
    return ranked if least is None else ranked.only(ranked.target >= least)


def _by_user(owner: NDArray[np.int32], values: NDArray[np.float64], users: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the mean of each user's values, NaN left out."""
    there = np.isfinite(values)
    at = np.searchsorted(users, owner[there])
    sums, counts = (np.bincount(at, weights, len(users)) for weights in (values[there], None))
    with np.errstate(invalid="ignore"):
        means: NDArray[np.float64] = sums / counts
    return means


def _mean_of_users(owner: NDArray[np.int32], values: NDArray[np.float64]) -> float:
    means = _by_user(owner, values, np.unique(owner))
    there = means[np.isfinite(means)]
    return float(there.mean()) if len(there) else math.nan


def standard_errors(by_user: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """Return label -> standard error of the mean over users, of metrics with a value for two users or more."""
    found = {}
    for label, values in by_user.items():
        there = values[np.isfinite(values)]
        if len(there) > 1:
            found[label] = float(there.std(ddof=1) / math.sqrt(len(there)))
    return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
