"""What makes a measured value doubtful: a model that says the same of all, or one that knows what it can't know."""

from __future__ import annotations

import numpy as np
import torch

from cfbench.answers import Finding
from cfbench.loading.loader import Loader
from cfbench.training.components import Predictor
from cfbench.training.evaluation import Measured, predict
from cfbench.training.ranking import Ranked

TOO_GOOD = 0.5
"""A mean squared error on rows that training did not see, by that on rows it saw, below which the model is doubted."""

PERFECT = 0.5
"""The share of users with a perfect list above which the model is doubted."""

_ROWS = 100_000
_USERS = 20


def doubts(predictor: Predictor, loader: Loader, part: str, measured: Measured) -> tuple[Finding, ...]:
    """Return what makes the values of a part doubtful."""
    found = []
    if measured.constant:
        found.append(Finding("look", "every prediction is the same", "it puts nothing in order"))
    if predictor.ratings:
        found += _too_good(predictor, loader, part)
    if measured.ranked is not None:
        found += _perfect(measured.ranked, part)
    return tuple(found)


def _too_good(predictor: Predictor, loader: Loader, part: str) -> list[Finding]:
    """Compare the error on rows that training saw with that on those it did not; models know the former better."""
    unknown = predict(predictor, getattr(loader, part)) - getattr(loader, part).all.target.to(predictor.device)
    error = float((unknown**2).mean())
    train = predictor.place(loader.train.all[: min(_ROWS, loader.train.n_rows)])
    with torch.no_grad():
        known = float(((predictor(train) - train.target) ** 2).mean())
    if error < TOO_GOOD * known:
        return [
            Finding(
                "wrong",
                f"its error on {part} (MSE {error:.3g}) is far below that on its training rows ({known:.3g})",
                f"it may have seen the {part} rows: look at what the model reads, and at the split",
            )
        ]
    return []


def _perfect(ranked: Ranked, part: str) -> list[Finding]:
    """Count users whose relevant items stand before all others; no honest model does so for most."""
    groups = ranked.groups
    inside = np.clip(ranked.n_relevant[groups.query] - groups.start, 0, groups.size)
    found = np.bincount(groups.query, groups.relevant * inside / groups.size, len(ranked.users))
    real = (ranked.n_relevant > 0) & (ranked.n_candidates > 2 * ranked.n_relevant)
    if real.sum() < _USERS:
        return []
    share = float((found[real] >= ranked.n_relevant[real]).mean())
    if share > PERFECT:
        return [
            Finding(
                "wrong",
                f"for {share:.0%} of the users it puts exactly the {part} items before all others",
                f"it may have seen the {part} rows: look at what the model reads, and at the split",
            )
        ]
    return []
