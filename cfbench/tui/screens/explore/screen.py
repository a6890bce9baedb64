"""The Explore screen: what the run in front learned, what it recommends and why, and how it got there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from textual import on
from textual.widget import Widget

from cfbench.answers import Recommended, Scored
from cfbench.bench.interface import Bench
from cfbench.tui.drawing.lines import Line, Span, text
from cfbench.tui.parts.pane import Pane
from cfbench.tui.parts.scrolled import Scrolled
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.explore import dims, maps, steps, tab, telling, views, why, wrong
from cfbench.tui.screens.explore.asked import Asked, Question
from cfbench.tui.screens.explore.commands import ACTIONS, Commands
from cfbench.tui.screens.explore.panes import BiasTable, MapPane, StepPane, TabPane
from cfbench.tui.screens.explore.subject import Subject
from cfbench.tui.shell import layout
from cfbench.tui.shell.screen import WorkScreen
from cfbench.tui.shell.strips import Strip
from cfbench.tui.workspace import ALIVE, short_name

_ALL_AROUND = 25
"""Lines that hold all there is to say around the map; a higher place is filled with neighbours."""


class ExploreScreen(Commands, WorkScreen):
    """Shows what the model of the run in front learned."""

    MODE, NAME, SHORT = "explore", "Explore", "Explore"
    ACTIONS = ACTIONS
    WIDE = views.BANDS[0]
    PAGES = views.PAGES
    KEPT = ("page", "view", "mine")

    def __init__(self) -> None:
        super().__init__()
        self.view = views.RECOMMEND
        self.about = Subject()
        self.explaining_cell = False
        self._asking: tuple[str, Question] | None = None
        self._without_items = False
        self.asked: dict[str, Asked[Any]] = {name: Asked() for name in views.SHOWS}

    @property
    def mine(self) -> dict[str, float]:
        """What the person here rated, title or label -> rating."""
        return self.about.mine

    @mine.setter
    def mine(self, ratings: dict[str, float]) -> None:
        self.about.mine = ratings

    def panels(self) -> Iterable[Widget]:
        """Yield the panels of all views."""
        about = self.about
        yield Strip(self._views, id="views")
        yield Table(
            "recommended", telling.columns("score", 0, 1), self._recommended_row, lambda: len(self.found),
            id="recommended", notes=lambda: telling.about(about, self.answer_of("recommended")),
            empty=lambda: self._nothing("recommended"), stretch=telling.TITLE,
        )  # fmt: skip
        yield Scrolled("why", self._why, id="why", notes=self._why_notes)
        yield Table(
            "rated by you", telling.MINE, lambda n: telling.mine(list(about.mine.items())[n]),
            lambda: len(about.mine), id="mine", empty=lambda: telling.NOTHING_RATED,
        )  # fmt: skip
        yield BiasTable(
            lambda: self.answer_of("biases"), self._no_biases, id="biases",
            notes=lambda: [(telling.at_least(about.least), "dim")],
        )  # fmt: skip
        yield Table(
            "nearest", telling.columns("cosine", 0, 1), lambda n: self._row(n, self.alike, 0.1, 3),
            lambda: len(self.alike), id="nearest",
            notes=lambda: [("to ", "dim"), text(telling.named(about.item), "b")] if about.item else [],
            empty=lambda: self._nothing("nearest"), stretch=telling.TITLE,
        )  # fmt: skip
        yield MapPane(
            lambda: self.answer_of("map"), lambda: about.item.label if about.item else "", id="map",
            empty=lambda: self._nothing("map"),
        )  # fmt: skip
        yield Scrolled("around", self._around, id="around", tall=_ALL_AROUND)
        yield TabPane(lambda: self.answer_of("tab"), id="tab", empty=lambda: self._nothing("tab"))
        yield StepPane(lambda: self.answer_of("step"), id="step", empty=lambda: self._nothing("step"))
        yield Scrolled("spectrum", lambda w, h: self._drawn("spectrum", dims.spectrum, w, h), id="spectrum")
        yield Scrolled("how many factors", lambda w, h: self._drawn("spectrum", dims.told, w, h), id="told")
        yield Scrolled("errors on valid", lambda w, h: self._drawn("wrong", wrong.groups, w, h), id="wrong")
        yield Scrolled("calibration", lambda w, h: self._drawn("wrong", wrong.calibration, w, h), id="calibration")
        yield Table(
            "worst misses", wrong.MISSES, lambda n: wrong.row(self.answer_of("wrong").worst[n]),
            lambda: len(found.worst) if (found := self.answer_of("wrong")) else 0, id="worst",
            empty=lambda: self._nothing("wrong"),
        )  # fmt: skip

    # -- what the panels show --

    def answer_of(self, name: str) -> Any:
        """Return the newest answer of a kind, or None."""
        return self.asked[name].answer

    @property
    def found(self) -> Sequence[Recommended]:
        """What is recommended, best first."""
        answer = self.answer_of("recommended")
        return answer.items if answer else ()

    @property
    def alike(self) -> Sequence[Scored]:
        """The nearest items, nearest first."""
        return self.answer_of("nearest") or ()

    @property
    def run(self) -> str:
        """The id of the run in front."""
        return self.workbench.workspace.front

    def _recommended_row(self, number: int) -> Sequence[Span]:
        return self._row(number, self.found, 0.5, 2)

    @staticmethod
    def _row(number: int, items: Sequence[Scored], step: float, places: int) -> Sequence[Span]:
        return telling.row(number, items[number], telling.axis(items, step), places, telling.any_rated(items))

    def _no_biases(self, width: int) -> list[Line]:
        asked = self.asked["biases"]
        if asked.error and not self._lacking:
            return telling.refused(asked.error, width)
        return [[("  ", ""), *self._nothing("biases")]]

    def _why(self, width: int, height: int) -> list[Line]:
        asked = self.asked["why"]
        if asked.error and not self._lacking:
            return telling.refused(asked.error, width)
        if asked.answer is None:
            return [[("  ", ""), *self._nothing("why")]]
        return why.lines(asked.answer, width - 2, height)

    def _why_notes(self) -> Line:
        found = self.answer_of("why")
        return why.notes(found, self.query_one("#why", Pane).room_for_notes) if found else []

    def _around(self, width: int, height: int) -> list[Line]:
        found = self.answer_of("map")
        if found is None:
            return [[("  ", ""), *self._nothing("map")]]
        return maps.around(found, self.about.item, self.alike, width - 2, height)

    def _drawn(self, name: str, draw: Any, width: int, height: int) -> list[Line]:
        asked = self.asked[name]
        if asked.error and not self._lacking:
            return telling.refused(asked.error, width)
        lines: list[Line] = draw(asked.answer, width, height) if asked.answer else [[("  ", ""), *self._nothing(name)]]
        return lines

    @property
    def _lacking(self) -> Line:
        return telling.without_factors(self.workbench.workspace.front_run)

    def _nothing(self, name: str) -> Line:
        """Return why a panel is empty, and the next key."""
        asked = self.asked[name]
        if self._lacking:
            return self._lacking
        if asked.error:
            return [("✗ ", "bad"), text(asked.error)]
        nothing_to_explain = name == "why" and self.about.pair is None and self.answer_of("recommended") is not None
        if asked.answer is not None or nothing_to_explain:
            return telling.nothing_left(self.about)
        if name in ("recommended", "why") and self.about.me and not self.about.mine:
            return telling.NOTHING_RATED
        return [text(f"reading what {short_name(self.run)} learned …", "dim")]

    def answer(self, width: int) -> list[Line]:
        """Say what the view in sight is about."""
        run = self.workbench.workspace.front_run
        if run is None or self._lacking:
            return [self._lacking]
        about = views.SAYS[self.shown[0]]
        said = self._sentence(about) if self.answer_of(about) is not None else []
        recommended = self.answer_of("recommended") if "recommended" in self.shown else None
        below = telling.circumstances(
            run, self.about, recommended, width, self.answer_of("map") if self._follows else None
        )
        return [said or self._nothing(about), below]

    def _sentence(self, name: str) -> Line:
        """Return what an answer says in a line."""
        found = self.answer_of(name)
        if name == "tab":
            pane = self.query_one("#tab", TabPane)
            return tab.answer(found, pane.row, pane.column)
        if name == "biases":
            return telling.highest(found, self.about.of)
        if name == "nearest":
            return telling.likest(self.about.item, found, self._measure)
        sentences: dict[str, Callable[[Any], Line]] = {
            "recommended": telling.to_see, "why": why.answer, "map": maps.answer,
            "step": steps.sentence, "spectrum": dims.answer, "wrong": wrong.answer,
        }  # fmt: skip
        return sentences[name](found)

    @property
    def _measure(self) -> str:
        return {"euclid": "distance"}.get(self.about.measure, self.about.measure)

    # -- views --

    @property
    def shown(self) -> list[str]:
        """The panels in sight, in reading order."""
        if self.zoomed:
            return [self.zoomed]
        if self.wide:
            return list(views.panels(self.view))
        pages = self.page_list()
        return [name for name, _ in pages[self.page % len(pages)]]

    def place(self) -> None:
        """Put the panels of the view in sight in their places."""
        self.WIDE = views.BANDS[self.view]  # type: ignore[misc]
        super().place()
        strip = self.query_one("#views", Strip)
        strip.display = self.wide and not self.zoomed
        if strip.display:
            around = layout.frame(*self.size)
            self._put(strip, layout.Place(around.inner.x, around.inner.y - 1, around.inner.width, 1))

    def placed(self) -> None:
        """Ask for as much as the panels have room for."""
        self.sync()

    def _views(self, width: int, height: int) -> list[Line]:
        line: Line = [("  ", "")]
        for number, name in enumerate(views.NAMES):
            line += [(" · ", "faint")] * (number > 0)
            line.append((f"[{name}]", "b") if number == self.view else (name, "dim"))
        return [[*line, ("   t next", "dim")]]

    def turn(self, pages: int) -> None:
        """Turn to another view, or page of the narrow form."""
        self.explaining_cell = False
        self._read_on()
        if not self.wide:
            super().turn(pages)
            self.view = self._view_of_page
        elif not self.zoomed:
            self.view = (self.view + pages) % len(views.BANDS)
            self._begin_view()
            self.set_focus(None)
            self.place()

    def turn_to(self, panel: str) -> None:
        """Show what holds a panel, and give it the focus."""
        if panel not in self.shown:
            self._read_on()
        if panel not in views.panels(self.view):
            self.view = views.view_of(panel)
            if self.wide:
                self._begin_view()
        super().turn_to(panel)

    @property
    def _view_of_page(self) -> int:
        """The wide view that is about what the page in sight shows."""
        panel = self.shown[0]
        return views.MINE if self.about.me and panel == "recommended" else views.view_of(panel)

    def on_resize(self) -> None:
        """Show the same view in the other form; what every screen does then comes after this by itself."""
        if self.wide:
            if not self.has_class("-wide"):
                self._begin_view()
        elif self.view != self._view_of_page:
            first = views.panels(self.view)[0]
            self.page = next(n for n, stack in enumerate(self.page_list()) if first in [name for name, _ in stack])

    def focus_first(self) -> None:
        """Give the focus to the first panel of the view."""
        for name in self.shown:
            panel = self.query_one(f"#{name}", Pane)
            if panel.display and panel.focusable:
                self.set_focus(panel, scroll_visible=False)
                return

    def _begin_view(self) -> None:
        if self.view == views.MINE:
            self.about.me = True
        elif self.view == views.RECOMMEND:
            self.about.me = False

    # -- keeping up --

    def on_mount(self) -> None:
        """Read the run in front."""
        super().on_mount()
        # after a dialog panels have their new sizes later than `placed` is told
        self.screen_layout_refresh_signal.subscribe(self, lambda screen: self.sync())
        self._begin_view()
        self.follow_run(anew=True)

    def on_screen_resume(self) -> None:
        """Read what the run learned meanwhile."""
        super().on_screen_resume()
        self.follow_run(anew=True)

    def changed(self, topic: str) -> None:
        """Take another run; the map's own view follows one that trains, the rest is read when it is done, or with n."""
        if topic in ("front", "runs"):
            self.follow_run()
        elif topic == "link":
            self.query_one("#answer", Pane).repaint()
            if self.workbench.link.state.phase == "connected" and any(one.error for one in self.asked.values()):
                self.follow_run(anew=True)

    def follow_run(self, anew: bool = False) -> None:
        """Read another run in front at once; the same one when it is done, or `anew` where it has learned more."""
        run = self.workbench.workspace.front_run
        if not self.is_mounted:
            return
        about = self.about
        if run is None or run.id != about.run:
            about.run, about.read = run.id if run else "", 0
            about.user, about.item, about.pair, about.window = "", None, None, None
            self._without_items = False
            for asked in self.asked.values():
                asked.forget()
            self.show()
        if run is None or not run.epochs_done:
            return
        before = about.run, about.read, about.over, about.live
        if anew:
            for asked in self.asked.values():
                if asked.error:
                    asked.forget()
        about.live, about.over = run.epochs_done, run.state not in ALIVE
        if anew or not about.read or about.over:
            about.read_newest(run)
        now = about.run, about.read, about.over, about.live
        if anew or before != now:
            self.query_one("#foot", Pane).repaint()
            if anew or before[:3] != now[:3] or self._follows:  # else it would only disturb what is being asked
                self.sync()

    def _read_on(self) -> None:
        """Have what comes in sight read of the newest epoch: the bench knows no older one."""
        run = self.workbench.workspace.front_run
        if run is not None and run.id == self.about.run and self.about.read:
            self.about.read_newest(run)

    @property
    def _follows(self) -> bool:
        """Whether the map is what the view is about, so that it follows a training."""
        return self.shown[0] in ("map", "around")

    def sync(self) -> None:
        """Ask for whatever the panels in sight need and do not have; what is being asked goes on while it is wanted."""
        if not self.is_mounted or not self.about.read:
            return
        name, question = self._asking or ("", None)
        wanted = self._question(name) if name in self._needs else None
        if question is None or wanted is None or not question.same(wanted):
            self.workbench.work(self._ask(), "explore")

    @property
    def _needs(self) -> list[str]:
        """The answers that the panels in sight are drawn from, in the order in which they are asked for."""
        return list(dict.fromkeys(need for panel in self.shown for need in views.NEEDS[panel]))

    async def _ask(self) -> None:
        link, about = self.workbench.link, self.about
        if not about.user:
            users = await link.ask(Bench.search, about.run, "user", "", 1)
            about.user = users[0].label if users else ""
        name = ""
        try:
            while self._next(name):
                if self._asking is None:
                    await self._take_an_item(about.run)
                    continue
                name, question = self._asking
                await self.asked[name].ask(link, question)
                self._answered(name)
        finally:
            self._asking = None

    def _next(self, last: str) -> bool:
        """Put what to ask next into `_asking`, None where an item must be chosen first; return whether there is any.

        What was asked `last` waits for the others, so that a fast training does not have one asked again and again.
        """
        self._asking = None
        for name in sorted(self._needs, key=lambda name: name == last):
            if name == "nearest" and self.about.item is None and not self._without_items:
                return True
            question, asked = self._question(name), self.asked[name]
            if name in ("recommended", "why") and question is None and asked.answer is not None:
                asked.forget()
                self._answered(name)
            if question is not None and question != asked.question:
                self._asking = name, question
                return True
        return False

    def _question(self, name: str) -> Question | None:
        """Return what is to be asked for a kind of answer now."""
        self.about.following = self._follows
        if name == "why":
            self.about.pair = self._pair()
        panel = self.query_one(f"#{name}", Pane)
        size = panel.size if panel.display else layout.frame(*self.size).inner
        return self.about.question(name, size.width, size.height - 1)

    async def _take_an_item(self, run: str) -> None:
        """Compare with the best item where none was chosen."""
        biases = self.answer_of("biases")
        best = biases.top if biases and self.about.of == "item" else ()
        items = list(best) or await self.workbench.link.ask(Bench.search, run, "title", "", 1)
        self.about.item = items[0] if items else None
        self._without_items = not items

    def _answered(self, name: str) -> None:
        """Draw the panels of a new answer, and the sentence above; what was typed wrong is said and taken back."""
        error, about = self.asked[name].error, self.about
        if error and name == "map" and about.field:
            about.field = ""
            self.workbench.say(error, "bad")
        elif error and name == "recommended" and (about.where or about.diversity):
            about.where, about.diversity = (), 0.0
            self.workbench.say(error, "bad")
        if name == "recommended":
            ends = telling.axis(self.found, 0.5)
            columns = telling.columns("score", *ends, rated=telling.any_rated(self.found))
            self.query_one("#recommended", Table).columns = columns
        elif name == "nearest":
            columns = telling.columns(self._measure, *telling.axis(self.alike, 0.1))
            self.query_one("#nearest", Table).columns = columns
        for panel in (*views.SHOWS[name], *(["why"] if name == "recommended" and not self.found else [])):
            pane = self.query_one(f"#{panel}", Pane)
            if isinstance(pane, Scrolled) and panel != "around":  # that one may change with each epoch
                pane.to_start()
            else:
                pane.repaint()
        for strip in ("answer", "foot"):
            self.query_one(f"#{strip}", Pane).repaint()

    # -- what the cursor is on --

    def _pair(self) -> tuple[str, str] | None:
        """Return whose prediction of what is explained: of the cell of the cross-tab, or of the recommendation."""
        if self.explaining_cell or (self.wide and self.view == views.TAB):
            return self.query_one("#tab", TabPane).cell
        cursor = self.query_one("#recommended", Table).cursor
        if cursor >= len(self.found):
            return None
        return "" if self.about.me else self.about.user, self.found[cursor].label

    @on(Table.Moved, "#recommended")
    def _recommended_moved(self) -> None:
        self.explaining_cell = False
        self.sync()

    @on(TabPane.Moved)
    def _tab_moved(self) -> None:
        self.query_one("#answer", Pane).repaint()
        self.sync()

    @on(MapPane.Moved)
    def _map_moved(self, event: MapPane.Moved) -> None:
        self.about.window = event.window
        self.sync()

    @on(MapPane.Chosen)
    def _map_chosen(self, event: MapPane.Chosen) -> None:
        found = self.answer_of("map")
        points = {point.label: point for point in found.named} if found else {}
        if found and found.of == "item" and event.label in points:
            point = points[event.label]
            self.choose_item(Scored(point.label, point.title, 0.0, point.count))

    def choose_item(self, item: Scored) -> None:
        """Compare with an item, and let it stand out on the map."""
        self.about.item = item
        self.query_one("#nearest", Table).cursor = 0
        for name in ("map", "nearest"):
            self.query_one(f"#{name}", Pane).repaint()
        self.query_one("#around", Scrolled).to_start()
        self.sync()

    @on(StepPane.Moved)
    def _step_moved(self) -> None:
        self.query_one("#answer", Pane).repaint()

    @on(Table.Chosen)
    def _chosen(self) -> None:
        self.action_like()
