"""The workbench: starts the bench's process, shows one screen at a time, and runs the commands of all of them."""

from __future__ import annotations

import asyncio
import functools
import time
import traceback
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar

from textual.app import App
from textual.events import Event, Key
from textual.widgets import Input

from cfbench.bench.interface import Bench
from cfbench.bench.link import Link, LinkState
from cfbench.errors import CfbenchError
from cfbench.registry.catalogue import Catalogue
from cfbench.tui import looks
from cfbench.tui.commands import EVERYWHERE, Command, bindings
from cfbench.tui.draft import Draft
from cfbench.tui.drawing.lines import Line
from cfbench.tui.keeping import Keeper
from cfbench.tui.remembered import Remembered
from cfbench.tui.screens import WORK_SCREENS
from cfbench.tui.shell import standing
from cfbench.tui.shell.everywhere import Everywhere
from cfbench.tui.shell.screen import WorkScreen
from cfbench.tui.shell.strips import Foot
from cfbench.tui.watching import Watcher
from cfbench.tui.workspace import Workspace

PACE, SLOW_PACE = 0.5, 2.0
"""Seconds between two updates of what moves by itself."""

_NOTHING = Remembered()

SCREEN_COMMANDS = tuple(
    Command(f"app.{screen.MODE}", f"{n},f{n}", "", f"the {screen.NAME} screen", f"go('{screen.MODE}')")
    for n, screen in enumerate(WORK_SCREENS, 1)
)


