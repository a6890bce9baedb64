"""The Model screen: what is trained and how, what it will cost, and the experiment that comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from textual import on
from textual.widget import Widget

from cfbench.bench.interface import Bench
from cfbench.errors import CfbenchError
from cfbench.experiment import Experiment
from cfbench.tui.commands import Command
from cfbench.tui.draft import Draft
from cfbench.tui.draft import Line as TomlLine
from cfbench.tui.drawing.lines import Line, text
from cfbench.tui.parts.chart import Chart, ChartPane
from cfbench.tui.parts.form import Form, Heading
from cfbench.tui.parts.pane import Pane
from cfbench.tui.screens.model import costs, rates
from cfbench.tui.screens.model.commands import Commands
from cfbench.tui.screens.model.costs import Estimate
from cfbench.tui.screens.model.known import KEYS, Known, Refusal
from cfbench.tui.screens.model.listing import Listing
from cfbench.tui.screens.model.rates import LrTest
from cfbench.tui.settings import Setting
from cfbench.tui.shell.screen import WorkScreen
from cfbench.tui.workspace import short_name

PAUSE = 0.4
"""Seconds without a change before the bench is asked what the experiment costs."""


class ModelScreen(Commands, WorkScreen):
    """Sets up model, optimizer, schedule, loss and training of the experiment."""

    MODE, NAME, SHORT = "model", "Model", "Model"
    ACTIONS = (
        Command("model.edit", "enter", "edit", "change the chosen setting", "edit_setting"),
        Command("model.train", "t", "train", "train this, and watch it"),
        Command("model.queue", "a", "queue", "train this when its turn comes, and stay here"),
        Command("model.model", "m", "model", "another model", "choose('model')"),
        Command("model.optimizer", KEYS["optimizer"], "optimizer", "another optimizer", "choose('optimizer')"),
        Command("model.schedule", KEYS["schedule"], "", "another schedule of the learning rate", "choose('schedule')"),
        Command("model.loss", KEYS["loss"], "", "another loss", "choose('loss')"),
        Command("model.sampler", KEYS["sampler"], "", "another sampler of negatives", "choose('sampler')"),
        Command("model.metrics", KEYS["metrics"], "", "what is measured after each epoch", "metrics"),
        Command("model.find_lr", "f", "lr", "find a learning rate: it grows for some steps; once more: the schedule"),
        Command("model.take_lr", "F", "", "take the learning rate that was found"),
        Command("model.write", "v", "TOML", "the experiment as text"),
        Command("model.undo", "u", "undo", "take the last change back"),
        Command("model.find", "slash", "find", "show only settings with some text"),
        Command("model.differences", "d", "", "what differs from the run in front"),
        Command("model.export", "e", "", "write the experiment to a TOML file"),
    )
    WIDE = (
        (
            0,
            (
                (-6, (("model", 0), ("learning", 0))),
                (-5, (("cost", 9), ("schedule", 0))),
                (-4, (("experiment", 0),)),
            ),
        ),
    )
    PAGES = ((("model", 9), ("learning", 0)), (("cost", 9), ("schedule", 0)), (("experiment", 0),))

    def __init__(self) -> None:
        super().__init__()
        self.wanted = ""
        self.estimate = Estimate()
        self.lr_test = LrTest()
        self.refusals: Sequence[Refusal] = ()
        self.base: Experiment | None = None
        self._base_run: str | None = None
        self._toml: Sequence[TomlLine] = ()

    def panels(self) -> Iterable[Widget]:
        """Yield the two forms, the cost, the curve and the TOML."""
        yield Form("model", self._model_form, id="model", notes=lambda: self._change("m"), empty=self._no_settings)
        yield Form(
            "optimizer", self._learning_form, id="learning", notes=lambda: self._change("w"), empty=self._no_settings
        )
        yield Pane("cost", self._cost, id="cost")
        yield ChartPane("schedule", self._curve, id="schedule")
        yield Listing("experiment", lambda: self._toml, id="experiment", notes=self._base_notes)

    # -- what it is about --

    @property
    def draft(self) -> Draft | None:
        """The experiment being set up."""
        return self.workbench.workspace.draft

    @property
    def known(self) -> Known | None:
        """The draft and what is installed, once both are there."""
        catalogue = self.workbench.workspace.catalogue
        return Known(self.draft, catalogue, self.wanted) if self.draft and catalogue else None

    def _model_form(self) -> Sequence[Setting | Heading]:
        return self.known.model_form() if self.known else []

    def _learning_form(self) -> Sequence[Setting | Heading]:
        return self.known.learning_form() if self.known else []

    def _change(self, key: str) -> Line:
        if self.wanted:
            return [text(f"/ {self.wanted}", "b")]
        return [(f"{key} change", "dim")] if self.draft else []

    def _no_settings(self) -> Line:
        if self.draft is None:
            return [("no data yet: ", "dim"), ("1", "b"), (" opens them", "dim")]
        if self.known is None:
            return [("looking at the plugins …", "dim")]
        if self.wanted:
            return [("no setting has that text: ", "dim"), ("/", "b"), (" changes it", "dim")]
        return [("it has no settings", "dim")]

    def _cost(self, width: int, height: int) -> list[Line]:
        if self.known is None:
            return [[("  – ", "dim")]]
        return costs.panel(self.estimate, bool(self.refusals), self.known.title("optimizer"), height)

    def _curve(self) -> Chart:
        if self.lr_test.asked is not None:
            return rates.curve(self.lr_test)
        title = self.known.title("schedule") if self.known else ""
        return costs.curve(self.estimate, bool(self.refusals) or self.draft is None, title)

    def _base_notes(self) -> Line:
        return [("~", "warn"), (" differs", "dim")] if self.base else []

    @property
    def base_name(self) -> str:
        """What the experiment is compared with."""
        return short_name(self._base_run) if self._base_run else "the defaults"

    def answer(self, width: int) -> list[Line]:
        """Say what it will cost, or what is refused."""
        if self.draft is None:
            return [self._no_settings()]
        if self.known is None:
            return [[("looking at the plugins …", "dim")]]
        differing = sum(line.was is not None for line in self._toml)
        return [
            costs.answer(self.known.title("model"), self.estimate, self.refusals, width),
            costs.circumstances(
                self.workbench.workspace.profile,
                self.estimate.cost,
                differing,
                self.base_name if self.base else "",
                width,
            ),
        ]

    # -- drawing --

    def show(self) -> None:
        """Draw everything anew, and ask what is not known yet."""
        self._update(drawn=("answer", "foot", "model", "learning", "cost", "schedule", "experiment"))

    def _update(self, drawn: Sequence[str]) -> None:
        workspace, known = self.workbench.workspace, self.known
        refused, self.refusals = bool(self.refusals), known.refusals() if known else ()
        self._toml = self.draft.changed_lines(self.base) if self.draft else ()
        if known:
            self.query_one("#model", Form).title = f"model  {known.title('model')}"
            self.query_one("#learning", Form).title = f"optimizer  {known.title('optimizer')}"
        self._ask_cost()
        if self.lr_test.asked is not None and (self.draft is None or self.draft.experiment != self.lr_test.asked):
            self.lr_test.forget()
            drawn = (*drawn, "schedule")
        self.query_one("#schedule", ChartPane).title = "schedule" if self.lr_test.asked is None else "loss by lr"
        if self.draft and self._base_run != workspace.front:
            self._base_run = workspace.front
            self.workbench.work(self._find_base(workspace.front), "base")
        curve = ("schedule",) if refused != bool(self.refusals) else ()
        for name in (*drawn, *curve):
            pane = self.query_one(f"#{name}", Pane)
            if pane.display:
                pane.repaint()

    def changed(self, topic: str) -> None:
        """Follow the draft, the plugins, and which run is in front; what runs do is shown elsewhere."""
        if topic == "draft":
            self._update(drawn=("answer", "model", "learning", "cost", "experiment"))
        elif topic in ("plugins", "data") or (
            topic in ("front", "runs") and self._base_run != self.workbench.workspace.front
        ):
            self.show()
        elif topic == "link":
            if self.estimate.error and self.workbench.link.state.phase == "connected":
                self.estimate.asked = None
                self._ask_cost()
            self.query_one("#answer", Pane).repaint()

    @on(Form.Moved)
    def _moved(self, event: Form.Moved) -> None:
        self.query_one("#experiment", Listing).keep_in_sight(event.setting.path)

    # -- asking the bench --

    async def _find_base(self, front: str) -> None:
        """Find what the experiment is compared with: the run in front, or what one starts from."""
        self.base = None
        if front:
            self.base = await self.workbench.link.ask(Bench.experiment, front)
        elif self.draft and self.draft.experiment:
            self.base = Draft(await self.workbench.link.ask(Bench.template, self.draft.experiment.data)).experiment
        self.show()

    def _ask_cost(self) -> None:
        experiment = self.draft.experiment if self.draft and self.known else None
        if experiment is None or self.refusals or experiment == self.estimate.asked:
            return
        self.estimate.asked, self.estimate.old = experiment, True
        self.workbench.work(self._estimate(experiment), "cost")

    async def _estimate(self, experiment: Experiment) -> None:
        await asyncio.sleep(PAUSE)
        link, estimate = self.workbench.link, self.estimate
        try:
            estimate.checked = await link.ask(Bench.check, experiment, "")
            estimate.rates = await link.ask(Bench.rates, estimate.checked)
            estimate.error = ""
            self.query_one("#schedule", Pane).repaint()
            estimate.cost = await link.ask(Bench.cost, estimate.checked)
        except CfbenchError as error:
            estimate.error = str(error)
        estimate.old = False
        for name in ("cost", "schedule", "answer", "foot"):
            self.query_one(f"#{name}", Pane).repaint()

    async def find_lr(self, experiment: Experiment) -> None:
        """Ask the bench for a learning-rate test of an experiment, and draw it."""
        test, link = self.lr_test, self.workbench.link
        try:
            found = await link.ask(Bench.find_lr, await link.ask(Bench.check, experiment, ""))
            error = ""
        except CfbenchError as refused:
            found, error = None, str(refused)
        if test.asked == experiment:
            test.found, test.error = found, error
            for name in ("schedule", "foot"):
                self.query_one(f"#{name}", Pane).repaint()

    # -- commands --

    def live(self, command: Command) -> bool:
        """Return whether a command can be done now: most need an experiment."""
        if command.action == "choose('sampler')":
            return self.known is not None and self.known.draws
        if command.verb == "take_lr":
            return self.lr_test.suggestion is not None
        return self.draft is not None and (command.verb != "differences" or bool(self._base_run))

    def back(self) -> None:
        """List all settings again."""
        if self.wanted and not self.zoomed:
            self.wanted = ""
            self.show()
        else:
            super().back()
