"""One or two bare lines around the panels: header, status, answer, footer. Their parts can be clicked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.events import Click

from cfbench.text import label
from cfbench.tui.commands import Command
from cfbench.tui.drawing.lines import Line, cells
from cfbench.tui.parts.pane import Pane

if TYPE_CHECKING:
    from cfbench.tui.shell.screen import WorkScreen


class Strip(Pane, can_focus=False):
    """A picture without a rule and without focus."""

    ruled = False

    def __init__(self, picture: Callable[[int, int], list[Line]] | None = None, *, id: str) -> None:
        super().__init__(picture=picture, id=id)
        self._targets: list[tuple[int, int, str]] = []

    def on_click(self, event: Click) -> None:
        """Run the command under the mouse."""
        for start, end, action in self._targets:
            if start <= event.x < end:
                self.call_later(self.screen.run_action, action)


class Head(Strip):
    """The screens with their digits; the current one stands out."""

    def __init__(self, screens: Sequence[type[WorkScreen]], current: str) -> None:
        super().__init__(id="head")
        self._screens, self._current = screens, current

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the one line."""
        names = [screen.NAME for screen in self._screens]
        if sum(map(len, names)) + 4 * len(names) > width:
            names = [screen.SHORT for screen in self._screens]
        if sum(map(len, names)) + 4 * len(names) > width:
            names = [screen.SHORT if self._current == screen.MODE else "" for screen in self._screens]
        line: Line = []
        self._targets = []
        for number, (name, screen) in enumerate(zip(names, self._screens, strict=True), 1):
            here = self._current == screen.MODE
            start = cells(line)
            line.append((f" {number}", "cur b" if here else "dim"))
            line.append((f" {name} " if name else " ", "cur b" if here else ""))
            self._targets.append((start, cells(line), f"app.go('{screen.MODE}')"))
        return [line]


class Foot(Strip):
    """The keys that work here, most wanted first; a notice takes their place until the next key."""

    notice: Line | None = None

    def __init__(self, commands: Callable[[], list[Command]], last: Sequence[Command]) -> None:
        super().__init__(id="foot")
        self._commands, self._last = commands, last

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the one line."""
        self._targets = []
        if self.notice:
            return [[("  ", ""), *self.notice]]
        tail = self._words(self._last)
        room = width - cells(tail) - 2
        line: Line = [("  ", "")]
        for command in self._commands():
            more = self._words([command])
            if cells(line) + cells(more) > room:
                break
            self._targets.append((cells(line), cells(line) + cells(more), command.call))
            line += more
        line.append((" " * max(0, width - cells(line) - cells(tail)), ""))
        for command in self._last:
            more = self._words([command])
            self._targets.append((cells(line), cells(line) + cells(more), f"app.{command.call}"))
            line += more
        return [line]

    @staticmethod
    def _words(commands: Sequence[Command]) -> Line:
        return [span for command in commands for span in ((command.shown, "b"), (f" {command.word}   ", "dim"))]

    def say(self, sentence: str, role: str = "") -> None:
        """Show a notice."""
        sign = {"bad": "✗ ", "warn": "! "}.get(role, "")
        self.notice = [(sign, role), (label(sentence), "")] if sentence else None
        self.repaint()
