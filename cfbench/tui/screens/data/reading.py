"""Reading data for the Data screen: their beginning at once, then all of them; a page of rows when it is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from textual import on
from textual.timer import Timer

from cfbench.answers import DataProfile, Preview
from cfbench.bench.interface import Bench
from cfbench.errors import CfbenchError
from cfbench.experiment import Data
from cfbench.tui.draft import Draft
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.data import opening, telling
from cfbench.tui.screens.data.rows import PAGE, Rows
from cfbench.tui.shell.screen import WorkScreen

_LARGE = 8_000_000
"""Bytes from which reading takes so long that the beginning is shown meanwhile."""


class Reading(WorkScreen):
    """What the Data screen asks the bench for.

    Attributes:
        rows: those of the data that the profile is of.
        asked: the draft's [data] that was read last, well or not.
        failed: data that could not be opened, for which no experiment was set up.
        error: why they, or the draft's, can't be read.
        busy: what is waited for.
        preview: the beginning of files that are being read for the first time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows()
        self.asked = Data()
        self.failed: Data | None = None
        self.error: CfbenchError | None = None
        self.preview: Preview | None = None
        self.busy = ""
        self._pause: Timer | None = None

    # -- what it is about --

    @property
    def draft(self) -> Draft | None:
        """The experiment being set up."""
        return self.workbench.workspace.draft

    @property
    def data(self) -> Data:
        """The table [data] of the experiment."""
        return opening.data_of(self.draft)

    # -- reading --

    def follow(self) -> None:
        """Read the data of the experiment where they are not those that were read last."""
        if self.data.source and self.data != self.asked:
            self.workbench.work(self._read(self.data), "data")

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
            await self._look(data)
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

    async def _look(self, data: Data) -> None:
        """Show the beginning of the files while all of them are read."""
        preview = await self.workbench.link.ask(Bench.sample, data)
        if preview.size < _LARGE:
            return
        self.preview = preview
        rows, columns = self.query_one("#rows", Table), self.query_one("#columns", Table)
        rows.columns = telling.preview_columns(preview)
        rows.cursor = rows.top = 0
        columns.columns = telling.column_columns(preview.columns)
        self.show()

    def _wait(self, data: Data) -> None:
        self.busy = f"reading {', '.join(opening.sources(data))} …"
        for pane in ("#answer", "#rows"):
            self.query_one(pane, Pane).repaint()

    def _refuse(self, error: CfbenchError, failed: Data | None) -> None:
        self.busy, self.error, self.failed, self.preview = "", error, failed, None
        self.query_one("#rows", Table).columns = telling.row_columns(self.workbench.workspace.profile)
        self.show()

    def _take(self, profile: DataProfile, data: Data) -> None:
        self.busy, self.error, self.failed, self.preview = "", None, None, None
        self.workbench.workspace.profile = profile
        table = self.query_one("#rows", Table)
        table.columns = telling.row_columns(profile)
        table.cursor = table.top = 0
        self.query_one("#columns", Table).columns = telling.column_columns(profile.columns)
        self.rows.start(data, profile.kept, self.rows.order)

    def back(self) -> None:
        """Forget data that could not be opened, show all rows again, or leave a zoom."""
        if self.failed:
            self.error = self.failed = None
            self.show()
        elif self.rows.contains:
            self.want(self.rows.order, "")
        else:
            super().back()

    # -- rows --

    def want(self, order: str, contains: str) -> None:
        """Show the rows in another order, or only those that hold a text."""
        profile, table = self.workbench.workspace.profile, self.query_one("#rows", Table)
        if profile is None:
            return
        self.rows.start(self.rows.data, profile.kept, order, contains)
        table.cursor = table.top = 0
        table.repaint()

    @on(Table.Wanted, "#rows")
    def _wanted(self) -> None:
        table = self.query_one("#rows", Table)
        if self.preview is not None:
            return
        missing = self.rows.missing(table.top, table.top + table.room)
        if missing and missing != self.rows.asked:
            self.rows.asked = missing
            self.workbench.work(self._fetch(self.rows.data, missing), "rows")

    async def _fetch(self, data: Data, offsets: Sequence[int]) -> None:
        order, contains = self.rows.order, self.rows.contains
        for offset in offsets:
            page = await self.workbench.link.ask(Bench.rows, data, offset, PAGE, order, contains)
            if data is self.rows.data and (order, contains) == (self.rows.order, self.rows.contains):
                self.rows.take(page)
                self.query_one("#rows", Table).repaint()
