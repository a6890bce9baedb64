"""What is in the data, for people who consider training on them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Bar, DataProfile, Row
from cfbench.data.importing import open_interactions
from cfbench.data.interactions import Interactions
from cfbench.experiment import Data

MOST_BARS = 12
_FIRST_ROWS = 5
_COUNTS_NOT_STARS = 1000


def describe(data: Data, *, verify: bool = False) -> DataProfile:
    """Return what an experiment's [data] holds.

    Args:
        data: the table [data].
        verify: hash the files again, rather than trust their sizes and times of change.

    Raises:
        BadInput: the files or the settings can't be used.
        DiskFull: there is no room to keep the imported data.
    """
    return profile(open_interactions(data, verify=verify))


def profile(interactions: Interactions) -> DataProfile:
    """Return what interactions hold."""
    users, items = (len(interactions.classes[field]) - 1 for field in ("user", "item"))
    target = interactions.target
    bars = _bars(target)
    spread = _spread(interactions.time)
    fields = {name: len(interactions.classes[name]) - 1 for name in interactions.categorical}
    counts = interactions.counts
    return DataProfile(
        key=interactions.key,
        fingerprint=interactions.fingerprint,
        files=interactions.files,
        columns=interactions.columns,
        read=counts.read,
        kept=len(interactions),
        dropped=counts.dropped,
        users=users,
        items=items,
        density=len(interactions) / (users * items),
        feedback="implicit" if target.min() == target.max() else "explicit",
        targets=bars,
        target_mean=float(target.mean(dtype=np.float64)),
        time_first=spread[0],
        time_last=spread[1],
        duplicates=counts.duplicates,
        conflicts=counts.conflicts,
        shared_titles=counts.shared_titles,
        merged_items=counts.merged_items,
        fields=fields | dict.fromkeys(interactions.continuous, 0),
        first=tuple(_row(interactions, number) for number in range(min(_FIRST_ROWS, len(interactions)))),
        notes=(*interactions.notes, *_notes(bars)),
    )


def _bars(target: NDArray[np.float32]) -> tuple[Bar, ...]:
    distinct, counts = np.unique(target, return_counts=True)
    if len(distinct) <= MOST_BARS:
        return tuple(Bar(float(f"{v:.6g}"), float(f"{v:.6g}"), int(n)) for v, n in zip(distinct, counts, strict=True))
    if distinct[0] > 0 and distinct[-1] / distinct[0] > _COUNTS_NOT_STARS:
        edges = np.geomspace(distinct[0], distinct[-1], MOST_BARS + 1)
    else:
        edges = np.linspace(distinct[0], distinct[-1], MOST_BARS + 1)
    bins = np.clip(np.searchsorted(edges, distinct, side="right") - 1, 0, MOST_BARS - 1)
    heights = np.bincount(bins, weights=counts, minlength=MOST_BARS)
    return tuple(Bar(float(edges[n]), float(edges[n + 1]), int(heights[n])) for n in range(MOST_BARS))


def _spread(time: NDArray[np.int64] | None) -> tuple[str | None, str | None]:
    return (None, None) if time is None else (_iso(time.min()), _iso(time.max()))


def _iso(seconds: np.int64) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(interactions: Interactions, number: int) -> Row:
    return Row(
        interactions.classes["user"][interactions.user[number]],
        interactions.classes["title"][interactions.item[number]],
        float(f"{interactions.target[number]:.6g}"),
        None if interactions.time is None else _iso(interactions.time[number]),
    )


def _notes(bars: tuple[Bar, ...]) -> list[str]:
    if bars[0].low > 0 and bars[-1].high / bars[0].low > _COUNTS_NOT_STARS:
        return [
            f"targets run from {bars[0].low:g} to {bars[-1].high:g}, as counts do rather than ratings;"
            ' target = "none" in [data] lets every row count as 1'
        ]
    return []
