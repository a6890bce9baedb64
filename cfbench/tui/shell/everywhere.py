"""The commands of every screen that open a dialog or take something away: help, palette, copy, export, command line."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cfbench.text import label
from cfbench.tui.commands import EVERYWHERE, Command
from cfbench.tui.copying import copy
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.dialogs.reading import Reading, keys
from cfbench.tui.drawing.lines import Line, fit, text
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Table

if TYPE_CHECKING:
    from cfbench.tui.app import Workbench
    from cfbench.tui.shell.screen import WorkScreen

_SIGNS = {"bad": "✗", "warn": "!"}
_LONGEST = 10_000  # cells of a command line


class Everywhere:
    """Actions of the app; each asks the screen in sight what it is about."""

    @property
    def _app(self) -> Workbench:
        return cast("Workbench", self)

    @property
    def _screen(self) -> WorkScreen:
        screen = self._app.base_screen
        assert screen is not None
        return screen

    def action_help(self) -> None:
        """List exactly the keys that work here."""
        screen = self._screen
        own = [command for command in screen.ACTIONS if screen.live(command)]
        panel = [command for command in screen.live_commands() if command not in own]
        lines = [
            *keys(f"on {screen.NAME}", own),
            *keys("in this panel", panel),
            *keys("everywhere", [*self._app.screen_commands, *EVERYWHERE]),
        ]
        self._app.push_screen(Reading("keys", lines))

    def action_palette(self) -> None:
        """Find an action by its name and run it."""
        screen = self._screen
        commands: Sequence[Command] = [*screen.live_commands(), *self._app.screen_commands, *EVERYWHERE]
        choices = [
            Choice(command.name, command.help, f"{command.name.partition('.')[0]}  {command.shown}")
            for command in commands
        ]
        focused = screen.focused

        def run(name: str | None) -> None:
            command = next((command for command in commands if command.name == name), None)
            if command is None:
                return
            place = focused if focused and command in getattr(focused, "ACTIONS", ()) else screen
            action = f"app.{command.call}" if command in (*EVERYWHERE, *self._app.screen_commands) else command.call
            self._app.call_later(self._app.run_action, action, place)

        self._app.push_screen(Choosing("what to do", among(choices)), run)

    def action_notices(self) -> None:
        """Show what was said before, newest first."""
        lines: list[Line] = [
            [
                (time.strftime("%H:%M:%S  ", time.localtime(at)), "dim"),
                (fit(_SIGNS.get(role, ""), 2), role),
                text(sentence),
            ]
            for at, role, sentence in reversed(self._app.notices)
        ]
        self._app.push_screen(Reading("notices", lines or [[("nothing was said yet", "dim")]]))

    def action_equal(self) -> None:
        """Show the command line that does the same."""
        command = self._screen.equal()
        if self._app.workspace.host != "local":
            command += f" --on {self._app.workspace.host}"
        line: Line = [(label(command, _LONGEST), "b")]
        self._app.push_screen(Reading("the equal command line", [line], lambda: self._copy(command)))

    def action_copy(self) -> None:
        """Copy what the focused panel shows."""
        panel = self._screen.focused_panel()
        if isinstance(panel, Pane):
            self._copy(panel.as_text())

    def _copy(self, content: str) -> None:
        async def do() -> None:
            self._app.say(await copy(self._app, content))

        self._app.work(do(), "copy")

    def action_export(self) -> None:
        """Write what the focused panel shows: a table as CSV, anything else as text."""
        panel = self._screen.focused_panel()
        if not isinstance(panel, Pane):
            return
        content, ending = panel.as_text(), "txt"
        if isinstance(panel, Table):
            content, ending = _as_csv(content), "csv"
        try:
            place = _free_place(f"cfbench-{self._screen.MODE}-{panel.id}", ending)
            place.write_text(content, encoding="utf-8")
        except OSError as error:
            self._app.say(f"this can't be written here ({error.strerror}): {Path.cwd()}", "bad")
        else:
            self._app.say(f"written: {place}")


def _as_csv(table: str) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(line.split("\t") for line in table.splitlines())
    return out.getvalue()


def _free_place(stem: str, ending: str) -> Path:
    place = Path.cwd() / f"{stem}.{ending}"
    number = 1
    while place.exists():
        number += 1
        place = place.with_stem(f"{stem}-{number}")
    return place
