"""Panels with keys of their own: biases, a map to move on, a table with a cursor on a cell, a step to go through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.message import Message

from cfbench.answers import Bias, Ends, FactorMap, PredictedTab, StepView
from cfbench.tui.commands import Command, bindings
from cfbench.tui.drawing.lines import Line, Span
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.scrolled import Scrolled
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.explore import maps, steps, tab, telling

MAP_MOVES = (
    Command("map.left", "left", "", "move the map to the left", "pan(-1,0)"),
    Command("map.right", "right", "", "move the map to the right", "pan(1,0)"),
    Command("map.up", "up", "", "move the map upwards", "pan(0,1)"),
    Command("map.down", "down", "", "move the map downwards", "pan(0,-1)"),
    Command("map.closer", "plus,equals_sign", "", "closer", "scale(0.5)"),
    Command("map.farther", "minus", "", "farther away", "scale(2.0)"),
    Command("map.whole", "home", "", "the whole map", "whole"),
    Command("map.next", "space", "", "the next title on the map, and what is nearest to it", "next"),
)

TAB_MOVES = (
    Command("tab.up", "up", "", "a user up", "go(-1,0)"),
    Command("tab.down", "down", "", "a user down", "go(1,0)"),
    Command("tab.left", "left", "", "an item to the left", "go(0,-1)"),
    Command("tab.right", "right", "", "an item to the right", "go(0,1)"),
)

STEP_MOVES = (
    Command("step.forward", "right", "", "the next stage of the step", "stage(1)"),
    Command("step.back", "left", "", "the stage before", "stage(-1)"),
)


class BiasTable(Table):
    """The highest and the lowest biases with bars, and a cursor to choose one; without any, `instead` is drawn."""

    def __init__(self, ends: Callable[[], Ends | None], instead: Callable[[int], list[Line]], *,
                 id: str, notes: Callable[[], Line]) -> None:  # fmt: skip
        super().__init__("item biases", telling.BIASES, self._cells, lambda: len(self._shown), id=id, notes=notes)
        self._ends, self._instead = ends, instead
        self._shown: list[Bias] = []
        self._blank: int | None = None

    def _cells(self, number: int) -> Sequence[Span]:
        return telling.bias(self._shown[number])

    @property
    def chosen(self) -> Bias | None:
        """What the cursor is on."""
        return self._shown[self.cursor] if self.cursor < len(self._shown) else None

    def picture(self, width: int, height: int) -> list[Line]:
        """Return a line for each; a blank one parts those above 0 from those below."""
        ends = self._ends()
        self._shown = telling.extremes(ends, height) if ends else []
        if not ends or not self._shown:
            return self._instead(width)
        self.cursor = min(self.cursor, len(self._shown) - 1)
        lines = telling.biases(ends, width, height)
        self._blank = next((n for n, line in enumerate(lines) if not any(said.strip() for said, _ in line)), None)
        here = self.cursor + (self._blank is not None and self.cursor >= self._blank)
        tone = " cur" if self.has_focus else " sel"
        if here < len(lines):
            lines[here] = [("▸ ", f"b{tone}"), *((said, roles + tone) for said, roles in lines[here][1:])]
        return lines

    def row_at(self, y: int) -> int:
        """Return the row on a line; the blank one belongs to the row above."""
        return y - (self._blank is not None and y >= self._blank)


class MapPane(Pane):
    """The map; arrows move it, plus and minus bring it closer and farther."""

    ACTIONS: ClassVar = MAP_MOVES
    BINDINGS: ClassVar = bindings(MAP_MOVES)

    class Moved(Message):
        """Another window of the map is wanted; None for all of it."""

        def __init__(self, window: tuple[float, float, float, float] | None) -> None:
            super().__init__()
            self.window = window

    class Chosen(Message):
        """A titled point was chosen, by its label."""

        def __init__(self, label: str) -> None:
            super().__init__()
            self.label = label

    def __init__(self, found: Callable[[], FactorMap | None], chosen: Callable[[], str], *,
                 id: str, empty: Callable[[], Line]) -> None:  # fmt: skip
        super().__init__("map", id=id)
        self._found, self._chosen, self._empty = found, chosen, empty

    def notes(self) -> Line:
        """Return the axes, and what has which colour, as far as there is room beside the title."""
        found = self._found()
        return maps.notes(found, self.room_for_notes) if found else []

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the map."""
        found = self._found()
        if found is None:
            return [[("  ", ""), *self._empty()]]
        return maps.picture(found, self._chosen(), width, height)

    def action_pan(self, right: int, up: int) -> None:
        """Move by a quarter of what is in sight."""
        if found := self._found():
            left, far, bottom, top = found.window
            across, upwards = right * (far - left) / 4, up * (top - bottom) / 4
            self.post_message(self.Moved((left + across, far + across, bottom + upwards, top + upwards)))

    def action_scale(self, factor: float) -> None:
        """Come closer, or go farther away, about the chosen point, or the middle."""
        if found := self._found():
            left, right, bottom, top = found.window
            x, y = (left + right) / 2, (bottom + top) / 2
            for point in found.named[:1]:
                if point.label == self._chosen() and left < point.x < right and bottom < point.y < top:
                    x, y = point.x, point.y
            across, upwards = (right - left) * factor / 2, (top - bottom) * factor / 2
            self.post_message(self.Moved((x - across, x + across, y - upwards, y + upwards)))

    def action_whole(self) -> None:
        """Show all of it."""
        self.post_message(self.Moved(None))

    def action_next(self) -> None:
        """Choose the next title."""
        found = self._found()
        if found and found.named:
            labels = sorted(found.named, key=lambda point: -point.count)
            places = [n for n, point in enumerate(labels) if point.label == self._chosen()]
            self.post_message(self.Chosen(labels[(places[0] + 1) % len(labels) if places else 0].label))

    def on_pane_clicked(self, event: Pane.Clicked) -> None:
        """Choose the title nearest to the mouse."""
        found = self._found()
        if event.pane is not self or not found or not found.named:
            return
        high, wide = self.size.height - 1, self.size.width
        places = [(maps.cell(found, point.x, point.y, wide, high), point.label) for point in found.named]
        self.post_message(
            self.Chosen(min(places, key=lambda p: 4 * abs(p[0][0] - event.y) + abs(p[0][1] - event.x))[1])
        )


