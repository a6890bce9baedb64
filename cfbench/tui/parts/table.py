"""A table of any length: it asks for the rows that it shows, and draws no others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.events import MouseScrollDown, MouseScrollUp
from textual.message import Message

from cfbench.text import width
from cfbench.tui.commands import Command, bindings
from cfbench.tui.drawing.lines import Line, Span, cells, fit
from cfbench.tui.parts.pane import Pane

_STRETCH_AT_LEAST = 12
_MOST_COPIED = 10_000

MOVES = (
    Command("table.up", "up", "", "one row up", "go(-1)"),
    Command("table.down", "down", "", "one row down", "go(1)"),
    Command("table.page_up", "pageup", "", "a page up", "page(-1)"),
    Command("table.page_down", "pagedown", "", "a page down", "page(1)"),
    Command("table.first", "home", "", "the first row", "edge(0)"),
    Command("table.last", "end", "", "the last row", "edge(1)"),
)


@dataclass(frozen=True)
class Column:
    """A column: its heading, its cells (0: what is left), "<" or ">"."""

    title: str
    cells: int
    align: str = "<"


Cells = Sequence[Span]
"""One row: a span a column."""


class _Told(Message):
    """Something about a table."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table

    @property
    def control(self) -> Table:
        """The table."""
        return self.table


class Table(Pane):
    """Rows under headings, with a cursor that a mark shows where there is no colour.

    Args:
        title: stands in the rule.
        columns: the last ones go first where it is too narrow; the one that stretches stays.
        row: gives row n's cells, or None where it is not known yet.
        length: how many rows there are.
        empty: what stands in place of rows: what is missing, and the next key.
        stretch: cells that the column that stretches has before the last column has any.
    """

    ACTIONS: ClassVar = MOVES
    BINDINGS: ClassVar = bindings(MOVES)

    class Moved(_Told):
        """The cursor is on another row."""

    class Chosen(_Told):
        """A row was clicked when it had the cursor already."""

    class Wanted(_Told):
        """Rows are shown that are not known yet."""

    def __init__(
        self,
        title: str,
        columns: Sequence[Column],
        row: Callable[[int], Cells | None],
        length: Callable[[], int],
        *,
        id: str | None = None,
        notes: Callable[[], Line] | None = None,
        empty: Callable[[], Line] | None = None,
        stretch: int = _STRETCH_AT_LEAST,
    ) -> None:
        super().__init__(title, id=id, notes=notes)
        self.columns = tuple(columns)
        self._stretch = stretch
        self._row, self._length, self._empty = row, length, empty
        self.cursor = self.top = 0

    def picture(self, width: int, height: int) -> list[Line]:
        """Return headings and rows."""
        length = self._length()
        if not length:
            return [[("  ", ""), *(self._empty() if self._empty else [("nothing here", "dim")])]]
        shown = self._shown_columns(width)
        sizes = [size for _, size in shown]
        heading: Line = [("  ", "dim")]
        for at, (n, size) in enumerate(shown):
            column = self.columns[n]
            heading.append((("  " if at else "") + fit(column.title, size, column.align), "dim"))
        named = any(column.title for column in self.columns)
        room = max(1, height - named)
        self._keep_in_sight(room, length)
        lines = [heading] if named else []
        missing = False
        for number in range(self.top, min(length, self.top + room)):
            row = self._row(number)
            missing = missing or row is None
            lines.append(self._drawn(number, row, [n for n, _ in shown], sizes, width))
        if missing:
            self.post_message(self.Wanted(self))
        return lines

    def _drawn(self, number: int, row: Cells | None, order: list[int], sizes: list[int], width: int) -> Line:
        here = number == self.cursor
        tone = (" cur" if self.has_focus else " sel") if here else ""
        line: Line = [("▸ " if here else "  ", f"b{tone}")]
        for at, (n, size) in enumerate(zip(order, sizes, strict=True)):
            text, roles = row[n] if row is not None else ("…", "dim")
            line.append((("  " if at else ""), tone))
            line.append((fit(text, size, self.columns[n].align), roles + tone))
        return [*line, (" " * max(0, width - cells(line)), tone)]

    def _shown_columns(self, width: int) -> list[tuple[int, int]]:
        order = list(range(len(self.columns)))
        while True:
            fixed = [n for n in order if self.columns[n].cells]
            free = width - 2 * len(order) - sum(self.columns[n].cells for n in fixed)
            stretching = len(fixed) < len(order)
            least = self._stretch if len(order) == len(self.columns) else _STRETCH_AT_LEAST
            if (free >= (least if stretching else 0)) or len(fixed) < 2:
                break
            order.remove(fixed[-1])
        share, rest = divmod(max(4, free), max(1, len(order) - len(fixed)))
        sizes = []
        for n in order:
            size = self.columns[n].cells
            if not size:
                size, rest = share + (rest > 0), rest - 1
            sizes.append((n, size))
        return sizes

    def _keep_in_sight(self, room: int, length: int) -> None:
        self.cursor = max(0, min(self.cursor, length - 1))
        self.top = min(max(self.top, self.cursor - room + 1), self.cursor, max(0, length - room))

    @property
    def room(self) -> int:
        """Rows that fit."""
        return max(1, self.size.height - 2)

    def go_to(self, row: int) -> None:
        """Move the cursor."""
        row = max(0, min(row, self._length() - 1))
        moved, self.cursor = row != self.cursor, row
        self.repaint()
        if moved:
            self.post_message(self.Moved(self))

    def action_go(self, rows: int) -> None:
        """Move by rows."""
        self.go_to(self.cursor + rows)

    def action_page(self, pages: int) -> None:
        """Move by what fits."""
        self.top = max(0, self.top + pages * self.room)
        self.go_to(self.cursor + pages * self.room)

    def action_edge(self, last: int) -> None:
        """Move to the first or the last row."""
        self.go_to((self._length() - 1) * last)

    def on_pane_clicked(self, event: Pane.Clicked) -> None:
        """Move to the row under the mouse; a second click chooses it."""
        if event.pane is not self:
            return
        row = self.row_at(event.y)
        if 0 <= row < self._length():
            if row == self.cursor:
                self.post_message(self.Chosen(self))
            self.go_to(row)

    def row_at(self, y: int) -> int:
        """Return the row on a line of the picture, which may be none of the table's."""
        return self.top + y - any(column.title for column in self.columns)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Move down three rows."""
        self.go_to(self.cursor + 3)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Move up three rows."""
        self.go_to(self.cursor - 3)

    def as_text(self) -> str:
        """Return headings and rows, tabs between; of very many rows those from the first in sight on."""
        rows = [[column.title for column in self.columns]]
        length = self._length()
        first = self.top if length > _MOST_COPIED else 0
        for number in range(first, min(length, first + _MOST_COPIED)):
            row = self._row(number)
            if row is not None:
                rows.append([text for text, _ in row])
        return "".join("\t".join(row) + "\n" for row in rows)


def widest(texts: Sequence[str], most: int) -> int:
    """Return the cells of the widest text, at most `most`: for a column that is as wide as it must be."""
    return min(most, max((width(text) for text in texts), default=0))
