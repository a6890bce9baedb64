"""The frame of a dialog: a panel over the screen, closed by esc, answering the one who opened it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input

from cfbench.tui.commands import Command, bindings

Answer = TypeVar("Answer")

CLOSE = Command("dialog.close", "escape", "close", "close without an answer", "close")


class Dialog(ModalScreen[Answer | None], Generic[Answer]):
    """A dialog; `None` is its answer where it was closed."""

    ACTIONS: ClassVar[Sequence[Command]] = (CLOSE,)
    BINDINGS: ClassVar = bindings((CLOSE,))
    WIDTH: ClassVar[int] = 74

    def content(self) -> Sequence[Widget]:
        """Return what is in it."""
        return ()

    def compose(self) -> ComposeResult:
        """Yield the content in a frame."""
        with Vertical(id="frame") as frame:
            frame.styles.width = self.WIDTH
            yield from self.content()

    def on_key(self, event: Key) -> None:
        """Put into the field what was typed before it had the focus."""
        field = next(iter(self.query(Input)), None)
        if field is not None and not field.has_focus and event.is_printable and event.character:
            event.stop()
            field.insert_text_at_cursor(event.character)

    def action_close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
