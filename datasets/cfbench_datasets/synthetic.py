"""Ratings made from planted factors, written a million rows at a time; what they were made from is written beside them.

A rating is mean + user bias + item bias + drift + user vector · item vector + noise, rounded to half stars from 0.5 to
5. ``truth.npz`` holds user_factors (users, k), item_factors (items, k), user_bias, item_bias, item_drift, in the order
of the ids, which count from 1; ``truth.json`` the parameters, the mean, and the root mean square of what rounding and
noise leave for nobody to learn.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import NDArray

from cfbench_datasets.synthetic_params import SyntheticParams

MEAN, USER_SPREAD, ITEM_SPREAD, FACTOR_SPREAD = 3.3, 0.3, 0.4, 0.6
FIRST, LAST = 1_420_070_400, 1_704_067_199
"""Unix seconds of the first and last second of the years 2015 to 2023."""

_BLOCK = 1_000_000
_TRIES = 200


@dataclass(frozen=True)
class Truth:
    """What ratings are made from."""

    user_factors: NDArray[np.float32]
    item_factors: NDArray[np.float32]
    user_bias: NDArray[np.float32]
    item_bias: NDArray[np.float32]
    item_drift: NDArray[np.float32]

    @classmethod
    def drawn(cls, params: SyntheticParams, generator: Generator) -> Truth:
        """Draw it."""

        def normal(sd: float, *shape: int) -> NDArray[np.float32]:
            return generator.standard_normal(shape, np.float32) * np.float32(sd)

        spread = (FACTOR_SPREAD / params.n_factors**0.5) ** 0.5
        return cls(
            normal(spread, params.users, params.n_factors),
            normal(spread, params.items, params.n_factors),
            normal(USER_SPREAD, params.users),
            normal(ITEM_SPREAD, params.items),
            normal(params.drift, params.items),
        )

    def score(self, user: NDArray[np.int64], item: NDArray[np.int64], when: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the expected ratings, float64 (n,); `when` runs from -0.5 on the first day to 0.5 on the last."""
        agreement = np.einsum("nk,nk->n", self.user_factors[user], self.item_factors[item], dtype=np.float64)
        whole: NDArray[np.float64] = (
            MEAN + self.user_bias[user] + self.item_bias[item] + self.item_drift[item] * when + agreement
        )
        return whole


def write(folder: Path, params: SyntheticParams) -> None:
    """Write ratings.csv, items.csv, truth.npz and truth.json into `folder`; the same bytes each time."""
    generator = np.random.default_rng(params.seed)
    truth = Truth.drawn(params, generator)
    popularity = generator.permutation(1.0 / np.arange(10, params.items + 10) ** params.skew)
    chances = np.cumsum(popularity / popularity.sum())
    squares = 0.0
    with (folder / "ratings.csv").open("wb") as file:
        file.write(b"user,item,rating,time\n")
        for first, counts in _blocks(_rows_of_users(params, generator)):
            user, item = _pairs(first, counts, chances, generator)
            time = generator.integers(FIRST, LAST, len(user), endpoint=True)
            score = truth.score(user, item, (time - FIRST) / (LAST - FIRST) - 0.5)
            noisy = score + generator.normal(0, params.noise, len(user)) if params.noise else score
            rating = np.clip(np.round(noisy * 2) / 2, 0.5, 5.0)
            squares += float(((rating - score) ** 2).sum())
            columns = {"user": user + 1, "item": item + 1, "rating": rating, "time": time}
            pl.DataFrame(columns).write_csv(file, include_header=False, float_precision=1)
    items = pl.select(item=pl.int_range(1, params.items + 1))
    items.with_columns(title=pl.format("Item {}", "item")).write_csv(folder / "items.csv")
    np.savez(folder / "truth.npz", **vars(truth))
    told = {**asdict(params), "mean": MEAN, "rmse_of_truth": (squares / params.rows) ** 0.5}
    (folder / "truth.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def _rows_of_users(params: SyntheticParams, generator: Generator) -> NDArray[np.int64]:
    """How many ratings each user gives: few give many, none more than 3 of 4 items, and all together `rows`."""
    most = max(1, params.items * 3 // 4)
    activity = generator.lognormal(0, 0.9, params.users)
    counts: NDArray[np.int64] = np.minimum((activity / activity.sum() * params.rows).astype(np.int64), most)
    while (lacking := params.rows - int(counts.sum())) > 0:
        room = np.flatnonzero(counts < most)
        counts[generator.choice(room, min(lacking, len(room)), replace=False)] += 1
    return counts


def _blocks(counts: NDArray[np.int64]) -> list[tuple[int, NDArray[np.int64]]]:
    """Users in runs of about a million ratings: the first one's number, and the ratings of each."""
    ends = np.cumsum(counts)
    bounds = [0, *(np.flatnonzero(np.diff(ends // _BLOCK)) + 1).tolist(), len(counts)]
    return [(first, counts[first:last]) for first, last in pairwise(bounds)]


def _pairs(
    first: int, counts: NDArray[np.int64], chances: NDArray[np.float64], generator: Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct items for each user, popular ones more often: drawn again where one comes twice."""
    n_items = len(chances)
    keys = np.empty(0, np.int64)
    lacking = counts
    for _ in range(_TRIES):
        user = np.repeat(np.arange(len(counts)), lacking)
        if not len(user):
            break
        item = np.searchsorted(chances, generator.random(len(user)), side="right").clip(max=n_items - 1)
        keys = np.sort(np.concatenate([keys, user * n_items + item]))
        keys = keys[np.diff(keys, prepend=-1) > 0]
        lacking = counts - np.bincount(keys // n_items, minlength=len(counts))
    else:
        keys = np.sort(np.concatenate([keys, *(_rest(n, lacking, keys, n_items) for n in np.flatnonzero(lacking))]))
    user, item = np.divmod(keys, n_items)
    return user + first, item


def _rest(user: np.intp, lacking: NDArray[np.int64], keys: NDArray[np.int64], n_items: int) -> NDArray[np.int64]:
    """The first items that a user lacks, for one who has nearly all that are ever drawn."""
    own = keys[keys // n_items == user] % n_items
    free = np.setdiff1d(np.arange(n_items), own)[: lacking[user]]
    return int(user) * n_items + free
