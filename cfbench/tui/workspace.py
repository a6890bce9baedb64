"""What the screens share: the runs, the one in front, the experiment being set up, the data it is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cfbench.answers import DataProfile, RunSummary
from cfbench.registry.catalogue import Catalogue
from cfbench.tui.draft import Draft
from cfbench.tui.followed import FollowedRun

MOST_MARKS = 3

ALIVE = ("running", "paused", "queued")


@dataclass
class Workspace:
    """One of it in a workbench; screens read it, and change it through the workbench alone.

    Attributes:
        runs: id -> summary, oldest first.
        front: id of the run that Train and Explore show, "" for none.
        followed: id -> its history, kept up with its events.
        marks: ids of runs marked for comparison, in the order of their letters.
        draft: the experiment being set up, or None before data were chosen.
        profile: of the draft's data, or None while they are not read.
        catalogue: all plugins, or None while they are not listed.
        host: where the bench is: "local" or a host's name.
    """

    host: str = "local"
    runs: dict[str, RunSummary] = field(default_factory=dict)
    front: str = ""
    followed: dict[str, FollowedRun] = field(default_factory=dict)
    marks: list[str] = field(default_factory=list)
    draft: Draft | None = None
    profile: DataProfile | None = None
    catalogue: Catalogue | None = None

    @property
    def front_run(self) -> RunSummary | None:
        """The run in front."""
        return self.runs.get(self.front)

    @property
    def front_history(self) -> FollowedRun | None:
        """The history of the run in front."""
        return self.followed.get(self.front)

    def living(self) -> list[RunSummary]:
        """Return the runs that are alive, running ones first."""
        return sorted((run for run in self.runs.values() if run.state in ALIVE), key=lambda run: ALIVE.index(run.state))

    def farewell(self) -> str:
        """Return what to say to somebody who leaves: which runs go on without the screen."""
        living = self.living()
        if not living:
            return ""
        who = f"run {short_name(living[0].id)} goes on" if len(living) == 1 else f"{len(living)} runs go on"
        return f"{who}: cfbench{'' if self.host == 'local' else f' --on {self.host}'} brings you back"

    def letters(self) -> Iterator[tuple[str, str]]:
        """Yield each marked run's letter and id."""
        yield from zip("abc", self.marks, strict=False)

    def mark(self, run: str) -> bool:
        """Mark a run or take its mark away; return False where there are as many marks as there may be."""
        if run in self.marks:
            self.marks.remove(run)
            return True
        if len(self.marks) == MOST_MARKS:
            return False
        self.marks.append(run)
        return True


def short_name(run: str) -> str:
    """Return what a person calls a run: its id without the time."""
    return run.partition("-")[2] or run
