"""The TOML that somebody starts from: the data's roles as guessed, every setting with its default and its help."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from cfbench import experiment as experiments
from cfbench.data.importing import open_interactions
from cfbench.errors import BadInput, listing, nearest
from cfbench.experiment import Component, Data, Experiment
from cfbench.paths import given
from cfbench.registry import parameters
from cfbench.registry.catalogue import catalogue
from cfbench.registry.resolving import resolve

_ROLES = ("user", "item", "target", "time")


def template(data: Data, model: str = "", split: str = "") -> str:
    """Return a commented experiment on `data` (the demo set where it names no source) as TOML.

    Args:
        data: the table [data].
        model: the model plugin, "" for the default one.
        split: a published split of the data set that `data` names, "" for none.

    Raises:
        BadInput: the data can't be read, or there is no such model or split.
    """
    splitter = None
    if split:
        data, splitter = _published(data, split)
    data = _with_roles(data) if data.source else Data(source="demo")
    experiment = Experiment(data=data)
    if splitter is not None:
        experiment = msgspec.structs.replace(experiment, splitter=splitter)
    elif not isinstance(data.source, str):
        experiment = msgspec.structs.replace(experiment, splitter=_by_file(data.source))
    if model:
        experiment = msgspec.structs.replace(experiment, model=Component(model))
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


def _published(data: Data, split: str) -> tuple[Data, Component]:
    """Return the data and the splitter that a published split says."""
    declaration = catalogue().find("dataset", str(data.source))
    splits = declaration.facts.get("splits", {})
    if split not in splits:
        raise BadInput(
            f"'{data.source}' has no published split '{split}'{nearest(split, splits)}",
            mend=f"it has {listing(splits)}" if splits else "it has none; leave --split out",
        )
    table = splits[split]
    sources = [f"{data.source}/{file}" for file in table["source"]]
    params = {key: value for key, value in table["splitter"].items() if key != "name"}
    return msgspec.structs.replace(data, source=sources), Component(table["splitter"]["name"], params)


_VALID, _TEST = re.compile(r"val(id(ation)?)?|dev"), re.compile(r"te(st)?|probe|eval")


def _by_file(sources: list[str]) -> Component:
    """Return the split that several files most likely are, by their names; else the last one is to validate on."""
    names = [Path(source).name for source in sources]
    words = {name: re.split(r"[^a-z]+", name.lower()) for name in names}
    valid = [name for name in names if any(_VALID.fullmatch(word) for word in words[name])]
    test = [name for name in names if any(_TEST.fullmatch(word) for word in words[name])]
    if len(valid) + len(test) >= len(names) or not (valid or test):
        return Component("predefined", {"valid": [names[-1]]})
    return Component("predefined", {"valid": valid, "test": test} if valid and test else {"valid": valid or test})


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
    sampler = experiment.sampler and bare("sampler", experiment.sampler)
    return msgspec.structs.replace(experiment, metrics=metrics, sampler=sampler, **tables)
