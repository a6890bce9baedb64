"""Who comes first: numbers of users or items in order, with the labels and titles that people know them by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Scored, Side
from cfbench.explore.trained import Trained

_BLOCK = 256


def known(trained: Trained, owner: Side, least: int = 1) -> NDArray[np.int32]:
    """Return the codes with at least `least` training rows, and at least one, int32 (n,)."""
    return np.flatnonzero(trained.counts[owner] >= max(least, 1)).astype(np.int32)


def highest(
    trained: Trained, owner: Side, codes: NDArray[np.int32], values: NDArray[np.float64], count: int
) -> tuple[Scored, ...]:
    """Return the `count` codes with the highest values, highest first, equal ones in the order of their labels.

    A value that is no finite number is left out.
    """
    finite = np.isfinite(values)
    codes, values = codes[finite], values[finite]
    count = min(count, len(values))
    if count < 1:
        return ()
    enough = values >= threshold(values, count)
    labels = trained.classes[owner]
    ordered = sorted(
        zip(codes[enough].tolist(), values[enough].tolist(), strict=True), key=lambda pair: (-pair[1], labels[pair[0]])
    )
    return tuple(scored(trained, owner, ordered[:count]))


def threshold(values: NDArray[np.floating[Any]], count: int) -> float:
    """Return a number that at least `count` of the values reach, and few more where values are in no order.

    `count` blocks have a highest value, so as many values reach the lowest of the `count` highest of these.
    """
    if len(values) < _BLOCK * count:
        return float(np.partition(values, -count)[-count])
    whole = values[: len(values) // _BLOCK * _BLOCK].reshape(-1, _BLOCK).max(1)
    return float(np.partition(whole, -count)[-count])


def scored(trained: Trained, owner: Side, pairs: Iterable[tuple[int, float]]) -> Iterable[Scored]:
    """Yield codes and values in words; a user's title is its label."""
    titles = trained.classes["title" if owner == "item" else "user"]
    for code, value in pairs:
        yield Scored(trained.classes[owner][code], titles[code], value, int(trained.counts[owner][code]))
