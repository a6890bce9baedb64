"""What can be done on the Explore screen: another run, user, item; ratings of one's own; how each view is shown."""

from __future__ import annotations

import itertools
import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from cfbench.answers import Measure, Scored
from cfbench.bench.interface import Bench
from cfbench.errors import BadInput
from cfbench.tui import acting
from cfbench.tui.commands import Command
from cfbench.tui.dialogs.asking import Asking
from cfbench.tui.dialogs.choosing import Choice, Choosing
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.explore import equal, taking, telling, views
from cfbench.tui.screens.explore.panes import BiasTable, MapPane, StepPane, TabPane

if TYPE_CHECKING:
    from cfbench.tui.screens.explore.screen import ExploreScreen

CHOICES = 50
"""Users or titles that are listed to choose from; what is typed narrows them."""

LEAST = (1, 5, 20, 50)
"""Ratings that an item has at least."""

DIVERSITY = (0.0, 0.3, 0.6)
MEASURES: tuple[Measure, ...] = ("cosine", "dot", "euclid")
AXES = tuple(itertools.combinations(range(1, 5), 2))
ROWS = (1, 2, 4, 8)
LRS = (0.0, 0.01, 0.1)

ACTIONS = (
    Command(
        "explore.view", "t", "next view", "the next view: recommended, rate for me, biases, map, cross-tab, step …"
    ),
    Command("explore.newest", "n", "newest", "read what the run has learned since"),
    Command("explore.user", "u", "user", "recommend for another user"),
    Command("explore.rate", "a", "rate", "rate a title yourself; recommendations for you come at once"),
    Command(
        "explore.like",
        "enter",
        "like this",
        "the items nearest to the one under the cursor, or chosen on the map; of a cell its sum",
    ),
    Command("explore.item", "i", "similar", "the items nearest to another item; it stands out on the map"),
    Command("explore.unrate", "x", "unrate", "take your rating under the cursor back"),
    Command("explore.least", "m", "ratings", "leave out what has few ratings: fewer than 5, 20, 50"),
    Command(
        "explore.filter", "slash", "filter", "recommend only items that fulfil a condition: genre=Drama, title~war"
    ),
    Command("explore.diversity", "d", "vary", "recommend what is less like one another: not, somewhat, more"),
    Command("explore.hide", "h", "seen", "rank what was rated too, and back"),
    Command("explore.measure", "s", "measure", "how likeness is measured: cosine, dot product, distance"),
    Command("explore.of", "o", "item/user", "biases and map of users instead of items, and back"),
    Command("explore.axes", "c", "axes", "two other components of the map"),
    Command("explore.colour", "f", "colour", "colour the map by a field of the items"),
    Command("explore.batch", "b", "batch", "the next batch of the step"),
    Command("explore.rows", "B", "rows", "more rows in the batch of the step: 1, 2, 4, 8"),
    Command("explore.start", "v", "from", "step from what was learned instead of the first values, and back"),
    Command("explore.rate_of_step", "l", "lr", "another learning rate for the step: the schedule's, 0.01, 0.1"),
    Command("explore.sweep", "w", "sweep", "train it with other numbers of factors, to see how many would do"),
    Command("explore.take", "X", "take", "write factors, recommendations or a report to files"),
    Command("explore.run", "r", "run", "another run"),
)

_ONLY_IN: dict[str, tuple[str, ...]] = {
    "unrate": ("mine",),
    "diversity": ("recommended",),
    "hide": ("recommended",),
    "filter": ("recommended",),
    "measure": ("nearest", "around"),
    "of": ("biases", "map", "around"),
    "axes": ("map",),
    "colour": ("map",),
    "batch": ("step",),
    "rows": ("step",),
    "start": ("step",),
    "rate_of_step": ("step",),
    "sweep": ("spectrum", "told"),
}
"""Commands that need a panel in sight."""


