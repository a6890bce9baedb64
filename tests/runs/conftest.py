"""Runs on a small planted file, their real worker processes, and bounded waits for what they do."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfbench import experiment, paths
from cfbench.answers import RunSummary
from cfbench.runs import events, launching, lock
from cfbench.runs.control import RunControl
from cfbench.runs.events import EventLog
from cfbench.runs.folder import RunFolder
from cfbench.runs.preparing import checked, prepare
from cfbench.runs.state import summary
from cfbench.training.checkpoints import Checkpoints

ROWS = 1_500
PATIENCE = 90.0
"""Seconds after which something that must happen has not."""

MOMENTS = """
import os, signal
from cfbench.plugin import Metric, hookimpl

moment = os.environ.get("CFBENCH_TEST_KILL_AT", "")

def at(now):
    if now == moment:
        os.kill(os.getpid(), signal.SIGKILL)

if moment:
    from cfbench.runs.events import EventLog
    from cfbench.training import checkpoints
    write, replace = EventLog.write, checkpoints._replace

    def watched_write(self, event, **fields):
        at(f"before {event} {fields.get('step')}")
        write(self, event, **fields)
        at(f"after {event} {fields.get('step')}")

    def watched_replace(aside, place):
        at(f"before renaming {int(place.name)}")
        replace(aside, place)

    EventLog.write, checkpoints._replace = watched_write, watched_replace

def largest(prediction, target, params):
    return float(prediction.max())

@hookimpl
def cfbench_metrics():
    return [Metric("moments", "Moments", "the largest prediction; may kill its worker", largest)]
"""


@pytest.fixture(scope="session")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 1,500 ratings of 60 users and 40 items, with titles, made from planted factors."""
    rng = np.random.default_rng(7)
    users, items = rng.normal(size=(60, 2)), rng.normal(size=(40, 2))
    cells = rng.permutation(60 * 40)[:ROWS]
    user, item = cells // 40, cells % 40
    stars = np.clip(np.round(3 + (users[user] * items[item]).sum(1) + rng.normal(0, 0.2, ROWS), 1), 0, 6)
    path = tmp_path_factory.mktemp("ratings") / "ratings.csv"
    lines = [f"u{u},i{i},{s},{1_500_000_000 + n}" for n, (u, i, s) in enumerate(zip(user, item, stars, strict=True))]
    path.write_text("\n".join(["user,item,rating,timestamp", *lines]) + "\n")
    return path


