"""The tables of factors and biases that a model gives out, and the scores that they make."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.answers import Side
from cfbench.errors import BadInput, WorkFailed
from cfbench.explore.trained import Trained
from cfbench.plugin import Factorization

MEND = "train a model that does, such as biased-dot-product"


def factorization(trained: Trained) -> Factorization | None:
    """Return the tables of a model that can give them, else None.

    Raises:
        WorkFailed: they are not as `Factorization` says.
    """
    give: Callable[[], Factorization] | None = getattr(trained.model, "factorization", None)
    if give is None:
        return None
    with trained.at_work(), torch.no_grad():
        tables = give()
        for owner in ("user", "item"):
            n = len(trained.classes[owner])
            factors, bias = getattr(tables, f"{owner}_factors"), getattr(tables, f"{owner}_bias")
            if factors.dim() != 2 or len(factors) != n or (bias is not None and tuple(bias.shape) != (n,)):
                raise WorkFailed(
                    f"factorization() gave {owner} tables that have not {n:,} rows, one a code",
                    where=f"model {trained.model_name}",
                )
    return tables


def tables_of(trained: Trained) -> Factorization:
    """Return the tables of a model.

    Raises:
        BadInput: it has none.
        WorkFailed: they are not as `Factorization` says.
    """
    refuse_without_factors(trained)
    tables = factorization(trained)
    assert tables is not None
    return tables


def refuse_without_factors(trained: Trained) -> None:
    """Raise BadInput where a model has no tables to give; it is not asked for them."""
    if getattr(trained.model, "factorization", None) is None:
        raise BadInput(f"the model {trained.model_name} learns no factors", mend=MEND)


def factors_of(tables: Factorization, side: Side) -> NDArray[np.float64]:
    """Return the vectors of users or items by code, float64 (n, k)."""
    return float64(tables.user_factors if side == "user" else tables.item_factors)


def float64(table: torch.Tensor) -> NDArray[np.float64]:
    """Return a tensor as numbers of double precision, float64 of its shape."""
    found: NDArray[np.float64] = table.detach().cpu().numpy().astype(np.float64)
    return found


def scores_of_user(tables: Factorization, user: int) -> NDArray[np.float32]:
    """Return the scores of all items for a user, before they are squashed, float32 (n_items,); `user` is a code."""
    bias = 0.0 if tables.user_bias is None else float(tables.user_bias[user].detach())
    return scores_of_vector(tables, tables.user_factors[user].detach(), bias)


def scores_of_vector(tables: Factorization, vector: torch.Tensor, user_bias: float) -> NDArray[np.float32]:
    """Return the scores of all items for a user's vector (k,), before they are squashed, float32 (n_items,)."""
    bias = torch.zeros(1, dtype=vector.dtype) if tables.item_bias is None else tables.item_bias.detach()
    scores = torch.addmv(bias, tables.item_factors.detach(), vector)
    scores += tables.global_mean + user_bias
    return scores.float().cpu().numpy()


def squashed(tables: Factorization, scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what the model predicts where it scores so, float64 (n,), in the model's own precision."""
    if tables.y_range is None:
        return scores.astype(np.float64)
    low, high = tables.y_range
    return (low + (high - low) * torch.from_numpy(scores).sigmoid()).double().numpy()


def curve(tables: Factorization, scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what is predicted for scores, and how fast that grows with the score, float64 (n,) each."""
    if tables.y_range is None:
        return scores, np.ones_like(scores)
    low, high = tables.y_range
    share = 1 / (1 + np.exp(-scores))
    return low + (high - low) * share, (high - low) * share * (1 - share)
