"""Where a model is wrong: errors by rating, user, item and age, calibration, and the worst misses by title."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import CalibrationBin, ErrorGroup, Errors, Miss, Part
from cfbench.errors import BadInput
from cfbench.explore.trained import Trained

_Floats = NDArray[np.float64]

WORST = 20
_BINS = 10
_MOST_RATINGS = 12
_DAY = 86_400
_COUNTS = (0, 1, 5, 20, 50, 100, 200, 500, 1000)
_AGES = ((0, "up to a week"), (7, "a week to a month"), (30, "1 to 3 months"), (91, "3 to 12 months"),
         (365, "1 to 3 years"), (1096, "3 years and more"))  # fmt: skip


def errors(trained: Trained, part: Part = "valid", worst: int = WORST) -> Errors:
    """Return how far predictions are off on a part, by what rows have in common.

    Args:
        trained: the model.
        part: "valid", or "test", whose opening is not counted here: a face asks `evaluate` for that.
        worst: how many of the largest errors by name.

    Raises:
        BadInput: the split has no such part, the data are gone, or predictions are in no unit of the target.
    """
    if not trained.predictor.ratings:
        raise BadInput(
            f"{_who_ranks(trained)} only puts items in order, so its predictions have no errors",
            mend="look at its rankings: cfbench evaluate",
        )
    loader = trained.loader
    rows = loader.rows(part)
    if not len(rows):
        raise BadInput(f"the split of run {trained.run.id} has no {part} rows", mend="train with a split that has some")
    data = loader.interactions
    users, items, ratings = data.user[rows], data.item[rows], data.target[rows].astype(np.float64)
    predicted = trained.score({"user": users, "item": items})
    wrong = predicted - ratings
    by = {
        "rating": _by_rating(ratings, wrong),
        "user": _by_count(trained.counts["user"][users], wrong),
        "item": _by_count(trained.counts["item"][items], wrong),
    }
    if data.time is not None:
        first = np.full(len(trained.classes["item"]), np.iinfo(np.int64).max)
        np.minimum.at(first, data.item, data.time)
        by["age"] = _by_age((data.time[rows] - first[items]) / _DAY, wrong)
    order = np.argsort(-np.abs(wrong), kind="stable")[:worst]
    return Errors(
        part=part,
        rows=len(rows),
        mean=float(wrong.mean()),
        rmse=_rmse(wrong),
        by=by,
        calibration=_calibration(predicted, ratings),
        worst=tuple(
            Miss(
                trained.classes["user"][users[n]],
                trained.classes["item"][items[n]],
                trained.classes["title"][items[n]],
                float(ratings[n]),
                float(predicted[n]),
                float(wrong[n]),
            )
            for n in order.tolist()
        ),
    )


def _who_ranks(trained: Trained) -> str:
    """Return who says no ratings: the model by itself, or as it was trained by a loss of drawn items."""
    live: Any = trained.find("model", trained.experiment.model.name)
    if live.ratings:
        loss = trained.experiment.loss.name.rpartition(":")[2]
        return f"the model {trained.model_name}, trained by {loss},"
    return f"the model {trained.model_name}"


def _rmse(wrong: _Floats) -> float:
    return float(np.sqrt((wrong**2).mean()))


def _groups(place: NDArray[np.int64], names: Sequence[str], wrong: _Floats) -> tuple[ErrorGroup, ...]:
    """Return the groups that have rows; `place` says for each row which group it is in."""
    found = []
    for number, name in enumerate(names):
        own = wrong[place == number]
        if len(own):
            found.append(ErrorGroup(name, len(own), float(own.mean()), _rmse(own)))
    return tuple(found)


def _by_rating(ratings: _Floats, wrong: _Floats) -> tuple[ErrorGroup, ...]:
    values = np.unique(ratings)
    if len(values) <= _MOST_RATINGS:
        return _groups(np.searchsorted(values, ratings), [f"{value:g}" for value in values], wrong)
    cuts = np.linspace(values[0], values[-1], _MOST_RATINGS + 1)
    names = [f"{low:g}–{high:g}" for low, high in itertools.pairwise(cuts.tolist())]
    return _groups(np.searchsorted(cuts[1:-1], ratings, side="right"), names, wrong)


def _by_count(counts: NDArray[np.int32], wrong: _Floats) -> tuple[ErrorGroup, ...]:
    """Return groups by how many training rows the user, or the item, has."""
    ends = [*(f"{high - 1:,}" for high in _COUNTS[1:]), ""]
    names = [
        f"{low:,}" if f"{low:,}" == high else f"{low:,}–{high}" if high else f"{low:,} and more"
        for low, high in zip(_COUNTS, ends, strict=True)
    ]
    return _groups(np.searchsorted(_COUNTS, counts, side="right") - 1, names, wrong)


def _by_age(days: _Floats, wrong: _Floats) -> tuple[ErrorGroup, ...]:
    starts = [start for start, _ in _AGES]
    return _groups(np.searchsorted(starts, days, side="right") - 1, [name for _, name in _AGES], wrong)


def _calibration(predicted: _Floats, ratings: _Floats) -> tuple[CalibrationBin, ...]:
    """Return tenths of the rows by prediction, equal ones together, with 95 % intervals of the mean rating."""
    order = np.argsort(predicted, kind="stable")
    tenth = np.repeat(np.arange(_BINS), [len(part) for part in np.array_split(order, _BINS)])
    ascending = predicted[order]
    tenth = tenth[np.searchsorted(ascending, ascending)]
    found = []
    for number in range(_BINS):
        own = order[tenth == number]
        if len(own):
            within = 1.96 * float(ratings[own].std(ddof=1)) / float(np.sqrt(len(own))) if len(own) > 1 else None
            found.append(CalibrationBin(len(own), float(predicted[own].mean()), float(ratings[own].mean()), within))
    return tuple(found)
