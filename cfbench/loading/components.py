"""From a component's table in an experiment to the live plugin and its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cfbench import plugin
from cfbench.experiment import Component
from cfbench.registry import loading
from cfbench.registry.catalogue import catalogue

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
