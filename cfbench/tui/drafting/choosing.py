"""Another plugin in the place of one: what of its settings survives, and how its table is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cfbench import experiment as experiments
from cfbench.errors import BadInput
from cfbench.experiment import Component
from cfbench.registry import parameters
from cfbench.registry.catalogue import Catalogue
from cfbench.registry.declarations import Declaration
from cfbench.registry.parameters import NONE
from cfbench.tui.drafting.comparing import same

_TOLD = ("default", "description", "x-unit", "x-log", "x-advanced", "x-search")


def found(known: Catalogue, kind: str, name: str) -> Declaration | None:
    """Return the declaration of that name, or None where nothing, or more than one plugin, has it."""
    try:
        return known.find(kind, name)
    except BadInput:
        return None


def component(new: Declaration, old: Declaration | None, now: Mapping[str, Any], known: Catalogue) -> Component:
    """Return the new plugin with its defaults, but for what was set on the old one and means the same.

    Args:
        new: what was chosen.
        old: what was there, None where that is not known.
        now: what the TOML says in the old one's table.
        known: all plugins.
    """
    params = {key: schema["default"] for key, schema in new.properties.items()}
    before = old.properties if old else {}
    for key, schema in new.properties.items():
        if key in now and key in before and _asks(schema) == _asks(before[key]) and not _is(now[key], before[key]):
            params[key] = now[key]
    bare = found(known, new.kind, new.name) == new
    return Component(new.name if bare else new.full_name, params)


def _asks(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in _TOLD}


def _is(value: Any, schema: Mapping[str, Any]) -> bool:
    """Return whether a value of the TOML is the default."""
    default = schema["default"]
    return same(value, NONE if default is None else default)


def block(chosen: Component, declaration: Declaration, known: Catalogue) -> str:
    """Return the plugin's table as TOML, header first, each setting with its help."""
    others = [other.name for other in known.of_kind(declaration.kind) if other.name != declaration.name]

    def comment(path: str) -> str:
        key = path.rpartition(".")[2]
        return parameters.name_help(declaration, others) if key == "name" else parameters.help_of(declaration, key)

    return experiments.table_to_toml(chosen, declaration.kind, comment)
