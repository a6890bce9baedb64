"""Metrics of what is shown to all users together: the first k places of every list."""

import numpy as np

from cfbench.plugin import Ranking
from cfbench_metrics import ListParams


def coverage(ranking: Ranking, params: ListParams) -> float:
    """Return the expected share of the candidate items that stand in one list or more."""
    return float((1 - ranking.exposure(params.k).missed[ranking.counts > 0]).mean())


def gini(ranking: Ranking, params: ListParams) -> float:
    """Return the Gini coefficient of how often candidate items are shown: 0 all alike, near 1 a few items alone."""
    shown = np.sort(ranking.exposure(params.k).expected[ranking.counts > 0])
    n, total = len(shown), shown.sum()
    if not total:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ shown / (n * total))


def novelty(ranking: Ranking, params: ListParams) -> float:
    """Return the mean of -log2(share of the training rows that are of the item) over all places, in bits.

    Vargas, Castells: Rank and relevance in novelty and diversity metrics for recommender systems. RecSys 2011.
    """
    seen = ranking.counts > 0
    shown = ranking.exposure(params.k).expected[seen]
    bits = -np.log2(ranking.counts[seen] / ranking.counts.sum(dtype=np.float64))
    return float(shown @ bits / shown.sum()) if shown.sum() else float("nan")
