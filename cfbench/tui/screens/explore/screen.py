"""The Explore screen: biases, recommendations for a user, nearest items, all of the run in front."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from textual import on
from textual.widget import Widget

from cfbench.answers import Ends, Recommendations, Scored
from cfbench.bench.interface import Bench
from cfbench.tui.drawing.lines import Line, Span, text
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.explore import telling
from cfbench.tui.screens.explore.asked import Asked
from cfbench.tui.screens.explore.commands import ACTIONS, COUNT, Commands
from cfbench.tui.shell.screen import WorkScreen
from cfbench.tui.workspace import ALIVE, short_name


class ExploreScreen(Commands, WorkScreen):
    """Shows what the model of the run in front learned."""

    MODE, NAME, SHORT = "explore", "Explore", "Explore"
    ACTIONS = ACTIONS
    WIDE = ((0, ((-5, (("biases", 0),)), (-6, (("recommended", 0), ("nearest", 0))))),)
    PAGES = ((("biases", 0),), (("recommended", 0), ("nearest", 0)))

    def __init__(self) -> None:
        super().__init__()
        self.of: Literal["item", "user"] = "item"
        self.least = 5
        self.user = ""
        self.item: Scored | None = None
        self.ends: Asked[Ends] = Asked()
        self.recommended: Asked[Recommendations] = Asked()
        self.nearest: Asked[list[Scored]] = Asked()
        self.read = ("", 0)
        """The run that was read, and how many epochs it had done then."""

    def panels(self) -> Iterable[Widget]:
        """Yield the three panels."""
        yield Pane("item biases", self._biases, id="biases", notes=lambda: [(telling.at_least(self.least), "dim")])
        yield Table(
            "recommended",
            telling.columns("score", 0, 1),
            lambda n: self._row(n, self.found, 0.5, 2),
            lambda: len(self.found),
            id="recommended",
            notes=lambda: telling.about(self.recommended.answer) if self.recommended.answer else [],
            empty=lambda: self._nothing(self.recommended),
        )
        yield Table(
            "nearest",
            telling.columns("cosine", 0, 1),
            lambda n: self._row(n, self.alike, 0.1, 3),
            lambda: len(self.alike),
            id="nearest",
            notes=lambda: [("to ", "dim"), text(telling.named(self.item), "b")] if self.item else [],
            empty=lambda: self._nothing(self.nearest),
        )

    # -- what the panels show --

    @property
    def found(self) -> Sequence[Scored]:
        """What is recommended, best first."""
        return self.recommended.answer.items if self.recommended.answer else ()

    @property
    def alike(self) -> Sequence[Scored]:
        """The nearest items, nearest first."""
        return self.nearest.answer or ()

    @property
    def run(self) -> str:
        """The id of the run in front."""
        return self.workbench.workspace.front

    @staticmethod
    def _row(number: int, items: Sequence[Scored], step: float, places: int) -> Sequence[Span]:
        return telling.row(number, items[number], telling.axis(items, step), places)

    def _biases(self, width: int, height: int) -> list[Line]:
        if self.ends.error and not self._lacking:
            return telling.refused(self.ends.error, width)
        ends = self.ends.answer
        if ends and ends.top:
            return telling.biases(ends, width, height)
        return [[("  ", ""), *self._nothing(self.ends)]]

    @property
    def _lacking(self) -> Line:
        return telling.without_factors(self.workbench.workspace.front_run)

    def _nothing(self, asked: Asked[Ends] | Asked[Recommendations] | Asked[list[Scored]]) -> Line:
        if self._lacking:
            return self._lacking
        if asked.error:
            return [("✗ ", "bad"), text(asked.error)]
        if asked.answer is not None:
            return [
                text(f"nothing is left {telling.at_least(self.least)}   ", "dim"),
                ("m", "b"),
                (" shows more", "dim"),
            ]
        return [text(f"reading what {short_name(self.run)} learned …", "dim")]

    def answer(self, width: int) -> list[Line]:
        """Say what is best, and what the user should see."""
        run = self.workbench.workspace.front_run
        if run is None or self._lacking:
            return [self._lacking]
        ends, recommended = self.ends.answer, self.recommended.answer
        line = telling.answer(ends, self.of, recommended, width, user_first=not self.wide and self.page > 0)
        below = telling.circumstances(run, self.read[1], self.least, recommended, width)
        return [line if ends or recommended else self._nothing(self.ends), below]

    # -- keeping up --

    def on_mount(self) -> None:
        """Read the run in front."""
        super().on_mount()
        self.follow_run(anew=True)

    def on_screen_resume(self) -> None:
        """Read what the run learned meanwhile."""
        super().on_screen_resume()
        self.follow_run(anew=True)

    def changed(self, topic: str) -> None:
        """Take another run; one that trains is read again only when it is done, or with n: nothing moves by itself."""
        if topic in ("front", "runs"):
            self.follow_run()
        elif topic == "link":
            self.query_one("#answer", Pane).repaint()
            if self.workbench.link.state.phase == "connected" and self.ends.error:
                self.follow_run(anew=True)

    def follow_run(self, anew: bool = False) -> None:
        """Read another run in front at once; the same one when it is done, or `anew` where it has learned more."""
        run = self.workbench.workspace.front_run
        if not self.is_mounted:
            return
        if run is None or run.id != self.read[0]:
            self.user, self.item = "", None
            for asked in (self.ends, self.recommended, self.nearest):
                asked.forget()
            self.read = (run.id if run else "", 0)
            self.show()
        if run is None or not run.epochs_done:
            return
        grown = run.epochs_done != self.read[1]
        if (grown or self.ends.error) and (anew or not self.read[1] or run.state not in ALIVE):
            self.read = (run.id, run.epochs_done)
            self.workbench.work(self.read_all(run.id), "explore")
        elif grown:
            self.query_one("#foot", Pane).repaint()

    async def read_all(self, run: str) -> None:
        """Ask for all three views, one after the other."""
        self.show()
        await self.read_biases(run)
        await self.read_user(run)
        await self.read_item(run)

    async def read_biases(self, run: str) -> None:
        """Ask for the highest and lowest biases."""
        await self.ends.ask(self.workbench.link, Bench.biases, run, self.of, COUNT, self.least)
        self._shown("biases")

    async def read_user(self, run: str) -> None:
        """Ask what to recommend for the user: for the one with most ratings where none was chosen."""
        link = self.workbench.link
        if not self.user:
            users = await link.ask(Bench.search, run, "user", "", 1)
            self.user = users[0].label if users else ""
        await self.recommended.ask(link, Bench.recommend, run, self.user, COUNT, self.least)
        self._shown("recommended", "score", self.found, 0.5)

    async def read_item(self, run: str) -> None:
        """Ask for the items nearest to the chosen one: to the best where none was chosen."""
        link = self.workbench.link
        if self.item is None:
            best = self.ends.answer.top if self.ends.answer and self.of == "item" else ()
            items = list(best) or await link.ask(Bench.search, run, "title", "", 1)
            self.item = items[0] if items else None
        if self.item:
            await self.nearest.ask(link, Bench.similar, run, self.item.label, COUNT, self.least)
        self._shown("nearest", "cosine", self.alike, 0.1)

    def _shown(self, panel: str, measure: str = "", items: Sequence[Scored] = (), step: float = 1.0) -> None:
        """Draw a panel with its new answer, and the sentence above."""
        if measure:
            self.query_one(f"#{panel}", Table).columns = telling.columns(measure, *telling.axis(items, step))
        self.query_one(f"#{panel}", Pane).repaint()
        self.query_one("#answer", Pane).repaint()

    @on(Table.Chosen)
    def _chosen(self) -> None:
        self.action_like()
