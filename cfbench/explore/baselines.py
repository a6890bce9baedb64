"""Baselines on the very split of a run: they join a comparison by themselves where they take seconds."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cfbench import durable, paths
from cfbench.errors import CfbenchError
from cfbench.experiment import Component, Experiment
from cfbench.loading.components import installed
from cfbench.loading.loader import Loader
from cfbench.loading.streams import TorchStreams
from cfbench.registry.catalogue import catalogue
from cfbench.registry.declarations import Declaration
from cfbench.registry.parameters import check
from cfbench.registry.resolving import resolve
from cfbench.training.components import Predictor, make_metrics
from cfbench.training.evaluation import measure
from cfbench.training.objective import Objective
from cfbench.training.reproducible import reproducible, undisturbed

MOST_ROWS = 5_000_000
"""Training rows beyond which no baseline joins by itself."""


class Known(msgspec.Struct):
    """What a baseline reached on a part; per-user values lie beside it.

    Attributes:
        metrics: label -> value.
    """

    metrics: dict[str, float | None]


def fitting(loader: Loader, rated: bool, ranked: bool) -> list[Declaration]:
    """Return the baselines that take seconds on these data and have values of what is compared.

    Args:
        loader: the data.
        rated: errors of predicted ratings are compared.
        ranked: rankings are compared.
    """
    items = int(loader.encoder.seen["item"].sum())
    if loader.train.n_rows > MOST_ROWS:
        return []
    return [
        declaration
        for declaration in catalogue().of_kind("model")
        if items <= declaration.facts.get("baseline_items", 0)
        and (rated if declaration.facts.get("ratings", True) else ranked)
    ]


def values(
    declaration: Declaration, experiment: Experiment, loader: Loader, part: str
) -> tuple[dict[str, float | None], dict[str, NDArray[Any]]]:
    """Return a baseline's metrics (those of the experiment) on a part, and each user's values with "users".

    It is trained on the loader's training rows; what was computed once for a split is kept.

    Raises:
        CfbenchError: it fails on these data.
    """
    component = Component(declaration.full_name, check(declaration, {}, "", "model"))
    made = resolve(
        msgspec.structs.replace(experiment, model=component, sampler=None, loss=Component("mse")), catalogue()
    )
    made = msgspec.structs.replace(made, metrics=experiment.metrics)
    place = _place(made, loader, part)
    if (known := _read(place)) is not None:
        return known
    with undisturbed(), reproducible(experiment.training.threads):
        predictor = Predictor(made, installed, loader.encoder.info(TorchStreams(made)))
        for _ in predictor.module.fit(loader.fit_data()) or ():  # type: ignore[operator]
            pass
        found = measure(predictor, loader, part, Objective(made, installed, loader), make_metrics(made, installed))
    by_user: dict[str, NDArray[Any]] = {**found.by_user, "users": found.users}
    _write(place, found.metrics, by_user)
    return found.metrics, by_user


def _place(made: Experiment, loader: Loader, part: str) -> Path:
    declaration = catalogue().find("model", made.model.name)
    said = [
        loader.split_hash, part, made.model.table(), [metric.table() for metric in made.metrics],
        declaration.version, declaration.sha256, made.data.candidates,
    ]  # fmt: skip
    digest = hashlib.blake2b(msgspec.json.encode(said), digest_size=12).hexdigest()
    return paths.folder("baselines") / digest


def _read(place: Path) -> tuple[dict[str, float | None], dict[str, NDArray[Any]]] | None:
    try:
        known = msgspec.json.decode(place.with_suffix(".json").read_bytes(), type=Known)
        with np.load(place.with_suffix(".npz")) as arrays:
            return known.metrics, {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, msgspec.MsgspecError):
        return None


def _write(place: Path, metrics: dict[str, float | None], by_user: dict[str, NDArray[Any]]) -> None:
    """Keep what was computed; where there is no room it is computed again next time."""
    try:
        paths.writable_folder("baselines")
        aside = place.with_suffix(f".{os.getpid()}.tmp.npz")
        arrays: dict[str, Any] = dict(by_user)
        np.savez(aside, **arrays)
        aside.replace(place.with_suffix(".npz"))
        durable.replace(place.with_suffix(".json"), msgspec.json.encode(Known(metrics)))
    except (OSError, CfbenchError):
        return
