"""What can be done on the Loader screen: another splitter, seed, batch or field; labels to search; undo."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, cast

from cfbench.tui.commands import Command
from cfbench.tui.dialogs.choosing import Choosing
from cfbench.tui.draft import Draft
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.loader import choices, experiments
from cfbench.tui.screens.loader.labels import labels_of

if TYPE_CHECKING:
    from cfbench.tui.screens.loader.screen import LoaderScreen

ACTIONS = (
    Command("loader.use", "enter", "use", "take the splitter, list the labels, or go on to the model"),
    Command("loader.roll", "r", "roll seed", "another seed, drawn at random"),
    Command("loader.next_batch", "n", "next batch", "the next batch of the first epoch", "batch(1)"),
    Command("loader.previous_batch", "b", "", "the batch before", "batch(-1)"),
    Command("loader.how", "w", "splitter", "go to the ways to split the rows", "reach('how')"),
    Command("loader.fields", "f", "fields", "go to the further fields that a batch may hold", "reach('fields')"),
    Command("loader.classes", "c", "classes", "go to the fields that have labels, to search them", "reach('classes')"),
    Command("loader.switch", "space", "", "take the splitter; use the field as labels, as numbers, or not at all"),
    Command("loader.undo", "u", "undo", "take the last change back"),
)

SEEDS = 10_000
"""Seeds that are drawn are below this: short enough to say aloud."""


class Commands:
    """Actions of the screen."""

    @property
    def _screen(self) -> LoaderScreen:
        return cast("LoaderScreen", self)

    @property
    def panel(self) -> str:
        """The id of the panel with the focus."""
        focused = self._screen.focused_panel()
        return focused.id or "" if focused else ""

    def _cursor(self, table: str, rows: int) -> int:
        """Return the row under a table's cursor; the table may have been longer when it was drawn."""
        return min(self._screen.query_one(f"#{table}", Table).cursor, rows - 1)

    def live(self, command: Command) -> bool:
        """Return whether a command can be done now: most need an experiment."""
        screen = self._screen
        if screen.draft is None:
            return False
        if command.verb in ("next_batch", "previous_batch"):
            return screen.preview is not None and not screen.seen.stale
        return command.verb != "switch" or self.panel in ("how", "fields")

    def action_use(self) -> None:
        """Take the splitter under the cursor, list a field's labels, or go on to the model."""
        screen = self._screen
        if self.panel == "classes" and screen.labelled:
            self._list_labels(screen.labelled[self._cursor("classes", len(screen.labelled))][0])
        elif self.panel != "how" or not self._take_splitter():
            screen.workbench.action_go("model")

    def action_switch(self) -> None:
        """Take the splitter, or use the field as the next thing."""
        if self.panel == "how":
            self._take_splitter()
        elif self._screen.fields:
            self._switch_field()

    def _take_splitter(self) -> bool:
        """Take the splitter under the cursor; return False where it was taken already."""
        screen, known = self._screen, self._screen.catalogue
        if known is None or not screen.splitters:
            return False
        splitter = screen.splitters[self._cursor("how", len(screen.splitters))]
        if splitter == screen.splitter:
            return False
        if reason := choices.unfit(splitter, screen.workbench.workspace.profile):
            screen.workbench.say(f"{splitter.title} {reason}", "warn")
        else:
            screen.workbench.edit(lambda draft: draft.choose("splitter", splitter.full_name, known))
        return True

    def _switch_field(self) -> None:
        screen = self._screen
        field = screen.fields[self._cursor("fields", len(screen.fields))]
        if role := choices.taken(field, screen.workbench.workspace.profile):
            screen.workbench.say(
                f"{field.name} is the name of the {role} too: name the columns of {field.table}", "warn"
            )
            return

        def change(draft: Draft) -> None:
            for path, names in choices.switched(field, screen.data, screen.fields).items():
                draft.set(path, names)

        screen.workbench.edit(change)

    def action_reach(self, panel: str) -> None:
        """Go to a panel."""
        self._screen.turn_to(panel)

    def action_roll(self) -> None:
        """Draw another seed."""
        experiment = self._screen.experiment
        if experiment:
            path = experiments.seed_path(experiment)
            self._screen.workbench.edit(lambda draft: draft.set(path, secrets.randbelow(SEEDS)))

    def action_batch(self, steps: int) -> None:
        """Show another batch of the first epoch."""
        screen, seen = self._screen, self._screen.seen
        if seen.preview and seen.asked and 1 <= seen.preview.batch_number + steps <= seen.preview.steps_an_epoch:
            screen.workbench.work(screen.see(seen.asked, seen.preview.batch_number + steps, 0.0), "loader")

    def _list_labels(self, field: str) -> None:
        screen = self._screen
        finder = labels_of(screen.workbench.link, screen.data, field)
        say = screen.workbench.say
        screen.app.push_screen(Choosing(f"labels of {field}", finder), lambda told: say(told) if told else None)

    def equal(self) -> str:
        """Return the commands that show the same."""
        screen = self._screen
        if screen.experiment is None:
            return "cfbench experiment show EXPERIMENT.toml --batch"
        return experiments.command(screen.experiment, screen.catalogue, screen.workbench.workspace.host)
