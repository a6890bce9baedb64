"""The tables of factors and biases that a model gives out, and what is read off them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.answers import Ends, Scored
from cfbench.errors import BadInput, WorkFailed
from cfbench.explore.naming import item_code
from cfbench.explore.ranking import Owner, highest, known
from cfbench.explore.trained import Trained
from cfbench.plugin import Factorization

_MEND = "train a model that does, such as biased-dot-product"


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
                    where=f"model {trained.experiment.model.name}",
                )
    return tables


def scores_of_user(tables: Factorization, user: int) -> NDArray[np.float32]:
    """Return the scores of all items for a user, before they are squashed, float32 (n_items,); `user` is a code."""
    own = tables.user_factors[user].detach()
    bias = torch.zeros(1, dtype=own.dtype) if tables.item_bias is None else tables.item_bias.detach()
    scores = torch.addmv(bias, tables.item_factors.detach(), own)
    scores += tables.global_mean + (0.0 if tables.user_bias is None else float(tables.user_bias[user].detach()))
    return scores.float().cpu().numpy()


def squashed(tables: Factorization, scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what the model predicts where it scores so, float64 (n,)."""
    if tables.y_range is None:
        return scores.astype(np.float64)
    low, high = tables.y_range
    return (low + (high - low) * torch.from_numpy(scores).sigmoid()).double().numpy()


def biases(trained: Trained, field: Owner = "item", count: int = 10, least: int = 1) -> Ends:
    """Return the `count` highest and lowest biases of labels with at least `least` training rows.

    Raises:
        BadInput: the model has none.
    """
    tables = factorization(trained)
    table = None if tables is None else tables.user_bias if field == "user" else tables.item_bias
    if table is None:
        raise BadInput(f"the model {trained.experiment.model.name} learns no {field} biases", mend=_MEND)
    codes = known(trained, field, least)
    values = _numbers(table)[codes]
    lowest = highest(trained, field, codes, -values, count)
    bottom = tuple(Scored(one.label, one.title, -one.value, one.count) for one in lowest)
    return Ends(highest(trained, field, codes, values, count), bottom)


def similar(trained: Trained, item: str, count: int = 10, least: int = 1) -> list[Scored]:
    """Return the items whose factors point most in the direction of an item's, by the cosine of the angle between.

    Args:
        trained: the model.
        item: a title that one item alone bears, or a label.
        count: how many.
        least: training rows that an item has at least.

    Raises:
        BadInput: there is no such item, or the model has no factors.
    """
    tables = factorization(trained)
    if tables is None:
        raise BadInput(f"the model {trained.experiment.model.name} has no factors to compare", mend=_MEND)
    code = item_code(trained, item)
    codes = known(trained, "item", least)
    codes = codes[codes != code]
    factors = _numbers(tables.item_factors)
    lengths = np.linalg.norm(factors, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = factors[codes] @ factors[code] / (lengths[codes] * lengths[code])
    return list(highest(trained, "item", codes, cosines, count))


def _numbers(table: torch.Tensor) -> NDArray[np.float64]:
    return table.detach().double().cpu().numpy()
