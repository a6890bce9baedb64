"""The TOML that somebody starts from: the data's roles as guessed, every setting with its default and its help."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cfbench import experiment as experiments
from cfbench.data.importing import open_interactions
from cfbench.experiment import Component, Data, Experiment
from cfbench.paths import given
from cfbench.registry import parameters
from cfbench.registry.catalogue import catalogue
from cfbench.registry.resolving import resolve

_ROLES = ("user", "item", "target", "time")


def template(data: Data, model: str = "") -> str:
    """Return a commented experiment on `data` (the demo set where it names no source) as TOML.

    Raises:
        BadInput: the data can't be read, or there is no such model.
    """
    data = _with_roles(data) if data.source else Data(source="demo")
    experiment = Experiment(data=data)
    if model:
        experiment = msgspec.structs.replace(experiment, model=Component(model))
    if not isinstance(data.source, str):
        experiment = msgspec.structs.replace(experiment, splitter=_by_file(data.source))
    known = catalogue()
    resolved = resolve(experiment, known)
    kinds = {table: getattr(resolved, table).name for table in experiments.COMPONENTS}

    def comment(path: str) -> str:
        table, _, key = path.rpartition(".")
        if table not in kinds:
            return experiments.help_of(path)
        declaration = known.find(table, kinds[table])
        if key != "name":
            return parameters.help_of(declaration, key)
        others = [other.name for other in known.of_kind(table) if other.name != declaration.name]
        return "; ".join([declaration.summary, *(["or " + ", ".join(others)] if others else [])])

    return experiments.to_toml(_bare(resolved), comment, complete=True)


def _by_file(sources: list[str]) -> Component:
    """Return the split that several files most likely are: the last one to validate on."""
    return Component("predefined", {"valid": [Path(sources[-1]).name]})


def _with_roles(data: Data) -> Data:
    sources = [data.source] if isinstance(data.source, str) else data.source
    if not all(given(source).exists() for source in sources):
        open_interactions(data)
        return data
    found = {column.role: column.name for column in open_interactions(data).columns if column.table == "ratings"}
    roles = {role: found[role] for role in _ROLES if role in found and getattr(data, role) is None}
    return msgspec.structs.replace(data, **roles)


def _bare(experiment: Experiment) -> Experiment:
    """Return the experiment with bare plugin names where these are enough, for a person to read."""
    known = catalogue()

    def bare(kind: str, component: Component) -> Component:
        declaration = known.find(kind, component.name)
        unique = known.find(kind, declaration.name) == declaration
        return Component(declaration.name if unique else component.name, component.params)

    tables = {table: bare(table, getattr(experiment, table)) for table in experiments.COMPONENTS}
    metrics = tuple(bare("metric", metric) for metric in experiment.metrics)
    return msgspec.structs.replace(experiment, metrics=metrics, **tables)
