"""A worker killed at any moment, resumed: the same numbers, bit for bit, as a run that was never interrupted."""

from __future__ import annotations

import os
import random
import time
from typing import Any

import pytest

from cfbench.errors import BadInput
from cfbench.explore.trained import load
from cfbench.runs import launching
from cfbench.training.checkpoints import Checkpoints

EPOCHS = 4
STEPS = 38 * EPOCHS
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "sgd momentum, constant": {
        "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9},
        "schedule": {"name": "constant"},
        "model": {"name": "dot-product", "n_factors": 4, "y_range": [-0.5, 6.5], "init_sd": 0.3},
    },
    "adam, constant, dropout": {
        "optimizer": {"name": "adam", "lr": 0.01},
        "schedule": {"name": "constant"},
        "model": {"name": "embedding-mlp", "n_factors": 4, "layers": [8], "dropout": 0.2, "init_sd": 0.1},
    },
    "adamw, one-cycle": {
        "optimizer": {"name": "adamw", "lr": 0.02},
        "schedule": {"name": "one-cycle"},
    },
}


def kill_after_events(workshop: Any, run: Any, chance: random.Random) -> None:
    """Start a worker and kill it when it has told 1 to 24 more steps."""
    wanted = len(workshop.events(run, "step")) + chance.randrange(1, 25)
    worker = workshop.launch(run)
    workshop.until(
        lambda: len(workshop.events(run, "step")) >= wanted or worker.poll() is not None, f"step event no. {wanted}"
    )
    workshop.kill(worker)


def kill_after_milliseconds(workshop: Any, run: Any, chance: random.Random) -> None:
    """Start a worker and kill it up to 300 ms later, mostly counted from the moment when it is ready to train."""
    starts = len(workshop.events(run, "started"))
    worker = workshop.launch(run)
    if chance.random() < 0.7:
        workshop.until_event(run, "started", starts + 1)
    moment = time.monotonic() + chance.uniform(0, 0.3)
    workshop.until(lambda: time.monotonic() >= moment, "the moment")
    workshop.kill(worker)


@pytest.mark.slow
@pytest.mark.parametrize(("configuration", "kills"), list(zip(CONFIGURATIONS, [7, 7, 6], strict=True)))
def test_kill_9_at_random_moments_changes_nothing(workshop: Any, configuration: str, kills: int) -> None:
    tables = CONFIGURATIONS[configuration]
    seed = int(os.environ.get("CFBENCH_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"CFBENCH_TEST_SEED={seed}")  # noqa: T201
    chance = random.Random(seed)
    straight = workshop.trained(**tables, training={"epochs": EPOCHS})
    interrupted = {**tables, "training": {"epochs": EPOCHS, "checkpoint_every": 5}}
    run, killed = workshop.make(**interrupted), 0
    while killed < kills:
        (kill_after_events if killed % 2 else kill_after_milliseconds)(workshop, run, chance)
        if workshop.summary(run).state == "finished":  # it was faster than the kill
            workshop.assert_same(run, straight)
            run = workshop.make(**interrupted)
        else:
            assert workshop.summary(run).state == "lost"
            killed += 1
    assert workshop.finish(run) == 0
    workshop.assert_same(run, straight)
    assert workshop.summary(run).step == STEPS


MOMENTS = [
    ("before renaming 0", 0, "there was no checkpoint yet: it starts from the beginning"),
    ("before checkpoint 0", 0, ""),
    ("before renaming 40", 38, ""),
    ("before checkpoint 40", 40, ""),
    ("after epoch 76", 70, ""),
    ("before finished 114", 114, ""),
]


@pytest.mark.parametrize(("moment", "from_step", "notice"), MOMENTS)
def test_kill_9_at_exact_moments_changes_nothing(workshop: Any, moment: str, from_step: int, notice: str) -> None:
    metrics = workshop.moments()
    straight = workshop.trained(metrics=metrics)
    run = workshop.make(metrics=metrics, training={"checkpoint_every": 10})
    assert workshop.launch(run, kill_at=moment).wait(90) == -9
    assert workshop.summary(run).state == "lost"
    assert launching.train_here(run) == 0
    (resumed,) = workshop.events(run, "resumed")
    assert resumed["from_step"] == from_step
    assert resumed["notices"] == [notice] * bool(notice)
    workshop.assert_same(run, straight)
    assert not [path for path in run.checkpoints.iterdir() if path.name.startswith(".")], "leftovers of the dead stay"


def cut(path: Any) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Any) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut, flip])
@pytest.mark.parametrize("file", ["model.safetensors", "state.json", "MANIFEST.json"])
def test_a_damaged_checkpoint_is_passed_over_with_a_notice(workshop: Any, damage: Any, file: str) -> None:
    straight, run = workshop.trained(), workshop.make(training={"checkpoint_every": 10})
    workshop.stop_after(run, 76)
    assert Checkpoints(run.checkpoints).steps()[-2:] == [70, 76]
    damage(Checkpoints(run.checkpoints).path(76) / file)
    assert launching.train_here(run) == 0
    resumed = workshop.events(run, "resumed")[-1]
    assert resumed["from_step"] == 70
    assert "checkpoint 76 is damaged" in resumed["notices"][0]
    workshop.assert_same(run, straight)


def test_the_newest_checkpoint_stays_when_later_ones_are_damaged(workshop: Any) -> None:
    straight, run = workshop.trained(), workshop.make(training={"checkpoint_every": 10})
    workshop.stop_after(run, 60)
    checkpoints = Checkpoints(run.checkpoints)
    assert checkpoints.steps()[-2:] == [50, 60]
    cut(checkpoints.path(60) / "model.safetensors")
    (checkpoints.folder / "000000077").mkdir()
    workshop.stop_after(run, 53)
    assert checkpoints.steps()[-2:] == [50, 53]
    assert launching.train_here(run) == 0
    assert [event["from_step"] for event in workshop.events(run, "resumed")] == [50, 53]
    workshop.assert_same(run, straight)


def test_a_run_whose_checkpoints_are_all_damaged_says_so(workshop: Any) -> None:
    run = workshop.make()
    workshop.stop_after(run, 5)
    checkpoints = Checkpoints(run.checkpoints)
    for step in checkpoints.steps():
        cut(checkpoints.path(step) / "model.safetensors")
    assert launching.train_here(run) == 2
    ended = workshop.summary(run)
    assert (ended.state, ended.exit_code) == ("failed", 2)
    assert "checkpoint 5 is damaged" in ended.reason
    assert "checkpoint 0 is damaged" in ended.reason
    with pytest.raises(BadInput, match="no whole checkpoint"):
        load(str(run.path))


def test_a_checkpoint_is_written_though_a_dead_writer_left_its_scraps(workshop: Any) -> None:
    straight, run = workshop.trained(), workshop.make()
    (run.checkpoints / f".tmp-000000038-{os.getpid()}").mkdir(parents=True)
    (run.checkpoints / f".trash-000000000-{os.getpid()}").mkdir()
    (run.checkpoints / f".trash-000000000-{os.getpid()}" / "state.json").touch()
    assert launching.train_here(run) == 0
    workshop.assert_same(run, straight)
