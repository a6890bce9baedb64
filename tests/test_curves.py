"""Curves that grow: in bounded memory, nothing extreme lost, and the same whoever goes on with them from where."""

import json
import math
import random
from typing import Any

import msgspec
import pytest

from cfbench.answers import Curve, History
from cfbench.curves import RunHistory, Thinned
from cfbench.runs.events import effective

Event = dict[str, Any]


def told(chance: random.Random, epochs: int, steps: int, interruptions: int) -> list[Event]:
    """What a run tells that was interrupted at random and went back to one of its last two checkpoints each time."""
    events: list[Event] = [{"event": "created", "epochs": epochs, "steps": epochs * steps, "step": 0}]
    stops = sorted(chance.sample(range(1, epochs * steps), interruptions))
    step, kept = 0, [0]
    while step < epochs * steps:
        step += 1
        events.append({"event": "step", "step": step, "loss": chance.gauss(1, 1), "lr": chance.random()})
        if step % steps == 0:
            valid = chance.choice([chance.gauss(1, 1), 7.0])
            measured = {"rmse": chance.choice([None, chance.random()]), "mae": 1.0}
            epoch: Event = {"event": "epoch", "step": step, "epoch": step // steps, "metrics": measured}
            events.append({**epoch, "train_loss": chance.random(), "valid_loss": valid})
            events.append({"event": "checkpoint", "step": step})
            kept = [*kept, step][-2:]
        if stops and step >= stops[0]:
            stops.pop(0)
            step = chance.choice(kept)
            kept = [k for k in kept if k <= step]
            events.append({"event": "started"})
            events.append({"event": "resumed", "from_step": step})
    return events


def history(events: list[Event], before: History | None = None, points: int = 400) -> History:
    known = RunHistory.of(before, points) if before else RunHistory(points)
    for event in events:
        known.add(event)
    return known.answer("run", "key", 0)


@pytest.mark.parametrize("seed", range(12))
def test_a_curve_that_travelled_goes_on_as_if_it_never_had(seed: int) -> None:
    chance = random.Random(seed)
    points = chance.choice([16, 40, 400])
    events = told(chance, chance.randint(2, 60), chance.randint(2, 60), interruptions=3)
    whole = history(events, points=points)
    for cut in chance.sample(range(len(events)), 3):
        before = history(events[:cut], points=points)
        arrived = msgspec.json.decode(msgspec.json.encode(before), type=History)
        assert history(events[cut:], arrived, points) == whole


@pytest.mark.parametrize("seed", range(8))
def test_an_interrupted_runs_past_is_that_of_one_that_never_was(seed: int) -> None:
    """As long as it went back behind no more values than are kept one by one, and as many came after."""
    chance = random.Random(seed)
    events = told(chance, 30, 40, interruptions=4)
    straight, interrupted = history(effective(events)), history(events)
    ends = [curve.x[-1] for curve in interrupted.curves if curve.x]
    assert ends == [30.0] * len(ends)
    assert interrupted.epochs == straight.epochs
    resumed_at = max(n for n, event in enumerate(events) if event["event"] == "resumed")
    if sum(event["event"] == "step" for event in events[resumed_at:]) >= 100:
        assert interrupted.curves == straight.curves
    for one, other in zip(interrupted.curves, straight.curves, strict=True):
        assert extremes(one) == extremes(other)


def extremes(curve: Curve) -> tuple[float, float]:
    finite = [value for value in [*curve.low, *curve.high] if value is not None]
    return min(finite), max(finite)


def test_points_hold_the_lowest_and_the_highest_of_what_fell_into_them() -> None:
    chance = random.Random(3)
    values = [(n / 40, chance.gauss(0, 1)) for n in range(1, 20_001)]
    thinned = Thinned(100)
    for x, value in values:
        thinned.add(x, value)
    curve = thinned.curve("train")
    assert len(curve.x) <= 100
    assert curve.x == sorted(curve.x)
    assert curve.single == 25
    assert list(zip(curve.x, curve.low, strict=True))[-25:] == values[-25:]
    start = -math.inf
    for end, low, high in zip(curve.x, curve.low, curve.high, strict=True):
        inside = [value for x, value in values if start < x <= end]
        assert (low, high) == (min(inside), max(inside))
        start = end


def test_what_is_no_number_marks_its_point() -> None:
    thinned = Thinned(16)
    for n in range(1, 401):
        thinned.add(n, {100: math.nan, 399: math.inf}.get(n, 1.0))
    curve = thinned.curve("rmse")
    assert curve.low == curve.high
    assert [n for n, low in enumerate(curve.low) if low is None][-1] == len(curve.x) - 2
    assert curve.low.count(None) == 2


def test_going_back_far_behind_what_is_kept_singly_leaves_no_value_that_was_undone() -> None:
    thinned = Thinned(16)
    for n in range(1, 401):
        thinned.add(n, float(n))
    thinned.drop_after(200)
    curve = thinned.curve("train")
    assert curve.x[-1] <= 200
    assert max(high for high in curve.high if high is not None) <= 200
    thinned.drop_after(0)
    assert thinned.curve("train") == Thinned(16).curve("train")


def test_steps_before_any_epoch_is_known_are_left_out() -> None:
    """As in a file whose first line is damaged."""
    events: list[Event] = [{"event": "step", "step": 1, "loss": 1.0}]
    events.append({"event": "epoch", "epoch": 2, "step": 8, "train_loss": 1, "valid_loss": None, "metrics": {}})
    events.append({"event": "step", "step": 10, "loss": 3.0, "lr": None})
    found = history(events)
    curves = {curve.name: curve for curve in found.curves}
    assert found.steps_an_epoch == 4
    assert (curves["train"].x, curves["train"].low) == ([2.5], [3.0])
    assert (curves["lr"].low, curves["valid"].x, curves["train_epoch"].x) == ([None], [], [2.0])


def test_a_history_of_any_length_is_small() -> None:
    known = RunHistory()
    known.add({"event": "created", "epochs": 5000, "steps": 200_000})
    for step in range(1, 200_001):
        known.add({"event": "step", "step": step, "loss": 1 / step, "lr": 0.01})
        if step % 40 == 0:
            epoch = {"event": "epoch", "step": step, "epoch": step // 40, "metrics": {"rmse": 1.0}}
            known.add({**epoch, "train_loss": 1.0, "valid_loss": 1.0})
    for n in range(1000):
        known.add({"event": f"kind {n}"})
    found = known.answer("run", "key", 0)
    assert len(json.dumps(msgspec.to_builtins(found))) < 400_000
    assert all(len(curve.x) <= 400 for curve in found.curves)
    assert [event["epoch"] for event in found.epochs] == list(range(4001, 5001))
    assert len(found.last) < 100
