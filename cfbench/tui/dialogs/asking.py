"""Asking for a line of text, or for a second key before something is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual import on
from textual.binding import Binding
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Input

from cfbench.errors import CfbenchError
from cfbench.text import label
from cfbench.tui.commands import bindings
from cfbench.tui.dialogs.dialog import CLOSE, Dialog
from cfbench.tui.drawing.lines import Line, folded, text
from cfbench.tui.parts.pane import Pane

Taken = Callable[[str], Awaitable[None]]
"""Called with what was typed; a CfbenchError of it says what is wrong with that."""


class Asking(Dialog[str]):
    """Asks for a line of text; answers what was typed, also nothing.

    Args:
        title: what is asked for.
        value: stands in the field at first.
        hint: stands in the empty field.
        taken: what it refuses is said below the field, which stays open.
    """

    def __init__(self, title: str, value: str = "", hint: str = "", taken: Taken | None = None) -> None:
        super().__init__()
        self._title, self._value, self._hint, self._taken = title, value, hint, taken

    def content(self) -> Sequence[Widget]:
        """Return the question, the field, and the place of a refusal."""
        field = Input(self._value, placeholder=self._hint, id="typed", select_on_focus=False)
        field.cursor_blink = False
        pane = Pane(self._title, id="question", notes=lambda: [("enter takes it  esc closes", "dim")])
        pane.can_focus = False
        pane.styles.height = 1
        self._refusal = _Refusal()
        return [pane, field, self._refusal]

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.run_worker(self._take(event.value), exclusive=True, exit_on_error=False)

    async def _take(self, typed: str) -> None:
        try:
            if self._taken is not None:
                await self._taken(typed)
        except CfbenchError as error:
            self._refusal.say(str(error))
        else:
            self.dismiss(typed)


class _Refusal(Pane, can_focus=False):
    """What is wrong with what was typed, in as many lines as it takes."""

    ruled = False

    def __init__(self) -> None:
        super().__init__(id="refusal")
        self._reason = ""
        self.display = False

    def say(self, reason: str) -> None:
        """Say it."""
        self._reason, self.display = reason, True
        self.refresh(layout=True)
        self.call_after_refresh(self.repaint)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines it takes."""
        return len(self.picture(width, 0))

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the lines."""
        return folded([("✗ ", "bad"), (label(self._reason), "")], width, 2)


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
