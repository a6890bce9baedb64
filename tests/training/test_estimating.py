"""What a training will cost, against the training itself; and that finding out leaves no trace."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Component, Experiment
from cfbench.training import memory
from cfbench.training.components import make_schedule
from cfbench.training.estimating import cost, rates
from cfbench.training.learner import Learner

Define = Callable[..., Experiment]

PLUGIN = """
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import nn

from cfbench.plugin import Model, Range, Rates, Schedule, hookimpl


@dataclass(frozen=True)
class Params:
    n_factors: Annotated[int, Range(1)] = 3
    fail: str = ""


class Odd(nn.Module):
    def __init__(self, info, params):
        super().__init__()
        if params.fail == "init":
            raise RuntimeError("no such thing as init")
        self.fail, self.table = params.fail, nn.Embedding(info.n_items, params.n_factors)

    def forward(self, x):
        if self.fail == "forward":
            raise KeyError("forward")
        return self.table(x[:, 1]).sum(1)


def nothing(params, lr, steps):
    return lambda step: Rates(float("nan") if step == steps - 1 else lr)


@hookimpl
def cfbench_models():
    return [Model("odd", "Odd", "fails where it is told to", Odd, Params)]


@hookimpl
def cfbench_schedules():
    return [Schedule("nothing", "Nothing", "no number at the end", nothing)]
"""


@pytest.fixture
def odd(home: Path) -> str:
    (home / "plugins").mkdir(mode=0o700)
    (home / "plugins/odd.py").write_text(PLUGIN)
    return "odd"


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_cost_is_what_the_learner_has_after_a_step(
    defined: Define, learner: Callable[..., Learner], optimizer: str
) -> None:
    tables = {"optimizer": {"name": optimizer}}
    told, trained = cost(defined(**tables)), learner(**tables)
    trained.step(next(iter(trained.loader.train)))
    state = trained.predictor.module.state_dict()
    assert told.tables == {
        "users.weight": (81, 4),
        "items.weight": (81, 4),
        "user_bias.weight": (81, 1),
        "item_bias.weight": (81, 1),
    }
    assert told.parameters == 2 * 81 * 5
    assert told.model_bytes == 4 * told.parameters == sum(v.nbytes for v in state.values()) - state["offset"].nbytes
    moments = [v for of in trained.optimizer.state.values() for v in of.values() if isinstance(v, torch.Tensor)]
    assert told.optimizer_bytes == sum(v.nbytes for v in moments)
    assert (told.optimizer_bytes > 0) == (optimizer == "adamw")
    assert (told.steps_an_epoch, told.device, told.threads) == (32, "cpu", 1)
    assert told.seconds == pytest.approx(3 * told.seconds_an_epoch)
    assert 0 < told.seconds_an_epoch < 10


def test_cost_leaves_no_trace(defined: Define, home: Path) -> None:
    experiment = defined(model={"name": "embedding-mlp", "n_factors": 4, "dropout": 0.5})
    cost(experiment)
    before = sorted(path for path in home.rglob("*") if path.is_file())

    def chance() -> tuple[Any, ...]:
        return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # type: ignore[index]

    def settings() -> tuple[Any, ...]:
        return torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.is_grad_enabled()

    found = chance(), settings()
    cost(defined(training={"threads": 2}))
    assert (chance(), settings()) == found
    assert sorted(path for path in home.rglob("*") if path.is_file()) == before


def test_steps_are_counted_after_the_warm_up_for_half_a_second(
    defined: Define, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock of its own, each step takes 0.1 s but the first, which takes a whole one."""
    clock = [0.0]
    taken = []

    def step(self: Learner, batch: Any) -> float:
        taken.append(len(batch))
        clock[0] += 1.0 if len(taken) == 1 else 0.1
        return 0.0

    monkeypatch.setattr(Learner, "step", step)
    monkeypatch.setattr("cfbench.training.estimating.time.perf_counter", lambda: clock[0])
    told = cost(defined())
    assert len(taken) in (7, 8)
    assert told.seconds_an_epoch == pytest.approx(32 * 0.1)
    taken.clear()
    few = cost(defined(loader={"batch_size": 3_000}))
    assert (len(taken), few.steps_an_epoch) == (2, 2)
    assert few.seconds_an_epoch == pytest.approx(0.2), "too few steps to leave the first ones out"


def test_what_does_not_fit_into_memory_is_refused_before_it_is_made(
    defined: Define, odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = memory.free()
    assert 2**20 < free < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    monkeypatch.setattr(memory, "free", lambda: 81 * 16 * 4)
    for model, setting in (
        ({"name": "biased-dot-product", "n_factors": 32}, "n_factors"),
        ({"name": "embedding-mlp", "n_factors": 4, "layers": [8, 3_000]}, "layers"),
        ({"name": odd, "n_factors": 17}, "n_factors"),
    ):
        with pytest.raises(BadInput, match=rf"model.{setting}: with a table of .* numbers it needs 0.0 GiB"):
            cost(defined(model=model))
    with pytest.raises(BadInput, match=r"model\.n_factors"):
        cost(defined(model={"name": odd, "n_factors": 7}))  # it fits, but not with a gradient and two moments
    assert cost(defined(model={"name": odd, "n_factors": 5})).parameters == 81 * 5
    with pytest.raises(BadInput, match=r"model\.name"):
        memory.require(2**60, (2**20, 2**40), Component("any", {"n_factors": 9, "init_sd": 0.5, "y_range": None}))


def test_a_plugins_failure_is_told_in_its_own_words(defined: Define, odd: str) -> None:
    for fail, words in (
        ("init", "in __init__: RuntimeError: no such thing as init"),
        ("forward", "KeyError: 'forward'"),
    ):
        with pytest.raises(WorkFailed) as failed:
            cost(defined(model={"name": odd, "fail": fail}))
        assert str(failed.value).startswith("odd.py:")
        assert words in str(failed.value)
    with pytest.raises(WorkFailed, match="schedule file:nothing: it sets lr = nan, momentum = None at step 95"):
        rates(defined(schedule={"name": "nothing"}))


def test_a_loss_that_diverges_at_once_is_told(defined: Define) -> None:
    with pytest.raises(WorkFailed, match="the likely cause is a learning rate too high"):
        cost(defined(optimizer={"name": "sgd", "lr": 1e30}, schedule={"name": "constant"}))


def test_rates_are_the_schedules_own_at_even_steps(defined: Define) -> None:
    from cfbench.loading.components import installed

    experiment = defined()
    schedule = make_schedule(experiment, installed, 96)
    every = rates(experiment, 1_000)
    assert [(rate.step, rate.lr, rate.momentum) for rate in every] == [
        (step, schedule(step).lr, schedule(step).momentum) for step in range(96)
    ]
    few = rates(experiment, 6)
    assert [rate.step for rate in few] == [0, 19, 38, 57, 76, 95]
    assert few == [every[step] for step in (0, 19, 38, 57, 76, 95)]
    assert [rate.step for rate in rates(experiment, 1)] == [0]
    constant = rates(defined(schedule={"name": "constant"}), 3)
    assert {(rate.lr, rate.momentum) for rate in constant} == {(experiment.optimizer.params["lr"], None)}
