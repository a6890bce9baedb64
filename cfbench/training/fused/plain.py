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
          state: None for sgd, else (G of user rows, of item rows, of user biases, of item biases), each (rows,).
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb


def plain_pass(
    users: Any, items: Any, targets: Any, users_table: Any, items_table: Any, user_bias: Any, item_bias: Any,
    state: Any, mean: Any, lr: Any, l2: Any, y_range: Any, logits: Any, k: Any,
) -> Any:  # fmt: skip
    """Take one step a rating, in the order given; return the sum of the losses without l2, each before its step.

    `y_range` is None or (low, span); `logits` is None or (), for the loss with logits. numba settles both by type.
    """
    total = 0.0
    for n in range(len(targets)):
        u, i, r = users[n], items[n], targets[n]
        z = mean
        if user_bias is not None:
            z += user_bias[u] + item_bias[i]
        for f in range(users_table.shape[1]):
            z += users_table[u, f] * items_table[i, f]
        if logits is not None:
            total += max(z, 0.0) + math.log1p(math.exp(-abs(z))) - r * z
            d = 1.0 / (1.0 + math.exp(-z)) - r
        elif y_range is not None:
            s = 1.0 / (1.0 + math.exp(-z))
            error = r - (y_range[0] + y_range[1] * s)
            total += error * error
            d = -2.0 * error * y_range[1] * s * (1.0 - s)
        else:
            error = r - z
            total += error * error
            d = -2.0 * error
        rate_u = rate_i = lr
        if state is not None:
            rate_u, rate_i = lr / math.sqrt(state[0][u]), lr / math.sqrt(state[1][i])
        square_u = square_i = 0.0
        for f in range(users_table.shape[1]):
            p, q = users_table[u, f], items_table[i, f]
            g_u, g_i = d * q + 2.0 * l2 * p, d * p + 2.0 * l2 * q
            users_table[u, f] = p - rate_u * g_u
            items_table[i, f] = q - rate_i * g_i
            square_u += g_u * g_u
            square_i += g_i * g_i
        if state is not None:
            state[0][u] += square_u / k
            state[1][i] += square_i / k
        if user_bias is not None:
            g_u, g_i = d + 2.0 * l2 * user_bias[u], d + 2.0 * l2 * item_bias[i]
            if state is not None:
                rate_u, rate_i = lr / math.sqrt(state[2][u]), lr / math.sqrt(state[3][i])
                state[2][u] += g_u * g_u
                state[3][i] += g_i * g_i
            user_bias[u] -= rate_u * g_u
            item_bias[i] -= rate_i * g_i
    return total


exact = nb.njit(nogil=True, error_model="numpy")(plain_pass)
"""Strict arithmetic, for float64: the oracle."""
