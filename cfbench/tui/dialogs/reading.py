"""Something to read, line by line: help, notices, a log, an equal command line; y copies it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.binding import Binding
from textual.geometry import Size
from textual.widget import Widget

from cfbench.tui.commands import Command, bindings
from cfbench.tui.dialogs.dialog import CLOSE, Dialog
from cfbench.tui.drawing.lines import Line, cells, fit, folded
from cfbench.tui.parts.scrolled import Scrolled

_HANG = 4


class Reading(Dialog[None]):
    """Shows lines; answers nothing.

    Args:
        title: what it is.
        lines: to show.
        copied: called with y; None: there is nothing to copy.
    """

    BINDINGS = [*bindings((CLOSE,)), Binding("y", "copy", show=False), Binding("q,question_mark", "close", show=False)]  # noqa: RUF012

    def __init__(self, title: str, lines: Sequence[Line], copied: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._title, self._lines, self._copied = title, lines, copied

    def content(self) -> Sequence[Widget]:
        """Return the lines."""
        return [_Lines(self._title, self._lines, self._notes)]

    def _notes(self) -> Line:
        return [("y copies  " if self._copied else "", "dim"), ("esc closes", "dim")]

    def on_mount(self) -> None:
        """Let the keys move in the lines."""
        self.query_one(_Lines).focus()

    def action_copy(self) -> None:
        """Copy what is shown."""
        if self._copied:
            self._copied()
            self.dismiss(None)


class _Lines(Scrolled):
    """Lines with their own roles; a longer one goes on below where its last span begins, a single span a little in."""

    def __init__(self, title: str, lines: Sequence[Line], notes: Callable[[], Line]) -> None:
        super().__init__(title, id="lines", notes=notes)
        self._content = lines

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the height that shows all lines."""
        return len(self.whole(width, 0)) + 1

    def whole(self, width: int, height: int) -> list[Line]:
        """Return all lines, in as many as they take."""
        return [part for line in self._content for part in folded([("  ", ""), *line], width, _hang(line, width))]


def _hang(line: Line, width: int) -> int:
    """Return how far in a line goes on: less than half of the width."""
    before = cells(line[:-1])
    return 2 + (before if 0 < before < width // 2 else _HANG)


def keys(title: str, commands: Sequence[Command]) -> list[Line]:
    """Return commands as lines of help under a heading."""
    if not commands:
        return []
    return [[(title, "b")], *[[(fit(f"  {c.keys}", 16), "b"), (c.help, "")] for c in commands], []]
