"""The Data screen: rows in titles, what columns are read as, how ratings are spread, what was dropped and why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec
from textual import on
from textual.timer import Timer
from textual.widget import Widget

from cfbench.answers import DataProfile
from cfbench.bench.interface import Bench
from cfbench.errors import CfbenchError
from cfbench.experiment import Data
from cfbench.tui.draft import Draft
from cfbench.tui.drawing.areas import tail, times
from cfbench.tui.drawing.bars import histogram
from cfbench.tui.drawing.lines import Line, Span, inset, text
from cfbench.tui.parts.form import Form
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.data import doctor, opening, places, telling
from cfbench.tui.screens.data.commands import ACTIONS, Commands
from cfbench.tui.screens.data.rows import PAGE, Rows
from cfbench.tui.settings import Setting, settings_of_table
from cfbench.tui.shell import layout
from cfbench.tui.shell.screen import WorkScreen

PAUSE = 0.3
"""Seconds without a change before the data are read anew."""

_POLICIES = ("data.duplicates", "data.missing", "data.min_user", "data.min_item", "data.items.by")


class DataScreen(Commands, WorkScreen):
    """Shows the data of the experiment being set up.

    Attributes:
        rows: those of the data that the profile is of.
        asked: the draft's [data] that was read last, well or not.
        failed: data that could not be opened, for which no experiment was set up.
        error: why they, or the draft's, can't be read.
        busy: what is waited for.
    """

    MODE, NAME, SHORT = "data", "Data", "Data"
    ACTIONS = ACTIONS
    PAGES = places.pages(None)

    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows()
        self.asked = Data()
        self.failed: Data | None = None
        self.error: CfbenchError | None = None
        self.busy = ""
        self._pause: Timer | None = None

    def panels(self) -> Iterable[Widget]:
        """Yield the panels."""
        yield Table(
            "rows", telling.row_columns(None), self._row, lambda: self.rows.total, id="rows",
            notes=self._place, empty=self._no_rows,
        )  # fmt: skip
        yield Pane("doctor", self._doctor, id="doctor", notes=lambda: doctor.warnings(self._checks()))
        yield Form("settings", self._settings, id="settings", empty=lambda: [("–", "dim")])
        yield Table(
            "columns", telling.column_columns(()), self._column,
            lambda: len(self.profile.columns) if self.profile else 0, id="columns",
            notes=lambda: telling.guesses(self.profile.columns if self.profile else ()), empty=lambda: [("–", "dim")],
        )  # fmt: skip
        yield Pane("ratings", self._ratings, id="ratings", notes=self._span)
        yield Pane("long tail", self._tail, id="tail", notes=lambda: telling.half(self.profile) if self.profile else [])
        yield Pane("rows over time", self._times, id="times", notes=self._days)

    # -- what it is about --

    @property
    def profile(self) -> DataProfile | None:
        """What there is to know of the data, or of those that could be read last."""
        return self.workbench.workspace.profile

    @property
    def readable(self) -> DataProfile | None:
        """The profile, where it is of the data that a change would be about."""
        return None if self.failed else self.profile

    @property
    def draft(self) -> Draft | None:
        """The experiment being set up."""
        return self.workbench.workspace.draft

    @property
    def data(self) -> Data:
        """The table [data] of the experiment."""
        return opening.data_of(self.draft)

    @property
    def refusal(self) -> CfbenchError | None:
        """Why the data can't be read as the experiment, or the person, says."""
        return self.error or (self.draft.problem if self.draft else None)

    # -- what the panels show --

    def _row(self, n: int) -> Sequence[Span] | None:
        row = self.rows.row(n)
        return telling.row(row, telling.places(self.profile.targets)) if row and self.profile else None

    def _column(self, n: int) -> Sequence[Span]:
        return telling.column(self.profile.columns[n]) if self.profile else []

    def _place(self) -> Line:
        here = self.query_one("#rows", Table).cursor + 1
        return [(f"{here:,} of {self.rows.total:,}", "dim")] if self.rows.total else []

    def _no_rows(self) -> Line:
        return [text(self.busy, "dim")] if self.busy else telling.OFFER

    def _checks(self) -> list[doctor.Check]:
        return [*doctor.refused(self.refusal), *(doctor.checks(self.profile) if self.profile else [])]

    def _doctor(self, width: int, height: int) -> list[Line]:
        return doctor.drawn(self._checks(), width, height)

    def _ratings(self, width: int, height: int) -> list[Line]:
        return inset(histogram(self.profile.targets, width - 2, height)) if self.profile else []

    def _span(self) -> Line:
        return telling.span(self.profile.targets) if self.profile else []

    def _tail(self, width: int, height: int) -> list[Line]:
        profile = self.profile
        return inset(tail(profile.item_tail, profile.items, width - 2, height)) if profile else []

    def _times(self, width: int, height: int) -> list[Line]:
        if self.profile and not self.profile.times:
            return [[("  the data have no time", "dim")]]
        return inset(times(self.profile.times, width - 2, height)) if self.profile else []

    def _days(self) -> Line:
        return telling.days(self.profile) if self.profile else []

    def _settings(self) -> Sequence[Setting]:
        known = {setting.path: setting for setting in settings_of_table("data")}
        return [known[path] for path in _POLICIES]

    def answer(self, width: int) -> list[Line]:
        """Say how much there is, or what can't be read."""
        below = telling.answer(self.profile, opening.sources(self.rows.data), width) if self.profile else []
        if self.busy:
            return [[text(self.busy, "dim")], *below[:1]]
        if self.refusal:
            return telling.refusal(self.refusal, width, 2 if self.wide else 1)
        return below or [telling.EMPTY]

    # -- keeping up --

    def on_mount(self) -> None:
        """Read the data of an experiment that was remembered, where that was not done yet."""
        if self.profile and self.data.source:
            self._take(self.profile, self.data)
        self.follow()

    def on_screen_resume(self) -> None:
        """See what was changed on another screen."""
        if self.is_mounted:
            self.follow()

    def changed(self, topic: str) -> None:
        """Read the data again when the experiment says something else of them."""
        if topic == "draft":
            if self._pause:
                self._pause.stop()
            self._pause = self.set_timer(PAUSE, self.follow)
            self.query_one("#settings", Form).repaint()
            self.query_one("#answer", Pane).repaint()
        elif topic == "data":
            self.show()
        elif topic == "link":
            self.rows.asked = []
            for pane in ("#answer", "#rows"):
                self.query_one(pane, Pane).repaint()

    def follow(self) -> None:
        """Read the data of the experiment where they are not those that were read last."""
        if self.data.source and self.data != self.asked:
            self.workbench.work(self._read(self.data), "data")

    def place(self) -> None:
        """Give each panel as many lines as it has something to say."""
        inner = layout.frame(*self.size).inner
        told = doctor.drawn(self._checks(), places.left(inner.width), inner.height)
        self.WIDE = places.side_by_side(self.profile, len(told), inner.height)  # type: ignore[misc]
        self.PAGES = places.pages(self.profile)  # type: ignore[misc]
        super().place()

    def show(self) -> None:
        """Draw everything anew."""
        self.place()

    def use(self, data: Data) -> None:
        """Set the experiment up on other data."""
        self.workbench.work(self._open(data), "data")

    async def _open(self, data: Data) -> None:
        bench, link = self.workbench, self.workbench.link
        self._wait(data)
        try:
            if isinstance(data.source, str) and opening.is_relative(data.source):
                folder = (await link.ask(Bench.browse, "")).path
                data = msgspec.structs.replace(data, source=opening.located(data.source, folder))
            profile = await link.ask(Bench.describe, data)
            toml = opening.on_other_data(self.draft, await link.ask(Bench.template, data))
        except CfbenchError as error:
            self._refuse(error, data)
            return
        self.asked = opening.data_of(Draft(toml))
        self._take(profile, data)
        if bench.workspace.draft is None:
            bench.workspace.draft = Draft(toml)
            bench.changed("draft")
        else:
            bench.edit(lambda draft: draft.edit(toml))
        bench.remember(str(data.source))
        bench.changed("data")

    async def _read(self, data: Data) -> None:
        self.asked = data
        self._wait(data)
        try:
            profile = await self.workbench.link.ask(Bench.describe, data)
        except CfbenchError as error:
            self._refuse(error, None)
            return
        except asyncio.CancelledError:
            if self.asked is data:
                self.asked = Data()
            raise
        self._take(profile, data)
        self.workbench.changed("data")

    def _wait(self, data: Data) -> None:
        self.busy = f"reading {', '.join(opening.sources(data))} …"
        for pane in ("#answer", "#rows"):
            self.query_one(pane, Pane).repaint()

    def _refuse(self, error: CfbenchError, failed: Data | None) -> None:
        self.busy, self.error, self.failed = "", error, failed
        self.show()

    def _take(self, profile: DataProfile, data: Data) -> None:
        self.busy, self.error, self.failed = "", None, None
        self.workbench.workspace.profile = profile
        table = self.query_one("#rows", Table)
        table.columns = telling.row_columns(profile)
        table.cursor = table.top = 0
        self.query_one("#columns", Table).columns = telling.column_columns(profile.columns)
        self.rows.start(data, profile.kept)

    def back(self) -> None:
        """Forget data that could not be opened, or leave a zoom."""
        if self.failed:
            self.error = self.failed = None
            self.show()
        else:
            super().back()

    # -- rows --

    @on(Table.Wanted, "#rows")
    def _wanted(self) -> None:
        table = self.query_one("#rows", Table)
        missing = self.rows.missing(table.top, table.top + table.room)
        if missing and missing != self.rows.asked:
            self.rows.asked = missing
            self.workbench.work(self._fetch(self.rows.data, missing), "rows")

    async def _fetch(self, data: Data, offsets: Sequence[int]) -> None:
        for offset in offsets:
            page = await self.workbench.link.ask(Bench.rows, data, offset, PAGE)
            if data is self.rows.data:
                self.rows.take(page)
                self.query_one("#rows", Table).repaint()

    @on(Table.Chosen, "#columns")
    def _chosen(self) -> None:
        self.action_role()
