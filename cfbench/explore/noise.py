"""How far ratings are from what a model predicts."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from cfbench.errors import BadInput
from cfbench.explore.trained import Trained

_SAMPLE = 20_000
_LEAST = 1e-4
_SHARE = 1 / 16

_known: WeakKeyDictionary[Trained, float] = WeakKeyDictionary()


def noise(trained: Trained) -> float:
    """Return the variance of rating - prediction: on valid as the run measured it, else on a sample of training rows.

    Where neither is there, it is that of ratings spread over their range by a quarter of it.
    """
    if trained not in _known:
        _known[trained] = max(_LEAST, _told(trained) or _measured(trained))
    return _known[trained]


def _told(trained: Trained) -> float | None:
    """Return what the run's events tell of the checkpoint."""
    for event in trained.history:
        if event["step"] == trained.step:
            metrics = event["metrics"]
            return metrics.get("mse") or (metrics["rmse"] ** 2 if metrics.get("rmse") else None)
    return None


def _measured(trained: Trained) -> float:
    try:
        loader = trained.loader
    except BadInput:
        return trained.target_range**2 * _SHARE
    rows = loader.rows("train")
    rows = rows[:: max(1, len(rows) // _SAMPLE)]
    data = loader.interactions
    predicted = trained.score({"user": data.user[rows], "item": data.item[rows]})
    return float(((predicted - data.target[rows]) ** 2).mean())
