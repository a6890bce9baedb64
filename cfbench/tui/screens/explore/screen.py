"""The Explore screen: biases, recommendations for a user, items like an item. Each is asked of the run in front."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Literal

from textual.widget import Widget

from cfbench.answers import Ends, Recommendations, Scored
from cfbench.bench.interface import Bench
from cfbench.errors import CfbenchError
from cfbench.tui.commands import Command
from cfbench.tui.dialogs.choosing import Choice, Choosing, among
from cfbench.tui.drawing.lines import Line, Span, text
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Column, Table
from cfbench.tui.screens.explore import telling
from cfbench.tui.shell.screen import WorkScreen
from cfbench.tui.workspace import short_name

_COUNT = 40
_LEAST = (1, 5, 20, 50)


class ExploreScreen(WorkScreen):
    """Shows what the model of the run in front learned."""

    MODE, NAME, SHORT = "explore", "Explore", "Explore"
    ACTIONS = (
        Command("explore.user", "u", "user", "recommend for another user"),
        Command("explore.item", "i", "item", "items like another item"),
        Command("explore.like", "enter", "like this", "items like the one under the cursor"),
        Command("explore.of", "o", "items/users", "biases of users instead of items, and back"),
        Command("explore.least", "m", "at least", "leave out what has few ratings: 1, 5, 20 or 50"),
        Command("explore.run", "r", "run", "another run"),
    )
    WIDE = ((0, ((-4, (("biases", 0),)), (-4, (("recommended", 0),)), (-4, (("similar", 0),)))),)
    PAGES = ((("biases", 0),), (("recommended", 0),), (("similar", 0),))

    def __init__(self) -> None:
        super().__init__()
        self.of: Literal["item", "user"] = "item"
        self.least = 5
        self.user = ""
        self.item = ""
        self.ends: Ends | None = None
        self.recommended: Recommendations | None = None
        self.alike: Sequence[Scored] = ()
        self.refused: dict[str, str] = {}
        self._asked: tuple[str, int] | None = None
        self._titles: dict[str, str] = {}

    def panels(self) -> Iterable[Widget]:
        """Yield the three panels."""
        yield Pane("biases", self._biases, id="biases", notes=lambda: [(f"{self.of}s, at least {self.least}", "dim")])
        columns = [
            Column("", 2, ">"),
            Column("title", 0),
            Column("score", 6, ">"),
            Column("", 10),
            Column("rated", 6, ">"),
        ]
        yield Table(
            "recommended",
            columns,
            self._recommended,
            self._items,
            id="recommended",
            notes=self._for,
            empty=self._empty("user"),
        )
        alike = [
            Column("", 2, ">"),
            Column("title", 0),
            Column("cosine", 6, ">"),
            Column("", 10),
            Column("rated", 6, ">"),
        ]
        yield Table(
            "similar",
            alike,
            self._alike,
            lambda: len(self.alike),
            id="similar",
            notes=self._to,
            empty=self._empty("item"),
        )

    # -- what the panels show --

    def _biases(self, width: int, height: int) -> list[Line]:
        if self.ends:
            return telling.biases(self.ends, width, height)
        return [[("  ", ""), *self._empty("biases")()]]

    def _items(self) -> int:
        return len(self.recommended.items) if self.recommended else 0

    def _recommended(self, n: int) -> Sequence[Span]:
        assert self.recommended is not None
        items = self.recommended.items
        return telling.row(n, items[n], items[-1].value, items[0].value)

    def _for(self) -> Line:
        return telling.about(self.recommended) if self.recommended else []

    def _alike(self, n: int) -> Sequence[Span]:
        return telling.row(n, self.alike[n], 0.0, 1.0, 3)

    def _to(self) -> Line:
        return [text(f"to {self.item}", "dim")] if self.alike else []

    def _empty(self, part: str):  # type: ignore[no-untyped-def]
        def say() -> Line:
            if part in self.refused:
                return [("✗ ", "bad"), text(self.refused[part])]
            if not self.workbench.workspace.front:
                return [("no run yet: ", "dim"), ("3", "b"), (" sets one up", "dim")]
            return [(f"asking what was learned of {part}s …" if part != "biases" else "asking …", "dim")]

        return say

    def answer(self, width: int) -> list[Line]:
        """Say what people like, and what the user should see."""
        run = self.workbench.workspace.front_run
        if run is None:
            return [self._empty("biases")()]
        line = telling.answer(self.ends, self.recommended)
        state = f"run {short_name(run.id)}  ·  {run.model.rpartition(':')[2]}  ·  after epoch {run.epochs_done}"
        return [line or self._empty("biases")(), [text(state, "dim")]]

    # -- keeping up --

    def on_mount(self) -> None:
        """Ask for the first time."""
        super().on_mount()
        self._ask()

    def on_screen_resume(self) -> None:
        """Ask again where another run is in front, or the run learned more."""
        super().on_screen_resume()
        self._ask()

    def changed(self, topic: str) -> None:
        """Take another run."""
        if topic in ("front", "runs"):
            self._ask()
        if topic == "link":
            self.show()

    def _ask(self, anew: bool = False) -> None:
        run = self.workbench.workspace.front_run
        now = (run.id, run.epochs_done) if run else None
        if now is None or not self.is_mounted or (now == self._asked and not anew):
            return
        if self._asked is None or self._asked[0] != now[0]:
            self.user = self.item = ""
            self.ends, self.recommended, self.alike = None, None, ()
        self._asked = now
        self.workbench.work(self._everything(now[0]), "explore")

    async def _everything(self, run: str) -> None:
        await self._part("biases", self._fetch_biases(run))
        await self._part("user", self._fetch_recommended(run))
        await self._part("item", self._fetch_alike(run))

    async def _part(self, name: str, job) -> None:  # type: ignore[no-untyped-def]
        self.refused.pop(name, None)
        try:
            await job
        except CfbenchError as error:
            self.refused[name] = str(error)
        self.show()

    async def _fetch_biases(self, run: str) -> None:
        self.ends = None
        self.ends = await self.workbench.link.ask(Bench.biases, run, self.of, _COUNT, self.least)

    async def _fetch_recommended(self, run: str) -> None:
        if not self.user:
            users = await self.workbench.link.ask(Bench.search, run, "user", "", 1)
            self.user = users[0].label if users else ""
        self.recommended = None
        self.recommended = await self.workbench.link.ask(Bench.recommend, run, self.user, _COUNT, self.least)

    async def _fetch_alike(self, run: str, label: str = "") -> None:
        if not label and not self.item:
            items = await self.workbench.link.ask(Bench.search, run, "title", "", 1)
            label, self.item = (items[0].label, telling.named(items[0])) if items else ("", "")
        self.alike = ()
        self.alike = await self.workbench.link.ask(Bench.similar, run, label or self.item, _COUNT, self.least)

    # -- commands --

    def live(self, command: Command) -> bool:
        """Everything here needs a run."""
        return bool(self.workbench.workspace.front)

    def _search(self, field: Literal["user", "title"], title: str) -> Choosing:
        async def find(typed: str) -> Sequence[Choice]:
            found = await self.workbench.link.ask(Bench.search, self.workbench.workspace.front, field, typed, 50)
            self._titles |= {one.label: telling.named(one) for one in found}
            return [Choice(one.label, telling.named(one), f"{one.count:,} ratings") for one in found]

        return Choosing(title, find, hint="part of a label")

    def action_user(self) -> None:
        """Choose a user to recommend for."""

        def take(user: str | None) -> None:
            if user:
                self.user = user
                run = self.workbench.workspace.front
                self.workbench.work(self._part("user", self._fetch_recommended(run)), "user")
                self.turn_to("recommended")

        self.app.push_screen(self._search("user", "recommend for"), take)

    def action_item(self) -> None:
        """Choose an item to compare with."""

        def take(label: str | None) -> None:
            if label:
                self._like(label, self._titles.get(label, label))

        self.app.push_screen(self._search("title", "items like"), take)

    def action_like(self) -> None:
        """Show the items like the one under the cursor."""
        table = self.focused
        if isinstance(table, Table) and table.id == "recommended" and self.recommended:
            one = self.recommended.items[table.cursor]
        elif isinstance(table, Table) and table.id == "similar" and self.alike:
            one = self.alike[table.cursor]
        else:
            return
        self._like(one.label, telling.named(one))

    def _like(self, label: str, title: str) -> None:
        self.item = title
        run = self.workbench.workspace.front
        self.workbench.work(self._part("item", self._fetch_alike(run, label)), "item")
        self.turn_to("similar")

    def action_of(self) -> None:
        """Show biases of users instead of items, and back."""
        self.of = "user" if self.of == "item" else "item"
        self.workbench.work(self._part("biases", self._fetch_biases(self.workbench.workspace.front)), "biases")

    def action_least(self) -> None:
        """Leave out what has few ratings."""
        self.least = _LEAST[(_LEAST.index(self.least) + 1) % len(_LEAST)]
        self._ask(anew=True)

    def action_run(self) -> None:
        """Bring another run forward."""
        runs = reversed(self.workbench.workspace.runs.values())
        choices = [Choice(run.id, short_name(run.id), f"{run.state}  {run.id}") for run in runs]
        bring = self.workbench.bring_forward
        self.app.push_screen(Choosing("runs", among(choices)), lambda run: bring(run) if run else None)

    def equal(self) -> str:
        """Return the command that shows what the focused panel does."""
        run, panel = shlex.quote(self.workbench.workspace.front or "last"), self.focused.id if self.focused else ""
        if panel == "recommended":
            return f"cfbench recommend {run} --user {shlex.quote(self.user)} --least {self.least}"
        if panel == "similar":
            return f"cfbench similar {run} --item {shlex.quote(self.item)} --least {self.least}"
        return f"cfbench biases {run} --of {self.of} --least {self.least}"
