"""What is there again at the next start: screen, experiment, run in front, marks, settings of screens, look."""

from __future__ import annotations

import errno
from pathlib import Path

import msgspec
import pytest

from cfbench.experiment import Component, Data, Experiment, Training
from cfbench.tui import keeping, remembered
from cfbench.tui.keeping import workspace
from cfbench.tui.remembered import Remembered
from cfbench.tui.settings import settings_of_table
from cfbench.tui.start import training

RUNS = ("20261125T010000.000000Z-calm-otter", "20261125T020000.000000Z-brave-ibis")
BATCH = next(setting for setting in settings_of_table("loader") if setting.path == "loader.batch_size")


@pytest.fixture
def two(bench):
    """A bench with two runs."""
    for run in RUNS:
        bench.add_run(run, "finished")
    return bench


def _again(desk, bench):
    """A workbench as the next start makes it."""
    kept = remembered.load("local")
    app = desk.app(bench, kept.screen, draft=False, kept=kept)
    app.workspace = app.watcher._workspace = workspace("local", kept)
    return app


def _saved() -> Remembered:
    return remembered.load("local")


def test_all_of_it_is_there_again(two, desk) -> None:
    app = desk.app(two, "train", look="dark")

    async def work(pilot) -> None:
        await desk.shows(pilot, "brave-ibis")
        app.bring_forward(RUNS[0])
        await pilot.press("w", "l", "T")
        app.workspace.mark(RUNS[1])
        app.edit(lambda draft: draft.type(BATCH, "12x"))
        app.remember("/data/u.data")
        await pilot.press("5")
        await desk.shows(pilot, "calm-otter")
        await pilot.press("right_square_bracket", "q")

    desk.use(app, work)
    kept = _saved()
    assert (kept.screen, kept.run, kept.marks, kept.look) == ("runs", RUNS[0], (RUNS[1],), "light")

    after = _again(desk, two)

    async def look(pilot) -> None:
        await desk.until(pilot, lambda: after.workspace.runs)
        assert after.current_mode == "runs"
        assert after.base_screen.page == 1
        assert after.workspace.front == RUNS[0]
        assert after.workspace.draft.shown(BATCH) == "12x"
        assert after.workspace.draft.undo()
        assert after.recent == ["/data/u.data"]
        await pilot.press("4")
        await desk.until(pilot, lambda: after.base_screen.MODE == "train" and after.base_screen.is_mounted)
        assert (after.base_screen.smoothing, after.base_screen.log_y) == (0.6, True)

    desk.use(after, look)


def test_what_is_gone_is_forgotten(two, desk) -> None:
    kept = Remembered(run="gone", marks=("gone", RUNS[0]), draft={"text": 7}, screens={"train": {"smoothing": "much"}})
    remembered.save("local", msgspec.structs.replace(kept, screen="train"))
    app = _again(desk, two)

    async def look(pilot) -> None:
        await desk.until(pilot, lambda: app.workspace.runs)
        assert (app.workspace.front, app.workspace.marks, app.workspace.draft) == (RUNS[1], [RUNS[0]], None)
        assert app.base_screen.smoothing == 0.0

    desk.use(app, look)


def test_a_change_is_saved_soon_and_nothing_else_is_written(
    two, desk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "PAUSE", 0.01)
    app = desk.app(two)
    path = home / "state" / "workbench-local.json"

    async def work(pilot) -> None:
        app.edit(lambda draft: draft.set("loader.batch_size", 7))
        await desk.until(pilot, lambda: path.exists() and "batch_size = 7" in str(_saved().draft))
        before = path.stat()
        app.changed("draft")
        await desk.until(pilot, lambda: app.keeper._timer is None and "remember" not in app._jobs)
        assert path.stat() == before

    desk.use(app, work)


def test_a_full_disk_is_said_once_and_ends_nothing(two, desk, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(keeping, "PAUSE", 0.01)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    app = desk.app(two)

    async def work(pilot) -> None:
        for size in (7, 8):
            app.edit(lambda draft, size=size: draft.set("loader.batch_size", size))
            await desk.until(pilot, lambda: app.keeper._timer is None and "remember" not in app._jobs)
        said = [sentence for _, _, sentence in app.notices if "won't be remembered" in sentence]
        assert len(said) == 1
        assert "no space is left" in said[0]
        await pilot.press("q")

    desk.use(app, work)
    assert "won't be remembered" in capsys.readouterr().err


def test_who_leaves_is_told_what_goes_on(two, desk) -> None:
    app = desk.app(two)
    shared = app.workspace
    shared.runs = dict(two.summaries)
    assert shared.farewell() == ""
    two.add_run("20261125T030000.000000Z-old-lynx", "running")
    shared.runs = dict(two.summaries)
    assert shared.farewell() == "run old-lynx goes on: cfbench brings you back"
    two.add_run("20261125T040000.000000Z-new-lynx", "queued")
    shared.runs, shared.host = dict(two.summaries), "gpu-box"
    assert shared.farewell() == "2 runs go on: cfbench --on gpu-box brings you back"


def test_the_demo_trains_and_is_the_experiment_where_there_is_none_yet(bench, desk) -> None:
    demo = Experiment(
        data=Data(source="demo"), model=Component("", {"n_factors": 10}), training=Training(epochs=5)
    )  # the fake bench's template takes "" for the default model
    app = desk.app(bench, "train", draft=False, first=training(demo))

    async def look(pilot) -> None:
        await desk.until(pilot, lambda: app.workspace.draft)
        assert app.workspace.front_run.state == "running"
        changed = app.workspace.draft.experiment
        assert (changed.model.params["n_factors"], changed.training.epochs) == (10, 5)

    desk.use(app, look)

    mine = desk.app(bench, "train", first=training(demo))
    before = mine.workspace.draft

    async def keep(pilot) -> None:
        await desk.until(pilot, lambda: mine.workspace.front)
        assert mine.workspace.draft is before

    desk.use(mine, keep)
