# ruff: noqa: E501
"""A workbench on a bench that answers at once: two runs, a small profile, the real plugins; titles may be hostile."""

from __future__ import annotations

import asyncio
import functools
import inspect
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from cfbench import experiment as experiments
from cfbench.agent.local import LocalBench
from cfbench.agent.template import template
from cfbench.answers import (
    Axis,
    Bar,
    Bias,
    CalibrationBin,
    Cell,
    Column,
    Compared,
    Comparison,
    Cost,
    CrossTab,
    DataProfile,
    DatasetCard,
    Difference,
    Dimensions,
    Ends,
    ErrorGroup,
    Errors,
    EventPage,
    Explanation,
    FactorMap,
    Fetch,
    Finding,
    History,
    Job,
    LabelPage,
    LayoutPart,
    LoaderPreview,
    LrCurve,
    Miss,
    Moved,
    OneHot,
    Point,
    PredictedTab,
    Preview,
    Rate,
    Recommendations,
    Recommended,
    Row,
    RowPage,
    Rule,
    RunChanges,
    RunSummary,
    Scored,
    SourceFile,
    Spread,
    StepRow,
    StepTable,
    StepView,
    Support,
    Term,
    Tried,
)
from cfbench.bench.link import LinkState
from cfbench.curves import RunHistory
from cfbench.errors import BadInput, CfbenchError, WorkFailed
from cfbench.experiment import Data, Experiment
from cfbench.tui.app import Workbench
from cfbench.tui.draft import Draft
from cfbench.tui.workspace import Workspace

NOW = 1_795_572_384.0
STEPS = 100

TITLES = [
    "Kolya (1996)",
    "L.A. Confidential (1997)",
    "Heavyweights (1994)",
    "Legends of the Fall (1994)",
    "Jackie Brown (1997)",
]
HOSTILE = [
    "七人の侍 Shichinin",
    "👩‍🚀 Space 🎬",
    "\u202eevil\u202c rtl",
    "e\u0301e\u0301 combining",
    "tab\there",
    "[bold]markup[/bold] [/]",
    "\x1b[2J\x1b]0;owned\x07clear",
    "\x9b31m C1",
    "line\nbreak",
    "a" * 300,
]


