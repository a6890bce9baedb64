"""What is known of each user: rows of interactions side by side, by user."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cfbench.plugin import SparseRows


def by_user(user: NDArray[np.int32], item: NDArray[np.int32], value: NDArray[np.float32], n_users: int) -> SparseRows:
    """Return rows (n,) by user code, items ascending; of a pair that repeats the last one counts."""
    pair = user.astype(np.int64) << 32 | item
    order = np.argsort(pair, kind="stable")
    last = np.append(np.diff(pair[order]) > 0, True) if len(order) else np.empty(0, bool)
    order = order[last]
    starts = np.concatenate([[0], np.bincount(user[order], minlength=n_users).cumsum()]).astype(np.int64)
    return SparseRows(starts, item[order], value[order])


def rows_of(rows: SparseRows, users: NDArray[np.int64]) -> SparseRows:
    """Return the rows of some users, in their order; one user may be asked for twice."""
    lengths = (rows.starts[1:] - rows.starts[:-1])[users]
    starts = np.concatenate([[0], lengths.cumsum()]).astype(np.int64)
    places = np.arange(starts[-1]) + np.repeat(rows.starts[users] - starts[:-1], lengths)
    return SparseRows(starts, rows.items[places], rows.values[places])


def owners(rows: SparseRows) -> NDArray[np.int64]:
    """Return for each entry the number of its row, int64 (m,)."""
    return np.repeat(np.arange(len(rows)), np.diff(rows.starts))


class Pairs:
    """The pairs of a row's number and an item that stand in some rows, to be asked for in any number at once."""

    def __init__(self, rows: SparseRows) -> None:
        self._keys = owners(rows) << 32 | rows.items

    def has(self, users: NDArray[np.generic], items: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return for users and items, of shapes that fit together, whether the pair is there."""
        wanted = users.astype(np.int64) << 32 | items
        if not len(self._keys):
            return np.zeros(wanted.shape, bool)
        found: NDArray[np.bool_] = (
            self._keys[np.searchsorted(self._keys, wanted).clip(max=len(self._keys) - 1)] == wanted
        )
        return found
