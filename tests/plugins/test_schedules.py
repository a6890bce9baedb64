"""Schedules against the formula of the one-cycle policy and against torch's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

Make = Callable[..., Any]
LR, STEPS = 0.005, 400


def one_cycle(parts: Make, steps: int = STEPS, **params: Any) -> Callable[[int], Any]:
    target, made = parts("schedule", "one-cycle", **params)
    schedule: Callable[[int], Any] = target(made, LR, steps)
    return schedule


def test_constant_is_constant_and_leaves_momentum_alone(parts: Make) -> None:
    target, made = parts("schedule", "constant")
    rates = [target(made, LR, STEPS)(step) for step in (0, 1, STEPS - 1)]
    assert {(rate.lr, rate.momentum) for rate in rates} == {(LR, None)}


def test_one_cycle_goes_through_the_corners_of_the_formula(parts: Make) -> None:
    schedule = one_cycle(parts)
    corners = {
        0: (LR / 25, 0.95),
        STEPS // 8: ((LR / 25 + LR) / 2, 0.90),
        STEPS // 4: (LR, 0.85),
        STEPS * 5 // 8: ((LR + LR / 1e5) / 2, 0.90),
        STEPS: (LR / 1e5, 0.95),
    }
    for step, (lr, momentum) in corners.items():
        assert schedule(step).lr == pytest.approx(lr, rel=1e-12)
        assert schedule(step).momentum == pytest.approx(momentum, rel=1e-12)
    rates = [schedule(step).lr for step in range(STEPS)]
    assert rates[:101] == sorted(rates[:101])
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert max(rates) == rates[100] == LR


def test_one_cycle_is_a_quarter_up_and_three_quarters_down_along_cosines(parts: Make) -> None:
    schedule = one_cycle(parts, steps=70)
    for step in range(70):
        part = step / 70
        up, down = part / 0.25, (part - 0.25) / 0.75
        if part < 0.25:
            lr = LR / 25 + (LR - LR / 25) * (1 - math.cos(math.pi * up)) / 2
            momentum = 0.95 + (0.85 - 0.95) * (1 - math.cos(math.pi * up)) / 2
        else:
            lr = LR + (LR / 1e5 - LR) * (1 - math.cos(math.pi * down)) / 2
            momentum = 0.85 + (0.95 - 0.85) * (1 - math.cos(math.pi * down)) / 2
        assert schedule(step).lr == pytest.approx(lr, rel=1e-12)
        assert schedule(step).momentum == pytest.approx(momentum, rel=1e-12)


def test_one_cycle_equals_torchs_with_its_last_point_one_step_later(parts: Make) -> None:
    """As in fastai, `end_div` is reached when the last step is done; torch reaches it before its last step.

    So torch's cycle over one more step, with its top put to the same step, has the same points.
    """
    schedule, total = one_cycle(parts), STEPS + 1
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=0.5)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, LR, total_steps=total, pct_start=(STEPS / 4 + 1) / total, div_factor=25, final_div_factor=1e5 / 25
    )
    for step in range(total):
        group = optimizer.param_groups[0]
        assert schedule(step).lr == pytest.approx(group["lr"], rel=1e-9)
        assert schedule(step).momentum == pytest.approx(group["momentum"], rel=1e-9)
        optimizer.step()
        if step < STEPS:
            theirs.step()


def test_the_parameters_of_one_cycle_move_its_corners(parts: Make) -> None:
    schedule = one_cycle(parts, start_div=10.0, end_div=100.0, rise=0.5, momentum=[0.8, 0.7, 0.6])
    at = [schedule(step) for step in (0, STEPS // 2, STEPS)]
    assert [rate.lr for rate in at] == pytest.approx([LR / 10, LR, LR / 100])
    assert [rate.momentum for rate in at] == pytest.approx([0.8, 0.7, 0.6])
    assert one_cycle(parts, momentum=None)(3).momentum is None


def test_one_step_is_a_schedule_too(parts: Make) -> None:
    assert one_cycle(parts, steps=1)(0).lr == pytest.approx(LR / 25)
