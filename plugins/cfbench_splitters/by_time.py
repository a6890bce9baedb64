"""Splits along time: each user's last rows, one row of each, a cut through all rows at one moment.

Where rows of one moment stand on both sides of a cut, their order is not known. The tie rule says what then: "random"
draws it, "together" puts all of that moment into the later part, "row" takes the order of the file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cfbench.plugin import BadInput, Interactions, Split
from cfbench_splitters import LeaveLastParams, LeaveOneOutParams, TimeCutParams

_Codes = NDArray[np.int64]


def leave_last(interactions: Interactions, params: LeaveLastParams, generator: np.random.Generator) -> Split:
    """Return the last rows of each user as test, those before as valid; users with too few rows are in train alone."""
    user, time = interactions.user, _time(interactions)
    n = np.bincount(user, minlength=len(interactions.classes["user"]))
    if params.share is None:
        valid, test = np.full(len(n), params.last), np.full(len(n), params.test_last)
    else:
        valid, test = np.floor(n * params.share + 1e-9), np.floor(n * params.test_share + 1e-9)
    few = n <= valid + test
    valid, test = np.where(few, 0, valid).astype(np.int64), np.where(few, 0, test).astype(np.int64)
    return _cut_by_user(user, time, valid, test, params.ties, generator)


def leave_one_out(interactions: Interactions, params: LeaveOneOutParams, generator: np.random.Generator) -> Split:
    """Return one row of each user as valid, and with `test` another as test; users with too few are in train alone."""
    user = interactions.user
    n = np.bincount(user, minlength=len(interactions.classes["user"]))
    enough = n > 1 + params.test
    time = _time(interactions) if params.by == "time" else np.zeros(len(user), np.int64)
    split = _cut_by_user(user, time, enough * 1, enough * int(params.test), params.ties, generator)
    return split if params.by == "time" else Split(split.train, split.valid, split.test)


def time_cut(interactions: Interactions, params: TimeCutParams, generator: np.random.Generator) -> Split:
    """Return the latest rows of all as test, those before as valid."""
    time, n = _time(interactions), len(interactions)
    order = _ordered(time, np.zeros(n, np.int64), params.ties, generator)
    first_valid, first_test = n - round(n * (params.valid + params.test)), n - round(n * params.test)
    if params.ties == "together":
        first_valid, first_test = (_moment_of(time[order], place) for place in (first_valid, first_test))
    if not 0 < first_valid < first_test:
        raise BadInput(
            f"{n} rows are too few, or of too few moments, for valid = {params.valid} and test = {params.test}",
            where="splitter",
            mend="change the shares, or splitter.ties",
        )
    train, valid, test = np.split(order, [first_valid, first_test])
    tied = sum(_tied(time[order], np.zeros(n, np.int64), np.arange(n) >= place) for place in (first_valid, first_test))
    return Split(np.sort(train), np.sort(valid), np.sort(test), tied=tied)


def _cut_by_user(
    user: NDArray[np.int32],
    time: _Codes,
    valid: _Codes,
    test: _Codes,
    ties: str,
    generator: np.random.Generator,
) -> Split:
    """Return the last `test` rows of each user as test and the `valid` ones before them as valid, by user code."""
    order = _ordered(time, user.astype(np.int64), ties, generator)
    owner, moment = user[order], time[order]
    n = np.bincount(user, minlength=len(valid))
    from_end = np.cumsum(n)[owner] - np.arange(len(order))  # 1 for a user's last row
    is_test, is_later = from_end <= test[owner], from_end <= (valid + test)[owner]
    if ties == "together":
        is_test, is_later = (_whole_moments(owner, moment, mask) for mask in (is_test, is_later))
        swallowed = np.bincount(owner[is_later], minlength=len(n)) == n
        is_test, is_later = is_test & ~swallowed[owner], is_later & ~swallowed[owner]
    tied = sum(_tied(moment, owner.astype(np.int64), mask) for mask in (is_later, is_test))
    parts = (order[~is_later], order[is_later & ~is_test], order[is_test])
    train, held, last = map(np.sort, parts)
    if not len(held):
        raise BadInput("no user has rows enough to leave some out", where="splitter", mend="leave out fewer")
    return Split(train, held, last, tied=tied)


def _time(interactions: Interactions) -> _Codes:
    if interactions.time is None:
        raise BadInput("a split by time needs a time column", where="data.time", mend="name one or split otherwise")
    return np.asarray(interactions.time)


def _ordered(time: _Codes, owner: _Codes, ties: str, generator: np.random.Generator) -> _Codes:
    """Return row numbers by owner, then time, then as the tie rule says."""
    rank = generator.permutation(len(time)) if ties == "random" else np.arange(len(time))
    return np.lexsort((rank, time, owner))


def _whole_moments(owner: NDArray[np.int32], moment: _Codes, later: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return `later` with all rows of a moment, where one of them is in it; rows are ordered."""
    group = np.cumsum(_begins(owner.astype(np.int64), moment)) - 1
    found: NDArray[np.bool_] = np.bincount(group, later).astype(bool)[group]
    return found


def _moment_of(moment: _Codes, place: int) -> int:
    """Return the first place whose moment is that of `place`; rows are ordered."""
    return int(np.searchsorted(moment, moment[place])) if place < len(moment) else place


def _tied(moment: _Codes, owner: _Codes, later: NDArray[np.bool_]) -> int:
    """Return how many rows share their moment with one on the other side of the cut; rows are ordered."""
    group = np.cumsum(_begins(owner, moment)) - 1
    n, inside = np.bincount(group), np.bincount(group, later)
    return int(n[(inside > 0) & (inside < n)].sum())


def _begins(owner: _Codes, moment: _Codes) -> NDArray[np.bool_]:
    begins = np.ones(len(owner), bool)
    begins[1:] = (owner[1:] != owner[:-1]) | (moment[1:] != moment[:-1])
    return begins
