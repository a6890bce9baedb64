"""A disk that fills up: the run fails in words, its last checkpoint is whole, and it goes on when there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cfbench.runs import launching
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
    plugin_copy = run.plugins / "moments.py"
    plugin_copy.write_text(FILLS.replace("LEAVE", str(1 << 40)).replace("DISK", str(small_disk)))
    assert launching.train_here(run) == 0
    assert workshop.events(run, "resumed")[0]["from_step"] == last
    workshop.patch.setenv("CFBENCH_HOME", str(small_disk.parent / "roomy"))
    workshop.moments()
    (workshop.plugin_folder / "moments.py").write_text(plugin_copy.read_text())
    workshop.assert_same(run, workshop.trained(**tables, metrics=metrics))


FILLS = '''
"""A plugin that fills the disk, and the last page of the events, when the first epoch is measured."""
import os, shutil
from cfbench.plugin import Metric, hookimpl

def largest(prediction, target, params):
    if not LEAVE:
        with open("events.jsonl", "ab", buffering=0) as events:
            room = -events.tell() % 4096 + 4096
            events.write(b'{"event":"pad","pad":"%s"}\\n' % (b"x" * (room - 24)))
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
