"""The Runs screen: all runs in a list that is filtered, ordered and grouped; marked ones side by side."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from cfbench.answers import RunSummary
from cfbench.bench.interface import Bench
from cfbench.tui.commands import Command
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.dialogs.reading import Reading
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line
from cfbench.tui.parts.chart import Chart, ChartPane
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Column, Table
from cfbench.tui.screens.runs import comparing, fairness
from cfbench.tui.screens.runs.answering import answer
from cfbench.tui.screens.runs.card import card
from cfbench.tui.screens.runs.doing import Doing
from cfbench.tui.screens.runs.finding import Finder
from cfbench.tui.screens.runs.listing import GROUPS, ORDERS, Wanted, Words, listed
from cfbench.tui.screens.runs.settings import NOTHING, Settings
from cfbench.tui.screens.runs.table import Listed, RunsTable
from cfbench.tui.shell import layout
from cfbench.tui.shell.strips import Foot
from cfbench.tui.workspace import ALIVE, MOST_MARKS, short_name

_MOVING_SECONDS = 4.0
"""Seconds between two pictures of what a living run changes by itself, so that few bytes go out."""

_ENDED_EARLY = ("stopped", "failed", "lost")


class RunsScreen(Doing):
    """Lists runs, and compares those that are marked."""

    MODE, NAME, SHORT = "runs", "Runs", "Runs"
    ACTIONS = (
        Command("runs.mark", "space", "mark", "mark the run to compare it, at most three"),
        Command("runs.open", "enter", "open", "bring the run forward and show it on Train"),
        Command("runs.compare", "equals_sign", "compare", "the marked runs side by side"),
        Command("runs.fairness", "b", "baselines", "the marked runs, or this one, beside baselines: do they differ?"),
        Command("runs.filter", "slash", "find", "list only runs that have some words: failed, lr:0.005, a note"),
        Command("runs.sort", "S", "sort", "order by another column; the same once more turns it round"),
        Command("runs.group_by", "G", "group", "headings over runs that share a setting, a seed, a group"),
        Command("runs.resume", "x", "resume", "let the run go on from its last checkpoint"),
        Command("runs.stop", "s", "stop", "stop the run with a checkpoint; a second key makes sure"),
        Command("runs.pin", "p", "pin", "pin the run: it stands first and is drawn beside others; or unpin it"),
        Command("runs.note", "n", "note", "write a note about the run"),
        Command("runs.undo", "u", "undo", "bring the run back that was deleted last"),
        Command("runs.delete", "D", "delete", "move the run to the trash; a second key makes sure"),
    )
    WIDE = ((0, ((-3, (("runs", 0), ("card", 10))), (-2, (("overlay", -3), ("compared", -2))))),)
    KEPT = ("page", "wanted")
    PAGES = ((("runs", 0), ("card", 7)), (("overlay", 0), ("compared", 10)))

    def __init__(self) -> None:
        super().__init__()
        self.wanted = Wanted()
        self.finding = False
        self._words = Words()
        self._settings = NOTHING
        self._known: set[str] = set()
        self._followed: set[str] = set()
        self._looks: list[tuple[object, ...]] = []
        self._due = False
        self._comparing = False
        self._compared: list[comparing.Row] = []

    def panels(self) -> Iterable[Widget]:
        """Yield the list, the card, the curves, the comparison, and the field that filters."""
        table = RunsTable(self.workbench.workspace, id="runs", notes=self._notes, empty=self._empty)
        yield table
        yield Pane("this run", lambda width, height: card(self.chosen, height), id="card")
        yield ChartPane("valid loss", self._overlay, id="overlay")
        yield Table("compared", [Column("", 0)], lambda n: self._compared[n], lambda: len(self._compared),
                    id="compared", empty=lambda: [("space", "b"), (" marks runs to compare", "dim")])  # fmt: skip
        yield Finder(table, "words, state:failed, lr:0.005   enter keeps it, esc shows all", id="find")

    @property
    def table(self) -> RunsTable:
        """The list."""
        return self.query_one("#runs", RunsTable)

    @property
    def chosen(self) -> RunSummary | None:
        """The run under the cursor."""
        entry = self.table.entry
        return self.workbench.workspace.runs.get(entry) if isinstance(entry, str) else None

    def answer(self, width: int) -> list[Line]:
        """Say which is best, and what went wrong."""
        return answer(self.workbench.workspace, self._settings, width)

    def _notes(self) -> Line:
        shared, wanted = self.workbench.workspace, self.wanted
        line: Line = []
        if wanted.text:
            line.append((f"/ {wanted.text}  ", "b"))
        shown = len(self.table.listed.runs)
        if shown != len(shared.runs):
            line.append((f"{figures.count(shown)} of {figures.count(len(shared.runs))}  ", ""))
        order = self._settings.titles.get(wanted.order, wanted.order)
        line.append((f"by {order}{', turned' if wanted.backwards else ''}", "dim"))
        return line + ([(f"  {len(shared.marks)} marked", "dim")] if shared.marks else [])

    def _empty(self) -> Line:
        if self.workbench.workspace.runs:
            return [("no run has these words: ", "dim"), ("esc", "b"), (" shows all", "dim")]
        return [("no run yet: ", "dim"), ("3", "b"), (" sets one up, ", "dim"), ("t", "b"), (" there trains it", "dim")]

    # -- drawing --

    def show(self) -> None:
        """List anew and draw everything."""
        self._list()
        super().show()

    def _list(self) -> None:
        shared = self.workbench.workspace
        self.table.put(
            Listed.of(listed(shared.runs, self._settings, self.wanted, self._words), self._settings, shared.runs)
        )
        self._looks = self._looks_now()
        self._compare()
        if set(shared.runs) != self._known:
            self._known = set(shared.runs)
            self.workbench.work(self._ask_settings(), "settings")

    def _compare(self) -> None:
        shared = self.workbench.workspace
        letters = [(letter, shared.runs[run]) for letter, run in shared.letters() if run in shared.runs]
        runs = [run for _, run in letters]
        self._compared = comparing.rows(letters, self._settings, comparing.differing(self._settings, runs))
        self.query_one("#compared", Table).columns = tuple(comparing.columns(runs))

    def changed(self, topic: str) -> None:
        """List anew when runs come, go or change their state; else draw what moves, and that not often."""
        shared = self.workbench.workspace
        if topic == "runs" and self._looks != self._looks_now():
            self.show()
        elif topic == "front" and set(shared.followed) != self._followed:
            self._repaint("overlay")
        elif topic == "link":
            self._repaint("answer")
        elif topic in ("runs", "front") and not self._due:
            self._due = True
            self.set_timer(max(_MOVING_SECONDS, self.workbench.pace()), self._draw_what_moves)

    def _looks_now(self) -> list[tuple[object, ...]]:
        return [(run.id, run.state, run.note, run.pinned) for run in self.workbench.workspace.runs.values()]

    def _draw_what_moves(self) -> None:
        self._due = False
        self._compare()
        for panel in ("answer", "runs", "card", "compared", "overlay"):
            self._repaint(panel)

    def _repaint(self, panel: str) -> None:
        pane = self.query_one(f"#{panel}", Pane)
        if pane.display:
            pane.repaint()

    def _overlay(self) -> Chart:
        shared = self.workbench.workspace
        self._followed = set(shared.followed)
        shown = [(letter, shared.runs[run]) for letter, run in shared.letters() if run in shared.runs]
        if not shown and self.chosen:
            shown = [("", self.chosen)]
        return comparing.overlay([(letter, run, self.history(run.id)) for letter, run in shown])

    @on(Table.Moved, "#runs")
    def _moved(self) -> None:
        for panel in ("card", "foot", *(() if self.workbench.workspace.marks else ("overlay",))):
            self._repaint(panel)
        self.look_into(self.chosen)

    # -- the list --

    def live(self, command: Command) -> bool:
        """Return whether a command can be done with the run under the cursor."""
        run, verb = self.chosen, command.verb
        if verb in ("filter", "sort", "group_by"):
            return bool(self.workbench.workspace.runs)
        if verb == "undo":
            return bool(self.deleted)
        if run is None:
            return False
        if verb in ("stop", "delete"):
            return (run.state in ALIVE) == (verb == "stop")
        if verb == "resume":
            return run.state in (*_ENDED_EARLY, "paused")
        return verb != "compare" or len(self.workbench.workspace.marks) > 1

    def relist(self, wanted: Wanted) -> None:
        """List what is wanted now."""
        self.wanted = wanted
        self.show()

    def action_mark(self) -> None:
        """Mark the run under the cursor, or take its mark away."""
        run = self.chosen
        if run is None:
            return
        if not self.workbench.workspace.mark(run.id):
            self.workbench.say(
                f"{MOST_MARKS} runs are marked already: space on one of them takes its mark away", "warn"
            )
            return
        self.workbench.follow()
        self.show()

    def action_compare(self) -> None:
        """Show the marked runs side by side."""
        self.turn_to("compared")

    def action_fairness(self) -> None:
        """Compare the marked runs, or the one under the cursor, with baselines and each other."""
        shared, run = self.workbench.workspace, self.chosen
        named = {run: f"{letter} {short_name(run)}" for letter, run in shared.letters() if run in shared.marks}
        if not named and run:
            named = {run.id: short_name(run.id)}
        if named and not self._comparing:
            self._comparing = True
            self.workbench.say("measuring, and fitting baselines …")
            self.workbench.work(self._show_fairness(named), "compare")

    async def _show_fairness(self, named: dict[str, str]) -> None:
        try:
            found = await self.workbench.link.ask(Bench.compare, list(named))
        finally:
            self._comparing = False
        self.query_one("#foot", Foot).say("")
        self.app.push_screen(Reading("on the same rows", fairness.lines(found, named, self.size.width - 8)))

    def action_filter(self) -> None:
        """Type what runs must have."""
        self.finding = True
        self.place()
        field = self.query_one("#find", Finder)
        field.value = self.wanted.text
        field.focus()

    @on(Input.Changed, "#find")
    def _typed(self, event: Input.Changed) -> None:
        if self.finding and event.value != self.wanted.text:
            self.table.cursor = 0
            self.wanted = Wanted(event.value, self.wanted.order, self.wanted.backwards, self.wanted.group)
            self._list()
            self._repaint("runs")
            self._moved()

    @on(Finder.Done)
    def _found(self) -> None:
        self.finding = False
        self.place()
        self.table.focus(scroll_visible=False)

    def place(self) -> None:
        """Put the field in the footer's place while one types there."""
        super().place()
        field, foot = self.query_one("#find"), self.query_one("#foot")
        field.display, foot.display = self.finding, not self.finding
        self._put(field, layout.frame(*self.size).foot)

    def back(self) -> None:
        """Show all runs again first."""
        if self.finding or self.wanted.text:
            self.relist(Wanted("", self.wanted.order, self.wanted.backwards, self.wanted.group))
            self._found()
        else:
            super().back()

    def action_sort(self) -> None:
        """Choose what to order by."""

        def take(order: str | None) -> None:
            if order:
                same = order == self.wanted.order
                self.relist(Wanted(self.wanted.text, order, same and not self.wanted.backwards, self.wanted.group))

        names = [*ORDERS, *self.table.listed.metrics]
        choices = [*map(Choice, names, names), *self._setting_choices()]
        self.app.push_screen(Choosing("order by", among(choices), current=self.wanted.order), take)

    def action_group_by(self) -> None:
        """Choose what stands in headings."""

        def take(group: str | None) -> None:
            if group is not None:
                self.table.cursor = 0
                self.relist(Wanted(self.wanted.text, self.wanted.order, self.wanted.backwards, group))

        choices = [*(Choice(name, name or "no headings") for name in GROUPS), *self._setting_choices()]
        self.app.push_screen(Choosing("headings", among(choices), current=self.wanted.group), take)

    def _setting_choices(self) -> list[Choice]:
        return [Choice(key, self._settings.titles[key], "setting") for key in self.table.listed.telling]

    async def _ask_settings(self) -> None:
        self._settings = Settings(await self.differences())
        self.show()

    def equal(self) -> str:
        """Return the command that shows the same."""
        marks = self.workbench.workspace.marks
        if len(marks) > 1:
            return f"cfbench runs compare {' '.join(marks)}"
        return "cfbench runs list"
