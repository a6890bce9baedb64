"""What a report tells of: a run, its model and what was measured, each found once and only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from cfbench.answers import Evaluation, Part
from cfbench.errors import CfbenchError
from cfbench.experiment import Experiment
from cfbench.explore.recent import recent
from cfbench.explore.report.words import bare
from cfbench.explore.trained import Trained
from cfbench.registry.declarations import Declaration
from cfbench.runs import events, state
from cfbench.runs.folder import RunFolder
from cfbench.runs.plugins import experiment_of, kept

_Found = TypeVar("_Found")


class Subject:
    """The run that is told of; what can't be had raises each time that it is asked for, and is tried once.

    Args:
        run: its folder.
        part: what the model is measured on.
        beside: runs that differ from it in the number of factors alone.
    """

    def __init__(self, run: RunFolder, part: Part, beside: Sequence[RunFolder]) -> None:
        self.run, self.part, self.beside = run, part, beside
        self.summary = state.summary(run)

    @property
    def trained(self) -> Trained:
        """The model, with its run's data."""
        return _had(self._loaded)

    @cached_property
    def _loaded(self) -> Trained | Exception:
        return _tried(lambda: recent(str(self.run.path)))

    @property
    def measured(self) -> Evaluation:
        """What the model reaches on the part; the test rows are opened for it once, which the run counts."""
        return _had(self._evaluated)

    @cached_property
    def _evaluated(self) -> Evaluation | Exception:
        return _tried(lambda: (self.trained.evaluate if self.part == "test" else self.trained.measured)(self.part))

    @cached_property
    def experiment(self) -> Experiment:
        """What defined the run."""
        return experiment_of(self.run)

    @cached_property
    def declarations(self) -> Sequence[Declaration]:
        """The plugins that it used, each once."""
        return list({(one.kind, one.full_name): one for one in kept(self.run).declarations}.values())

    @cached_property
    def epochs(self) -> list[dict[str, Any]]:
        """As in `Trained.history`, and known before there is a checkpoint."""
        told = events.measurements(events.read(self.run.events).events)
        return [event for event in told if event["event"] == "epoch"]

    @property
    def model(self) -> str:
        """The model's title, or its name where the run's plugins can't be read."""
        try:
            return next(one.title for one in self.declarations if one.kind == "model")
        except (OSError, StopIteration, msgspec.MsgspecError, CfbenchError):
            return bare(self.summary.model)


def _tried(find: Callable[[], _Found]) -> _Found | Exception:
    """Return what is found, or why nothing is."""
    try:
        return find()
    except Exception as error:  # each section that needs it says so, and none tries again
        return error


def _had(found: _Found | Exception) -> _Found:
    if isinstance(found, Exception):
        raise found
    return found