class Commands:
    """Actions of the screen."""

    @property
    def _screen(self) -> ExploreScreen:
        return cast("ExploreScreen", self)

    def live(self, command: Command) -> bool:
        """Return whether a command can be done now: all but another run need factors, some a panel in sight."""
        screen = self._screen
        run = screen.workbench.workspace.front_run
        if command.verb == "run":
            return bool(screen.workbench.workspace.runs)
        if run is None or not run.epochs_done:
            return False
        if command.verb == "newest":
            return run.epochs_done != screen.about.read
        if command.verb == "like":
            return self._under_cursor() is not None or isinstance(screen.focused, MapPane | TabPane)
        if command.verb == "unrate":
            return screen.focused is not None and screen.focused.id == "mine" and bool(screen.about.mine)
        if command.verb == "colour" and screen.about.of == "user":
            return False
        return command.verb not in _ONLY_IN or any(name in screen.shown for name in _ONLY_IN[command.verb])

    def _under_cursor(self) -> Scored | None:
        table = self._screen.focused
        if isinstance(table, BiasTable):
            return table.chosen if self._screen.about.of == "item" else None
        if not isinstance(table, Table) or table.id not in ("recommended", "nearest"):
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
            return [Choice(one.label, telling.named(one), telling.ratings(one.count)) for one in answers]

        return Choosing(title, find, hint="part of a label" if field == "user" else "part of a title")

    def action_user(self) -> None:
        """Choose a user to recommend for."""
        screen = self._screen

        def take(user: str | None) -> None:
            if user:
                screen.about.user, screen.about.me = user, False
                screen.view = views.RECOMMEND
                screen.query_one("#recommended", Table).cursor = 0
                screen.turn_to("recommended")

        screen.app.push_screen(self._search("user", "recommend for", {}), take)

    def action_item(self) -> None:
        """Choose an item to compare with."""
        found: dict[str, Scored] = {}

        def take(label: str | None) -> None:
            if label:
                self._compare(found[label])

        self._screen.app.push_screen(self._search("title", "nearest to", found), take)

    def action_like(self) -> None:
        """Show the items nearest to the one under the cursor; of a cell of the cross-tab its sum."""
        screen = self._screen
        if isinstance(screen.focused, TabPane):
            screen.explaining_cell = True
            if screen.wide:
                screen.view = views.TAB
            screen.turn_to("why")
        elif isinstance(screen.focused, MapPane):
            screen.turn_to("around")
        elif item := self._under_cursor():
            self._compare(item)

    def _compare(self, item: Scored) -> None:
        screen = self._screen
        screen.choose_item(item)
        if not any(name in screen.shown for name in ("nearest", "map", "around")):
            screen.turn_to("nearest")

    def action_run(self) -> None:
        """Bring another run forward."""
        bench = self._screen.workbench
        acting.choose(bench, "explore another run", bench.bring_forward, self._screen.run)

    # -- ratings of one's own --

    def action_rate(self) -> None:
        """Rate a title; the next title is asked for until esc."""
        screen = self._screen
        found: dict[str, Scored] = {}

        def take(label: str | None) -> None:
            if label:
                one = found[label]
                name = one.title if one.title and _alone(one, found) else one.label
                asking = Asking(f"your rating of {telling.named(one)}", hint="such as 4", taken=_a_rating)
                screen.app.push_screen(asking, rate(name))

        def rate(name: str) -> Callable[[str | None], None]:
            def keep(typed: str | None) -> None:
                if typed and typed.strip():
                    screen.about.mine = {**screen.about.mine, name: float(typed)}
                    self._mine_changed()

            return keep

        screen.app.push_screen(self._search("title", "rate a title", found), take)

    def action_unrate(self) -> None:
        """Take the rating under the cursor back."""
        screen = self._screen
        names = list(screen.about.mine)
        cursor = screen.query_one("#mine", Table).cursor
        if cursor < len(names):
            screen.about.mine = {name: screen.about.mine[name] for name in names if name != names[cursor]}
            self._mine_changed()

    def _mine_changed(self) -> None:
        screen = self._screen
        screen.about.me, screen.view = True, views.MINE
        if not screen.about.mine:
            screen.asked["recommended"].forget()
            screen.asked["why"].forget()
        screen.query_one("#mine", Pane).repaint()
        screen.workbench.keeper.soon()
        if screen.wide:
            screen.place()
        elif not {"mine", "recommended"} & set(screen.shown):
            screen.turn_to("recommended")
        else:
            screen.sync()

    # -- how it is shown --

    def action_view(self) -> None:
        """Go to the next view."""
        self._screen.turn(1)

    def action_of(self) -> None:
        """Show biases and map of users instead of items, and back."""
        screen = self._screen
        screen.about.of = "user" if screen.about.of == "item" else "item"
        screen.about.window = None
        screen.query_one("#biases", Pane).title = f"{screen.about.of} biases"
        screen.place()

    def action_least(self) -> None:
        """Leave out what has few ratings."""
        about = self._screen.about
        about.least = LEAST[(LEAST.index(about.least) + 1) % len(LEAST)]
        self._screen.sync()

    def action_filter(self) -> None:
        """Recommend only what fulfils a condition."""
        screen = self._screen

        def conditions(typed: str) -> tuple[str, ...]:
            return tuple(part.strip() for part in typed.split(";") if part.strip())

        def take(typed: str | None) -> None:
            if typed is not None:
                screen.about.where = conditions(typed)
                screen.sync()

        async def taken(typed: str) -> None:
            await self._would_answer("recommended", where=conditions(typed))

        hint = "genres=Drama; title~war   ; between two, nothing shows all"
        screen.app.push_screen(Asking("recommend only", "; ".join(screen.about.where), hint, taken), take)

    def action_diversity(self) -> None:
        """Recommend what is less like one another."""
        about = self._screen.about
        about.diversity = DIVERSITY[(DIVERSITY.index(about.diversity) + 1) % len(DIVERSITY)]
        self._screen.sync()

    def action_hide(self) -> None:
        """Rank what was rated too, and back."""
        self._screen.about.seen = not self._screen.about.seen
        self._screen.sync()

    def action_measure(self) -> None:
        """Measure likeness otherwise."""
        about = self._screen.about
        about.measure = MEASURES[(MEASURES.index(about.measure) + 1) % len(MEASURES)]
        self._screen.sync()

    def action_axes(self) -> None:
        """Show two other components on the map."""
        about = self._screen.about
        about.axes, about.window = AXES[(AXES.index(about.axes) + 1) % len(AXES)], None
        self._screen.sync()

    def action_colour(self) -> None:
        """Colour the map by a field."""
        screen = self._screen

        def take(typed: str | None) -> None:
            if typed is not None:
                screen.about.field = typed.strip()
                screen.asked["map"].error = ""
                screen.sync()

        async def taken(typed: str) -> None:
            await self._would_answer("map", field=typed.strip())

        hint = "a field of the items that the run knows   nothing takes the colours away"
        screen.app.push_screen(Asking("colour by", screen.about.field, hint, taken), take)

    async def _would_answer(self, name: str, **changed: Any) -> None:
        """Ask with something else of the subject; raises CfbenchError where the bench refuses that."""
        screen = self._screen
        size = screen.query_one(f"#{name}", Pane).size
        question = replace(screen.about, **changed).question(name, size.width, size.height - 1)
        if question is not None:
            await screen.workbench.link.ask(question.method, **question.arguments)

    def action_batch(self) -> None:
        """Take the next batch."""
        self._screen.about.batch += 1
        self._anew()

    def action_rows(self) -> None:
        """Take more rows at once."""
        about = self._screen.about
        about.rows, about.batch = ROWS[(ROWS.index(about.rows) + 1) % len(ROWS)], 0
        self._anew()

    def action_start(self) -> None:
        """Start from what was learned, or from the first values."""
        about = self._screen.about
        about.start = "trained" if about.start == "untrained" else "untrained"
        self._anew()

    def action_rate_of_step(self) -> None:
        """Take another learning rate."""
        about = self._screen.about
        about.lr = LRS[(LRS.index(about.lr) + 1) % len(LRS)]
        self._anew()

    def _anew(self) -> None:
        self._screen.query_one("#step", StepPane).stage = 0
        self._screen.sync()

    def action_newest(self) -> None:
        """Read what the run has learned since."""
        self._screen.follow_run(anew=True)

    # -- work that takes longer --

    def action_sweep(self) -> None:
        """Train the experiment with other numbers of factors."""
        screen = self._screen

        async def start(typed: str) -> None:
            if not typed.strip():
                return
            try:
                numbers = [int(part) for part in typed.split(",")]
            except ValueError:
                raise BadInput(f"'{typed}' is no list of whole numbers, such as 2,4,8") from None
            started = await screen.workbench.link.ask(Bench.sweep, screen.run, numbers)
            screen.workbench.say(f"{len(started)} runs were started; n reads what they reached, 5 lists them")

        screen.app.push_screen(Asking("train with these numbers of factors", "2,4,8,16,32", "2,4,8", start))

    def action_take(self) -> None:
        """Write what was learned to files."""
        taking.choose(self._screen.workbench, self._screen.run)

    def equal(self) -> str:
        """Return the command that shows what the focused panel does."""
        screen, panel = self._screen, self._screen.focused_panel()
        return shlex.join(
            ["cfbench", *equal.command(panel.id or "" if panel else "", screen.about, screen.run or "last")]
        )


async def _a_rating(typed: str) -> None:
    """Raise BadInput where something else than a number was typed."""
    try:
        number = float(typed.strip() or 0)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadInput(f"'{typed}' is no rating: give a number, such as 4")


def _alone(one: Scored, found: dict[str, Scored]) -> bool:
    """Return whether no other label that was found bears a title."""
    return sum(other.title == one.title for other in found.values()) == 1
