"""What can be done on the Explore screen: another run, user, item; what is like the one under the cursor."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, cast

from cfbench.answers import Scored
from cfbench.bench.interface import Bench
from cfbench.tui import acting
from cfbench.tui.commands import Command
from cfbench.tui.dialogs.choosing import Choice, Choosing
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.explore import telling

if TYPE_CHECKING:
    from cfbench.tui.screens.explore.screen import ExploreScreen

COUNT = 40
"""Labels that are asked for in each list."""

CHOICES = 50
"""Users or titles that are listed to choose from; what is typed narrows them."""

LEAST = (1, 5, 20, 50)
"""Ratings that an item has at least."""

VIEWS = ("biases", "recommended", "nearest")

ACTIONS = (
    Command("explore.user", "u", "user", "recommend for another user"),
    Command("explore.item", "i", "similar", "the items nearest to another item"),
    Command("explore.like", "enter", "like this", "the items nearest to the one under the cursor"),
    Command("explore.view", "t", "next view", "the next view: biases, recommended, nearest"),
    Command("explore.of", "o", "item/user", "biases of users instead of items, and back"),
    Command("explore.least", "m", "ratings", "leave out what has few ratings: fewer than 5, 20, 50"),
    Command("explore.newest", "n", "newest", "read what the run has learned since"),
    Command("explore.run", "r", "run", "another run"),
)


class Commands:
    """Actions of the screen."""

    @property
    def _screen(self) -> ExploreScreen:
        return cast("ExploreScreen", self)

    def live(self, command: Command) -> bool:
        """Return whether a command can be done now: all but another run need factors."""
        screen = self._screen
        run = screen.workbench.workspace.front_run
        if command.verb == "run":
            return bool(screen.workbench.workspace.runs)
        if run is None or not run.epochs_done:
            return False
        if command.verb == "newest":
            return run.epochs_done != screen.read[1]
        return command.verb != "like" or self._under_cursor() is not None

    def _under_cursor(self) -> Scored | None:
        table = self._screen.focused
        if not isinstance(table, Table):
            return None
        items = self._screen.found if table.id == "recommended" else self._screen.alike
        return items[table.cursor] if table.cursor < len(items) else None

    # -- another user, item, run --

    def _search(self, field: Literal["user", "title"], title: str, found: dict[str, Scored]) -> Choosing:
        """Return a dialog that asks the bench while one types; what it answers is in `found`."""
        screen = self._screen

        async def find(typed: str) -> Sequence[Choice]:
            answers = await screen.workbench.link.ask(Bench.search, screen.run, field, typed, CHOICES)
            found.update({one.label: one for one in answers})
            answers = sorted(answers, key=lambda one: telling.named(one).casefold() != typed.strip().casefold())
            return [Choice(one.label, telling.named(one), f"{one.count:,} ratings") for one in answers]

        return Choosing(title, find, hint="part of a label" if field == "user" else "part of a title")

    def action_user(self) -> None:
        """Choose a user to recommend for."""
        screen = self._screen

        def take(user: str | None) -> None:
            if user:
                screen.user = user
                screen.query_one("#recommended", Table).cursor = 0
                screen.workbench.work(screen.read_user(screen.run), "explore user")
                screen.turn_to("recommended")

        screen.app.push_screen(self._search("user", "recommend for", {}), take)

    def action_item(self) -> None:
        """Choose an item to compare with."""
        found: dict[str, Scored] = {}

        def take(label: str | None) -> None:
            if label:
                self._compare(found[label])
                self._screen.turn_to("nearest")

        self._screen.app.push_screen(self._search("title", "nearest to", found), take)

    def action_like(self) -> None:
        """Show the items nearest to the one under the cursor."""
        item = self._under_cursor()
        if item:
            self._compare(item)

    def _compare(self, item: Scored) -> None:
        screen = self._screen
        screen.item = item
        nearest = screen.query_one("#nearest", Table)
        nearest.cursor = 0
        screen.workbench.work(screen.read_item(screen.run), "explore item")
        if not nearest.display:
            screen.turn_to("nearest")

    def action_run(self) -> None:
        """Bring another run forward."""
        bench = self._screen.workbench
        acting.choose(bench, "explore another run", bench.bring_forward, self._screen.run)

    # -- what is shown --

    def action_view(self) -> None:
        """Go to the next view."""
        panel = self._screen.focused_panel()
        at = VIEWS.index(panel.id) if panel and panel.id in VIEWS else -1
        self._screen.turn_to(VIEWS[(at + 1) % len(VIEWS)])

    def action_of(self) -> None:
        """Show biases of users instead of items, and back."""
        screen = self._screen
        screen.of = "user" if screen.of == "item" else "item"
        screen.query_one("#biases", Pane).title = f"{screen.of} biases"
        screen.place()
        screen.workbench.work(screen.read_biases(screen.run), "explore biases")

    def action_least(self) -> None:
        """Leave out what has few ratings."""
        screen = self._screen
        screen.least = LEAST[(LEAST.index(screen.least) + 1) % len(LEAST)]
        screen.workbench.work(screen.read_all(screen.run), "explore")

    def action_newest(self) -> None:
        """Read what the run has learned since."""
        self._screen.follow_run(anew=True)

    def equal(self) -> str:
        """Return the command that shows what the focused panel does."""
        screen, panel = self._screen, self._screen.focused_panel()
        run = screen.run or "last"
        what = {
            "recommended": ["recommend", run, "--user", screen.user],
            "nearest": ["similar", run, "--item", screen.item.label if screen.item else ""],
        }.get(panel.id or "" if panel else "", ["biases", run, "--of", screen.of])
        return shlex.join(["cfbench", *what, "-n", str(COUNT), "--least", str(screen.least)])
