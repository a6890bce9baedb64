"""The experiment as far as a loader depends on it, and the commands that show the same as the Loader screen."""

from __future__ import annotations

import shlex

import msgspec

from cfbench.experiment import Data, Experiment
from cfbench.registry.catalogue import Catalogue
from cfbench.tui.drafting.choosing import found
from cfbench.tui.screens.model.comparing import command_line

_FILE = "experiment.toml"


def command(experiment: Experiment, catalogue: Catalogue | None, host: str) -> str:
    """Return the commands that write an experiment on these data, and show what its training will see.

    Args:
        experiment: [experiment], [data], [splitter] and [loader] matter.
        catalogue: tells the splitter's defaults, which need not be said.
        host: where the data are; the caller adds it to the last command.
    """
    data = experiment.data
    sources = [data.source] if isinstance(data.source, str) else list(data.source)
    splitter = found(catalogue, "splitter", experiment.splitter.name) if catalogue else None
    defaults = {key: schema["default"] for key, schema in splitter.properties.items()} if splitter else {}
    sourceless = msgspec.structs.replace(data, source="")
    told = msgspec.structs.replace(Experiment(), data=sourceless)
    rest = msgspec.structs.replace(
        Experiment(), experiment=experiment.experiment, splitter=experiment.splitter, loader=experiment.loader
    )
    write = ["cfbench", "experiment", "new", *sources, *_set(told, {}), "-o", _FILE]
    write += ["--on", host] if host != "local" else []
    look = ["cfbench", "experiment", "show", _FILE, "--batch", *_set(rest, {"splitter": defaults})]
    return f"{shlex.join(write)} && {shlex.join(look)}"


def _set(experiment: Experiment, defaults: dict[str, dict[str, object]]) -> list[str]:
    """Return the options that set what is not the default."""
    settings = shlex.split(command_line(experiment, defaults))[2:]
    return [part for setting in settings for part in ("--set", setting)]


def seed_path(experiment: Experiment) -> str:
    """Return the setting that the split's seed comes from."""
    return "experiment.seeds.split" if "split" in experiment.experiment.seeds else "experiment.seed"


def part_of(experiment: Experiment) -> Experiment:
    """Return an experiment with nothing but what a loader depends on: a model that is refused changes no batch."""
    about = msgspec.structs.replace(experiment.experiment, name="", group="", notes="")
    return Experiment(experiment=about, data=experiment.data, splitter=experiment.splitter, loader=experiment.loader)


def data_of(experiment: Experiment | None) -> Data:
    """Return the table [data] of an experiment, an empty one where there is none."""
    return experiment.data if experiment else Data()
