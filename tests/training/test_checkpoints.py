"""Checkpoints: whole or not there, checked by their manifest, and enough to go on from."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cfbench.errors import DiskFull
from cfbench.training import checkpoints as module
from cfbench.training.checkpoints import Checkpoints, Damaged

TENSORS = {"model": {"weight": torch.arange(6.0).reshape(2, 3)}, "random": {"torch": torch.get_rng_state()}}
STATE = {"progress": {"loss_sum": 0.1 + 0.2, "best": 1e-300}}


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path / "checkpoints")
    assert kept.steps() == []
    size = kept.write(12, TENSORS, STATE)
    tensors, state = kept.read(12)
    assert torch.equal(tensors["model"]["weight"], TENSORS["model"]["weight"])
    assert torch.equal(tensors["random"]["torch"], TENSORS["random"]["torch"])
    assert state == STATE
    files = list(kept.path(12).iterdir())
    assert size == sum(file.stat().st_size for file in files if file.name != "MANIFEST.json")
    manifest = json.loads((kept.path(12) / "MANIFEST.json").read_bytes())
    assert sorted([*manifest["files"], "MANIFEST.json"]) == sorted(file.name for file in files)
    assert (manifest["format"], manifest["step"]) == (1, 12)


def test_tensors_that_share_memory_or_are_views_are_kept(tmp_path: Path) -> None:
    table = torch.arange(12.0).reshape(3, 4)
    kept = Checkpoints(tmp_path)
    kept.write(0, {"model": {"a": table, "b": table, "view": table.T[1:]}}, {})
    tensors, _ = kept.read(0)
    assert torch.equal(tensors["model"]["a"], tensors["model"]["b"])
    assert torch.equal(tensors["model"]["view"], table.T[1:])


@pytest.mark.parametrize("file", ["model.safetensors", "random.safetensors", "state.json", "MANIFEST.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "empty"])
def test_every_damage_is_found(tmp_path: Path, file: str, damage: str) -> None:
    kept = Checkpoints(tmp_path)
    kept.write(3, TENSORS, STATE)
    kept.write(5, TENSORS, STATE)
    path = kept.path(5) / file
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "flipped":
        middle = content.index(b'"size":') + 8 if file == "MANIFEST.json" else len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    else:
        path.write_bytes(content[:-1] if damage == "cut" else b"")
    with pytest.raises(Damaged):
        kept.read(5)
    found = list(kept.newest_whole())
    assert [step for step, _ in found] == [5, 3]
    assert found[0][1]
    assert not found[1][1]


def test_one_of_a_newer_cfbench_is_told_and_the_one_before_it_is_used(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path)
    kept.write(3, TENSORS, STATE)
    kept.write(5, TENSORS, STATE)
    manifest = kept.path(5) / "MANIFEST.json"
    manifest.write_text(manifest.read_text().replace('"format":1', '"format":2'))
    assert list(kept.newest_whole()) == [(5, "a newer cfbench wrote it"), (3, "")]


def test_the_last_two_and_the_wanted_ones_stay(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path)
    for step in (0, 10, 20, 30):
        kept.write(step, TENSORS, STATE)
        kept.retain(step, {10})
    assert kept.steps() == [10, 20, 30]
    kept.retain(20, set())
    assert kept.steps() == [10, 20], "what lies beyond was gone back behind"
    kept.write(20, TENSORS, {"again": True})
    assert kept.read(20)[1] == {"again": True}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000010", "000000020"]


def test_a_full_disk_leaves_the_earlier_ones_and_no_scraps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Checkpoints(tmp_path)
    kept.write(1, TENSORS, STATE)
    fsync, calls = os.fsync, []

    def full(file: int) -> None:
        calls.append(file)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(DiskFull, match=r"no space is left for a checkpoint of [\d,]+ bytes") as refused:
            kept.write(2, TENSORS, STATE)
    assert str(tmp_path) in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000001"]
    kept.verify(1)
    with monkeypatch.context() as patch:
        patch.setattr(module.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 100))
        with pytest.raises(DiskFull):
            kept.write(2, TENSORS, STATE)
    kept.write(2, TENSORS, STATE)
    assert kept.steps() == [1, 2]


OPTIMIZERS = [
    {"name": "sgd", "lr": 0.01, "momentum": 0.9},
    {"name": "adam", "lr": 0.01},
    {"name": "adamw", "lr": 0.01},
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_learner_goes_on_from_any_checkpoint_as_if_nothing_had_happened(
    learner: Callable[..., Any], tmp_path: Path, optimizer: dict[str, Any], precision: str
) -> None:
    tables: dict[str, Any] = {
        "optimizer": optimizer,
        "model": {"name": "embedding-mlp", "n_factors": 4, "layers": [8], "dropout": 0.2},
        "training": {"precision": precision, "checkpoint_every": 10},
        "loader": {"batch_size": 150},
    }
    straight = learner(**tables)
    assert straight.fit()
    kept_all = tmp_path / "all"
    interrupted = learner(kept_all, **tables)
    interrupted.checkpoints.retain = lambda step, keep: None
    assert interrupted.fit()
    steps = Checkpoints(kept_all).steps()
    assert steps == [0, 10, 20, 22, 30, 40, 44, 50, 60, 66]
    for step in steps:
        random.seed(step)
        np.random.seed(step)
        torch.manual_seed(step)
        resumed = learner(kept_all, **tables)
        resumed.resume(step)
        resumed.checkpoints = None
        assert resumed.progress.step == step
        assert resumed.fit()
        later = [event for event in straight.events.measurements() if event["step"] > step]
        assert resumed.events.measurements() == later
        for name, value in straight.predictor.module.state_dict().items():
            assert torch.equal(value, resumed.predictor.module.state_dict()[name]), (step, name)


def test_the_global_random_streams_are_put_back(learner: Callable[..., Any], tmp_path: Path) -> None:
    made = learner(tmp_path)
    draw = lambda: (random.random(), random.gauss(0, 1), np.random.rand(), np.random.randn(), torch.rand(1).item())  # noqa: E731
    draw()
    made.checkpoint()
    expected = draw()
    assert draw() != expected
    other = learner(tmp_path)
    other.resume(0)
    assert draw() == expected
