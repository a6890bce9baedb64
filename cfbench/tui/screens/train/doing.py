"""What the Train screen asks of the bench: pausing, stopping, resuming, pins, a log, another run in front."""

from __future__ import annotations

from cfbench.answers import RunSummary
from cfbench.bench.interface import Bench
from cfbench.tui import acting
from cfbench.tui.dialogs.reading import Reading
from cfbench.tui.drawing.lines import wrapped
from cfbench.tui.shell.screen import WorkScreen
from cfbench.tui.workspace import short_name

_LOG_LINES, _LOG_CELLS = 1000, 68


class Doing(WorkScreen):
    """Actions on the run in front."""

    @property
    def run(self) -> RunSummary | None:
        """The run in front."""
        return self.workbench.workspace.front_run

    def action_pause(self) -> None:
        """Pause the run."""
        assert self.run is not None
        acting.command(self.workbench, self.run, "pause", "pauses after its batch")

    def action_go_on(self) -> None:
        """Let the paused run go on."""
        self.action_resume()

    def action_stop(self) -> None:
        """Stop the run, after a second key."""
        assert self.run is not None
        acting.stop(self.workbench, self.run)

    def action_resume(self) -> None:
        """Let the run go on, or start a worker again."""
        assert self.run is not None
        acting.resume(self.workbench, self.run)

    def action_front(self) -> None:
        """Bring another run forward."""
        bench = self.workbench
        acting.choose(bench, "the run in front", bench.bring_forward, bench.workspace.front)

    def action_pin(self) -> None:
        """Pin a run, or take its pin away."""
        shared = self.workbench.workspace

        def take(run: str) -> None:
            if run in shared.runs:
                self.workbench.work(pin(run, not shared.runs[run].pinned), "command")

        async def pin(run: str, pinned: bool) -> None:
            await self.workbench.link.ask(Bench.annotate, run, pinned=pinned)
            self.workbench.say(f"{short_name(run)} is {'drawn on top' if pinned else 'no longer drawn on top'}")

        acting.choose(self.workbench, "pin a run, or take its pin away", take)

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