class Workbench(Everywhere, App[int]):
    """The application.

    Args:
        link: the bench, not started yet.
        workspace: what the screens share.
        start: the screen to open with.
        look: one of looks.LOOKS, or "" where nothing may be coloured.
        slow: update every two seconds only.
        kept: what is remembered of the last time.
        first: what to do as soon as the first screen stands.
    """

    CSS_PATH = "workbench.tcss"
    TITLE = "cfbench"
    ENABLE_COMMAND_PALETTE = False
    WORK_SCREENS: ClassVar[Sequence[type[WorkScreen]]] = WORK_SCREENS
    MODES: ClassVar[dict[str, Any]] = {screen.MODE: screen for screen in WORK_SCREENS}
    BINDINGS: ClassVar = bindings((*SCREEN_COMMANDS, *EVERYWHERE))
    screen_commands = SCREEN_COMMANDS

    def __init__(
        self,
        link: Link,
        workspace: Workspace,
        *,
        start: str = "data",
        look: str = "dark",
        slow: bool = False,
        kept: Remembered = _NOTHING,
        first: Callable[[Workbench], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        self.DEFAULT_MODE = start  # type: ignore[misc]  # Textual reads it when the app is made
        self.look = look
        # Without colour: Textual chooses now, before it knows the look, whether it sends greys or nothing.
        super().__init__(ansi_color=None if look else True)
        self.link, self.workspace, self.slow = link, workspace, slow
        link.on_state = self._link_changed
        self.notices: list[tuple[float, str, str]] = []
        self.keeper = Keeper(self, kept)
        self._first = first
        self._jobs: dict[str, asyncio.Task[Any]] = {}
        self.watcher = Watcher(link, workspace, self.pace, self.changed)
        for name in looks.LOOKS:
            self.register_theme(looks.theme(name))
        self.theme = f"cfbench-{look or 'ansi-dark'}"

    # -- starting and leaving --

    def on_mount(self) -> None:
        """Connect to the bench and follow its runs, while the screen can be used already."""
        self.work(self.link.start(), "link")
        self.work(self.watcher.runs(), "runs")
        if self._first is not None:
            self.work(self._first(self), "first")

    async def action_leave(self) -> None:
        """Leave, and say which runs go on."""
        self.exit(0, message="\n".join(filter(None, (self.workspace.farewell(), await self.keeper.save()))) or None)

    def action_no_quit(self) -> None:
        """Say how to leave, so that ctrl+c never ends anything without a word."""
        self.say("q leaves the workbench; runs go on")

    # -- asking the bench --

    def work(self, job: Coroutine[Any, Any, Any], group: str) -> None:
        """Do something that awaits the bench; a newer job of the same group takes an older one's place."""
        if older := self._jobs.get(group):
            older.cancel()
        task = self._jobs[group] = asyncio.create_task(job)
        task.add_done_callback(functools.partial(self._ended, group))

    def _ended(self, group: str, task: asyncio.Task[Any]) -> None:
        if self._jobs.get(group) is task:
            del self._jobs[group]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, CfbenchError):
            self.say(str(error), "bad")
        elif error:
            self.log.error("".join(traceback.format_exception(error)))
            self.say(f"this did not work: {type(error).__name__}: {error}", "bad")

    async def on_unmount(self) -> None:
        """Give up what is still being asked, let the bench's process go, and remember what a signal cut short."""
        self.watcher.stop()
        for task in self._jobs.values():
            task.cancel()
        await asyncio.gather(self.link.close(), self.keeper.save())

    async def list_plugins(self, refresh: bool = False) -> None:
        """Ask which plugins there are, or look at each anew."""
        self.workspace.catalogue = Catalogue([await self.link.ask(Bench.plugins, refresh)])
        self.changed("plugins")

    def pace(self) -> float:
        """Return the seconds between two updates."""
        return SLOW_PACE if self.slow else PACE

    def changed(self, topic: str) -> None:
        """Tell the screen in sight that something of a topic is different."""
        if topic == "runs":
            self._choose_front()
        elif topic == "draft":
            self.keeper.soon()
        screen = self.base_screen
        if screen is not None and screen.is_mounted:
            screen.query_one("#status").repaint()  # type: ignore[attr-defined]
            if topic == "link":
                screen.query_one("#answer").repaint()  # type: ignore[attr-defined]
            screen.changed(topic)

    @property
    def base_screen(self) -> WorkScreen | None:
        """The screen in sight, under any dialog."""
        return next((screen for screen in reversed(self.screen_stack) if isinstance(screen, WorkScreen)), None)

    # -- the experiment --

    def edit(self, change: Callable[[Draft], object]) -> bool:
        """Change the experiment being set up, and tell the screen; return whether that could be done."""
        draft = self.workspace.draft
        if draft is None:
            self.say("there is no experiment yet: 1 opens data", "warn")
            return False
        try:
            change(draft)
        except CfbenchError as error:
            self.say(str(error), "bad")
            return False
        self.changed("draft")
        return True

    @property
    def recent(self) -> list[str]:
        """Sources of data used lately, newest first."""
        return self.keeper.recent

    def remember(self, source: str) -> None:
        """Put a source of data first among those used lately."""
        self.keeper.opened(source)

    # -- the run in front --

    def _choose_front(self) -> None:
        workspace = self.workspace
        workspace.marks = [run for run in workspace.marks if run in workspace.runs]
        if workspace.front not in workspace.runs:
            newest = [*[run.id for run in workspace.living()], *reversed(workspace.runs)]
            self.bring_forward(newest[0] if newest else "")
        else:
            self._follow()

    def bring_forward(self, run: str) -> None:
        """Let Train and Explore show another run."""
        self.workspace.front = run
        self.follow()
        self.changed("front")

    def follow(self) -> None:
        """Follow the runs that something shows: the one in front, the marked, the pinned."""
        self._follow()
        self.keeper.soon()

    def _follow(self) -> None:
        workspace = self.workspace
        pinned = [run.id for run in workspace.runs.values() if run.pinned]
        shown = {workspace.front, *workspace.marks, *pinned[-5:]}
        self.watcher.follow({run for run in shown if run in workspace.runs})

    # -- what is always on the screen --

    def status(self, width: int) -> Line:
        """Return where the bench is and what runs there, at the right end of the first line."""
        return standing.status(self.workspace, self.link.state, width)

    def trouble(self) -> Line:
        """Return what is wrong with the link in a sentence, or nothing."""
        return standing.trouble(self.workspace.host, self.link.state)

    def _link_changed(self, state: LinkState) -> None:
        if state.phase == "connected" and self.workspace.catalogue is None:
            self.work(self.list_plugins(), "plugins")
        self.changed("link")

    def say(self, sentence: str, role: str = "") -> None:
        """Show a notice in the footer until the next key, and keep it."""
        self.notices.append((time.time(), role, sentence))
        del self.notices[:-500]
        screen = self.base_screen
        if screen is not None and screen.is_mounted:
            screen.query_one("#foot", Foot).say(sentence, role)

    async def on_event(self, event: Event) -> None:
        """Let a key clear the notice and wake a link that waits."""
        if isinstance(event, Key):
            self.link.nudge()
            screen = self.base_screen
            if screen is not None and screen.is_mounted and screen.query_one("#foot", Foot).notice:
                screen.query_one("#foot", Foot).say("")
        await super().on_event(event)

    def on_key(self, event: Key) -> None:
        """Put into the field that was opened meanwhile what was typed before it had the focus."""
        field = self.focused
        if isinstance(field, Input) and event.is_printable and event.character:
            event.prevent_default()
            field.insert_text_at_cursor(event.character)

    # -- commands of every screen --

    def action_go(self, mode: str) -> None:
        """Show a screen."""
        self.switch_mode(mode)
        self.keeper.soon()

    def action_turn(self, pages: int) -> None:
        """Turn the pages of a narrow screen."""
        self._screen.turn(pages)

    def action_zoom(self) -> None:
        """Show one panel alone."""
        self._screen.zoom()

    def action_jump(self) -> None:
        """Show letters to jump to."""
        self._screen.jump()

    def action_step_back(self) -> None:
        """Leave what was entered last."""
        self._screen.back()

    def action_theme(self) -> None:
        """Take the next look."""
        if not self.look:
            self.say("NO_COLOR is set, so there are no colours to choose")
            return
        self.look = looks.LOOKS[(looks.LOOKS.index(self.look) + 1) % len(looks.LOOKS)]
        self.theme = f"cfbench-{self.look}"
        self.keeper.look = self.look
        self.keeper.soon()
        self.say(f"look: {self.look}")
