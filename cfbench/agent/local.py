"""The bench of this machine, in this process."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

from cfbench.answers import (
    Checkpoint,
    DataProfile,
    Evaluation,
    EventPage,
    LoaderPreview,
    Part,
    Prediction,
    RunSummary,
    Verb,
)
from cfbench.errors import BadInput, nearest
from cfbench.experiment import Data, Experiment
from cfbench.registry.catalogue import catalogue
from cfbench.registry.declarations import Declaration, Scan
from cfbench.runs import commands, events, folder, lock
from cfbench.runs.state import summary


class LocalBench:
    """Implements `cfbench.bench.interface.Bench`."""

    # -- plugins --

    def plugins(self, refresh: bool = False) -> Scan:
        """Return all plugins as data."""
        known = catalogue(refresh)
        return Scan(known.declarations, known.broken, known.notices)

    def plugin(self, name: str, kind: str = "") -> Declaration:
        """Return the declaration of that name, of any kind where none is said."""
        known = catalogue()
        if kind:
            return known.find(kind, name)
        fitting = [d for d in known.declarations if name in (d.name, d.full_name)]
        kinds = sorted({d.kind for d in fitting})
        if len(kinds) == 1:
            return known.find(kinds[0], name)
        if kinds:
            raise BadInput(f"'{name}' is a {' and a '.join(kinds)}", mend=f"add --kind {kinds[0]}")
        broken = [str(b) for b in known.broken if b.source.removesuffix(".py") in (name, name.replace("-", "_"))]
        guess = nearest(name, [d.name for d in known.declarations])
        raise BadInput(
            f"there is no plugin '{name}'{guess}", mend="; ".join(broken) or "'cfbench plugins list' shows all"
        )

    # -- data and experiments --

    def describe(self, data: Data, verify: bool = False) -> DataProfile:
        """Return what there is to know of data."""
        from cfbench.data.profile import describe

        return describe(data, verify=verify)

    def template(self, data: Data, model: str = "") -> str:
        """Return a commented TOML to start from."""
        from cfbench.agent.template import template

        return template(data, model)

    def check(self, experiment: Experiment, where: str = "") -> Experiment:
        """Return the experiment resolved."""
        from cfbench.runs.preparing import checked

        return checked(experiment, where)

    def preview(self, experiment: Experiment, rows: int = 10) -> LoaderPreview:
        """Return what a checked experiment's training will see."""
        from cfbench.loading.previewing import preview

        return preview(experiment, rows)

    # -- runs --

    def start(self, experiment: Experiment, folds: bool = False, seeds: int = 1) -> list[str]:
        """Start workers for a checked experiment; return the runs' ids."""
        from cfbench.runs.launching import launch
        from cfbench.runs.preparing import prepare, variants

        started = []
        for variant in list(variants(experiment, folds, seeds)):
            run = prepare(variant)
            launch(run)
            started.append(run.id)
        return started

    def runs(self) -> list[RunSummary]:
        """Return all runs, oldest first."""
        return [summary(run) for run in folder.all_runs()]

    def run(self, wanted: str) -> RunSummary:
        """Return the run of an id, of the start or end of one, or "last"."""
        return summary(folder.find(wanted))

    def events(self, run: str, offset: int = 0) -> EventPage:
        """Return a run's events from a byte offset on."""
        found = folder.find(run)
        alive = lock.held(found.lock)
        reading = events.read(found.events, offset)
        return EventPage(reading.events, reading.offset, alive)

    def epochs(self, run: str) -> list[dict[str, Any]]:
        """Return a run's epochs as if it had never been interrupted."""
        known = events.effective(events.read(folder.find(run).events).events)
        return [event for event in known if event["event"] == "epoch"]

    def command(self, run: str, verb: Verb) -> None:
        """Ask a run to stop, pause or go on, or kill its worker."""
        found = folder.find(run)
        if not lock.held(found.lock):
            state = summary(found).state
            raise BadInput(f"run {found.id} is {state}, not running", mend=_after(state, found.id))
        if verb == "kill":
            os.kill(lock.read_info(found.lock)["pid"], signal.SIGKILL)
        else:
            commands.send(found.commands, verb)

    def resume(self, run: str) -> None:
        """Start a worker again for a run that stopped, failed or was lost."""
        from cfbench.runs.launching import launch

        launch(folder.find(run))

    def delete(self, run: str) -> str:
        """Move a run that is not alive to the trash; return where it is now."""
        found = folder.find(run)
        if lock.held(found.lock):
            raise BadInput(f"run {found.id} is alive", mend=f"stop it first: cfbench runs stop {found.id}")
        return str(folder.move_to_trash(found))

    # -- results --

    def evaluate(
        self, run: str, metrics: Sequence[str] = (), part: Part = "valid", checkpoint: Checkpoint = "auto"
    ) -> Evaluation:
        """Measure a run's model on a part of its data."""
        from cfbench.explore.trained import load

        names = [catalogue().find("metric", metric).full_name for metric in metrics]
        return load(run, checkpoint).evaluate(part, names)

    def predict(self, run: str, pairs: str, checkpoint: Checkpoint = "auto") -> list[Prediction]:
        """Predict the targets of the pairs in a delimited file."""
        from cfbench.explore.pairs import predict_file

        return predict_file(run, pairs, checkpoint)


def _after(state: str, run: str) -> str:
    return "there is nothing left to do" if state == "finished" else f"go on with it: cfbench runs resume {run}"
