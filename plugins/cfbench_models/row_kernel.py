"""The loops of `row_solver`, compiled."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

_JIT = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": {"reassoc", "contract", "arcp", "nsz"}}
_SMALL = np.float32(1e-20)
"""A squared residual of no more than this is none."""


@nb.njit(**_JIT)
def _dot(x: Any, y: Any) -> Any:
    total = np.float32(0)
    for f in range(len(x)):
        total += x[f] * y[f]
    return total


@nb.njit(**_JIT)
def solve(
    starts: Any, items: Any, weights: Any, goals: Any, others: Any, gram: Any, ridges: Any, rows: Any, first: Any,
    end: Any, steps: Any,
) -> None:  # fmt: skip
    """Do what `row_solver.solve_rows` does for the rows from `first` to `end`."""
    k = others.shape[1]
    x, residual = np.empty(k, np.float32), np.empty(k, np.float32)
    direction, product = np.empty(k, np.float32), np.empty(k, np.float32)
    for row in range(first, end):
        if starts[row] == starts[row + 1]:
            rows[row] = 0
            continue
        x[:] = rows[row]
        for f in range(k):
            residual[f] = -ridges[row] * x[f]
        for g in range(len(gram)):
            for f in range(k):
                residual[f] -= gram[g, f] * x[g]
        for at in range(starts[row], starts[row + 1]):
            other, score = np.uint32(items[at]), np.float32(0)
            for f in range(k):
                score += others[other, f] * x[f]
            left = goals[at] - weights[at] * score
            for f in range(k):
                residual[f] += left * others[other, f]
        direction[:] = residual
        square = _dot(residual, residual)
        for _ in range(steps):
            if square <= _SMALL:
                break
            for f in range(k):
                product[f] = ridges[row] * direction[f]
            for g in range(len(gram)):
                for f in range(k):
                    product[f] += gram[g, f] * direction[g]
            for at in range(starts[row], starts[row + 1]):
                other, score = np.uint32(items[at]), np.float32(0)
                for f in range(k):
                    score += others[other, f] * direction[f]
                score *= weights[at]
                for f in range(k):
                    product[f] += score * others[other, f]
            length = square / _dot(direction, product)
            for f in range(k):
                x[f] += length * direction[f]
                residual[f] -= length * product[f]
            before, square = square, _dot(residual, residual)
            for f in range(k):
                direction[f] = residual[f] + square / before * direction[f]
        rows[row] = x
