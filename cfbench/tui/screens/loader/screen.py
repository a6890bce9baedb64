"""The Loader screen: the splitter's form, what training will see of the rows, a batch in words, classes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from textual import on
from textual.widget import Widget

from cfbench.answers import LoaderPreview
from cfbench.bench.interface import Bench
from cfbench.errors import CfbenchError
from cfbench.experiment import Data, Experiment
from cfbench.registry.declarations import Declaration
from cfbench.tui.commands import Command
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.draft import Draft
from cfbench.tui.drawing.lines import Line, Span, text
from cfbench.tui.parts.fields import Heading
from cfbench.tui.parts.form import Form
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Column, Table
from cfbench.tui.screens.loader import telling
from cfbench.tui.screens.loader.fields import Field, fields_of, turned
from cfbench.tui.settings import Setting, settings_of, settings_of_table
from cfbench.tui.shell.screen import WorkScreen

_PAUSE = 0.3
_ROWS = 60


class LoaderScreen(WorkScreen):
    """Shows what the loader makes of the data, and lets it be changed."""

    MODE, NAME, SHORT = "loader", "Loader", "Load"
    ACTIONS = (
        Command("loader.splitter", "w", "splitter", "another way to split the rows"),
        Command("loader.roll", "r", "roll seed", "another seed, so another split"),
        Command("loader.batch", "n", "next batch", "show the next batch", "batch(1)"),
        Command("loader.batch_before", "b", "", "show the batch before", "batch(-1)"),
        Command("loader.field", "space", "", "turn the chosen field: not used, categorical, continuous"),
        Command("loader.classes", "c", "classes", "search the labels of a field and their codes"),
        Command("loader.undo", "u", "undo", "take the last change back"),
        Command("loader.use", "enter", "use", "go on to the model"),
    )
    WIDE = (
        (8, ((0, (("parts", 0),)),)),
        (0, ((44, (("split", -2), ("fields", 0))), (0, (("batch", 0),)), (36, (("classes", 0),)))),
    )
    PAGES = ((("parts", 7), ("batch", 0)), (("split", 0), ("fields", 6)), (("classes", 0),))

    def __init__(self) -> None:
        super().__init__()
        self.preview: LoaderPreview | None = None
        self.refused = ""
        self.stale = True
        self.number = 1
        self._previewed: Experiment | None = None

    def panels(self) -> Iterable[Widget]:
        """Yield the panels."""
        yield Pane("parts", self._parts, id="parts", notes=self._seed)
        yield Form("split and batches", self._settings, id="split")
        columns = [Column("", 1), Column("field", 0), Column("read as", 16, ">")]
        yield Table("fields", columns, self._field, lambda: len(self._fields), id="fields", empty=self._no_fields)
        yield Pane("batch in words", self._batch, id="batch", notes=self._which)
        heads = [Column("classes", 0), Column("labels", 9, ">")]
        yield Table("classes", heads, self._class, lambda: len(self._labelled), id="classes", empty=self._empty)

    # -- what it is about --

    @property
    def draft(self) -> Draft | None:
        """The experiment being set up."""
        return self.workbench.workspace.draft

    @property
    def _data(self) -> Data:
        return self.draft.experiment.data if self.draft and self.draft.experiment else Data()

    @property
    def _splitter(self) -> Declaration | None:
        catalogue = self.workbench.workspace.catalogue
        if self.draft is None or catalogue is None:
            return None
        try:
            return catalogue.find("splitter", self.draft.plugin("splitter"))
        except CfbenchError:
            return None

    @property
    def _fields(self) -> Sequence[Field]:
        return fields_of(self.workbench.workspace.profile, self._data, self.preview)

    @property
    def _labelled(self) -> Sequence[tuple[str, int]]:
        return list(self.preview.classes.items()) if self.preview else []

    # -- what the panels show --

    def _parts(self, width: int, height: int) -> list[Line]:
        return self._dimmed(telling.parts(self.preview, width)) if self.preview else [[("  ", ""), *self._empty()]]

    def _batch(self, width: int, height: int) -> list[Line]:
        return self._dimmed(telling.batch(self.preview, width, height)) if self.preview else []

    def _dimmed(self, lines: list[Line]) -> list[Line]:
        return [[(words, "dim") for words, _ in line] for line in lines] if self.stale else lines

    def _seed(self) -> Line:
        seed = self.draft.experiment.seed_of("split") if self.draft and self.draft.experiment else ""
        return [("seed ", "dim"), (str(seed), "")] if seed != "" else []

    def _which(self) -> Line:
        return [(f"{self.preview.batch_number:,} of {self.preview.steps_an_epoch:,}", "dim")] if self.preview else []

    def _settings(self) -> Sequence[Setting | Heading]:
        splitter = self._splitter
        loader = settings_of_table("loader")
        if splitter is None:
            return loader
        own = settings_of(splitter, "splitter")
        return [Heading(splitter.title, splitter.summary), *own, Heading("batches"), *loader]

    def _field(self, n: int) -> Sequence[Span]:
        return self._fields[n].row()

    def _no_fields(self) -> Line:
        return [("no further columns", "dim")] if self.workbench.workspace.profile else self._empty()

    def _class(self, n: int) -> Sequence[Span]:
        name, labels = self._labelled[n]
        return [text(name), (f"{labels:,}", "")]

    def _empty(self) -> Line:
        if self.draft is None:
            return [("no data yet: ", "dim"), ("1", "b"), (" opens them", "dim")]
        return [("not to be split as it is set up", "dim")] if self.refused else [("splitting …", "dim")]

    def answer(self, width: int) -> list[Line]:
        """Say what training will see, or why it can't be split so."""
        splitter = self._splitter
        named = f"{splitter.title}: {splitter.summary}" if splitter else ""
        lines = self._dimmed(telling.answer(self.preview, named)) if self.preview else [self._empty()]
        return [[("✗ ", "bad"), text(self.refused)], *lines[:1]] if self.refused else lines

    # -- keeping up --

    def on_mount(self) -> None:
        """Split the rows of the draft."""
        super().on_mount()
        self._ask()

    def on_screen_resume(self) -> None:
        """Split again where the experiment changed meanwhile."""
        super().on_screen_resume()
        self._ask()

    def changed(self, topic: str) -> None:
        """Split again when the experiment says something else of data, splitter or loader."""
        if topic == "draft":
            self._ask()
        if topic in ("draft", "data", "plugins", "link"):
            self.show()

    def _ask(self) -> None:
        if self.draft is None or not self.is_mounted:
            return
        experiment = self.draft.experiment
        self.refused = next(self._refusals(), "")
        if experiment is None:
            self.refused = str(self.draft.problem)
        elif _part(experiment) != self._previewed:
            self.stale = True
            self.workbench.work(self._look(experiment), "preview")

    def _refusals(self) -> Iterator[str]:
        for path, typed in (self.draft.refused if self.draft else {}).items():
            if path.startswith(("splitter", "loader", "data")):
                yield f"{path}: {typed.reason}"

    async def _look(self, experiment: Experiment) -> None:
        await asyncio.sleep(_PAUSE if self.preview else 0)
        try:
            checked = await self.workbench.link.ask(Bench.check, experiment)
            self.preview = await self.workbench.link.ask(Bench.preview, checked, _ROWS, self.number)
        except CfbenchError as error:
            self.refused = str(error)
        else:
            self._previewed, self.stale, self.refused = _part(experiment), False, ""
        self.show()

    # -- commands --

    def live(self, command: Command) -> bool:
        """Everything here needs data."""
        if command.verb == "field":
            return self.query_one("#fields").has_focus and bool(self._fields)
        return self.draft is not None

    def action_splitter(self) -> None:
        """Choose another splitter."""
        catalogue, profile = self.workbench.workspace.catalogue, self.workbench.workspace.profile
        if catalogue is None or self.draft is None:
            return
        choices = []
        for splitter in catalogue.of_kind("splitter"):
            fits = not (splitter.facts.get("needs_time") and profile and profile.time_first is None)
            note = splitter.summary if fits else "needs a time column, and the data have none"
            choices.append(Choice(splitter.name, splitter.title, note, allowed=fits))

        def take(name: str | None) -> None:
            if name:
                self.workbench.edit(lambda draft: draft.choose("splitter", name, catalogue))

        now = self.draft.plugin("splitter").rpartition(":")[2]
        self.app.push_screen(Choosing("how to split", among(choices), current=now), take)

    def action_roll(self) -> None:
        """Take the next seed for the split."""
        if self.draft and self.draft.experiment:
            seed = self.draft.experiment.seed_of("split") + 1
            self.workbench.edit(lambda draft: draft.set("experiment.seeds.split", seed))

    def action_batch(self, step: int) -> None:
        """Show another batch."""
        if self.preview and self.draft and self.draft.experiment:
            self.number = (self.number - 1 + step) % self.preview.steps_an_epoch + 1
            self.workbench.work(self._look(self.draft.experiment), "preview")

    def action_field(self) -> None:
        """Turn the chosen field."""
        table = self.query_one("#fields", Table)
        for path, value in turned(self._fields[table.cursor], self._data).items():
            self.workbench.edit(lambda draft, path=path, value=value: draft.set(path, value))  # type: ignore[misc]

    @on(Table.Chosen, "#classes")
    def action_classes(self) -> None:
        """Search the labels of the chosen field."""
        if not self._labelled:
            return
        field = self._labelled[min(self.query_one("#classes", Table).cursor, len(self._labelled) - 1)][0]

        async def find(typed: str) -> Sequence[Choice]:
            page = await self.workbench.link.ask(Bench.labels, self._data, field, typed, 0, 200)
            return [Choice(label, label, f"code {code:,}") for code, label in page.labels]

        self.app.push_screen(Choosing(f"labels of {field}", find, hint="part of a label"))

    def action_undo(self) -> None:
        """Take the last change back."""
        undone: list[str | None] = []
        self.workbench.edit(lambda draft: undone.append(draft.undo()))
        self.workbench.say(undone[0] if undone and undone[0] else "there is nothing to undo")

    def action_use(self) -> None:
        """Go on to the model."""
        self.workbench.action_go("model")

    def equal(self) -> str:
        """Return the command that shows the same."""
        return "cfbench experiment show experiment.toml --batch"


def _part(experiment: Experiment) -> Experiment:
    """Return what the split depends on: everything else as it is by default."""
    return msgspec.structs.replace(
        Experiment(),
        data=experiment.data,
        splitter=experiment.splitter,
        loader=experiment.loader,
        experiment=experiment.experiment,
    )
