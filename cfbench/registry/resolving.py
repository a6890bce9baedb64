"""An experiment made complete: each plugin by its full name, with all parameters, checked."""

from __future__ import annotations

from typing import Any

import msgspec

from cfbench.errors import BadInput
from cfbench.experiment import COMPONENTS, Component, Experiment
from cfbench.registry import parameters
from cfbench.registry.catalogue import Catalogue


def resolve(experiment: Experiment, catalogue: Catalogue, where: str = "") -> Experiment:
    """Return the experiment with every component's full name and complete parameters.

    Raises:
        BadInput: a name or a parameter that is not allowed, with its key path; `where` is the file that holds it.
    """
    changed: dict[str, Any] = {
        table: _resolved(getattr(experiment, table), table, table, catalogue, where) for table in COMPONENTS
    }
    changed["metrics"] = tuple(
        _resolved(metric, "metric", f"metrics[{number}]", catalogue, where)
        for number, metric in enumerate(experiment.metrics)
    )
    return msgspec.structs.replace(experiment, **changed)


def _resolved(component: Component, kind: str, path: str, catalogue: Catalogue, where: str) -> Component:
    try:
        declaration = catalogue.find(kind, component.name)
    except BadInput as error:
        raise BadInput(f"{path}.name: {error.what}", where=where, mend=error.mend) from error
    return Component(declaration.full_name, parameters.check(declaration, component.params, where, path))
