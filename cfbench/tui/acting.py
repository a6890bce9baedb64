"""What any screen may ask of a run: to pause, to stop, to go on; and to choose one among all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from cfbench.answers import RunSummary, Verb
from cfbench.bench.interface import Bench
from cfbench.tui.dialogs.asking import Confirming
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.drawing.chart import reading
from cfbench.tui.looks import STATES
from cfbench.tui.workspace import short_name

if TYPE_CHECKING:
    from cfbench.tui.app import Workbench


def command(workbench: Workbench, run: RunSummary, verb: Verb, said: str) -> None:
    """Ask a run that is alive for something, and say what it will do."""

    async def do() -> None:
        await workbench.link.ask(Bench.command, run.id, verb)
        workbench.say(f"{short_name(run.id)} {said}")

    workbench.work(do(), "command")


def stop(workbench: Workbench, run: RunSummary) -> None:
    """Stop a run, after a second key that names it."""
    name = short_name(run.id)

    def sure(yes: bool | None) -> None:
        if yes:
            command(workbench, run, "stop", "stops after its batch, with a checkpoint")

    workbench.push_screen(Confirming(f"stop {name}?  It keeps its checkpoint: x resumes it", "s", f"stop {name}"), sure)


def resume(workbench: Workbench, run: RunSummary) -> None:
    """Let a paused run go on, or start a worker again for one that ended before its last epoch."""

    async def start() -> None:
        await workbench.link.ask(Bench.resume, run.id)
        workbench.say(f"{short_name(run.id)} goes on")

    if run.state == "paused":
        command(workbench, run, "resume", "goes on")
    else:
        workbench.work(start(), "command")


def choose(workbench: Workbench, title: str, take: Callable[[str], None], current: str = "") -> None:
    """Let somebody choose a run; `take` is called with its id."""
    choosing = Choosing(title, among(choices(workbench.workspace.runs.values())), current=current)
    workbench.push_screen(choosing, lambda run: take(run) if run else None)


def choices(runs: Iterable[RunSummary]) -> list[Choice]:
    """Return runs as choices, newest first, with what tells them apart."""
    found = []
    for run in reversed(list(runs)):
        valid = "" if run.valid_loss is None else f"valid {reading(run.valid_loss, run.valid_loss)}"
        pinned = "pinned" if run.pinned else ""
        note = "  ".join(part for part in (run.state, pinned, valid, run.model.partition(":")[2], run.note) if part)
        found.append(Choice(run.id, short_name(run.id), note, STATES[run.state]))
    return found
