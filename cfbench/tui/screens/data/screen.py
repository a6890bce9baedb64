"""The Data screen: rows in titles, what columns are read as, how ratings are spread, what was dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual import on
from textual.events import Paste
from textual.widget import Widget

from cfbench.answers import Column as DataColumn
from cfbench.answers import DataProfile
from cfbench.bench.interface import Bench
from cfbench.errors import CfbenchError
from cfbench.experiment import Data
from cfbench.tui.copying import pasted_path
from cfbench.tui.dialogs.asking import Asking
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.dialogs.picking import Picking
from cfbench.tui.drawing.areas import tail, times
from cfbench.tui.drawing.bars import histogram
from cfbench.tui.drawing.lines import Line, Span, inset, text
from cfbench.tui.parts.fields import Heading
from cfbench.tui.parts.form import Form
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Column, Table
from cfbench.tui.screens.data import opening, telling
from cfbench.tui.screens.data.actions import ACTIONS
from cfbench.tui.screens.data.rows import PAGE, Rows
from cfbench.tui.settings import Setting, settings_of_table
from cfbench.tui.shell.screen import WorkScreen

_POLICIES = ("data.duplicates", "data.missing", "data.min_user", "data.min_item", "data.items.by")
_LAYOUT = ("separator", "header", "encoding", "quote", "columns")
_DEBOUNCE = 0.4


class DataScreen(WorkScreen):
    """Shows the data of the experiment being set up."""

    MODE, NAME, SHORT = "data", "Data", "Data"
    ACTIONS = ACTIONS
    WIDE = (
        (
            0,
            (
                (-5, (("rows", 0), ("doctor", 6), ("settings", 12))),
                (-3, (("columns", 8), ("ratings", 7), ("tail", -4), ("times", -3))),
            ),
        ),
    )
    PAGES = (
        (("rows", 0), ("ratings", 7)),
        (("columns", 9), ("doctor", 0)),
        (("settings", 0),),
        (("tail", 0), ("times", 0)),
    )

    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows()
        self.busy = ""
        self.refused = ""
        self._shown = Data()

    def panels(self) -> Iterable[Widget]:
        """Yield the panels."""
        columns = [Column("user", 8, ">"), Column("item", 0), Column("rating", 7, ">"), Column("time", 11, ">")]
        yield Table(
            "rows", columns, self._row, lambda: self.rows.total, id="rows", notes=self._place, empty=self._empty
        )
        yield Pane("doctor", self._doctor, id="doctor")
        yield Form("settings", self._settings, id="settings")
        heads = [Column("column", 14), Column("read as", 12), Column("why", 0)]
        yield Table("columns", heads, self._column, lambda: len(self._columns), id="columns", empty=self._empty)
        yield Pane("ratings", self._ratings, id="ratings")
        yield Pane("long tail", self._tail, id="tail", notes=self._half)
        yield Pane("rows over time", self._times, id="times", notes=self._days)

    # -- what the panels show --

    @property
    def _profile(self) -> DataProfile | None:
        return self.workbench.workspace.profile

    @property
    def _columns(self) -> Sequence[DataColumn]:
        return self._profile.columns if self._profile else ()

    def _row(self, n: int) -> Sequence[Span] | None:
        row = self.rows.row(n)
        return telling.row(row) if row else None

    def _column(self, n: int) -> Sequence[Span]:
        return telling.column(self._columns[n])

    def _place(self) -> Line:
        return (
            [(f"{self.query_one('#rows', Table).cursor + 1:,} of {self.rows.total:,}", "dim")]
            if self.rows.total
            else []
        )

    def _empty(self) -> Line:
        if self.busy:
            return [text(self.busy, "dim")]
        keys = (("o", " opens a file, "), ("d", " a data set, "), ("p", " takes a path"))
        return [("no data yet: ", "dim"), *[span for key, word in keys for span in ((key, "b"), (word, "dim"))]]

    def _doctor(self, width: int, height: int) -> list[Line]:
        return telling.doctor(self._profile) if self._profile else []

    def _ratings(self, width: int, height: int) -> list[Line]:
        return inset(histogram(self._profile.targets, width - 2, height)) if self._profile else []

    def _tail(self, width: int, height: int) -> list[Line]:
        profile = self._profile
        return inset(tail(profile.item_tail, profile.items, width - 2, height)) if profile else []

    def _half(self) -> Line:
        if not self._profile:
            return []
        return [("half of all in ", "dim"), (f"{100 * self._profile.half_items:.0f} %", ""), (" of items", "dim")]

    def _times(self, width: int, height: int) -> list[Line]:
        if self._profile and not self._profile.times:
            return [[("  the data have no time", "dim")]]
        return inset(times(self._profile.times, width - 2, height)) if self._profile else []

    def _days(self) -> Line:
        if not self._profile or not self._profile.times:
            return []
        return [(f"{telling.day(self._profile.time_first)} – {telling.day(self._profile.time_last)}", "dim")]

    def _settings(self) -> Sequence[Setting | Heading]:
        known = {setting.path: setting for setting in settings_of_table("data")}
        layout = [known[f"data.read.{part}"] for part in _LAYOUT]
        return [*[known[path] for path in _POLICIES], Heading("layout, where the guess is wrong"), *layout]

    def answer(self, width: int) -> list[Line]:
        """Say how much there is, or why it can't be read."""
        draft = self.workbench.workspace.draft
        source = opening.data_of(draft).source
        sources = [source] if isinstance(source, str) else source
        lines = telling.answer(self._profile, sources) if self._profile else [self._empty()]
        if self.refused:
            return [[("✗ ", "bad"), text(self.refused)], *lines[:1]]
        return [[text(self.busy, "dim")], *lines[:1]] if self.busy and self._profile else lines

    # -- keeping up --

    def on_mount(self) -> None:
        """Read the data of a draft that was remembered."""
        super().on_mount()
        self.show()
        draft = self.workbench.workspace.draft
        if draft and draft.experiment:
            self._read(draft.experiment.data)

    def changed(self, topic: str) -> None:
        """Read the data again when the experiment says something else of them."""
        if topic == "draft":
            data = opening.data_of(self.workbench.workspace.draft)
            if data != self._shown and data.source:
                self.set_timer(_DEBOUNCE, self._read_draft)
            self.query_one("#settings", Form).repaint()
        elif topic in ("data", "link"):
            self.show()

    def _read_draft(self) -> None:
        data = opening.data_of(self.workbench.workspace.draft)
        if data != self._shown and data.source:
            self._read(data)

    def _read(self, data: Data) -> None:
        self.workbench.work(self._describe(data), "data")

    async def _describe(self, data: Data) -> None:
        self._shown = data
        self._wait(f"reading {data.source if isinstance(data.source, str) else ', '.join(data.source)} …")
        try:
            profile = await self.workbench.link.ask(Bench.describe, data)
        except CfbenchError as error:
            self._wait("", str(error))
            return
        self.workbench.workspace.profile = profile
        self.rows.start(profile.kept)
        self.query_one("#rows", Table).go_to(0)
        self._wait("")
        self.workbench.changed("data")

    def _wait(self, busy: str, refused: str = "") -> None:
        self.busy, self.refused = busy, refused
        self.query_one("#answer", Pane).repaint()
        self.query_one("#rows", Pane).repaint()

    @on(Table.Wanted, "#rows")
    def _fetch(self) -> None:
        table = self.query_one("#rows", Table)
        for offset in self.rows.missing(table.top, table.top + table.room):
            self.workbench.work(self._page(offset, self.rows.number), f"rows {offset}")

    async def _page(self, offset: int, number: int) -> None:
        page = await self.workbench.link.ask(Bench.rows, self._shown, offset, PAGE)
        if number == self.rows.number:
            self.rows.take(page)
            self.query_one("#rows", Table).repaint()

    @on(Table.Moved, "#rows")
    def _moved(self) -> None:
        self.query_one("#rows", Table).repaint()

    # -- commands --

    def live(self, command: object) -> bool:
        """Some commands need data."""
        name = getattr(command, "name", "")
        return self._profile is not None or name not in ("data.items", "data.users", "data.role", "data.use")

    def _pick(self, title: str, take: Callable[[str], None]) -> None:
        picking = Picking(title, self.workbench.link, recent=self.workbench.recent)
        self.app.push_screen(picking, lambda path: take(path) if path else None)

    def action_open(self) -> None:
        """Pick a file of ratings."""
        self._pick("ratings", self.open)

    def action_paste(self) -> None:
        """Type or paste the path of a file."""
        self.app.push_screen(
            Asking("the path of a file of ratings", hint="~/ml-100k/u.data"),
            lambda path: self.open(path) if path else None,
        )

    def on_paste(self, event: Paste) -> None:
        """Open the path that was pasted."""
        self.open(event.text)

    def open(self, path: str) -> None:
        """Read a file, or a named data set, and set the experiment up on it."""
        self.workbench.work(self._open(opening.with_source(pasted_path(path))), "open")

    async def _open(self, data: Data) -> None:
        await self._describe(data)
        if self.refused:
            return
        workspace = self.workbench.workspace
        workspace.draft = await opening.draft_on(self.workbench.link, data, workspace.draft)
        self._shown = opening.data_of(workspace.draft)
        self.workbench.remember(str(data.source))
        self.workbench.changed("draft")
        self.workbench.changed("data")

    def action_items(self) -> None:
        """Pick the table that has the items' titles."""
        self._pick("a table of items, with their titles", lambda path: self._join("items", path))

    def action_users(self) -> None:
        """Pick the table that has the users' fields."""
        self._pick("a table of users", lambda path: self._join("users", path))

    def _join(self, table: str, path: str) -> None:
        self.workbench.edit(lambda draft: draft.set(f"data.{table}.source", pasted_path(path)))

    def action_named(self) -> None:
        """Choose a data set by its name."""
        catalogue = self.workbench.workspace.catalogue
        sets = catalogue.of_kind("dataset") if catalogue else []
        choices = [Choice(d.name, d.title, f"{d.summary}  {d.facts.get('licence', '')}") for d in sets]
        self.app.push_screen(Choosing("data sets", among(choices)), lambda name: self.open(name) if name else None)

    @on(Table.Chosen, "#columns")
    def action_role(self) -> None:
        """Say what a column means."""
        table = self.query_one("#columns", Table)
        column = self._columns[min(table.cursor, len(self._columns) - 1)]
        choices = [Choice(role, role or "not used") for role in telling.ROLES[column.table]]
        data = opening.data_of(self.workbench.workspace.draft)

        def take(role: str | None) -> None:
            for path, value in telling.changed_role(data, column, role).items() if role is not None else ():
                self.workbench.edit(lambda draft, path=path, value=value: draft.set(path, value))  # type: ignore[misc]

        self.app.push_screen(Choosing(f"column {column.name}", among(choices), current=column.role), take)

    def action_use(self) -> None:
        """Go on to the loader."""
        self.workbench.action_go("loader")

    def equal(self) -> str:
        """Return the command that describes the same data."""
        data = opening.data_of(self.workbench.workspace.draft)
        return telling.command(data) if data.source else "cfbench data describe FILE"
