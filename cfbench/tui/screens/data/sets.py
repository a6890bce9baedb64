"""Choosing a data set by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.widget import Widget

from cfbench.answers import DatasetCard
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Span, text
from cfbench.tui.parts.table import Column, widest

_SIGNS: dict[str, Span] = {"here": ("✓", "ok"), "made when opened": ("✓", "ok"), "partly here": ("…", "warn")}


def names(cards: Sequence[DatasetCard]) -> dict[str, DatasetCard]:
    """Return what each data set is called: its bare name while that is unique, else its full one."""
    bare = [one.name for one in cards]
    return {one.name if bare.count(one.name) == 1 else one.full_name: one for one in cards}


class DataSets(Choosing):
    """Lists data sets with whether they are here, and how large they are; answers a name."""

    WIDTH: ClassVar = 110

    def __init__(self, cards: Sequence[DatasetCard], current: str = "") -> None:
        self._sets = names(cards)
        choices = [
            Choice(name, name, f"{one.title} {one.summary} {one.state}", _SIGNS.get(one.state, ("", "")))
            for name, one in self._sets.items()
        ]
        super().__init__("data sets", among(choices), current=current)

    def content(self) -> Sequence[Widget]:
        """Return the field and the list."""
        content = super().content()
        called = widest(list(self._sets), 30)
        rows = widest([_rows(one) for one in self._sets.values()], 14)
        states = widest([one.state for one in self._sets.values()], 16)
        self._table.columns = (
            Column("", 1),
            Column("data set", max(8, called)),
            Column("what it is", 0),
            Column("rows", max(4, rows), ">"),
            Column("", states),
        )
        return content

    def _row(self, number: int) -> Sequence[Span]:
        choice = self._found[number]
        one = self._sets.get(choice.answer)
        if one is None:
            return [choice.sign, text(choice.name), ("", ""), ("", ""), ("", "")]
        return [choice.sign, text(choice.name, "b"), text(one.summary), text(_rows(one)), text(one.state, "dim")]


def _rows(one: DatasetCard) -> str:
    return figures.count(one.rows) if one.rows else ""
