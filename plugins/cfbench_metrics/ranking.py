"""Metrics of rankings, one value a user: the mean over all orders of items with equal scores.

Of a group of `size` equal candidates at places start + 1 .. start + size, `relevant` ones relevant, every order is
equally likely, so each place holds a relevant one with chance relevant / size. Järvelin & Kekäläinen: Cumulated
gain-based evaluation of IR techniques, ACM TOIS 20(4), 2002; McSherry & Najork: Computing information retrieval
performance measures efficiently in the presence of tied scores, ECIR 2008.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from cfbench.plugin import Ranking
from cfbench_metrics import AUCParams, NDCGParams, RankingParams

Values = NDArray[np.float64]


def precision(ranking: Ranking, params: RankingParams) -> Values:
    """Return the share of the first k places that hold a relevant item."""
    return _blank(_found(ranking, params.k) / params.k, ranking)


def recall(ranking: Ranking, params: RankingParams) -> Values:
    """Return the share of the relevant items that stand in the first k places."""
    return _found(ranking, params.k) / _relevant(ranking)


def hit_rate(ranking: Ranking, params: RankingParams) -> Values:
    """Return the chance that one relevant item or more stands in the first k places."""
    groups = ranking.groups
    inside = np.clip(params.k - groups.start, 0, groups.size)
    missed = _no_relevant(groups.size, groups.relevant, inside)
    chance = np.ones(len(ranking.users))
    np.multiply.at(chance, groups.query, missed)
    return _blank(1 - chance, ranking)


def ndcg(ranking: Ranking, params: NDCGParams) -> Values:
    """Return the discounted cumulative gain of the first k places by that of the best order.

    A place r weighs 1 / log2(r + 1). The gain of a relevant item is 1, its target, or 2 ** target - 1.
    """
    weights = 1 / np.log2(np.arange(params.k) + 2)
    total = np.concatenate([[0.0], np.cumsum(weights)])
    groups = ranking.groups
    first, end = np.minimum(groups.start, params.k), np.minimum(groups.start + groups.size, params.k)
    query, targets = ranking.targets
    gains = _gains(targets, params.gain)
    own = np.bincount(groups.member, _gains(groups.target, params.gain), len(groups.query))
    dcg = np.bincount(groups.query, own * (total[end] - total[first]) / groups.size, len(ranking.users))
    order = np.lexsort((-gains, query))
    place = np.arange(len(query)) - np.repeat(_starts(ranking), ranking.n_relevant)
    counted = place < params.k
    ideal = np.bincount(query[counted], gains[order][counted] * weights[place[counted]], len(ranking.users))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(ideal > 0, dcg / ideal, np.nan)


def mrr(ranking: Ranking, params: RankingParams) -> Values:
    """Return the expected 1 / place of the first relevant item, 0 where it stands behind k."""
    groups = ranking.groups
    best = groups.earlier == 0
    query, start, size, relevant = (
        column[best] for column in (groups.query, groups.start, groups.size, groups.relevant)
    )
    found = np.zeros(len(query))
    for place in range(1, params.k + 1):
        within = place - start  # the place in the group, from 1
        here = (within >= 1) & (within <= size - relevant + 1)
        first = _no_relevant(size[here], relevant[here], within[here] - 1)
        chance = first * relevant[here] / (size[here] - within[here] + 1)
        found[here] += chance / place
    return _blank(_by_user(query, found, ranking), ranking)


def average_precision(ranking: Ranking, params: RankingParams) -> Values:
    """Return the sum of the precision at each relevant item of the first k places, by the number of relevant items."""
    groups = ranking.groups
    found = np.zeros(len(groups.query))
    with np.errstate(invalid="ignore", divide="ignore"):
        others = np.where(groups.size > 1, (groups.relevant - 1) / (groups.size - 1), 0.0)
    for place in range(1, params.k + 1):
        within = place - groups.start
        here = (within >= 1) & (within <= groups.size)
        before = groups.earlier[here] + (within[here] - 1) * others[here]
        found[here] += groups.relevant[here] / groups.size[here] * (before + 1) / place
    return np.bincount(groups.query, found, len(ranking.users)) / _relevant(ranking)


def auc(ranking: Ranking, params: AUCParams) -> Values:
    """Return the chance that a relevant item scores above another candidate, equal ones counting half."""
    groups = ranking.groups
    n_others = ranking.n_candidates - np.bincount(groups.query, groups.relevant, len(ranking.users))
    others = groups.size - groups.relevant
    above = groups.start - groups.earlier
    below = n_others[groups.query] - above - others
    won = np.bincount(groups.query, groups.relevant * (below + others / 2), len(ranking.users))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n_others > 0, won / (_relevant(ranking) * n_others), np.nan)


def _gains(targets: NDArray[np.float32], gain: str) -> Values:
    if gain == "one":
        return np.ones(len(targets))
    values = targets.astype(np.float64)
    return np.exp2(values) - 1 if gain == "exponential" else values


def _found(ranking: Ranking, k: int) -> Values:
    """Return the expected number of relevant items in the first k places."""
    groups = ranking.groups
    inside = np.clip(k - groups.start, 0, groups.size)
    return _by_user(groups.query, groups.relevant * inside / groups.size, ranking)


def _by_user(query: NDArray[np.int64], values: Values, ranking: Ranking) -> Values:
    """Return the sum of each user's values."""
    sums: Values = np.bincount(query, values, len(ranking.users)).astype(np.float64)
    return sums


def _no_relevant(size: NDArray[np.int64], relevant: NDArray[np.int64], drawn: NDArray[np.int64]) -> Values:
    """Return the chance that `drawn` of `size` items hold none: C(size - relevant, drawn) / C(size, drawn)."""
    left = size - relevant - drawn
    with np.errstate(invalid="ignore"):
        log = (
            _log_factorial(size - relevant) - _log_factorial(left) - _log_factorial(size) + _log_factorial(size - drawn)
        )
    return np.where(left < 0, 0.0, np.exp(log))


def _log_factorial(n: NDArray[np.int64]) -> Values:
    values: Values = gammaln(np.maximum(n, 0) + 1.0)
    return values


def _relevant(ranking: Ranking) -> Values:
    """Return the number of relevant items, NaN where there is none."""
    return np.where(ranking.n_relevant > 0, ranking.n_relevant, np.nan)


def _blank(values: Values, ranking: Ranking) -> Values:
    """Return values with NaN for users without a relevant item."""
    return np.where(ranking.n_relevant > 0, values, np.nan)


def _starts(ranking: Ranking) -> NDArray[np.int64]:
    return np.cumsum(ranking.n_relevant) - ranking.n_relevant
