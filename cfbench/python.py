"""cfbench from Python: the same experiments, runs and numbers as from the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cfbench import experiment as experiments
from cfbench.data.frames import is_frame, kept
from cfbench.errors import WorkFailed
from cfbench.experiment import Experiment
from cfbench.explore.learned import Learned, load
from cfbench.loading.loader import Loader
from cfbench.loading.previewing import open_loader
from cfbench.runs.launching import train_here
from cfbench.runs.preparing import checked, prepare
from cfbench.runs.state import summary

__all__ = ["load", "loader", "train"]

Source = str | os.PathLike[str] | Mapping[str, Any] | Experiment


def train(experiment: Source) -> Learned:
    """Train an experiment in this process and return what was learned; its run is listed with the others.

    Args:
        experiment: a TOML file's path, its tables as a dict, or an `Experiment`; in a dict a polars or pandas frame may
            stand for the source of data, items or users.

    Raises:
        BadInput: the experiment or its data can't be used.
        WorkFailed: training diverged, was stopped, or a plugin failed.
    """
    run = prepare(_checked(experiment))
    train_here(run)
    ended = summary(run)
    if ended.state != "finished":
        raise WorkFailed(f"run {run.id} {ended.state}: {ended.reason}", mend=f"its log is {run.log}")
    return load(str(run.path))


def loader(experiment: Source) -> Loader:
    """Return the loader of an experiment: `train`, `valid`, `classes`.

    Raises:
        BadInput: the experiment or its data can't be used.
    """
    return open_loader(_checked(experiment))


def _checked(experiment: Source) -> Experiment:
    if isinstance(experiment, Mapping):
        experiment = experiments.located(experiments.parse(_with_files(experiment)), Path.cwd())
    if not isinstance(experiment, Experiment):
        experiment = experiments.read(os.fspath(experiment))
    return checked(experiment)


def _with_files(tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an experiment's tables with each polars or pandas frame, as a `source`, kept in a file of its own."""
    return {key: _with_files(value) if isinstance(value, Mapping) else _file(value) for key, value in tables.items()}


def _file(value: Any) -> Any:
    return str(kept(value)) if is_frame(value) else value
