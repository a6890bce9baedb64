"""What the Runs screen asks of the bench: going on, stopping, deleting, notes, pins, and the past of a run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from cfbench.answers import RunSummary
from cfbench.bench.interface import Bench
from cfbench.curves import RunHistory
from cfbench.errors import CfbenchError
from cfbench.tui import acting
from cfbench.tui.dialogs.asking import Asking, Confirming
from cfbench.tui.parts.pane import Pane
from cfbench.tui.shell.screen import WorkScreen
from cfbench.tui.workspace import short_name

_REST_SECONDS = 0.15
"""How long the cursor rests on a run until its past is asked for."""

_MOST_PASTS = 50


class Doing(WorkScreen):
    """Actions on the run under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.deleted: list[tuple[str, str]] = []
        self._pasts: dict[str, tuple[int, RunHistory]] = {}

    @property
    def chosen(self) -> RunSummary | None:
        """The run under the cursor."""
        return None

    # -- the past of runs --

    def history(self, run: str) -> RunHistory | None:
        """Return what is known of a run's past."""
        known = self._pasts.get(run)
        return self.workbench.workspace.followed.get(run) or (known[1] if known else None)

    def look_into(self, run: RunSummary | None) -> None:
        """Ask for the past of a run that nobody follows, once the cursor rests on it."""
        if run and run.id not in self.workbench.workspace.followed and self._pasts.get(run.id, (-1,))[0] != run.step:
            self.workbench.work(self._look_into(run), "look into")

    async def _look_into(self, run: RunSummary) -> None:
        await asyncio.sleep(_REST_SECONDS)
        past = await self.workbench.link.ask(Bench.history, run.id)
        self._pasts.pop(run.id, None)
        self._pasts[run.id] = run.step, RunHistory.of(past)
        if len(self._pasts) > _MOST_PASTS:
            del self._pasts[next(iter(self._pasts))]
        self.query_one("#overlay", Pane).repaint()

    async def differences(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the settings in which all runs differ; none where a run went away meanwhile."""
        try:
            return await self.workbench.link.ask(Bench.differences)
        except CfbenchError:
            return {}

    # -- commands --

    def action_open(self) -> None:
        """Bring the run forward, and show it on Train."""
        if self.chosen:
            self.workbench.bring_forward(self.chosen.id)
            self.app.switch_mode("train")

    def action_resume(self) -> None:
        """Let the run go on."""
        assert self.chosen is not None
        acting.resume(self.workbench, self.chosen)

    def action_stop(self) -> None:
        """Stop the run, after a second key."""
        assert self.chosen is not None
        acting.stop(self.workbench, self.chosen)

    def action_delete(self) -> None:
        """Move the run to the trash, after a second key."""
        run = self.chosen
        assert run is not None
        name = short_name(run.id)

        async def do() -> None:
            place = await self.workbench.link.ask(Bench.delete, run.id)
            self.deleted.append((run.id, place))
            self.workbench.say(f"{name} is in the trash; u brings it back")

        def sure(yes: bool | None) -> None:
            if yes:
                self.workbench.work(do(), "command")

        self.app.push_screen(Confirming(f"move {name} to the trash?  u brings it back", "D", f"delete {name}"), sure)

    def action_undo(self) -> None:
        """Bring back what was deleted last."""
        run, place = self.deleted[-1]

        async def do() -> None:
            await self.workbench.link.ask(Bench.restore, place)
            self.deleted.remove((run, place))
            self.workbench.say(f"{short_name(run)} is back")

        self.workbench.work(do(), "command")

    def action_pin(self) -> None:
        """Pin the run, or take its pin away."""
        run = self.chosen
        assert run is not None
        self.workbench.work(self._annotate(run, pinned=not run.pinned), "command")

    def action_note(self) -> None:
        """Write a note about the run."""
        run = self.chosen
        assert run is not None

        def take(note: str | None) -> None:
            if note is not None:
                self.workbench.work(self._annotate(run, note=note), "command")

        self.app.push_screen(Asking(f"note about {short_name(run.id)}", run.note, "nothing removes it"), take)

    async def _annotate(self, run: RunSummary, note: str | None = None, pinned: bool | None = None) -> None:
        new = await self.workbench.link.ask(Bench.annotate, run.id, note, pinned)
        self.workbench.workspace.runs[run.id] = new
        self.workbench.changed("runs")
