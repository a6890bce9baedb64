"""What the bench said last of the experiment's loader, and whether that still holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cfbench.answers import LoaderPreview
from cfbench.experiment import Data, Experiment
from cfbench.tui.drawing.lines import Line

ROWS = 40
"""Rows of a batch that are shown at most."""


@dataclass
class Seen:
    """A preview kept from question to question.

    Attributes:
        asked: the experiment asked about last, None where there was none to ask about.
        preview: what it, or an experiment before it, came to.
        error: why `asked` comes to nothing.
        stale: `preview` is of another experiment than `asked`.
        described: the data that the workspace's profile is of.
    """

    asked: Experiment | None = None
    preview: LoaderPreview | None = None
    error: str = ""
    stale: bool = True
    described: Data | None = None

    def ask(self, experiment: Experiment | None) -> None:
        """Keep the old picture, which no longer holds, until there is a new one."""
        self.asked, self.error, self.stale = experiment, "", True

    def take(self, experiment: Experiment, preview: LoaderPreview) -> None:
        """Keep what the bench says, if it is still what was asked about."""
        if experiment == self.asked:
            self.preview, self.error, self.stale = preview, "", False

    def refuse(self, experiment: Experiment, reason: str) -> None:
        """Keep why an experiment comes to nothing, if it is still the one asked about."""
        if experiment == self.asked:
            self.error, self.stale = reason, True

    def drawn(self, lines: Sequence[Line]) -> list[Line]:
        """Return lines, dim while they no longer hold."""
        return [[(content, "dim") for content, _ in line] for line in lines] if self.stale else list(lines)
