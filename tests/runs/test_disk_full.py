"""A disk that fills up: the run fails in words, its last checkpoint is whole, and it goes on when there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cfbench.cli import main
from cfbench.loading import splits
from cfbench.runs import folder, launching
from cfbench.training.checkpoints import Checkpoints


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 6 MB that holds the home folder."""
    if os.geteuid():
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    monkeypatch.setenv("CFBENCH_HOME", str(disk / "home"))
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("leave", [0, 32_768])
def test_a_run_fails_in_words_and_goes_on_when_there_is_room(workshop: Any, small_disk: Path, leave: int) -> None:
    tables = {
        "model": {"n_factors": 100},
        "training": {"epochs": 3, "checkpoint_every": 10},
        "optimizer": {"name": "adam"},
    }
    metrics = workshop.moments()
    plugin = workshop.plugin_folder / "moments.py"
    plugin.write_text(FILLS.replace("LEAVE", str(leave)).replace("DISK", str(small_disk)))
    run = workshop.make(**tables, metrics=metrics)
    assert workshop.finish(run) == 1
    failed = workshop.summary(run)
    assert (failed.state, failed.exit_code) == ("failed", 1), failed
    assert str(run.path) in failed.reason
    assert "no space is left for" in failed.reason
    assert " bytes" in failed.reason
    assert not failed.damaged_lines
    checkpoints = Checkpoints(run.checkpoints)
    last = checkpoints.steps()[-1]
    checkpoints.verify(last)
    assert last == 30
    assert not list(run.checkpoints.glob(".tmp-*"))

    (small_disk / "ballast").unlink()
    (small_disk / "roomy").touch()
    assert launching.train_here(run) == 0
    assert workshop.events(run, "resumed")[0]["from_step"] == last
    workshop.patch.setenv("CFBENCH_HOME", str(small_disk.parent / "roomy"))
    workshop.moments()
    (workshop.plugin_folder / "moments.py").write_text(plugin.read_text())
    workshop.assert_same(run, workshop.trained(**tables, metrics=metrics))


@pytest.mark.parametrize("imported", [False, True])
def test_no_room_to_import_or_to_prepare_is_said_and_nothing_half_made_is_listed(
    workshop: Any, small_disk: Path, capsys: pytest.CaptureFixture[str], imported: bool
) -> None:
    """From no room at all upwards, page by page, so that each write in turn is the one that fails."""
    home = small_disk / "home"
    source = f"data.source={workshop.ratings}"
    assert main(["data", "describe", str(workshop.ratings)] if imported else ["plugins", "list"]) == 0
    capsys.readouterr()
    refusals = set()
    for pages in range(500):
        _leave(small_disk, pages * 4096)
        code = main(["train", "--detach", source, "training.epochs=100000", "loader.batch_size=32"])
        said = capsys.readouterr().err
        assert not [*home.glob("runs/.new-*"), *home.glob("imported/.*-*"), *home.glob("imported/known/.*")]
        for run in folder.all_runs():
            assert workshop.summary(run).data
            assert sum(map(len, (splits.load(run.data).train, splits.load(run.data).valid))) > 1_000
        if code == 0:
            break
        assert (code, said.count("\n")) == (1, 1)
        assert said.startswith(f"cfbench: {home}/")
        assert "no space is left" in said
        refusals.add(said.partition(": no space is left")[0].rpartition("/")[0])
    assert code == 0
    assert pages > 10
    assert len(refusals) > 1, refusals


def _leave(disk: Path, room: int) -> None:
    """Fill the disk but for `room` bytes."""
    (disk / "ballast").unlink(missing_ok=True)
    with suppress(OSError), (disk / "ballast").open("ab", buffering=0) as file:
        while (free := shutil.disk_usage(disk).free - room) > 0:
            file.write(bytes(min(free, 1 << 16)))


FILLS = '''
"""A plugin that fills the disk, and the last page of the events, when the first epoch is measured."""
import os, shutil
from cfbench.plugin import Metric, hookimpl

def largest(prediction, target, params):
    if os.path.exists("DISK/roomy"):
        return float(prediction.max())
    if not LEAVE:
        with open("events.jsonl", "ab", buffering=0) as events:
            room = -events.tell() % 4096 + 4096
            events.write(b'{"event":"pad","seq":0,"pad":"%s"}\\n' % (b"x" * (room - 33)))
            assert events.tell() % 4096 == 0
    with open("DISK/ballast", "ab", buffering=0) as file:
        try:
            while (free := shutil.disk_usage("DISK").free - LEAVE) > 0:
                file.write(bytes(min(free, 1 << 20)))
        except OSError:
            pass
    return float(prediction.max())

@hookimpl
def cfbench_metrics():
    return [Metric("moments", "Moments", "the largest prediction", largest)]
'''
