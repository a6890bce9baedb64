"""Least squares for each row of a table while the other table stays: a few steps of conjugate gradients a row.

A row minimises  xᵀ G x  +  ridge |x|²  +  sum over its entries j of  weight_j (goal_j / weight_j - y_j · x)²,  that is
A x = sum_j goal_j y_j  with  A = G + ridge I + sum_j weight_j y_j y_jᵀ,  which is never formed: a product with A goes
over the entries once. Takács, Pilászy, Tikk: Applications of the conjugate gradient method for implicit feedback
collaborative filtering. RecSys 2011. Hestenes, Stiefel: Methods of conjugate gradients for linear systems. 1952.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.plugin import SparseRows

Floats = NDArray[np.float32]


def solve_rows(
    entries: SparseRows, weights: Floats, goals: Floats, others: Floats, gram: Floats, ridges: Floats, rows: Floats,
    steps: int,
) -> None:  # fmt: skip
    """Bring each row nearer to its solution, from what it is, in as many threads as torch may use.

    Args:
        entries: of each row the rows of `others` that it meets; their values are not read.
        weights: of each entry, (m,).
        goals: likewise.
        others: (n_others, k).
        gram: G, (k, k), or (0, 0) for none.
        ridges: (n,), above 0.
        rows: (n, k), written. A row without entries becomes 0.
        steps: of conjugate gradients; k are exact, but for rounding.
    """
    solve = _compiled() or _by_algebra
    threads = torch.get_num_threads()
    wanted = np.arange(threads + 1) * int(entries.starts[-1]) / threads
    cuts = np.maximum.accumulate(np.searchsorted(entries.starts, wanted).clip(max=len(rows)))
    cuts[0], cuts[-1] = 0, len(rows)

    def work(ends: tuple[int, int]) -> None:
        solve(entries.starts, entries.items, weights, goals, others, gram, ridges, rows, *ends, steps)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, itertools.pairwise(cuts.tolist())))


def _compiled() -> Callable[..., None] | None:
    try:
        from cfbench_models.row_kernel import solve
    except (ImportError, RuntimeError):
        return None
    kernel: Callable[..., None] = solve
    return kernel


def _by_algebra(
    starts: Any, items: Any, weights: Any, goals: Any, others: Any, gram: Any, ridges: Any, rows: Any, first: int,
    end: int, steps: int,
) -> None:  # fmt: skip
    """Solve exactly, by Cholesky's decomposition of A, where nothing can be compiled; the kernel's oracle."""
    fixed = np.zeros((others.shape[1],) * 2) if not len(gram) else gram.astype(np.float64)
    for row in range(first, end):
        own = slice(starts[row], starts[row + 1])
        met = others[items[own]].astype(np.float64)
        if len(met):
            normal = fixed + met.T @ (weights[own, None] * met) + ridges[row] * np.eye(met.shape[1])
            lower = np.linalg.cholesky(normal)
            rows[row] = np.linalg.solve(lower.T, np.linalg.solve(lower, met.T @ goals[own]))
        else:
            rows[row] = 0
