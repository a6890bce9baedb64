"""A run's folder: whole or not there, private, movable, and readable without its source."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfbench import paths
from cfbench.errors import BadInput, CfbenchError
from cfbench.explore.trained import load
from cfbench.runs import folder, launching
from cfbench.runs.folder import RunFolder


def test_a_run_that_could_not_be_made_leaves_nothing(workshop: Any) -> None:
    workshop.make()

    def half(run: RunFolder) -> None:
        (run.path / "events.jsonl").write_text('{"event":"created"}\n')
        assert len(folder.all_runs()) == 1, "it is not listed while it is made"
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        folder.create("half", half)
    assert len(folder.all_runs()) == 1
    assert [path.name for path in paths.folder("runs").iterdir() if path.name.startswith(".new")] == []


def test_what_killed_processes_left_half_made_is_swept_a_day_later(workshop: Any) -> None:
    root = paths.writable_folder("runs")
    for name, age in ((".new-old", 25 * 3600), (".new-young", 23 * 3600)):
        (root / name).mkdir()
        os.utime(root / name, (0, time.time() - age))
    workshop.make()
    assert [path.name for path in root.glob(".new-*")] == [".new-young"]


def test_half_made_folders_and_links_are_not_listed(workshop: Any, tmp_path: Path) -> None:
    run = workshop.make()
    root = paths.folder("runs")
    shutil.copytree(run.path, root / ".new-0123456789abcdef")
    shutil.copytree(run.path, tmp_path / "elsewhere")
    (root / "link").symlink_to(tmp_path / "elsewhere")
    (root / "empty").mkdir()
    (root / "note.txt").touch()
    assert [found.id for found in folder.all_runs()] == [run.id]


def test_names_are_ids_and_a_taken_one_gets_a_number(workshop: Any) -> None:
    runs = [workshop.make(experiment={"name": "fine-run"}) for _ in range(3)]
    assert len({run.id for run in runs}) == 3
    assert all("-fine-run" in run.id for run in runs)
    with pytest.raises(BadInput, match=r"'\.\./up' can't name a run"):
        workshop.make(experiment={"name": "../up"})


def test_a_run_is_found_by_parts_of_its_id(workshop: Any) -> None:
    early, late = workshop.make(experiment={"name": "amber"}), workshop.make(experiment={"name": "brisk"})
    assert folder.find("amber").path == early.path
    assert folder.find("last").path == late.path
    assert folder.find(late.id).path == late.path
    assert folder.find(str(early.path)).path == early.path
    with pytest.raises(BadInput, match="fits 2 runs"):
        folder.find("20")
    with pytest.raises(BadInput, match="did you mean 'amber'"):
        folder.find("ambr")


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_everything_in_a_run_is_private_though_the_umask_hides_nothing(workshop: Any) -> None:
    run = workshop.make(metrics=workshop.moments(), splitter={"name": "random", "test": 0.1})
    assert workshop.finish(run) == 0
    load(str(run.path)).evaluate("test")
    modes = {path.relative_to(run.path): stat.S_IMODE(path.stat().st_mode) for path in [run.path, *run.path.rglob("*")]}
    assert {mode for path, mode in modes.items() if (run.path / path).is_dir()} == {0o700}, modes
    assert {mode for path, mode in modes.items() if not (run.path / path).is_dir()} == {0o600}, modes
    assert len(modes) > 20
    assert stat.S_IMODE(paths.folder("runs").stat().st_mode) == 0o700


def test_a_moved_run_is_the_same_run(workshop: Any, tmp_path: Path) -> None:
    run = workshop.trained()
    users, items = ["u1", "u2", "nobody"], ["i3", "i4", "i5"]
    before = load(str(run.path)).predict(users, items)
    evaluated = load(str(run.path)).evaluate()
    moved = tmp_path / "a place" / "renamed"
    shutil.move(run.path, moved)
    again = load(moved)
    np.testing.assert_array_equal(again.predict(users, items), before)
    assert again.evaluate().metrics == evaluated.metrics
    assert workshop.summary(RunFolder(moved)).state == "finished"


def test_a_moved_run_goes_on_where_it_was(workshop: Any, tmp_path: Path) -> None:
    straight, run = workshop.trained(), workshop.make()
    workshop.stop_after(run, 50)
    moved = RunFolder(tmp_path / "moved")
    shutil.copytree(run.path, moved.path)
    assert launching.train_here(moved) == 0
    workshop.assert_same(moved, straight)
    assert workshop.summary(run).state == "stopped", "its copy is another run"


def test_results_are_read_without_the_source_and_the_cache(workshop: Any, tmp_path: Path, home: Path) -> None:
    source = tmp_path / "mine.csv"
    shutil.copy(workshop.ratings, source)
    run = workshop.trained(data={"source": str(source)}, splitter={"name": "random", "test": 0.2})
    before = load(str(run.path)).predict(["u1", "u2"], ["i1", "i2"])
    metrics = load(str(run.path)).evaluate().metrics
    source.unlink()
    assert load(str(run.path)).evaluate().metrics == metrics, "the cache is enough"
    shutil.rmtree(home / "imported")
    trained = load(str(run.path))
    np.testing.assert_array_equal(trained.predict(["u1", "u2"], ["i1", "i2"]), before)
    assert len(trained.history) == 3
    with pytest.raises(BadInput, match=r"mine\.csv"):
        trained.evaluate()
    shutil.copy(workshop.ratings, source)
    assert load(str(run.path)).evaluate().metrics == metrics, "imported again from the source"
    source.write_text(source.read_text().replace("u1,", "u01,", 1))
    shutil.rmtree(home / "imported")
    with pytest.raises(CfbenchError, match="the data changed since this run was made"):
        load(str(run.path)).evaluate()


def test_a_run_keeps_the_plugin_it_was_made_with(workshop: Any) -> None:
    run = workshop.make(metrics=workshop.moments())
    plugin = workshop.plugin_folder / "moments.py"
    plugin.write_text(plugin.read_text().replace("prediction.max()", "prediction.max() * 0 + 99"))
    assert launching.train_here(run) == 0
    assert 0 < workshop.summary(run).metrics["moments"] < 10


def test_delete_moves_to_the_trash_and_follows_no_link(workshop: Any, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "thesis.txt").write_text("years of work")
    run = workshop.make()
    (run.path / "results").symlink_to(outside)
    (paths.writable_folder("trash") / run.id).mkdir()
    place = folder.move_to_trash(run)
    assert not run.path.exists()
    assert place.parent == paths.folder("trash")
    assert (place / "events.jsonl").exists()
    assert (place / "results").is_symlink()
    assert (outside / "thesis.txt").read_text() == "years of work"
    shutil.move(place, run.path)
    assert [found.id for found in folder.all_runs()] == [run.id], "moving it back undoes it"

    copy = RunFolder(tmp_path / "copy")
    shutil.copytree(run.path, copy.path, symlinks=True)
    with pytest.raises(BadInput, match="not among this user's runs"):
        folder.move_to_trash(copy)
    link = paths.folder("runs") / "20200101T000000Z-link"
    link.symlink_to(copy.path)
    folder.move_to_trash(RunFolder(link))
    assert (copy.path / "events.jsonl").exists()
