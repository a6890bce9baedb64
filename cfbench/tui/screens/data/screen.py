"""The Data screen: rows in titles, what columns are read as, how ratings are spread, what was dropped and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import on
from textual.widget import Widget

from cfbench.answers import Column, DataProfile
from cfbench.errors import CfbenchError
from cfbench.tui.drawing.areas import tail, times
from cfbench.tui.drawing.bars import histogram
from cfbench.tui.drawing.lines import Line, Span, inset, text
from cfbench.tui.parts.form import Form
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.data import doctor, opening, places, telling
from cfbench.tui.screens.data.commands import ACTIONS, Commands
from cfbench.tui.screens.data.consequences import of_choices
from cfbench.tui.screens.data.reading import Reading
from cfbench.tui.settings import Setting, settings_of_table
from cfbench.tui.shell import layout

PAUSE = 0.3
"""Seconds without a change before the data are read anew."""

_POLICIES = (
    *("data.duplicates", "data.missing", "data.min_user", "data.min_item", "data.items.by"),
    *("data.zero", "data.at_least", "data.values"),
)


class DataScreen(Commands, Reading):
    """Shows the data of the experiment being set up."""

    MODE, NAME, SHORT = "data", "Data", "Data"
    ACTIONS = ACTIONS
    PAGES = places.pages(None)

    def panels(self) -> Iterable[Widget]:
        """Yield the panels."""
        yield Table(
            "rows", telling.row_columns(None), self._row,
            lambda: len(self.preview.rows) if self.preview else self.rows.total, id="rows",
            notes=self._place, empty=self._no_rows,
        )  # fmt: skip
        yield Pane("doctor", self._doctor, id="doctor", notes=lambda: doctor.warnings(self._checks()))
        yield Form(
            "settings", self._settings, id="settings", empty=lambda: [("–", "dim")],
            consequences=lambda setting: of_choices(setting, self.profile) if self.profile else {},
        )  # fmt: skip
        yield Table(
            "columns", telling.column_columns(()), self._column,
            lambda: len(self.columns), id="columns",
            notes=lambda: telling.guesses(self.columns), empty=lambda: [("–", "dim")],
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
    def refusal(self) -> CfbenchError | None:
        """Why the data can't be read as the experiment, or the person, says."""
        return self.error or (self.draft.problem if self.draft else None)

    # -- what the panels show --

    def _row(self, n: int) -> Sequence[Span] | None:
        if self.preview is not None:
            return telling.preview_row(self.preview.rows[n]) if n < len(self.preview.rows) else None
        row = self.rows.row(n)
        return telling.row(row, telling.places(self.profile.targets)) if row and self.profile else None

    @property
    def columns(self) -> Sequence[Column]:
        """The columns of the files, as far as they are known."""
        return self.preview.columns if self.preview else self.profile.columns if self.profile else ()

    def _column(self, n: int) -> Sequence[Span]:
        return telling.column(self.columns[n])

    def _place(self) -> Line:
        return telling.place(self.rows, self.query_one("#rows", Table).cursor + 1)

    def _no_rows(self) -> Line:
        if self.rows.contains:
            return [("no user or title holds this: ", "dim"), ("esc", "b"), (" shows all", "dim")]
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

    @on(Table.Chosen, "#columns")
    def _chosen(self) -> None:
        self.action_role()
