"""From an experiment to a run's folder that a worker can train: checked, read, split and written down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

import msgspec

from cfbench import paths
from cfbench.data.importing import open_interactions
from cfbench.data.interactions import Interactions
from cfbench.durable import disk_full
from cfbench.errors import BadInput, listing
from cfbench.experiment import Component, Experiment, to_toml
from cfbench.loading import kept, splits
from cfbench.loading.components import installed
from cfbench.loading.encoder import Encoder
from cfbench.plugin import Split
from cfbench.registry.catalogue import Catalogue, catalogue
from cfbench.registry.loading import declared, parameters
from cfbench.registry.resolving import resolve
from cfbench.runs import folder, machine, plugins
from cfbench.runs.events import EventLog
from cfbench.runs.folder import RunFolder
from cfbench.runs.names import draw_name


class DataFacts(msgspec.Struct):
    """data/data.json: which data a run was made from.

    Attributes:
        key: of the imported data in the cache.
        fingerprint: of the interactions; a resumed run goes on with these data alone.
        split_hash: equal where runs may be compared.
        rows: part -> number of rows.
        dropped: reason -> rows that are in no part.
    """

    key: str
    fingerprint: str
    split_hash: str
    rows: dict[str, int]
    dropped: dict[str, int]


def variants(experiment: Experiment, folds: bool, seeds: int) -> Iterator[Experiment]:
    """Yield the experiment once, or once for each fold and each of `seeds` seeds counted up from its own.

    Raises:
        BadInput: `folds` is asked of a splitter that makes none.
    """
    wanted_folds = _folds(experiment) if folds else [None]
    group = experiment.experiment.group
    if not group and (folds or seeds > 1):
        group = draw_name()
    for seed in range(experiment.experiment.seed, experiment.experiment.seed + seeds):
        for fold in wanted_folds:
            about = msgspec.structs.replace(experiment.experiment, seed=seed, group=group)
            splitter = experiment.splitter
            if fold is not None:
                splitter = Component(splitter.name, {**splitter.params, "fold": fold})
            yield msgspec.structs.replace(experiment, experiment=about, splitter=splitter)


def _folds(experiment: Experiment) -> list[int | None]:
    params = experiment.splitter.params
    if "fold" not in params or "folds" not in params:
        known = catalogue()
        able = [d.name for d in known.of_kind("splitter") if {"fold", "folds"} <= set(d.properties)]
        raise BadInput(
            f"splitter {experiment.splitter.name} makes no folds",
            where="--folds all",
            mend=f"set splitter.name to {listing(able)}",
        )
    return list(range(1, params["folds"] + 1))


def checked(experiment: Experiment, where: str = "") -> Experiment:
    """Return the experiment resolved: full plugin names, complete parameters, the plugins' own rules kept.

    Raises:
        BadInput: a name, a parameter or a rule of a plugin.
    """
    if not experiment.data.source:
        raise BadInput(
            "data.source is missing", where=where, mend='name a file or a data set, such as --set data.source="demo"'
        )
    known = catalogue()
    resolved = resolve(experiment, known, where)
    for kind, table in plugins.used(resolved):
        parameters(declared(known.find(kind, table.name)), table.params)
    return resolved


def prepare(experiment: Experiment) -> RunFolder:
    """Return the folder of a new run of a `checked` experiment, its data read, split and written down.

    Raises:
        BadInput: the data can't be read or split so.
        DiskFull: there is no room.
    """
    interactions = open_interactions(experiment.data)
    split = splits.make_split(interactions, experiment, installed)
    experiment.loader.batches(len(split.train))
    if experiment.training.early_stopping and not len(split.valid):
        raise BadInput(
            "there are no valid rows to tell when to stop",
            where="training.early_stopping",
            mend="set it to 0, or split some off",
        )
    known = catalogue()
    _refuse_unrankable(experiment, interactions, known)

    def fill(run: RunFolder) -> None:
        _fill(run, experiment, interactions, split, known)

    with disk_full(paths.folder("runs"), "no space is left for a new run"):
        return folder.create(experiment.experiment.name, fill)


def _refuse_unrankable(experiment: Experiment, interactions: Interactions, known: Catalogue) -> None:
    """Raise BadInput where pairs that stand in no row are to be scored, and the model reads a field of rows alone."""
    if not known.find("model", experiment.model.name).facts.get("fields"):
        return
    readers = [m for m in experiment.metrics if known.find("metric", m.name).facts.get("reads") != "predictions"]
    if not readers and experiment.sampler is None:
        return
    owned = {name.partition("/")[2] for name in kept.owned_fields(interactions)}
    fields = [*interactions.categorical, *interactions.continuous]
    if loose := [field for field in fields if field not in owned]:
        what = readers[0].name.rpartition(":")[2] if readers else "a loss against drawn items"
        raise BadInput(
            f"'{loose[0]}' belongs neither to users nor to items, so {what} has no value of it for pairs without a row",
            where="metrics" if readers else "loss",
            mend="leave the field out, or choose another model, metric or loss",
        )


def _fill(run: RunFolder, experiment: Experiment, interactions: Interactions, split: Split, known: Catalogue) -> None:
    before = os.umask(0o077)
    try:
        run.experiment.write_text(to_toml(experiment), encoding="utf-8")
        run.environment.write_bytes(msgspec.json.format(msgspec.json.encode(machine.environment())))
        run.data.mkdir()
        splits.save(split, run.data)
        kept.save(Encoder.of(interactions, split.train), interactions, run.data)
        facts = DataFacts(
            key=interactions.key,
            fingerprint=interactions.fingerprint,
            split_hash=splits.split_hash(split, interactions.fingerprint),
            rows={part: len(splits.rows(split, part)) for part in splits.PARTS},
            dropped=dict(split.dropped),
        )
        (run.data / "data.json").write_bytes(msgspec.json.format(msgspec.json.encode(facts)))
        plugins.keep(run, experiment, known)
        itself = known.find("model", experiment.model.name).facts.get("batches") == "none"
        _first_event(run, experiment, facts, itself)
    finally:
        os.umask(before)


def _first_event(run: RunFolder, experiment: Experiment, facts: DataFacts, itself: bool) -> None:
    with closing(EventLog(run.events)) as log:
        log.write(
            "created",
            group=experiment.experiment.group,
            data=experiment.data.source,
            model=experiment.model.name,
            seed=experiment.experiment.seed,
            fold=experiment.splitter.params.get("fold"),
            epochs=experiment.training.epochs,
            early_stopping=experiment.training.early_stopping,
            steps=1 if itself else experiment.loader.batches(facts.rows["train"]) * experiment.training.epochs,
            split_hash=facts.split_hash,
        )
