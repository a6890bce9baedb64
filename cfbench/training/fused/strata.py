"""Rows in an order that threads can share: cells of users x items, of which no two at a time have a row in common.

Users and items are cut into as many contiguous ranges as there are threads, of about equal weight. In round s thread t
takes its range of users with range t + s of the items, and a round waits for its slowest cell. So a pass equals that of
one thread over the same rows, and is the same each time. Gemulla et al.: Large-scale matrix factorization with
distributed stochastic gradient descent. KDD 2011.
"""

from __future__ import annotations

import itertools
import os
from bisect import bisect_right
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfbench.loading.loader import Loader

_LINE = 16
"""Ranges are cut at multiples of it: so many biases share a cache line, for which two threads would have to wait."""

Round = list[slice]
"""Rows that may be taken at the same time, a slice a thread."""


@dataclass(frozen=True)
class Order:
    """The training rows in the order of an epoch.

    Attributes:
        columns: users int32, items int32, targets float32, each (n,).
        pieces: the rounds of each piece; together they are all rows, one after the other.
        workers: who takes them.
    """

    columns: tuple[NDArray[Any], ...]
    pieces: list[list[Round]]
    workers: Workers

    def end_after(self, start: int) -> int:
        """Return the end of the piece that a row is in."""
        ends = [piece[-1][-1].stop for piece in self.pieces]
        return int(ends[bisect_right(ends, start)])

    def run(self, start: int, end: int, work: Callable[[slice], float]) -> float:
        """Do the work on the rows from `start` to `end`, round after round; return the sum of what it gives."""
        total = 0.0
        for rows in itertools.chain.from_iterable(self.pieces):
            inside = [slice(max(one.start, start), min(one.stop, end)) for one in rows]
            total += self.workers.do(work, [one for one in inside if one.start < one.stop])
        return total


class Workers:
    """Threads, each on a CPU of its own: two that start on one would stay there for longer than a round takes.

    Args:
        threads: how many; 0: one for each CPU.
        lock_free: let them take any rows, at the risk that two write one row at once (Recht et al.: Hogwild! NeurIPS
            2011); no two passes are the same then.
    """

    def __init__(self, threads: int, lock_free: bool = False) -> None:
        self.threads = threads or len(_cpus())
        self._lock_free = lock_free
        self._pool: ThreadPoolExecutor | None = None

    def do(self, work: Callable[[slice], float], parts: Round) -> float:
        """Do the work on some parts at the same time; return the sum of what it gives, added in their order."""
        if len(parts) < 2:
            return sum(map(work, parts))
        if self._pool is None:
            cpus = itertools.cycle(_cpus())
            self._pool = ThreadPoolExecutor(self.threads, initializer=lambda: _pin(next(cpus)))
        return sum(self._pool.map(work, parts))

    def order(self, loader: Loader, epoch: int, pieces: int) -> Order:
        """Return the training rows of an epoch in the loader's order, rearranged for the threads, in pieces."""
        drawn, n = loader.train.order(epoch), loader.train.n_rows
        pieces = min(pieces, n)
        if self.threads == 1 or self._lock_free:
            return Order(loader.train_columns(drawn), _cut(n, pieces, self.threads), self)
        cell = self._cells(loader, drawn)
        order = np.argsort(cell, kind="stable").astype(np.int32)
        ends = np.cumsum(np.bincount(cell, minlength=self.threads**2))
        del cell
        return self._by_pieces(loader, order if drawn is None else drawn[order], ends, pieces)

    def _cells(self, loader: Loader, drawn: NDArray[np.integer[Any]] | None) -> NDArray[np.uint16]:
        users, items, _ = loader.train_columns(drawn)
        thread = _ranges(users, self.threads)
        rounds = (_ranges(items, self.threads) - thread) % self.threads
        found: NDArray[np.uint16] = (rounds * self.threads + thread).astype(np.uint16)
        return found

    def _by_pieces(
        self, loader: Loader, order: NDArray[np.integer[Any]], ends: NDArray[np.int64], pieces: int
    ) -> Order:
        """Deal each cell out to all pieces, so that each has rounds of like size."""
        starts = np.concatenate([[0], ends[:-1]])
        cuts = [np.linspace(start, end, pieces + 1).astype(np.int64) for start, end in zip(starts, ends, strict=True)]
        chosen, planned, at = [], [], 0
        for piece in range(pieces):
            rounds = []
            for first in range(0, self.threads**2, self.threads):
                parts = []
                for cut in cuts[first : first + self.threads]:
                    chosen.append(order[cut[piece] : cut[piece + 1]])
                    parts.append(slice(at, at + len(chosen[-1])))
                    at = parts[-1].stop
                rounds.append(parts)
            planned.append(rounds)
        return Order(loader.train_columns(np.concatenate(chosen)), planned, self)


def _cut(n: int, pieces: int, threads: int) -> list[list[Round]]:
    """Return contiguous rows as pieces of one round each."""
    ends = np.linspace(0, n, pieces * threads + 1).astype(int).tolist()
    parts = [slice(start, end) for start, end in itertools.pairwise(ends)]
    return [[parts[first : first + threads]] for first in range(0, len(parts), threads)]


def _ranges(codes: NDArray[np.int32], n: int) -> NDArray[np.int16]:
    """Return of each row in which of `n` contiguous ranges of like weight its code is."""
    weight = np.cumsum(np.bincount(codes))
    cuts = np.searchsorted(weight, weight[-1] * np.arange(1, n) / n) // _LINE * _LINE
    of_code = np.searchsorted(cuts, np.arange(len(weight)), side="right").astype(np.int16)
    found: NDArray[np.int16] = of_code[codes]
    return found


def _cpus() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def _pin(cpu: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cpu})  # 0: the calling thread alone
