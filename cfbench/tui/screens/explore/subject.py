"""Whom and what the Explore screen is about, and what each panel asks of the bench for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from cfbench.answers import Measure, RunSummary, Scored, Side
from cfbench.bench.interface import Bench
from cfbench.tui.screens.explore import steps
from cfbench.tui.screens.explore.asked import Question

COUNT = 40
"""Labels that are asked for in each list."""

TERMS = 12
MOST_CELLS = 240
"""Cells of the cross-tab that are asked for at once: what a large screen shows."""

Window = tuple[float, float, float, float]


@dataclass
class Subject:
    """What the panels show.

    Attributes:
        run: the run in front, "" for none.
        read: how many epochs it had done when it was read.
        epoch: the one whose model counted then.
        live: how many it has done by now: a map that is the subject of its view follows these, and so does what is
            nearest beside it.
        over: it trains no longer. The last checkpoint comes a moment after the last epoch's numbers, so all is asked
            once more then.
        following: the map is the subject.
        user: label of the user in question.
        mine: title -> rating of whoever sits here.
        me: the person here is in question, not the user.
        item: the item that others are compared with, and that stands out on the map.
        pair: user ("" for the person here) and item whose prediction is explained.
        of: whose biases, and whose map.
        least: training rows that an item has at least.
        where: conditions on items.
        diversity: of recommendations.
        seen: rank what was rated too.
        measure: how likeness is measured.
        axes: components of the map.
        window: of the map, None for all of it.
        field: that colours the map, "" for none.
        rows: of the step's batch.
        batch: which one.
        start: where the step starts.
        lr: of the step; 0: the schedule's.
    """

    run: str = ""
    read: int = 0
    epoch: int = 0
    live: int = 0
    over: bool = False
    following: bool = False
    user: str = ""
    mine: dict[str, float] = field(default_factory=dict)
    me: bool = False
    item: Scored | None = None
    pair: tuple[str, str] | None = None
    of: Side = "item"
    least: int = 5
    where: tuple[str, ...] = ()
    diversity: float = 0.0
    seen: bool = False
    measure: Measure = "cosine"
    axes: tuple[int, int] = (1, 2)
    window: Window | None = None
    field: str = ""
    rows: int = 1
    batch: int = 0
    start: Literal["untrained", "trained"] = "untrained"
    lr: float = 0.0

    def question(self, panel: str, width: int, height: int) -> Question | None:
        """Return what a panel of that size asks, None where it can't ask yet."""
        made = getattr(self, f"_{panel}", None)
        arguments = made(width, height) if made and self.run and self.read else None
        if arguments is None:
            return None
        method, more = arguments
        follows = panel in ("map", "nearest") and self.following
        return Question(method, {"run": self.run, **more}, (self.live if follows else self.read, self.over))

    def read_newest(self, run: RunSummary) -> None:
        """Ask from now on of what the run has learned by now."""
        self.read, self.epoch = run.epochs_done, run.epoch or run.epochs_done

    @property
    def _whom(self) -> dict[str, Any] | None:
        if self.me:
            return {"user": "", "ratings": dict(self.mine)} if self.mine else None
        return {"user": self.user} if self.user else None

    def _recommended(self, width: int, height: int) -> Any:
        if self._whom is None:
            return None
        more: dict[str, Any] = {"count": COUNT, "least": self.least}
        if self.where:
            more["where"] = list(self.where)
        if self.diversity:
            more["diversity"] = self.diversity
        if self.seen:
            more["seen"] = True
        return Bench.recommend, {**self._whom, **more}

    def _why(self, width: int, height: int) -> Any:
        if self.pair is None:
            return None
        user, item = self.pair
        if user:
            return Bench.explain, {"user": user, "item": item, "count": TERMS}
        return Bench.explain, {
            "user": "",
            "item": item,
            "ratings": dict(self.mine),
            "count": TERMS,
        } if self.mine else None

    def _biases(self, width: int, height: int) -> Any:
        return Bench.biases, {"field": self.of, "count": COUNT, "least": self.least}

    def _nearest(self, width: int, height: int) -> Any:
        if self.item is None:
            return None
        return Bench.similar, {"name": self.item.label, "count": COUNT, "least": self.least, "measure": self.measure}

    def _map(self, width: int, height: int) -> Any:
        if width < 8 or height < 3:
            return None
        more: dict[str, Any] = {"side": self.of, "axes": self.axes, "window": self.window, "least": self.least}
        more |= {"columns": 2 * width, "rows": 4 * height, "follow": True}
        if self.of == "item":
            more |= {"field": self.field, "chosen": self.item.label if self.item else ""}
        return Bench.factor_map, more

    def _tab(self, width: int, height: int) -> Any:
        items = max(1, min(40, (width - 10) // 17))
        users = max(1, min(40, height - 2, MOST_CELLS // items))
        first = {"users": [self.user]} if self.user and not self.me else {}
        return Bench.predicted_tab, {**first, "n_users": users, "n_items": items}

    def _step(self, width: int, height: int) -> Any:
        more = {"size": self.rows, "number": self.batch, "start": self.start, "lr": self.lr}
        return Bench.one_step, {**more, "shown": min(20, 64 // self.rows, steps.room(width))}

    def _spectrum(self, width: int, height: int) -> Any:
        return Bench.dimensions, {}

    def _wrong(self, width: int, height: int) -> Any:
        return Bench.errors, {"worst": COUNT}
