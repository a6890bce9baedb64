"""Asking for a line of text, or for a second key before something is lost."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Input

from cfbench.tui.commands import bindings
from cfbench.tui.dialogs.dialog import CLOSE, Dialog
from cfbench.tui.drawing.lines import text
from cfbench.tui.parts.pane import Pane


class Asking(Dialog[str]):
    """Asks for a line of text; answers what was typed, also nothing."""

    def __init__(self, title: str, value: str = "", hint: str = "") -> None:
        super().__init__()
        self._title, self._value, self._hint = title, value, hint

    def content(self) -> Sequence[Widget]:
        """Return the question and the field."""
        field = Input(self._value, placeholder=self._hint, id="typed", select_on_focus=False)
        field.cursor_blink = False
        pane = Pane(self._title, id="question", notes=lambda: [("enter takes it  esc closes", "dim")])
        pane.can_focus = False
        pane.styles.height = 1
        return [pane, field]

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class Confirming(Dialog[bool]):
    """Asks for a second key that names the thing, before it is stopped or deleted.

    Args:
        sentence: what will happen.
        key: the one that does it.
        word: what that key does.
    """

    def __init__(self, sentence: str, key: str, word: str) -> None:
        super().__init__()
        self._sentence, self._key, self._word = sentence, key, word

    BINDINGS = [*bindings((CLOSE,)), Binding("n", "close", show=False)]  # noqa: RUF012

    def content(self) -> Sequence[Widget]:
        """Return the question."""
        lines = [[text(f"  {self._sentence}", "b")], [("  ", ""), (self._key, "b"), text(f" {self._word}   ", "dim"),
                 ("esc", "b"), (" leave it as it is", "dim")]]  # fmt: skip
        pane = Pane("sure", lambda width, height: lines, id="question")
        pane.styles.height = 3
        return [pane]

    def on_mount(self) -> None:
        """Listen for the key."""
        self._bindings.bind(self._key, "confirm", show=False)

    def action_confirm(self) -> None:
        """Do it."""
        self.dismiss(True)
