"""Something to read, line by line: help, notices, a log, an equal command line; y copies it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.binding import Binding
from textual.widget import Widget

from cfbench.tui.commands import Command, bindings
from cfbench.tui.dialogs.dialog import CLOSE, Dialog
from cfbench.tui.drawing.lines import Line, fit
from cfbench.tui.parts.table import Column, Table


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
        """Return the lines as a table of one column."""
        table = _Lines(self._title, self._lines, self._notes)
        table.styles.height = len(self._lines) + 1
        return [table]

    def _notes(self) -> Line:
        return [("y copies  " if self._copied else "", "dim"), ("esc closes", "dim")]

    def on_mount(self) -> None:
        """Let the keys move in the lines."""
        self.query_one(Table).focus()

    def action_copy(self) -> None:
        """Copy what is shown."""
        if self._copied:
            self._copied()
            self.dismiss(None)


class _Lines(Table):
    """Lines with their own roles, scrolled by the cursor."""

    def __init__(self, title: str, lines: Sequence[Line], notes: Callable[[], Line]) -> None:
        super().__init__(title, [Column("", 0)], lambda n: [("", "")], lambda: len(lines), id="lines", notes=notes)
        self._content = lines

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the lines in sight."""
        self._keep_in_sight(max(1, height), len(self._content))
        last = self.top + height < len(self._content)
        shown = [[("  ", ""), *line] for line in self._content[self.top : self.top + height]]
        return [*shown[: height - 1], [("  … ↓", "dim")]] if last and height > 1 else shown


def keys(title: str, commands: Sequence[Command]) -> list[Line]:
    """Return commands as lines of help under a heading."""
    if not commands:
        return []
    return [[(title, "b")], *[[(fit(f"  {c.keys}", 16), "b"), (c.help, "")] for c in commands], []]
