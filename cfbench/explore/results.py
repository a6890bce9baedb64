"""Values of each user, kept in a run's folder: what comparisons pair."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cfbench.runs.folder import RunFolder

if TYPE_CHECKING:
    from cfbench.training.evaluation import Measured

_USERS = "users"


def save(run: RunFolder, part: str, step: int, measured: Measured) -> None:
    """Keep the values of each user on a part, beside those of other metrics that were kept before."""
    known = load(run, part, step)
    values: dict[str, Any] = {**known, **measured.by_user, _USERS: measured.users}
    run.results.mkdir(mode=0o700, exist_ok=True)
    place = run.results / f"{part}-{step}.npz"
    aside = place.with_suffix(".tmp")
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        np.savez(file, **values)
    aside.replace(place)


def load(run: RunFolder, part: str, step: int) -> dict[str, NDArray[np.generic]]:
    """Return metric -> value of each user, float64 (n,), and "users" -> their codes; empty where none is kept."""
    place = run.results / f"{part}-{step}.npz"
    if not place.exists():
        return {}
    with np.load(place) as arrays:
        return {name: arrays[name] for name in arrays.files}
