"""The Loader screen: how the rows are split, what training will see of them, what a batch is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from textual import on
from textual.widget import Widget

from cfbench.answers import Column as DataColumn
from cfbench.answers import LoaderPreview
from cfbench.bench.interface import Bench
from cfbench.errors import CfbenchError
from cfbench.experiment import Data, Experiment
from cfbench.registry.catalogue import Catalogue
from cfbench.registry.declarations import Declaration
from cfbench.tui.draft import Draft
from cfbench.tui.drafting.choosing import found
from cfbench.tui.drawing.lines import Line, Span, text
from cfbench.tui.parts.form import Form, Heading
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Column, Table
from cfbench.tui.screens.loader import choices, experiments, telling
from cfbench.tui.screens.loader.commands import ACTIONS, Commands
from cfbench.tui.screens.loader.seen import ROWS, Seen
from cfbench.tui.settings import Setting, settings_of, settings_of_table
from cfbench.tui.shell.screen import WorkScreen

PAUSE = 0.3
"""Seconds without a change before the bench is asked what training will see."""


class LoaderScreen(Commands, WorkScreen):
    """Sets up the split, the batches and the fields of the experiment, and shows what comes of it."""

    MODE, NAME, SHORT = "loader", "Loader", "Load"
    ACTIONS = ACTIONS
    WIDE = (
        (6, ((0, (("split", 0),)),)),
        (
            0,
            (
                (42, (("how", 6), ("settings", 0), ("fields", 5))),
                (0, (("batch", 0), ("tensors", 5))),
                (36, (("checks", 0), ("classes", 6))),
            ),
        ),
    )
    PAGES = (
        (("split", 4), ("how", 5), ("settings", 0)),
        (("batch", 0), ("tensors", 5)),
        (("checks", 8), ("classes", 0), ("fields", 0)),
    )

    def __init__(self) -> None:
        super().__init__()
        self.seen = Seen()

    def panels(self) -> Iterable[Widget]:
        """Yield the panels."""
        yield Pane("split", self._split, id="split", notes=self._seed)
        yield Table(
            "how to split",
            [Column("", 1), Column("", 16), Column("", 0)],
            self._splitter_row,
            lambda: len(self.splitters),
            id="how",
            notes=lambda: [("space takes it", "dim")] if self.splitters else [],
            empty=self._waiting,
        )
        yield Form("settings", self._settings, id="settings", empty=self._waiting)
        yield Pane("batch in words", self._batch, id="batch", notes=self._place)
        yield Pane("batch as tensors", self._tensors, id="tensors")
        yield Pane("checks", self._checks, id="checks", notes=self._warnings)
        yield Table(
            "classes",
            [Column("field", 0), Column("labels", 9, ">")],
            self._label_row,
            lambda: len(self.labelled),
            id="classes",
            notes=lambda: [("enter lists them", "dim")] if self.labelled else [],
            empty=self._waiting,
        )
        yield Table(
            "side fields",
            [Column("", 1), Column("", 0), Column("", 15, ">")],
            self._field_row,
            lambda: len(self.fields),
            id="fields",
            notes=lambda: [("space switches", "dim")] if self.fields else [],
            empty=self._no_fields,
        )

    # -- what it is about --

    @property
    def draft(self) -> Draft | None:
        """The experiment being set up."""
        return self.workbench.workspace.draft

    @property
    def experiment(self) -> Experiment | None:
        """What the draft says, where that is an experiment."""
        return self.draft.experiment if self.draft else None

    @property
    def data(self) -> Data:
        """The table [data] of the experiment."""
        return self.experiment.data if self.experiment else Data()

    @property
    def catalogue(self) -> Catalogue | None:
        """All plugins, once they are listed."""
        return self.workbench.workspace.catalogue

    @property
    def splitters(self) -> Sequence[Declaration]:
        """What can split rows."""
        return self.catalogue.of_kind("splitter") if self.catalogue and self.draft else ()

    @property
    def splitter(self) -> Declaration | None:
        """What splits the rows of the experiment."""
        if self.draft is None or self.catalogue is None:
            return None
        return found(self.catalogue, "splitter", self.draft.plugin("splitter"))

    @property
    def preview(self) -> LoaderPreview | None:
        """What training would have seen when the bench was asked last."""
        return self.seen.preview if self.draft else None

    @property
    def labelled(self) -> list[tuple[str, int]]:
        """Each field that has labels, and how many."""
        return list(self.preview.classes.items()) if self.preview else []

    @property
    def fields(self) -> list[DataColumn]:
        """The columns of the data that a batch may hold besides."""
        return choices.fields_of(self.workbench.workspace.profile) if self.draft else []

    @property
    def refusal(self) -> str:
        """Why training can't see the data so, or nothing."""
        if self.draft is None:
            return ""
        for setting in (*self._settings(), *settings_of_table("data")):
            if isinstance(setting, Setting) and (reason := self.draft.reason(setting)):
                return f"{setting.path}: {reason}"
        return str(self.draft.problem) if self.draft.problem else self.seen.error

    # -- what the panels show --

    def _splitter_row(self, number: int) -> Sequence[Span]:
        splitter = self.splitters[number]
        reason = choices.unfit(splitter, self.workbench.workspace.profile)
        return choices.splitter_row(splitter, splitter == self.splitter, reason)

    def _field_row(self, number: int) -> Sequence[Span]:
        field, profile = self.fields[number], self.workbench.workspace.profile
        role = choices.role_of(field.name, self.data)
        return choices.field_row(field, role, choices.taken(field, profile), dict(self.labelled))

    def _label_row(self, number: int) -> Sequence[Span]:
        return telling.label_row(*self.labelled[number])

    def _settings(self) -> Sequence[Setting | Heading]:
        if self.catalogue is None:
            return []
        splitter = settings_of(self.splitter, "splitter") if self.splitter else []
        seed = [setting for setting in settings_of_table("experiment") if setting.path == "experiment.seed"]
        return [*splitter, *seed, Heading("loader"), *settings_of_table("loader")]

    def _split(self, width: int, height: int) -> list[Line]:
        if self.preview is None:
            return [[("  ", ""), *self._waiting()]]
        return self.seen.drawn(telling.split(self.preview, width, height))

    def _batch(self, width: int, height: int) -> list[Line]:
        return self.seen.drawn(telling.batch(self.preview, width, height)) if self.preview else []

    def _tensors(self, width: int, height: int) -> list[Line]:
        if self.preview is None:
            return []
        profile = self.workbench.workspace.profile
        targets = profile.targets if profile else ()
        return self.seen.drawn(telling.tensors(self.preview, self.data, targets, width))

    def _found(self) -> list[telling.Check]:
        return telling.checks(self.preview) if self.preview else []

    def _checks(self, width: int, height: int) -> list[Line]:
        refused = telling.told([("✗", self.refusal, "")], width) if self.refusal else []
        return [*refused, *self.seen.drawn(telling.told(self._found(), width))]

    def _warnings(self) -> Line:
        return telling.warnings(self._found())

    def _place(self) -> Line:
        return telling.place(self.preview) if self.preview else []

    def _seed(self) -> Line:
        return [("seed ", "dim"), (str(self.experiment.seed_of("split")), "")] if self.experiment else []

    def _waiting(self) -> Line:
        if self.draft is None:
            return [("no data yet: ", "dim"), ("1", "b"), (" opens them", "dim")]
        if self.refusal:
            return [("–", "dim")]
        if self.catalogue is None:
            return [("looking at the plugins …", "dim")]
        return [("reading and splitting the data …", "dim")]

    def _no_fields(self) -> Line:
        return [("the data have no further columns", "dim")] if self.workbench.workspace.profile else self._waiting()

    def answer(self, width: int) -> list[Line]:
        """Say how many rows and batches there are and whether anything leaks, or what is refused."""
        below = telling.circumstances(self.preview, self.splitter, width) if self.preview else []
        if self.refusal:
            return [[("✗ ", "bad"), text(self.refusal)], *self.seen.drawn([below])]
        if self.preview is None:
            return [self._waiting()]
        return self.seen.drawn([telling.answer(self.preview, width), below])

    # -- keeping up --

    def on_mount(self) -> None:
        """Ask what training will see."""
        super().on_mount()
        self.seen.described = self.data if self.workbench.workspace.profile else None
        self.show()

    def show(self) -> None:
        """Draw everything anew, and ask what is not known yet."""
        self._look()
        self._draw()

    def _draw(self) -> None:
        for pane in self.query(Pane):
            if pane.display:
                pane.repaint()

    def changed(self, topic: str) -> None:
        """Follow the draft, the data and the plugins; what runs do is shown elsewhere."""
        if topic in ("draft", "data", "plugins"):
            self.show()
        elif topic == "link":
            if self.seen.error and self.workbench.link.state.phase == "connected":
                self.seen.asked = None
                self._look()
            self.query_one("#answer", Pane).repaint()

    def _look(self) -> None:
        """Ask for a preview where the experiment says something else than that of the last one."""
        if self.experiment is None or self.catalogue is None:
            self.seen.ask(None)
            return
        wanted = experiments.part_of(self.experiment)
        if wanted != self.seen.asked:
            self.seen.ask(wanted)
            self.workbench.work(self.see(wanted, 1, PAUSE if self.preview else 0.0), "loader")

    async def see(self, wanted: Experiment, batch: int, pause: float) -> None:
        """Ask for a preview with a batch, after a pause in which it may turn out not to be wanted any more."""
        await asyncio.sleep(pause)
        link = self.workbench.link
        try:
            checked = await link.ask(Bench.check, wanted, "")
            preview = await link.ask(Bench.preview, checked, ROWS, batch)
        except CfbenchError as error:
            self.seen.refuse(wanted, str(error))
        else:
            self.seen.take(wanted, preview)
        self._draw()
        if self.seen.described != wanted.data and not self.seen.error:
            self.workbench.workspace.profile = await link.ask(Bench.describe, wanted.data)
            self.seen.described = wanted.data
            self.workbench.changed("data")

    def focus_first(self) -> None:
        """Begin with the splitters: the bar above has nothing to choose."""
        how = self.query_one("#how", Table)
        if how.display:
            self.set_focus(how, scroll_visible=False)
        else:
            super().focus_first()

    @on(Table.Chosen)
    def _chosen(self) -> None:
        if self.panel == "fields":
            self.action_switch()
        else:
            self.action_use()