class Workshop:
    """Makes runs, starts and ends their workers, and tells what became of them."""

    def __init__(self, ratings: Path, patch: pytest.MonkeyPatch) -> None:
        self.ratings, self.patch = ratings, patch

    # -- making --

    def document(self, **tables: dict[str, Any]) -> dict[str, Any]:
        """A small experiment: 38 steps an epoch; `tables` replace settings in its tables."""
        document: dict[str, Any] = {
            "data": {"source": str(self.ratings)},
            "loader": {"batch_size": 32},
            "model": {"name": "biased-dot-product", "n_factors": 4},
            "training": {"epochs": 3, "threads": 1},
        }
        for name, table in tables.items():
            document[name] = {**document.get(name, {}), **table} if isinstance(table, dict) else table
        return document

    def make(self, **tables: Any) -> RunFolder:
        return prepare(checked(experiment.parse(self.document(**tables))))

    def trained(self, **tables: Any) -> RunFolder:
        """A run trained in this process, never interrupted."""
        run = self.make(**tables)
        assert launching.train_here(run) == 0
        return run

    def long(self, **tables: Any) -> RunFolder:
        """A run that goes on until somebody ends it."""
        return self.make(**{**tables, "training": {"epochs": 100_000, **tables.get("training", {})}})

    def moments(self) -> list[dict[str, str]]:
        """Install the plugin that kills its worker at an exact moment; return [[metrics]] that use it."""
        self.plugin_folder = paths.writable_folder("plugins")
        (self.plugin_folder / "moments.py").write_text(MOMENTS)
        (self.plugin_folder / "moments.py").chmod(0o600)
        return [{"name": "rmse"}, {"name": "moments"}]

    # -- workers --

    def launch(self, run: RunFolder, kill_at: str = "") -> Any:
        """Start a worker; return its process."""
        self.patch.setenv("CFBENCH_TEST_KILL_AT", kill_at)
        launching.launch(run)
        self.patch.delenv("CFBENCH_TEST_KILL_AT")
        return launching._workers[-1]

    def kill(self, worker: Any) -> None:
        """Kill -9 a worker, if it is still there."""
        worker.kill()
        worker.wait(PATIENCE)

    def finish(self, run: RunFolder) -> int:
        """Go on with a run in a worker until it ends; return its exit code."""
        return self.launch(run).wait(PATIENCE)

    def stop_after(self, run: RunFolder, step: int) -> None:
        """Train a run in this process and stop it after so many steps, as a command does."""

        def stop_wanted(control: RunControl, done: int) -> bool:
            control.asked = "the test" if done >= step else None
            return done >= step

        with self.patch.context() as patch:
            patch.setattr(RunControl, "stop_wanted", stop_wanted)
            assert launching.train_here(run) == 0
        assert (self.summary(run).state, self.summary(run).step) == ("stopped", step)

    # -- looking --

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until a condition holds and return its value; fail when it does not come true."""
        end = time.monotonic() + PATIENCE
        while not (value := condition()):
            assert time.monotonic() < end, f"{what} did not happen within {PATIENCE:g} s"
            time.sleep(0.005)
        return value

    def events(self, run: RunFolder, kind: str = "") -> list[dict[str, Any]]:
        return [event for event in events.read(run.events).events if kind in ("", event["event"])]

    def until_event(self, run: RunFolder, kind: str, count: int = 1) -> dict[str, Any]:
        """Wait for the `count`-th event of a kind, while the run lives."""

        def seen() -> list[dict[str, Any]]:
            alive = lock.held(run.lock)
            found = self.events(run, kind)
            assert alive or len(found) >= count, f"the run ended without {kind}: {self.summary(run)}"
            return found if len(found) >= count else []

        return self.until(seen, f"{kind} no. {count} of {run.id}")[count - 1]

    def until_state(self, run: RunFolder, state: str) -> RunSummary:
        self.until(lambda: self.summary(run).state == state, f"{run.id} {state}")
        return self.summary(run)

    def summary(self, run: RunFolder) -> RunSummary:
        return summary(run)

    def measurements(self, run: RunFolder) -> list[dict[str, Any]]:
        """The effective history without times: what an interrupted and a straight run must share."""
        return list(events.measurements(events.read(run.events).events))

    def tensors(self, run: RunFolder) -> str:
        """SHA-256 over all model and optimizer tensors of the last checkpoint, and where training stands."""
        checkpoints = Checkpoints(run.checkpoints)
        tensors, state = checkpoints.read(checkpoints.steps()[-1])
        total = hashlib.sha256()
        for file in ("model", "optimizer"):
            for name, values in sorted(tensors[file].items()):
                total.update(f"{file}/{name} {values.dtype} {tuple(values.shape)} ".encode())
                total.update(values.numpy().tobytes())
        total.update(json.dumps([state["progress"], state["optimizer"]], sort_keys=True).encode())
        return total.hexdigest()

    def assert_same(self, run: RunFolder, straight: RunFolder) -> None:
        """It ended as the run that was never interrupted did: same tensors, same history."""
        assert self.summary(run).state == "finished"
        assert self.measurements(run) == self.measurements(straight)
        assert self.tensors(run) == self.tensors(straight)


class Invented:
    """Writes run folders without training anything, for what needs many of them."""

    def __init__(self) -> None:
        self.root = paths.writable_folder("runs")

    def run(self, name: str, epochs: int = 2, ended: str = "finished", settings: str = "") -> RunFolder:
        """A run of four steps an epoch; `ended` is the last event's kind, or "" where it is lost in its last step."""
        run = RunFolder(self.root / f"20250101T000000.000000Z-{name}")
        run.path.mkdir()
        run.experiment.write_text(f'[model]\nname = "dot"\n{settings}')
        with closing(EventLog(run.events)) as log:
            about = {"data": "demo", "model": "dot", "epochs": epochs, "steps": 4 * epochs, "split_hash": "same"}
            log.write("created", **about)
            log.write("started")
            for step in range(1, 4 * epochs + 1):
                log.write("step", step=step, loss=1 / step, lr=0.1)
                if step % 4 == 0:
                    losses = {"train_loss": 1 / step, "valid_loss": 2 / step}
                    log.write("epoch", epoch=step // 4, step=step, metrics={"rmse": 3 / step}, best=True, **losses)
            if ended:
                log.write(ended, step=4 * epochs, reason="")
        return run


@pytest.fixture
def invented(home: Path, monkeypatch: pytest.MonkeyPatch) -> Invented:
    monkeypatch.setattr("os.fsync", lambda file: None)
    return Invented()


@pytest.fixture
def workshop(ratings: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Workshop]:
    already = list(launching._workers)
    yield Workshop(ratings, monkeypatch)
    for worker in launching._workers:
        if worker not in already and worker.poll() is None:
            worker.kill()
            worker.wait(PATIENCE)
