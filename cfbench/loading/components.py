"""From a component's table in an experiment to the live plugin and its parameters."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cfbench import plugin
from cfbench.experiment import COMPONENTS, Component, Experiment
from cfbench.registry import loading
from cfbench.registry.catalogue import catalogue
from cfbench.registry.importing import place_of

Find = Callable[[str, str], plugin.Declaration]
"""(kind, name) -> the live declaration, its target a callable. A run has one that reads its own copies of plugins."""


def installed(kind: str, name: str) -> plugin.Declaration:
    """Return a live declaration from what is installed on this machine."""
    return loading.load(catalogue().find(kind, name))


def component(find: Find, kind: str, table: Component) -> tuple[Any, Any]:
    """Return the live declaration that a component's table names, and its parameters as the plugin's dataclass.

    Raises:
        BadInput: a rule of the plugin across its parameters is broken.
        WorkFailed: the plugin can't be loaded.
    """
    live = find(kind, table.name)
    return live, loading.parameters(live, table.params)


def places(experiment: Experiment) -> list[Path]:
    """Return where the code of a resolved experiment's plugins lies, to name a plugin's own line when it fails."""
    known = catalogue()
    tables = [(kind, getattr(experiment, kind)) for kind in COMPONENTS]
    if experiment.sampler is not None:
        tables.append(("sampler", experiment.sampler))
    declared = [known.find(kind, table.name) for kind, table in [*tables, *(("metric", m) for m in experiment.metrics)]]
    packages = [sys.modules.get(declaration.prefix.partition(".")[0]) for declaration in declared]
    found = [Path(declaration.path) for declaration in declared if declaration.path]
    return [*found, *(place for module in packages if module and (place := place_of(module)))]