def run_events(run: str, epochs: int, done: int, end: str = "", lr: float = 0.005) -> list[dict[str, Any]]:
    """The events of a run that has done some of its epochs, and how it ended."""
    common = {"boot": "b", "mono": 0.0}
    events: list[dict[str, Any]] = [
        {"seq": 1, "event": "created", "run": f"key-{run}", "time": NOW - 100, "epochs": epochs, "steps": STEPS * epochs, **common},
        {"seq": 2, "event": "started", "time": NOW - 99, "device": "cpu", "engine": "autograd", "threads": 1,
         "parameters": 133_977, "deterministic": True, "environment": {}, **common},
    ]  # fmt: skip
    for step in range(10, STEPS * done + 1, 10):
        at = {"time": NOW - 90 + step / 10, "boot": "b", "mono": 10 + step / 10}
        loss = 0.6 + 0.8 / (1 + step / 40)
        events.append({"seq": len(events) + 1, "event": "step", "step": step, "loss": loss, "lr": lr, **at})
        if step % STEPS == 0:
            valid = 0.8 + 0.3 / (step // STEPS)
            losses = {"train_loss": loss, "valid_loss": valid, "metrics": {"rmse": valid**0.5, "mae": valid / 2}}
            epoch = {"epoch": step // STEPS, "step": step, "best": True, "rows_per_second": 62_400, **losses}
            events.append({"seq": len(events) + 1, "event": "epoch", **epoch, **at})
            events.append({"seq": len(events) + 1, "event": "checkpoint", "step": step, "bytes": 1_600_000, **at})
    if end:
        reason = {"failed": "the loss became nan at step 212 (epoch 3): try optimizer.lr = 0.0005"}.get(end, "")
        events.append({"seq": len(events) + 1, "event": end, "step": STEPS * done, "reason": reason, "exit_code": 1,
                       "time": NOW - 1, **common})  # fmt: skip
    return events


def summary_of(run: str, state: str, epochs: int, done: int, **more: Any) -> RunSummary:
    """What the list says of such a run."""
    valid = 0.8 + 0.3 / done if done else None
    about: dict[str, Any] = {
        "id": run, "state": state, "reason": "", "exit_code": 0, "created": NOW - 100, "group": "", "seed": 42,
        "fold": None, "data": ("cfbench_datasets:demo",), "model": "cfbench_models:biased-dot-product",
        "epochs": epochs, "epochs_done": done, "step": STEPS * done, "steps": STEPS * epochs, "epoch": done or None,
        "valid_loss": valid, "metrics": {"rmse": valid**0.5, "mae": valid / 2} if valid else {},
        "best_valid_loss": valid, "split_hash": "7f3a09c1aa", "damaged_lines": (), "path": f"/runs/{run}",
        "note": "", "pinned": False, "seconds": 63.0,
    }  # fmt: skip
    return RunSummary(**{**about, **more})


@functools.cache
def demo_template(model: str) -> str:
    """The experiment that somebody starts from with the built-in data."""
    return template(Data(source="demo"), model)


class FakeBench:
    """Answers what the screens ask. Change its attributes to change the answers; `calls` tells what was asked."""

    def __init__(self, titles: list[str]) -> None:
        self.titles = titles
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.taken: set[str] = set()
        self.named: list[tuple[str, dict[str, Any]]] = []
        self.summaries: dict[str, RunSummary] = {}
        self.events_of: dict[str, list[dict[str, Any]]] = {}
        self.token = 0
        self.error: dict[str, CfbenchError] = {}
        self.slow: set[str] = set()
        self._local = LocalBench()

    def add_run(self, run: str, state: str, epochs: int = 10, done: int = 6, **more: Any) -> None:
        """Have a run; its events fit its state."""
        end = state if state in ("finished", "failed", "stopped") else ""
        self.events_of[run] = run_events(run, epochs, done, end)
        self.summaries[run] = summary_of(run, state, epochs, done, **more)
        self.token += 1

    # -- what needs no data --

    def plugins(self, refresh: bool = False) -> Any:
        return self._local.plugins()

    def check(self, experiment: Experiment, where: str = "") -> Experiment:
        return experiment

    def ping(self) -> float:
        return NOW

    # -- data --

    def describe(self, data: Data, verify: bool = False) -> DataProfile:
        layout = (
            LayoutPart("separator", "tab", True),
            LayoutPart("header", "none", True),
            LayoutPart("encoding", "utf-8", True),
        )
        columns = tuple(
            Column("ratings", name, role, why)
            for name, role, why in [
                ("1", "user", "many distinct"),
                ("2", "item", "many distinct"),
                ("3", "target", "1 to 5"),
                ("4", "time", "seconds since 1970"),
            ]
        )
        counts = [6_110, 11_370, 27_145, 34_174, 21_201]
        return DataProfile(
            key="k", fingerprint="f", files=(SourceFile("u.data", "ratings", 100_000, layout),), columns=columns,
            read=100_003, kept=100_000, dropped={"no target": 3}, users=943, items=1_682, density=0.063047,
            feedback="explicit", targets=tuple(Bar(n, n, count) for n, count in enumerate(counts, 1)), target_mean=3.52986,
            time_first="1997-09-20T03:05:10Z", time_last="1998-04-22T23:10:38Z", duplicates=0, conflicts=0,
            shared_titles=18, merged_items=0, fields={}, first=self.rows(data, 0, 5).rows,
            item_tail=tuple(583 * 200 // (200 + n * 40) for n in range(200)), user_tail=tuple(737 - 3 * n for n in range(240)),
            half_items=0.13, times=tuple(Bar(874_724_710 + n * 600_000, 874_724_710 + (n + 1) * 600_000, 1000 + 97 * n % 700) for n in range(30)),
            crosstab=CrossTab(("405", "13"), ("Kolya (1996)", "Babe (1995)"), ((4.5, None), (3.0, 5.0))),
            findings=(
                Finding("look", "18 titles are shared by several items", "items stay apart by id"),
                Finding("fine", "no user rated an item twice"),
                Finding("fine", "every row is kept, 100,000"),
            ),
        )  # fmt: skip

    def datasets(self) -> list[DatasetCard]:
        facts = {"licence": "free", "may_share": True, "page": "https://example.org", "citation": "nobody", "users": 0,
                 "items": 0, "size": 5_000_000, "folder": "", "on_disk": 0, "splits": {}}  # fmt: skip
        return [
            DatasetCard("demo", "x:demo", "Demo", "invented films", rows=25_000, state="made when opened", **facts),
            DatasetCard("far", "x:far", "Far away", "not\x1b[2J here yet", rows=100_000, state="not here", **facts),
        ]

    def fetch(self, name: str, source: str = "", any_version: bool = False) -> None:
        self.fetched = Fetch(name, "running", 2_000_000, 5_000_000, 1_000_000.0)

    def fetching(self, name: str) -> Fetch:
        return self.fetched

    def stop_fetching(self, name: str) -> None:
        self.fetched = Fetch(name, "stopped", 2_000_000, 5_000_000)

    def sample(self, data: Data) -> Preview:
        profile = self.describe(data)
        first = [(row.user, row.item, f"{row.target:g}", row.time or "") for row in profile.first]
        return Preview(profile.files, profile.columns, ("user", "item", "rating", "time"), tuple(first), 2_000_000)

    def rows(self, data: Data, offset: int = 0, count: int = 100, order: str = "", contains: str = "") -> RowPage:
        total = 7 if contains else 1_000
        rows = tuple(
            Row(str(196 + n), self.titles[n % len(self.titles)], 1.0 + n % 5, "1997-12-04T15:55:49Z")
            for n in range(offset, min(total, offset + count))
        )
        return RowPage(offset, total, rows)

    def labels(self, data: Data, field: str, contains: str = "", offset: int = 0, count: int = 100) -> LabelPage:
        fitting = [(n, t) for n, t in enumerate(["#na#", *self.titles]) if contains.lower() in t.lower()]
        return LabelPage(offset, len(fitting), len(self.titles) + 1, tuple(fitting[offset : offset + count]))

    def template(self, data: Data, model: str = "", split: str = "") -> str:
        return demo_template(model)

    def preview(self, experiment: Experiment, rows: int = 10, batch: int = 1) -> LoaderPreview:
        words = tuple(
            {"user": str(300 + n), "title": self.titles[n % len(self.titles)], "target": 1.0 + n % 5}
            for n in range(rows)
        )
        return LoaderPreview(
            rows={"train": 80_000, "valid": 20_000, "test": 0}, dropped={}, unseen={"valid": {"user": 0, "item": 34}, "test": {}},
            batch_size=64, steps_an_epoch=1_250, shapes={"x": (64, 2), "categorical": (64, 0), "continuous": (64, 0), "target": (64,)},
            classes={"user": 944, "item": 1_683, "title": 1_665}, batch=words, batch_number=batch, repeated=0, split_hash="7f3a09c1aa",
            findings=(
                Finding("fine", "no pair is in two parts", "what is measured was not trained on"),
                Finding("fine", "no row is left over", "80,000 + 20,000 = 100,000"),
                Finding("look", "34 valid rows of items new to training", "0.2 % of valid, 30 items; they become #na#"),
                Finding("look", "50.1 % of the train rows are later than a valid row, on average", "training sees the future"),
            ),
        )  # fmt: skip

    def cost(self, experiment: Experiment) -> Cost:
        n = experiment.model.params.get("n_factors", 50)
        parameters = (944 + 1_683) * (n + 1)
        return Cost(
            parameters,
            {"users.weight": (944, n), "items.weight": (1_683, n)},
            4 * parameters,
            8 * parameters,
            1_250,
            4.0,
            42.0,
            "cpu",
            1,
        )

    def find_lr(self, experiment: Experiment) -> LrCurve:
        rates = [1e-4 * 1.2**n for n in range(60)]
        losses = [1.3 - 0.4 / (1 + (0.02 / rate) ** 2) + 30 * max(0.0, rate - 0.4) for rate in rates]
        return LrCurve(rates, losses, rates[27], "the loss was 4 times its lowest")

    def compare(self, runs: Any, metrics: Any = (), part: str = "valid", baselines: bool = True) -> Comparison:
        lines = [
            Compared(
                run, "Dot product + biases", (run,), (42,), (0,), {"rmse": Spread(0.91 + n / 100, None, 1)}, 4.0, 1, 4.0,
                False, {"rmse": "user-item-bias"} if n else {}, (),
            )
            for n, run in enumerate(runs)
        ]  # fmt: skip
        best = {"rmse": Spread(0.915, None, 1)}
        lines.append(Compared("user-item-bias", "User + item bias", (), (), (), best, 0.0, 1, 0.0, True, {}, ()))
        pair = Difference("rmse", lines[0].name, lines[1].name, 943, -0.01, -0.21, -0.015, -0.005, 0.0004, 0.0008)
        wrong = Finding("look", "one run is left out", "train it too")
        return Comparison("valid", ("rmse",), {"rmse": "lower"}, tuple(lines), (pair,), ("7f",), (wrong,))

    def rates(self, experiment: Experiment, points: int = 200) -> list[Rate]:
        return [Rate(n * 30, 0.005 * min(1.0, n / 50) * (1 - n / 210), 0.9) for n in range(points)]

    # -- runs --

    def run(self, run: str) -> RunSummary:
        return self.summaries[run]

    def experiment(self, run: str) -> Experiment:
        return experiments.parse(experiments.tables(demo_template("").replace("n_factors = 50", "n_factors = 30"), ""))

    def changes(self, token: str = "", wait: float = 0.0) -> RunChanges:
        changed = () if token == str(self.token) else tuple(self.summaries.values())
        return RunChanges(str(self.token), changed, (), whole=token != str(self.token))

    def history(self, run: str, points: int = 400) -> History:
        history = RunHistory(points)
        for event in self.events_of[run]:
            history.add(event)
        return history.answer(run, f"key-{run}", len(self.events_of[run]))

    def events(self, run: str, offset: int = 0, wait: float = 0.0, key: str = "") -> EventPage:
        events = self.events_of[run]
        return EventPage(events[offset:], len(events), self.summaries[run].state in ("running", "paused"), f"key-{run}")

    def differences(self, runs: Any = ()) -> dict[str, dict[str, Any]]:
        return {
            run: {"optimizer.lr": 0.005 * (n + 1), "model.n_factors": 50}
            for n, run in enumerate(runs or self.summaries)
        }

    def log(self, run: str, lines: int = 200) -> list[str]:
        return ["INFO cfbench: training 133,977 parameters on cpu"]

    def annotate(self, run: str, note: str | None = None, pinned: bool | None = None) -> RunSummary:
        old = self.summaries[run]
        new = {"note": old.note if note is None else note, "pinned": old.pinned if pinned is None else pinned}
        self.summaries[run] = msgspec.structs.replace(old, **new)
        self.token += 1
        return self.summaries[run]

    def command(self, run: str, verb: str) -> None:
        state = {"stop": "stopped", "pause": "paused", "resume": "running", "kill": "lost"}[verb]
        self.summaries[run] = msgspec.structs.replace(self.summaries[run], state=state)
        self.token += 1

    def start(self, experiment: Experiment, folds: bool = False, seeds: int = 1) -> list[str]:
        run = "20261125T020000.000000Z-new-run"
        self.add_run(run, "running", 5, 0)
        return [run]

    def resume(self, run: str) -> None:
        self.summaries[run] = msgspec.structs.replace(self.summaries[run], state="running")
        self.token += 1

    def delete(self, run: str) -> str:
        del self.summaries[run]
        self.token += 1
        return f"/trash/{run}"

    def restore(self, trashed: str) -> str:
        run = trashed.rpartition("/")[2]
        self.add_run(run, "finished")
        return run

    # -- results --

    def _scored(self, count: int, start: float, step: float, kind: Any = Scored) -> tuple[Any, ...]:
        return tuple(kind(str(n), self.titles[n % len(self.titles)], start - step * n, 100 + n) for n in range(count))

    def biases(self, run: str, field: str = "item", count: int = 10, least: int = 1) -> Ends:
        top, bottom = self._scored(count, 1.25, 0.02, Bias), self._scored(count, -0.65, -0.02, Bias)
        return Ends(*(tuple(msgspec.structs.replace(one, within=0.12) for one in end) for end in (top, bottom)))

    def recommend(self, run: str, user: str = "", count: int = 10, least: int = 1, **more: Any) -> Recommendations:
        given = more.get("ratings") or {}
        items = self._scored(count, 4.7, 0.03, Recommended)
        if more.get("seen"):
            items = (msgspec.structs.replace(items[0], seen=True, rating=5.0), *items[1:])
        return Recommendations(user, len(given) or 37, 3.9, 1_645, items)

    def explain(self, run: str, user: str, item: str, ratings: Any = None, count: int = 12) -> Explanation:
        title = self.titles[int(item) % len(self.titles)] if item.isdigit() else item
        terms = (
            Term("item bias", 0.9), Term("factor 3", 0.4, 0.8, 0.5, self.titles[1]), Term("user bias", -0.2),
            Term("factor 1", -0.1, 0.2, -0.5, self.titles[2]), Term("2 other factors", 0.05),
        )  # fmt: skip
        supports = tuple(Support(str(n), title, 5.0 - n, 0.2 - 0.15 * n) for n, title in enumerate(self.titles[:3]))
        return Explanation(user, item, title, terms, 1.05, (0.0, 5.5), 4.074, None, supports)

    def similar(
        self, run: str, name: str, count: int = 10, least: int = 1, measure: str = "cosine", side: str = "item"
    ) -> list[Scored]:
        return list(self._scored(count, 0.97, 0.02))

    def factor_map(self, run: str, **asked: Any) -> FactorMap:
        columns, rows, groups = asked["columns"], asked["rows"], ("",)
        window = asked.get("window") or (-1.0, 1.0, -1.0, 1.0)
        dots = tuple(sorted({(7 * n) % rows * columns + (n * n) % columns for n in range(60)}))
        parts: tuple[tuple[int, ...], ...] = (dots,)
        if asked.get("field"):
            groups, parts = ("Drama", "Crime", "other"), (dots[::2], dots[1::2], ())
        named = tuple(
            Point(str(n), title, -0.8 + 0.4 * n, 0.7 - 0.35 * n, 400 - n, groups[n % 2])
            for n, title in enumerate(self.titles[:5])
        ) if groups != ("",) else tuple(
            Point(str(n), title, -0.8 + 0.4 * n, 0.7 - 0.35 * n, 400 - n) for n, title in enumerate(self.titles[:5])
        )  # fmt: skip
        across, upwards = asked.get("axes", (1, 2))
        return FactorMap(
            step=600, of=asked.get("side", "item"), x=Axis(across, 0.24, (self.titles[0],), (self.titles[1],)),
            y=Axis(upwards, 0.11, (self.titles[2],), (self.titles[3],)), window=window, whole=(-1.0, 1.0, -1.0, 1.0),
            columns=columns, rows=rows, groups=groups, dots=parts, named=named, shown=60, drawn=60, total=60,
            moved=(Moved("1", self.titles[1], 0.144, 45.0),), median_move=0.036, sentence="items that lie together",
        )  # fmt: skip

    def predicted_tab(self, run: str, **asked: Any) -> PredictedTab:
        users, items = asked["n_users"], asked["n_items"]
        first = [*asked.get("users", ()), *map(str, range(300, 300 + users))][:users]
        cells = tuple(
            tuple(
                Cell(4.0, 3.6 + 0.1 * i, -0.4 + 0.1 * i, "train") if (u + i) % 2 else Cell(None, 3.0, None)
                for i in range(items)
            )
            for u in range(users)
        )
        titles = tuple(self.titles[n % len(self.titles)] for n in range(items))
        return PredictedTab(tuple(first), tuple(map(str, range(items))), titles, cells)

    def one_step(self, run: str, **asked: Any) -> StepView:
        shown, size = asked["shown"], asked["size"]
        columns = ("bias", *(f"f{n + 1}" for n in range(shown)))
        numbers = tuple(0.1 - 0.02 * n for n in range(shown + 1))
        moves = tuple(-0.001 * (n - 1) for n in range(shown + 1))
        tables = tuple(
            StepTable(side, str(n), self.titles[n] if side == "item" else str(n), numbers, moves, moves, numbers)
            for side in ("user", "item")
            for n in range(size)
        )
        rows = tuple(
            StepRow(
                str(n),
                str(n),
                self.titles[n % len(self.titles)],
                4.0,
                3.2,
                3.25,
                -0.8,
                0.33,
                numbers[:shown],
                0.01,
                -1.6,
            )
            for n in range(size)
        )
        step = 600 if asked["start"] == "trained" else 0
        return StepView(
            step, "m:biased-dot-product", "l:mse", "o:sgd", asked["lr"] or 0.005, columns, 50 - shown, rows, tables,
            0.64, 0.5625, 0.0, (0.0, 5.5), (OneHot("user", size, 944, 0.0, 0.0, 3_776 * size, 8 * size),),
        )  # fmt: skip

    def dimensions(self, run: str) -> Dimensions:
        rules = (Rule("user", 943, "n^0.25", "somebody, 2017", 6), Rule("item", 1_682, "n^0.25", "somebody, 2017", 6))
        tried = tuple(Tried(n, f"{run}-{n}", 0.95 - 0.01 * n, 0.02) for n in (2, 4, 5))
        return Dimensions(50, rules, tuple(0.5**n for n in range(1, 12)), 3.0, (7,), 1, "rmse", "lower", tried, 4)

    def sweep(self, run: str, factors: Any) -> list[str]:
        return [f"{run}-{n}" for n in factors]

    def errors(self, run: str, part: str = "valid", worst: int = 20) -> Errors:
        groups = tuple(ErrorGroup(str(n), 1000 * n, 2.0 - 0.7 * n, 0.5 + 0.1 * n) for n in range(1, 6))
        by = {"rating": groups, "user": groups[:3], "item": groups[:2]}
        bins = tuple(CalibrationBin(2_000, 2.0 + 0.3 * n, 2.1 + 0.28 * n, 0.04) for n in range(10))
        misses = tuple(
            Miss(str(n), str(n), self.titles[n % len(self.titles)], 1.0, 4.7 - 0.1 * n, 3.7 - 0.1 * n)
            for n in range(min(worst, 12))
        )
        return Errors(part, 20_000, -0.034, 0.904, by, bins, misses)

    def export(self, run: str, what: str, form: str, path: str, **more: Any) -> str:
        if path in self.taken:
            mend = "name another, or replace it with --force"
            raise BadInput("it is there already", where=f"/there/{path}", mend=mend)
        self.jobs = [Job("j", "running", 400, 943), Job("j", "done", 943, 943, (f"/there/{path}",))]
        return "j"

    def report(self, run: str, form: str = "html", part: str = "valid") -> str:
        return f"<html>{run}</html>"

    def exporting(self, job: str) -> Job:
        return self.jobs.pop(0) if len(self.jobs) > 1 else self.jobs[0]

    def search(self, run: str, field: str, contains: str, count: int = 20) -> list[Scored]:
        labels = [str(n) for n in range(1, 60)] if field == "user" else self.titles
        return [Scored(label, label, 0.0, 10) for label in labels if contains.lower() in label.lower()][:count]


class FakeLink:
    """Asks a FakeBench; what waits for something new waits until it is there."""

    def __init__(self, bench: FakeBench) -> None:
        self.bench = bench
        self.state = LinkState("connected", time.monotonic())
        self.on_state: Callable[[LinkState], None] = lambda state: None

    async def start(self) -> None:
        """Say that it is connected."""
        self.on_state(self.state)

    async def ask(self, method: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Answer with the fake bench."""
        name, bench = method.__name__, self.bench
        bench.calls.append((name, args))
        bench.named.append((name, kwargs))
        if name in bench.error:
            raise bench.error[name]
        while name in bench.slow:
            await asyncio.sleep(0.01)
        if not hasattr(bench, name):
            raise WorkFailed(f"the fake bench has no {name}")
        given = inspect.signature(getattr(bench, name)).bind(*args, **kwargs).arguments
        if name == "changes":
            while given.get("token") == str(bench.token) and given.get("wait"):
                await asyncio.sleep(0.02)
        if name == "events":
            while given["offset"] >= len(bench.events_of[given["run"]]) and given.get("wait"):
                await asyncio.sleep(0.02)
        return getattr(bench, name)(*args, **kwargs)

    def nudge(self) -> None:
        """Need no waking."""

    async def close(self) -> None:
        """Need no closing."""

    def become(self, phase: Any, reason: str = "") -> None:
        """Change the state."""
        self.state = LinkState(phase, time.monotonic(), reason=reason)
        self.on_state(self.state)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what screens write to the folder that they were started in go into one of the test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def bench() -> FakeBench:
    """A bench without runs."""
    return FakeBench(TITLES)


@pytest.fixture
def hostile() -> FakeBench:
    """A bench whose titles try everything."""
    return FakeBench(HOSTILE)


def screen_text(app: Workbench) -> str:
    """What the terminal shows, line by line."""
    compositor = app.screen._compositor
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in compositor.render_strips()) + "\n"


class Bench:
    """Runs workbenches for tests."""

    def __init__(self) -> None:
        self.text = screen_text

    def app(
        self, bench: FakeBench, start: str = "data", *, draft: bool = True, data: bool = True, **more: Any
    ) -> Workbench:
        """A workbench on a fake bench, with data chosen unless told otherwise."""
        workspace = Workspace()
        if draft:
            workspace.draft = Draft(bench.template(Data(source="demo")))
            if data:
                workspace.profile = bench.describe(Data(source="demo"))
        return Workbench(FakeLink(bench), workspace, start=start, **more)  # type: ignore[arg-type]

    def use(
        self, app: Workbench, steps: Callable[[Pilot[int]], Awaitable[None]], size: tuple[int, int] = (80, 24)
    ) -> None:
        """Run a workbench of that size through some steps."""

        async def session() -> None:
            async with app.run_test(size=size, notifications=True) as pilot:
                await self.until(pilot, lambda: app.base_screen is not None and app.base_screen.is_mounted)
                await steps(pilot)

        asyncio.run(session())

    async def until(self, pilot: Pilot[int], condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Return once a condition holds."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"it did not come to this:\n{screen_text(pilot.app)}")  # type: ignore[arg-type]
            await pilot.pause(0.01)

    async def shows(self, pilot: Pilot[int], wanted: str, seconds: float = 20.0) -> str:
        """Return the screen's text once it shows what is wanted."""
        await self.until(pilot, lambda: wanted in screen_text(pilot.app), seconds)  # type: ignore[arg-type]
        return screen_text(pilot.app)  # type: ignore[arg-type]


@pytest.fixture
def desk() -> Iterator[Bench]:
    """Runs workbenches."""
    return Bench()
