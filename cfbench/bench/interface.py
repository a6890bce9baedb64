"""What every face can ask for. Arguments and answers are plain data, so that they can travel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

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
from cfbench.experiment import Data, Experiment
from cfbench.registry.declarations import Declaration, Scan


class Bench(Protocol):
    """Where data, plugins and runs are. Every method raises CfbenchError where it can't do what is asked."""

    def plugins(self, refresh: bool = False) -> Scan:
        """Return all plugins as data; `refresh` looks at each anew."""

    def plugin(self, name: str, kind: str = "") -> Declaration:
        """Return the declaration of that name, of any kind where none is said."""

    def describe(self, data: Data, verify: bool = False) -> DataProfile:
        """Return what there is to know of data, reading and keeping them if that was not done before.

        Files that look unchanged are believed to be so, unless `verify` hashes them again.
        """

    def template(self, data: Data, model: str = "") -> str:
        """Return a commented TOML to start from: the data's roles as guessed, every setting with its default."""

    def check(self, experiment: Experiment, where: str = "") -> Experiment:
        """Return the experiment resolved: full plugin names, complete and checked parameters."""

    def preview(self, experiment: Experiment, rows: int = 10) -> LoaderPreview:
        """Return what a checked experiment's training will see, with the first rows of a batch in words."""

    def start(self, experiment: Experiment, folds: bool = False, seeds: int = 1) -> list[str]:
        """Start workers for a checked experiment, one for each fold and seed; return the runs' ids."""

    def runs(self) -> list[RunSummary]:
        """Return all runs, oldest first."""

    def run(self, wanted: str) -> RunSummary:
        """Return the run of an id, of the start or end of one, or "last"."""

    def events(self, run: str, offset: int = 0) -> EventPage:
        """Return a run's events from a byte offset on."""

    def epochs(self, run: str) -> list[dict[str, Any]]:
        """Return a run's epochs as if it had never been interrupted: losses, metrics, whether it was the best."""

    def command(self, run: str, verb: Verb) -> None:
        """Ask a run to stop, pause or go on, or kill its worker; asking twice does no harm."""

    def resume(self, run: str) -> None:
        """Start a worker again for a run that stopped, failed or was lost."""

    def delete(self, run: str) -> str:
        """Move a run that is not alive to the trash; return where it is now."""

    def evaluate(
        self, run: str, metrics: Sequence[str] = (), part: Part = "valid", checkpoint: Checkpoint = "auto"
    ) -> Evaluation:
        """Measure a run's model on a part of its data; measuring on test is counted."""

    def predict(self, run: str, pairs: str, checkpoint: Checkpoint = "auto") -> list[Prediction]:
        """Predict the targets of the pairs in a delimited file."""
