"""The experiment as text: all of its TOML in an editor; what is wrong in it is said at once, with the line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import TextArea

from cfbench.tui.dialogs.dialog import Dialog
from cfbench.tui.draft import Draft
from cfbench.tui.drawing.lines import Line, text
from cfbench.tui.parts.field_input import typed
from cfbench.tui.parts.pane import Pane


class Editor(TextArea):
    """Textual's editor, which would send control characters of a text to the terminal."""

    def get_line(self, line_index: int) -> Text:
        """Return a line as it is drawn."""
        return Text(typed(self.document.get_line(line_index)), end="", no_wrap=True)


class Writing(Dialog[str]):
    """Edits TOML; answers the text as it is when it is closed.

    Args:
        toml: to start from.
        problem: says what is wrong with a text, or nothing.
    """

    BINDINGS: ClassVar = [Binding("escape", "close", show=False)]
    WIDTH: ClassVar[int] = 100
    DEFAULT_CSS = """
    Writing Editor, Writing Editor:focus {
        height: 30; max-height: 75vh; border: none; padding: 0; background: $sel;
    }
    Writing Editor:ansi { background: ansi_default; }
    """

    def __init__(self, toml: str, problem: Callable[[str], str]) -> None:
        super().__init__()
        self._toml, self._problem = toml, problem

    def content(self) -> Sequence[Widget]:
        """Return the editor, and the line that says what is wrong."""
        self._verdict = Pane("experiment.toml", self._said, notes=lambda: [("esc takes it", "dim")])
        self._verdict.can_focus = False
        self._verdict.styles.height = 2
        area = Editor(self._toml, show_line_numbers=True, tab_behavior="focus")
        area.cursor_blink = False
        return [self._verdict, area]

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Editor).focus()

    def _said(self, width: int, height: int) -> list[Line]:
        problem = self._problem(self.query_one(Editor).text)
        return [[("  ✗ ", "bad"), text(problem)] if problem else [("  ✓ ", "ok"), ("it can be read", "dim")]]

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._verdict.repaint()

    def action_close(self) -> None:
        """Take the text as it is."""
        self.dismiss(self.query_one(Editor).text)


def problem_in(draft: Draft, path: str, reason: str) -> str:
    """Return what is wrong with a setting, and the line of the TOML that holds it."""
    for number, line in enumerate(draft.changed_lines(None), 1):
        if line.path and line.path == path:
            return f"line {number}, {path}: {reason}"
    return f"{path}: {reason}" if path else reason