class TabPane(Pane):
    """Users by items; arrows move the cursor from cell to cell."""

    ACTIONS: ClassVar = TAB_MOVES
    BINDINGS: ClassVar = bindings(TAB_MOVES)

    class Moved(Message):
        """The cursor is on another cell."""

    def __init__(self, found: Callable[[], PredictedTab | None], *, id: str, empty: Callable[[], Line]) -> None:
        super().__init__("cross-tab", id=id)
        self._found, self._empty = found, empty
        self.row = self.column = 0

    def notes(self) -> Line:
        """Return what a cell's numbers are."""
        return tab.notes(self._found(), self.room_for_notes)

    def picture(self, width: int, height: int) -> list[Line]:
        """Return the table."""
        found = self._found()
        if found is None:
            return [[("  ", ""), *self._empty()]]
        self.row = min(self.row, len(found.users) - 1)
        self.column = min(self.column, len(found.items) - 1)
        return tab.picture(found, self.row, self.column, self.has_focus, width, height)

    @property
    def cell(self) -> tuple[str, str] | None:
        """The user and the item under the cursor."""
        found = self._found()
        if not found or not found.users or not found.items:
            return None
        return found.users[min(self.row, len(found.users) - 1)], found.items[min(self.column, len(found.items) - 1)]

    def action_go(self, down: int, right: int) -> None:
        """Move the cursor."""
        if found := self._found():
            self.row = max(0, min(len(found.users) - 1, self.row + down))
            self.column = max(0, min(len(found.items) - 1, self.column + right))
            self.repaint()
            self.post_message(self.Moved())


class StepPane(Scrolled):
    """One step of gradient descent; arrows go forward and back in it, and the newest stage is in sight at first."""

    BINDINGS: ClassVar = bindings(STEP_MOVES)

    pinned = 2

    class Moved(Message):
        """Another stage is in sight."""

    def __init__(self, found: Callable[[], StepView | None], *, id: str, empty: Callable[[], Line]) -> None:
        super().__init__("one step", id=id)
        self._found, self._empty = found, empty
        self.stage = 0

    @property
    def ACTIONS(self) -> Sequence[Command]:
        """The commands that can be done now."""
        return (*STEP_MOVES, *super().ACTIONS)

    def whole(self, width: int, height: int) -> list[Line]:
        """Return the stages so far."""
        found = self._found()
        return [[("  ", ""), *self._empty()]] if found is None else steps.lines(found, self.stage, width)

    def start(self, whole: list[Line]) -> int:
        """Return how far down the current stage is."""
        return next((n for n, line in enumerate(whole) if line and line[0][0].startswith("▸")), 0) - self.pinned

    def notes(self) -> Line:
        """Return where it starts, and by which rule it goes."""
        found = self._found()
        return steps.notes(found, self.size.width) if found else []

    def action_stage(self, by: int) -> None:
        """Go to another stage."""
        self.stage = max(0, min(len(steps.STAGES) - 1, self.stage + by))
        self.to_start()
        self.post_message(self.Moved())
