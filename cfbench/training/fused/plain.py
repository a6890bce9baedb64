"""The step of the fused engine in plain loops: what the vector kernels have to equal.

Model     z = mean + b_u + b_i + p_u · q_i;  prediction f(z) = z, or low + span * sigmoid(z).
Loss      of one rating r: (r - f(z))², or with logits log(1 + exp(z)) - r z; plus l2 (|p_u|² + |q_i|² + b_u² + b_i²).
Gradient  with d = dloss/dz: of p_u it is d q_i + 2 l2 p_u, of q_i d p_u + 2 l2 q_i, of a bias d + 2 l2 b, all from the
          values before the step.
sgd       w -= lr g.
adagrad   one sum G a row, 1 at the start: w -= lr / sqrt(G) g, then G += mean of g² over the row. The rate is of the G
          before the step, so that it is known before the gradient is. A bias is a row of its own.
Arrays    users, items: int32 (n,), codes within the tables: they are not checked here; targets: (n,);
          users_table, items_table: (rows, k or more, the rest 0); user_bias, item_bias: (rows,) or None;
          sums: None for sgd, else G of (users, items), each (rows, 2 or more): of the row, of its bias;
          moments: (of users, of items, of user biases, of item biases), each (rows, 2 w) with w the width of the table
          or 1 for a bias: m, then v.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb


@nb.njit(nogil=True, error_model="numpy")
def _outcome(r: Any, z: Any, y_range: Any, logits: Any) -> Any:
    """Return (loss, dloss/dz) of a target and a score."""
    if logits is not None:
        return max(z, 0.0) + math.log1p(math.exp(-abs(z))) - r * z, 1.0 / (1.0 + math.exp(-z)) - r
    if y_range is not None:
        s = 1.0 / (1.0 + math.exp(-z))
        error = r - (y_range[0] + y_range[1] * s)
        return error * error, -2.0 * error * y_range[1] * s * (1.0 - s)
    error = r - z
    return error * error, -2.0 * error


@nb.njit(nogil=True, error_model="numpy")
def _score(u: Any, i: Any, users_table: Any, items_table: Any, user_bias: Any, item_bias: Any, mean: Any) -> Any:
    """Return z of a user and an item."""
    z = mean
    if user_bias is not None:
        z += user_bias[u] + item_bias[i]
    for f in range(users_table.shape[1]):
        z += users_table[u, f] * items_table[i, f]
    return z


def plain_pass(
    users: Any, items: Any, targets: Any, users_table: Any, items_table: Any, user_bias: Any, item_bias: Any,
    sums: Any, mean: Any, lr: Any, l2: Any, y_range: Any, logits: Any, k: Any,
) -> Any:  # fmt: skip
    """Take one step a rating, in the order given; return the sum of the losses without l2, each before its step.

    `y_range` is None or (low, span); `logits` is None or (), for the loss with logits. numba settles both by type.
    """
    total = 0.0
    for n in range(len(targets)):
        u, i = users[n], items[n]
        z = _score(u, i, users_table, items_table, user_bias, item_bias, mean)
        loss, d = _outcome(targets[n], z, y_range, logits)
        total += loss
        rate_u = rate_i = rate_bu = rate_bi = lr
        if sums is not None:
            rate_u, rate_bu = lr / math.sqrt(sums[0][u, 0]), lr / math.sqrt(sums[0][u, 1])
            rate_i, rate_bi = lr / math.sqrt(sums[1][i, 0]), lr / math.sqrt(sums[1][i, 1])
        square_u = square_i = 0.0
        for f in range(users_table.shape[1]):
            p, q = users_table[u, f], items_table[i, f]
            g_u, g_i = d * q + 2.0 * l2 * p, d * p + 2.0 * l2 * q
            users_table[u, f] = p - rate_u * g_u
            items_table[i, f] = q - rate_i * g_i
            square_u += g_u * g_u
            square_i += g_i * g_i
        if sums is not None:
            sums[0][u, 0] += square_u / k
            sums[1][i, 0] += square_i / k
        if user_bias is not None:
            g_u, g_i = d + 2.0 * l2 * user_bias[u], d + 2.0 * l2 * item_bias[i]
            user_bias[u] -= rate_bu * g_u
            item_bias[i] -= rate_bi * g_i
            if sums is not None:
                sums[0][u, 1] += g_u * g_u
                sums[1][i, 1] += g_i * g_i
    return total


@nb.njit(nogil=True, error_model="numpy")
def _adam(moments: Any, row: Any, at: Any, width: Any, g: Any, rate: Any, betas: Any, eps: Any) -> Any:
    """Return what is to be taken from one number of a table, after its means were brought up to date."""
    m = betas[0] * moments[row, at] + (1.0 - betas[0]) * g
    v = betas[1] * moments[row, width + at] + (1.0 - betas[1]) * g * g
    moments[row, at], moments[row, width + at] = m, v
    return rate * m / (math.sqrt(v) + eps)


def plain_adam_pass(
    users: Any, items: Any, targets: Any, users_table: Any, items_table: Any, user_bias: Any, item_bias: Any,
    moments: Any, mean: Any, lr: Any, l2: Any, y_range: Any, logits: Any, step: Any, betas: Any, eps: Any,
) -> Any:  # fmt: skip
    """Likewise by Adam; `step` is how many steps were taken before."""
    total, width = 0.0, users_table.shape[1]
    for n in range(len(targets)):
        u, i = users[n], items[n]
        z = _score(u, i, users_table, items_table, user_bias, item_bias, mean)
        loss, d = _outcome(targets[n], z, y_range, logits)
        total += loss
        t = step + n + 1
        rate = lr * math.sqrt(1.0 - betas[1] ** t) / (1.0 - betas[0] ** t)
        for f in range(width):
            p, q = users_table[u, f], items_table[i, f]
            g_u, g_i = d * q + 2.0 * l2 * p, d * p + 2.0 * l2 * q
            users_table[u, f] = p - _adam(moments[0], u, f, width, g_u, rate, betas, eps)
            items_table[i, f] = q - _adam(moments[1], i, f, width, g_i, rate, betas, eps)
        if user_bias is not None:
            g_u, g_i = d + 2.0 * l2 * user_bias[u], d + 2.0 * l2 * item_bias[i]
            user_bias[u] -= _adam(moments[2], u, 0, 1, g_u, rate, betas, eps)
            item_bias[i] -= _adam(moments[3], i, 0, 1, g_i, rate, betas, eps)
    return total


exact = nb.njit(nogil=True, error_model="numpy")(plain_pass)
"""Strict arithmetic, for float64: the oracle."""

exact_adam = nb.njit(nogil=True, error_model="numpy")(plain_adam_pass)
"""Likewise."""
