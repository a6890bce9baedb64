"""Choosing one of many: a list that narrows while one types. The palette, plugins, users, titles and files use it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from textual import on
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Input

from cfbench.errors import CfbenchError
from cfbench.tui.commands import bindings
from cfbench.tui.dialogs.dialog import CLOSE, Dialog
from cfbench.tui.drawing.lines import Line, Span, text
from cfbench.tui.parts.table import Column, Table


@dataclass(frozen=True)
class Choice:
    """Something to choose: the answer it gives, its name, what to know about it, and a sign before it."""

    answer: str
    name: str
    note: str = ""
    sign: Span = ("", "")
    allowed: bool = True


Finder = Callable[[str], Awaitable[Sequence[Choice]]]
"""Returns what fits the text typed so far."""


def among(choices: Sequence[Choice]) -> Finder:
    """Return a finder in a fixed list: those that have every typed word in their name or note, names first."""

    async def find(typed: str) -> Sequence[Choice]:
        words = typed.lower().split()
        fitting = [c for c in choices if all(word in f"{c.name} {c.note}".lower() for word in words)]
        return sorted(fitting, key=lambda c: not all(word in c.name.lower() for word in words))

    return find


class Choosing(Dialog[str]):
    """Asks for one of what a finder finds; answers its `answer`.

    Enter before the finder answered waits for what fits the text in the field, so that text and enter may come at once.

    Args:
        title: what is chosen.
        finder: called with what was typed, at first with nothing.
        current: the answer that the cursor starts on.
        free: what was typed is an answer too, where it is not the start of a choice.
        hint: stands in the empty field.
        names: cells for the names; 0: as many as for what to know about them.
    """

    BINDINGS = [  # noqa: RUF012
        *bindings((CLOSE,)),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-10)", show=False),
        Binding("pagedown", "move(10)", show=False),
    ]

    def __init__(
        self,
        title: str,
        finder: Finder,
        *,
        current: str = "",
        free: bool = False,
        hint: str = "",
        names: int = 0,
    ) -> None:
        super().__init__()
        self._title, self._finder, self._current, self._free, self._hint = title, finder, current, free, hint
        self._found: Sequence[Choice] = ()
        self._found_for: str | None = None
        self._entered = False
        self._ahead: Counter[str] = Counter()
        self._names = names

    def content(self) -> Sequence[Widget]:
        """Return the field and the list."""
        field = Input(placeholder=self._hint or "type to narrow", id="typed", select_on_focus=False)
        field.cursor_blink = False
        self._table = Table(
            self._title,
            [Column("", 1), Column("", self._names), Column("", 0)],
            self._row,
            lambda: len(self._found),
            id="choices",
            notes=self._notes,
            empty=lambda: [("nothing fits what was typed", "dim")],
        )
        self._table.can_focus = False
        return [self._table, field]

    def _row(self, number: int) -> Sequence[Span]:
        choice = self._found[number]
        return [choice.sign, text(choice.name, "" if choice.allowed else "dim"), text(choice.note, "dim")]

    def _notes(self) -> Line:
        return [("↑↓ enter choose  esc close", "dim")]

    def on_mount(self) -> None:
        """Show everything at first."""
        self.query_one(Input).focus()
        self._look("")

    @on(Input.Changed, "#typed")
    def _narrow(self, event: Input.Changed) -> None:
        self._entered = False
        self._look(event.value)

    def _look(self, typed: str) -> None:
        self._found_for = None
        self.run_worker(self._find(typed), exclusive=True, group="find", exit_on_error=False)

    async def _find(self, typed: str) -> None:
        try:
            self._found = await self._finder(typed)
        except CfbenchError as error:
            self._found = [Choice("", str(error), sign=("✗", "bad"), allowed=False)]
        self._found_for = typed
        starts = [n for n, choice in enumerate(self._found) if choice.answer == self._current and not typed]
        self._table.top = 0
        self._table.go_to((starts[0] if starts else 0) + self._ahead.pop(typed, 0))
        if self._entered:
            self.call_later(self._submitted)  # by the dialog itself: what a worker does ends with the dialog

    @property
    def _typed(self) -> str:
        return self.query_one(Input).value

    def action_move(self, rows: int) -> None:
        """Move the cursor of the list, or of the one that is looked for."""
        if self._found_for != self._typed:
            self._ahead[self._typed] += rows
        else:
            self._table.action_go(rows)

    @on(Input.Submitted, "#typed")
    def _submitted(self) -> None:
        self._entered = self._found_for != self._typed
        if not self._entered:
            self._answer_typed()

    def _answer_typed(self) -> None:
        """Answer what is under the cursor, or what was typed."""
        typed = self._typed
        named = any(choice.name == typed.strip() for choice in self._found)
        if self._free and typed.strip() and not self._table.cursor and not named:
            self.dismiss(typed)
        else:
            self._choose()

    @on(Table.Chosen, "#choices")
    def _choose(self) -> None:
        if self._found and self._found[self._table.cursor].allowed:
            self.dismiss(self._found[self._table.cursor].answer)
