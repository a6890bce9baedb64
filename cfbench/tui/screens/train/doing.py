"""What the Train screen asks of the bench: pausing, stopping, resuming, pins, a log, another run in front."""

from __future__ import annotations

from cfbench.answers import RunSummary, Verb
from cfbench.bench.interface import Bench
from cfbench.tui.dialogs.asking import Confirming
from cfbench.tui.dialogs.choosing import Choosing, among
from cfbench.tui.dialogs.reading import Reading
from cfbench.tui.drawing.lines import wrapped
from cfbench.tui.screens.train.choices import run_choices
from cfbench.tui.shell.screen import WorkScreen
from cfbench.tui.workspace import short_name

_LOG_LINES, _LOG_CELLS = 1000, 68


class Doing(WorkScreen):
    """Actions on the run in front."""

    @property
    def run(self) -> RunSummary | None:
        """The run in front."""
        return self.workbench.workspace.front_run

    def _command(self, verb: Verb, said: str) -> None:
        run = self.run
        assert run is not None

        async def do() -> None:
            await self.workbench.link.ask(Bench.command, run.id, verb)
            self.workbench.say(f"{short_name(run.id)} {said}")

        self.workbench.work(do(), "command")

    def action_pause(self) -> None:
        """Pause the run."""
        self._command("pause", "pauses after its batch")

    def action_go_on(self) -> None:
        """Let the paused run go on."""
        self._command("resume", "goes on")

    def action_stop(self) -> None:
        """Stop the run, after a second key."""
        run = self.run
        assert run is not None
        name = short_name(run.id)

        def sure(yes: bool | None) -> None:
            if yes:
                self._command("stop", "stops after its batch, with a checkpoint")

        self.app.push_screen(
            Confirming(f"stop {name}?  It keeps its checkpoint: x resumes it", "s", f"stop {name}"), sure
        )

    def action_resume(self) -> None:
        """Start a worker again."""
        run = self.run
        assert run is not None

        async def do() -> None:
            await self.workbench.link.ask(Bench.resume, run.id)
            self.workbench.say(f"{short_name(run.id)} starts again")

        self.workbench.work(do(), "command")

    def action_front(self) -> None:
        """Bring another run forward."""

        def take(run: str | None) -> None:
            if run:
                self.workbench.bring_forward(run)

        shared = self.workbench.workspace
        choices = run_choices(shared.runs.values())
        self.app.push_screen(Choosing("the run in front", among(choices), current=shared.front), take)

    def action_pin(self) -> None:
        """Pin a run, or take its pin away."""
        shared = self.workbench.workspace

        def take(run: str | None) -> None:
            if run and run in shared.runs:
                self.workbench.work(pin(run, not shared.runs[run].pinned), "command")

        async def pin(run: str, pinned: bool) -> None:
            await self.workbench.link.ask(Bench.annotate, run, pinned=pinned)
            self.workbench.say(f"{short_name(run)} is {'drawn on top' if pinned else 'no longer drawn on top'}")

        self.app.push_screen(
            Choosing("pin a run, or take its pin away", among(run_choices(shared.runs.values()))), take
        )

    def action_worker_log(self) -> None:
        """Show what the worker printed."""
        run = self.run
        assert run is not None

        async def read() -> None:
            printed = await self.workbench.link.ask(Bench.log, run.id, _LOG_LINES)
            lines = [part for line in printed for part in wrapped(line, _LOG_CELLS)]
            lines = lines or [[("it printed nothing", "dim")]]
            self.app.push_screen(Reading(f"log of {short_name(run.id)}", lines))

        self.workbench.work(read(), "log")
