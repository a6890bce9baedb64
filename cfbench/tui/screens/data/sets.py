"""Choosing a data set by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.widget import Widget

from cfbench.registry.declarations import Declaration
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.drawing.lines import Span, text
from cfbench.tui.parts.table import Column, widest


class DataSets(Choosing):
    """Lists data sets with what they are and what one may do with them; answers a name."""

    WIDTH: ClassVar = 110

    def __init__(self, sets: Sequence[Declaration], current: str = "") -> None:
        bare = [one.name for one in sets]
        self._sets = {one.name if bare.count(one.name) == 1 else one.full_name: one for one in sets}
        choices = [Choice(name, name, f"{one.title} {one.summary}") for name, one in self._sets.items()]
        super().__init__("data sets", among(choices), current=current)

    def content(self) -> Sequence[Widget]:
        """Return the field and the list."""
        content = super().content()
        names = widest(list(self._sets), 30)
        rows = widest([_rows(one) for one in self._sets.values()], 14)
        licences = widest([_licence(one) for one in self._sets.values()], 30)
        self._table.columns = (
            Column("data set", max(8, names)),
            Column("what it is", 0),
            *([Column("rows", rows, ">")] if rows else []),
            Column("licence", max(7, licences)),
        )
        return content

    def _row(self, number: int) -> Sequence[Span]:
        choice = self._found[number]
        one = self._sets.get(choice.answer)
        if one is None:
            return super()._row(number)
        rows = [text(_rows(one))] if len(self._table.columns) == 4 else []
        return [text(choice.name, "b"), text(one.summary), *rows, text(_licence(one), "dim")]


def _rows(one: Declaration) -> str:
    rows = one.facts.get("rows", "")
    return f"{rows:,}" if isinstance(rows, int) else str(rows)


def _licence(one: Declaration) -> str:
    return str(one.facts.get("licence", ""))
