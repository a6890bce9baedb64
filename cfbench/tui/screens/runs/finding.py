"""The field in the footer's place that narrows a list with each key."""

from __future__ import annotations

from textual.events import Key
from textual.message import Message
from textual.widgets import Input

from cfbench.tui.parts.table import Table


class Finder(Input):
    """Narrows a table while one types; the arrows move in the table, enter keeps the filter.

    Args:
        table: whose cursor the arrows move.
    """

    class Done(Message):
        """Enter was pressed."""

    def __init__(self, table: Table, hint: str, *, id: str) -> None:
        super().__init__(placeholder=hint, id=id, select_on_focus=False)
        self.cursor_blink = False
        self._table = table

    def on_key(self, event: Key) -> None:
        """Let the keys that mean nothing in a line move in the table."""
        moves = {"up": -1, "down": 1, "pageup": -self._table.room, "pagedown": self._table.room}
        if event.key in moves:
            event.stop()
            event.prevent_default()
            self._table.action_go(moves[event.key])
        elif event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Done())
