"""The learning-rate test: its suggestion learns, it ends by itself, and leaves no trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from cfbench.errors import BadInput
from cfbench.training.lr_finder import STEPS, find_lr, rate, steepest

Make = Callable[..., Any]
CONSTANT = {"schedule": {"name": "constant"}, "loader": {"batch_size": 16}, "optimizer": {"name": "adam"}}


def test_rates_grow_by_the_same_factor() -> None:
    rates = [rate(step) for step in range(STEPS)]
    factors = np.divide(rates[1:], rates[:-1])
    assert (rates[0], rates[-1]) == (pytest.approx(1e-6), pytest.approx(100))
    assert factors == pytest.approx(factors[0])


def test_the_steepest_fall_is_found() -> None:
    rates = [rate(step) for step in range(STEPS)]
    x = np.log10(rates)
    losses = (2 - 1 / (1 + np.exp(-4 * (x + 2))) + np.where(x > 0, 10 * x, 0)).tolist()  # falls fastest at 10 ** -2
    found = steepest(rates, losses)
    assert found is not None
    assert np.log10(found) == pytest.approx(-2, abs=0.15)
    assert steepest(rates, np.linspace(1, 2, STEPS).tolist()) is None
    assert steepest([], []) is None


def test_what_it_suggests_learns_better_than_far_less_and_far_more(defined: Make, learner: Make) -> None:
    found = find_lr(defined(**CONSTANT))
    assert found.suggestion is not None
    losses = []
    for factor in (0.01, 1.0, 100.0):
        optimizer = {"name": "adam", "lr": found.suggestion * factor}
        made = learner(**{**CONSTANT, "optimizer": optimizer, "training": {"epochs": 2}})
        made.fit()
        losses.append(made.events.of("epoch")[-1]["valid_loss"])
    assert losses[1] < min(losses[0], losses[2])


def test_it_ends_where_the_loss_explodes_and_leaves_no_trace(defined: Make) -> None:
    experiment = defined(**{**CONSTANT, "optimizer": {"name": "sgd"}, "loader": {"batch_size": 1}})
    torch.manual_seed(5)
    before = torch.get_rng_state()
    found = find_lr(experiment)
    assert torch.equal(torch.get_rng_state(), before)
    assert "lowest" in found.ended or "no finite number" in found.ended
    assert len(found.rates) == len(found.losses) < STEPS
    assert find_lr(experiment) == found


def test_a_model_that_trains_itself_has_no_rate(defined: Make) -> None:
    with pytest.raises(BadInput, match="it is not trained by steps"):
        find_lr(defined(model={"name": "pure-svd"}))
