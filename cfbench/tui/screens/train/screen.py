"""The Train screen: whether the run in front learns, and for how long still; pausing, stopping, resuming it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from cfbench.answers import RunSummary
from cfbench.tui.commands import Command
from cfbench.tui.drawing.lines import Line
from cfbench.tui.followed import FollowedRun
from cfbench.tui.parts.chart import Chart, ChartPane
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.train import charts, progress
from cfbench.tui.screens.train.doing import Doing
from cfbench.tui.screens.train.epochs import epoch_table, log_lines
from cfbench.tui.shell import layout
from cfbench.tui.shell.strips import Foot
from cfbench.tui.workspace import ALIVE

_ENDED_EARLY = ("stopped", "failed", "lost")


class TrainScreen(Doing):
    """Shows the run in front as it learns."""

    MODE, NAME, SHORT = "train", "Train", "Train"
    ACTIONS = (
        Command("train.pause", "space", "pause", "pause the run after its batch"),
        Command("train.go_on", "space", "go on", "let the paused run go on"),
        Command("train.resume", "x", "resume", "start a worker again, from the last checkpoint"),
        Command("train.stop", "s", "stop", "stop the run with a checkpoint; a second key makes sure"),
        Command("train.metric", "m", "metric", "the next metric"),
        Command("train.log_scale", "l", "log y", "a logarithmic scale, and back"),
        Command("train.crosshair", "k", "crosshair", "a crosshair on the loss; the arrows move it"),
        Command("train.smooth", "w", "smooth", "smooth the train loss more, or not at all"),
        Command("train.front", "r", "run", "another run in front"),
        Command("train.pin", "p", "pin", "pin a run, so that it is drawn on top, or take its pin away"),
        Command("train.worker_log", "L", "log", "what the run's worker printed"),
    )
    WIDE = (
        (-3, ((-3, (("loss", 0),)), (-2, (("metric", 0),)))),
        (-2, ((-3, (("epochs", 0),)), (-2, (("rate", 0),)))),
        (5, ((0, (("happened", 0),)),)),
    )
    KEPT = ("page", "metric", "log_y", "smoothing")
    PAGES = ((("why", 5), ("loss", 0), ("epochs", 7)), (("metric", 0), ("rate", 8)), (("happened", 0),))

    def __init__(self) -> None:
        super().__init__()
        self.metric = ""
        self.log_y = False
        self.smoothing = 0.0
        self._troubled = False
        self._epochs = epoch_table(None, None)

    def panels(self) -> Iterable[Widget]:
        """Yield the charts, the table and the log."""
        yield ChartPane("loss", self._loss, id="loss")
        yield ChartPane("metric", self._metric, id="metric")
        yield Table(
            "epochs",
            self._epochs.columns,
            lambda number: self._epochs.row(number),
            lambda: len(self._epochs.epochs),
            id="epochs",
            notes=lambda: [("newest first", "dim")],
            empty=self._no_epochs,
        )
        yield ChartPane("learning rate", self._rate, id="rate")
        why = Pane("why", lambda width, height: progress.why(self.run, width), id="why")
        why.can_focus = False
        yield why
        yield Pane("log", lambda width, height: log_lines(self.past, width, height), id="happened")

    # -- what it is about --

    @property
    def past(self) -> FollowedRun | None:
        """What is known of its events."""
        return self.workbench.workspace.front_history

    @property
    def _in_trouble(self) -> bool:
        return self.run is not None and self.run.state in progress.TROUBLE

    def _others(self) -> Sequence[tuple[RunSummary, FollowedRun]]:
        shared = self.workbench.workspace
        return charts.others_of(shared.runs, shared.followed, shared.front, shared.marks)

    def answer(self, width: int) -> list[Line]:
        """Say how far it is."""
        return progress.answer(self.run, self.past, width)

    def _loss(self) -> Chart:
        if self.run is None:
            return Chart(empty=[("no run yet", "dim")])
        best = progress.best_of(self.run, self.past)
        smoothing = self.smoothing if self.smoothing in charts.SMOOTHINGS else 0.0  # it may come from a file
        return charts.loss_chart(self.run, self.past, best, log=self.log_y, smoothing=smoothing)

    def _metric(self) -> Chart:
        if self.run is None:
            return Chart(empty=[])
        return charts.metric_chart(self.run, self.past, self._metric_name(), self._others(), log=self.log_y)

    def _rate(self) -> Chart:
        return charts.rate_chart(self.run, self.past) if self.run else Chart(empty=[])

    def _metric_name(self) -> str:
        known = charts.metric_names(self.past)
        return self.metric if self.metric in known else known[0]

    def _no_epochs(self) -> Line:
        if self.run is None:
            return progress.NOWHERE[0]
        return [("no epoch is done yet", "dim")] if self.past else [("reading what happened …", "dim")]

    # -- drawing --

    def page_list(self) -> list[layout.Stack]:
        """Return the pages; only a reason that the one line of the answer can't hold has a panel of its own."""
        stacks = [[place for place in stack if place[0] != "why" or self._troubled] for stack in self.PAGES]
        return layout.pages(stacks, self.size.height)

    def place(self) -> None:
        """Put the panels in their places, which depend on whether something went wrong."""
        self._troubled = self._in_trouble
        super().place()

    def show(self) -> None:
        """Draw what is in sight anew."""
        if self._troubled != self._in_trouble:
            self.place()
        best = progress.best_of(self.run, self.past) if self.run else None
        before, self._epochs = self._epochs, epoch_table(self.past, best)
        table = self.query_one("#epochs", Table)
        table.columns = self._epochs.columns
        if table.cursor:  # it was moved: it stays on its epoch
            table.cursor += max(0, self._epochs.newest - before.newest)
        self.query_one("#metric", Pane).title = self._metric_name()
        for pane in self.query(Pane):
            if pane.display:
                pane.repaint()

    def changed(self, topic: str) -> None:
        """Draw the charts when events came, and only the sentences when summaries did."""
        if topic == "front" or (topic == "runs" and self._troubled != self._in_trouble):
            self.show()
        elif topic in ("runs", "link"):
            self.query_one("#answer", Pane).repaint()
            self.query_one("#foot", Foot).repaint()
            self.query_one("#metric", Pane).repaint()

    # -- commands --

    def live(self, command: Command) -> bool:
        """Return whether a command can be done with the run in front."""
        state = self.run.state if self.run else ""
        match command.verb:
            case "pause":
                return state == "running"
            case "go_on":
                return state == "paused"
            case "stop":
                return state in ALIVE
            case "resume":
                return state in _ENDED_EARLY
            case "crosshair":
                return bool(state) and not isinstance(self.focused, ChartPane)
            case _:
                return bool(state)

    def footer_commands(self) -> list[Command]:
        """Return the commands that the footer names; the crosshair's is the chart's own where that has the focus."""
        named = [command for command in self.ACTIONS if command.verb == "crosshair" or self.live(command)]
        return named if self.run else []

    def action_metric(self) -> None:
        """Show the next metric."""
        known = charts.metric_names(self.past)
        self.metric = known[(known.index(self._metric_name()) + 1) % len(known)]
        self.show()

    def action_log_scale(self) -> None:
        """Switch between a linear and a logarithmic scale."""
        self.log_y = not self.log_y
        self.show()

    def action_smooth(self) -> None:
        """Smooth the train loss more, or not at all."""
        self.smoothing = next((more for more in charts.SMOOTHINGS if more > self.smoothing), 0.0)
        self.show()

    def action_crosshair(self) -> None:
        """Show the crosshair of the loss, so that the arrows move it."""
        if not self.query_one("#loss").display:
            self.turn_to("loss")
        chart = self.query_one("#loss", ChartPane)
        chart.focus(scroll_visible=False)
        if not chart.crossed:
            chart.action_crosshair()

    def back(self) -> None:
        """Take the crosshair away first."""
        crossed = [chart for chart in self.query(ChartPane) if chart.crossed]
        for chart in crossed:
            chart.action_crosshair()
        if not crossed:
            super().back()

    def equal(self) -> str:
        """Return the command that shows the same."""
        return f"cfbench runs watch {self.run.id}" if self.run else "cfbench train EXPERIMENT.toml"
