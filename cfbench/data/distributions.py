"""How rows are spread over targets, over items and users, and over time."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.answers import Bar

MOST_BARS = 12
MOST_RANKS = 256
MOST_SPANS = 64
MOST_TIES = 2_000_000
COUNTS_NOT_STARS = 1000
"""A largest target so many times the smallest is a count of events rather than a rating."""


def distinct(target: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the distinct targets, ascending, and the rows of each."""
    counted = pl.Series("target", target).value_counts().sort("target")
    return counted["target"].to_numpy(), counted["count"].cast(pl.Int64).to_numpy()


def targets(values: NDArray[np.float32], counts: NDArray[np.int64]) -> tuple[Bar, ...]:
    """Return the histogram of targets: a bar a value where there are few, else 12 spans, growing where they count.

    Args:
        values: the distinct targets, ascending.
        counts: the rows of each.
    """
    if len(values) <= MOST_BARS:
        return tuple(Bar(float(f"{v:.6g}"), float(f"{v:.6g}"), int(n)) for v, n in zip(values, counts, strict=True))
    if values[0] > 0 and values[-1] / values[0] > COUNTS_NOT_STARS:
        edges = np.geomspace(values[0], values[-1], MOST_BARS + 1)
    else:
        edges = np.linspace(values[0], values[-1], MOST_BARS + 1)
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, MOST_BARS - 1)
    heights = np.bincount(bins, weights=counts, minlength=MOST_BARS)
    return tuple(Bar(float(edges[n]), float(edges[n + 1]), int(heights[n])) for n in range(MOST_BARS))


def most_first(codes: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """Return the rows of each of n labels, int64 (n,), most first; `codes` run from 1 to n."""
    rows: NDArray[np.int64] = np.sort(np.bincount(codes, minlength=n + 1)[1:])[::-1]
    return rows


def tail(rows: NDArray[np.int64]) -> tuple[int, ...]:
    """Return the rows at evenly spaced ranks, from the first to the last, at most 256; `rows` most first."""
    points = min(len(rows), MOST_RANKS)
    ranks = np.arange(points) * (len(rows) - 1) // max(points - 1, 1)
    return tuple(rows[ranks].tolist())


def half(rows: NDArray[np.int64]) -> float:
    """Return the share of labels, from those with most rows on, that holds half of all rows; `rows` most first."""
    sums = np.cumsum(rows)
    return float((np.searchsorted(sums, sums[-1] / 2) + 1) / len(rows))


def times(seconds: NDArray[np.int64]) -> tuple[Bar, ...]:
    """Return the rows in at most 64 spans of time, equal but for a second of rounding."""
    first = int(seconds.min())
    length = int(seconds.max()) - first + 1
    spans = min(length, MOST_SPANS)
    counts = np.bincount((seconds - first) * spans // length, minlength=spans)
    starts = [first - (-n * length // spans) for n in range(spans + 1)]
    return tuple(
        Bar(float(low), float(high - 1), int(count))
        for low, high, count in zip(starts[:-1], starts[1:], counts, strict=True)
    )


def ties(user: NDArray[np.int32], seconds: NDArray[np.int64]) -> float:
    """Return the share of rows that share their second with another row of the same user.

    Of more than 2 M rows only those of every k-th user are looked at, so that about so many are left.
    """
    step = -(-len(user) // MOST_TIES)
    if step > 1:
        chosen = np.flatnonzero(user % step == 0)
        user, seconds = user[chosen], seconds[chosen]
    if not len(user):
        return 0.0
    order = np.lexsort((seconds, user))
    same = (user[order][1:] == user[order][:-1]) & (seconds[order][1:] == seconds[order][:-1])
    tied = np.zeros(len(user), bool)
    tied[1:] = same
    tied[:-1] |= same
    return int(np.count_nonzero(tied)) / len(tied)
