"""What the Model screen's commands do: choosing plugins, text, undo, differences, a file, a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from cfbench.bench.interface import Bench
from cfbench.experiment import COMPONENTS, Component
from cfbench.registry.catalogue import Catalogue
from cfbench.tui.dialogs.asking import Asking
from cfbench.tui.dialogs.choosing import Choosing, among
from cfbench.tui.dialogs.reading import Reading
from cfbench.tui.draft import Draft
from cfbench.tui.drafting import choosing
from cfbench.tui.drawing.lines import Line, columns
from cfbench.tui.parts.form import Form
from cfbench.tui.screens.model.comparing import command_line, differences
from cfbench.tui.screens.model.known import Known
from cfbench.tui.shell.strips import Foot
from cfbench.tui.workspace import short_name

if TYPE_CHECKING:
    from cfbench.tui.screens.model.screen import ModelScreen


class Commands:
    """Actions of the screen; each is about the experiment being set up."""

    _starting = False
    _written: tuple[Path, str] | None = None

    @property
    def _screen(self) -> ModelScreen:
        return cast("ModelScreen", self)

    @property
    def _set_up(self) -> tuple[Draft, Catalogue, Known] | None:
        workspace = self._screen.workbench.workspace
        if workspace.draft is None or workspace.catalogue is None:
            return None
        return workspace.draft, workspace.catalogue, Known(workspace.draft, workspace.catalogue)

    # -- changing it --

    def action_edit_setting(self) -> None:
        """Open the chosen setting of the form that has the focus, else of the model's."""
        panel = self._screen.focused_panel()
        if not isinstance(panel, Form):
            self._screen.turn_to("model")
            panel = self._screen.query_one("#model", Form)
        panel.action_open_field()

    def action_choose(self, table: str) -> None:
        """Choose another plugin for a table."""
        if self._set_up is None:
            return
        _, catalogue, known = self._set_up
        if table == "sampler" and not known.draws:
            self._screen.workbench.say(f"the loss {known.title('loss')} draws no items", "warn")
            return
        current = known.plugin(table)

        def take(name: str | None) -> None:
            if name:
                self._screen.workbench.edit(lambda draft: draft.choose(table, name, catalogue))

        title = f"{table} instead of {known.title(table)}"
        chooser = Choosing(title, among(known.plugins(table)), current=current.full_name if current else "")
        self._screen.app.push_screen(chooser, take)

    def action_metrics(self, current: str = "") -> None:
        """Choose metrics one by one, until esc."""
        if self._set_up is None:
            return
        _, catalogue, known = self._set_up

        def take(name: str | None) -> None:
            if name:
                self._screen.workbench.edit(lambda draft: _switch_metric(draft, catalogue, name))
                self.action_metrics(name)

        title = "metrics: enter takes one in, or leaves it out"
        self._screen.app.push_screen(Choosing(title, among(known.metric_choices()), current=current), take)

    def action_write(self) -> None:
        """Edit the TOML as text."""
        if self._set_up is None:
            return
        from cfbench.tui.screens.model.writing import Writing, problem_in  # its editor takes long to import

        draft, catalogue, _ = self._set_up

        def problem(toml: str) -> str:
            tried = Draft(toml)
            refusals = Known(tried, catalogue).refusals()
            return problem_in(tried, refusals[0].path, refusals[0].reason) if refusals else ""

        def take(toml: str | None) -> None:
            if toml is not None and toml != draft.text:
                self._screen.workbench.edit(lambda draft: draft.edit(toml))

        self._screen.app.push_screen(Writing(draft.text, problem), take)

    def action_find(self) -> None:
        """Ask for the text that settings must have."""

        def take(typed: str | None) -> None:
            if typed is not None:
                self._screen.wanted = typed.strip()
                self._screen.show()

        self._screen.app.push_screen(
            Asking("find a setting", self._screen.wanted, "part of a name, a word of its help"), take
        )

    # -- its learning rate --

    def action_find_lr(self) -> None:
        """Start a learning-rate test, or show the schedule again."""
        screen = self._screen
        if screen.lr_test.asked is not None:
            screen.lr_test.forget()
        elif screen.refusals or screen.draft is None or screen.draft.experiment is None:
            screen.workbench.say("this can't be trained as it is", "bad")
            return
        else:
            screen.lr_test.asked = screen.draft.experiment
            screen.workbench.work(screen.find_lr(screen.draft.experiment), "lr")
        screen.turn_to("schedule")
        screen.show()

    def action_take_lr(self) -> None:
        """Write the suggested learning rate into the experiment."""
        found = self._screen.lr_test.suggestion
        if found is not None:
            self._screen.workbench.edit(lambda draft: draft.set("optimizer.lr", found))
            self._screen.workbench.say(f"optimizer.lr = {found:g}; u takes it back")

    # -- looking at it --

    def action_differences(self) -> None:
        """Show in which settings the experiment and the run in front differ."""
        screen, checked = self._screen, self._screen.estimate.checked
        if screen.base is None or checked is None or screen.refusals or screen.estimate.old:
            screen.workbench.say("this can be told once the cost is known", "warn")
            return
        found = differences(checked, screen.base)
        named = max((len(path) for path, _, _ in found), default=0)
        lines: list[Line] = [columns([("setting", named, "<"), ("here", 20, "<"), (screen.base_name, 20, "<")], "dim")]
        lines += [columns([(path, named, "<"), (ours, 20, "<"), (theirs, 20, "<")]) for path, ours, theirs in found]
        nothing: list[Line] = [[("nothing differs", "dim")]]
        screen.app.push_screen(Reading(f"what differs from {screen.base_name}", lines if found else nothing))

    def equal(self) -> str:
        """Return the command that trains the same: with the file that was written, else with all that differs."""
        if self._set_up is None:
            return "cfbench train data.source=demo"
        draft, _, known = self._set_up
        if self._written and self._written[1] == draft.text:
            return f"cfbench train {self._written[0].name}"
        if draft.experiment is None:
            return "cfbench train experiment.toml"
        plugins = {table: known.plugin(table) for table in COMPONENTS}
        defaults = {
            table: {key: schema["default"] for key, schema in plugin.properties.items()}
            for table, plugin in plugins.items()
            if plugin
        }
        return command_line(draft.experiment, defaults)

    def action_export(self) -> None:
        """Write the experiment to a TOML file in the folder where the workbench was started."""
        workbench = self._screen.workbench
        if workbench.workspace.draft is None:
            return
        place, toml = _free_place(), workbench.workspace.draft.text
        try:
            place.write_text(toml, encoding="utf-8")
        except OSError as error:
            workbench.say(f"this can't be written here ({error.strerror}): {Path.cwd()}", "bad")
        else:
            self._written = place, toml
            workbench.say(f"written: {place}")

    # -- training it --

    def action_train(self) -> None:
        """Start a run and watch it."""
        self._start(watch=True)

    def action_queue(self) -> None:
        """Start a run, which waits for its turn, and stay here."""
        self._start(watch=False)

    def _start(self, watch: bool) -> None:
        screen = self._screen
        if self._starting or screen.draft is None:
            return
        if screen.refusals:
            screen.workbench.say(f"this can't be trained: {screen.refusals[0].sentence}", "bad")
            return
        self._starting = True
        screen.workbench.work(self._run(screen.draft, watch), "start")

    async def _run(self, draft: Draft, watch: bool) -> None:
        workbench = self._screen.workbench
        try:
            workbench.say("the data are read and split …")
            assert draft.experiment is not None
            checked = await workbench.link.ask(Bench.check, draft.experiment, "")
            started = await workbench.link.ask(Bench.start, checked)
            before = len(workbench.workspace.living())
            workbench.workspace.runs[started[0]] = await workbench.link.ask(Bench.run, started[0])
        finally:
            self._starting = False
        name = short_name(started[0])
        if watch:
            workbench.bring_forward(started[0])
            self._screen.query_one("#foot", Foot).say("")
            workbench.action_go("train")
        else:
            waits = f", with {before} before it" if before else ""
            workbench.say(f"{name} is in line{waits}: 5 shows it")


def _switch_metric(draft: Draft, catalogue: Catalogue, name: str) -> None:
    """Measure a metric, or no longer."""
    chosen = catalogue.find("metric", name)
    metrics = [Component(str(m["name"]), {k: v for k, v in m.items() if k != "name"}) for m in draft.get("metrics", [])]
    kept = [metric for metric in metrics if choosing.found(catalogue, "metric", metric.name) != chosen]
    draft.set_metrics(kept if len(kept) < len(metrics) else [*metrics, choosing.component(chosen, None, {}, catalogue)])


def _free_place() -> Path:
    place = Path.cwd() / "experiment.toml"
    number = 1
    while place.exists():
        number += 1
        place = place.with_stem(f"experiment-{number}")
    return place
