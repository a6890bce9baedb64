"""Training for a moment, to see what it does, and thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cfbench.experiment import Experiment
from cfbench.loading.components import places
from cfbench.registry.faults import in_its_own_words
from cfbench.training.reproducible import reproducible, undisturbed


class Nobody:
    """Hears no event."""

    def write(self, event: str, **fields: Any) -> None:
        """Forget it."""

    def sync(self) -> None:
        """Have nothing to keep."""


@contextmanager
def trial(experiment: Experiment) -> Iterator[None]:
    """Compute as a training does, leave no trace, and say what goes wrong in the plugins' own words."""
    own = in_its_own_words("", *places(experiment))
    with undisturbed(), reproducible(experiment.training.threads), own:
        yield
