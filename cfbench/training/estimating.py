"""What a training will cost, and how its learning rate will go, told before it starts."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Iterable, Iterator

import torch

from cfbench.answers import Cost, Rate
from cfbench.data.importing import open_interactions
from cfbench.errors import WorkFailed
from cfbench.experiment import Experiment
from cfbench.loading.components import installed, places
from cfbench.loading.loader import Batch
from cfbench.loading.previewing import open_loader
from cfbench.loading.splits import make_split
from cfbench.registry.faults import in_its_own_words
from cfbench.training.components import make_schedule
from cfbench.training.fused.engine import FusedEngine
from cfbench.training.learner import Learner
from cfbench.training.memory import Room, require
from cfbench.training.trying import Nobody, trial

WARM_UP = 2
"""Steps that are taken and not counted: torch and the optimizer make their tables in the first."""

_SECONDS = 0.5
_PATIENCE = 2.0
_AS_MUCH_AGAIN = 3
"""What a step adds to a model, in its own size: a gradient, and two moments where the optimizer keeps them."""


def cost(experiment: Experiment) -> Cost:
    """Return what training a resolved experiment costs, from steps that are taken for half a second and thrown away.

    Raises:
        BadInput: its data can't be used, or its tables do not fit into memory; names the setting.
        WorkFailed: a plugin fails, or the loss of the first steps is no finite number.
    """
    loader = open_loader(experiment)
    with trial(experiment):
        with Room(experiment.model):
            learner = Learner(experiment, loader, installed, Nobody())
        module = learner.predictor.module
        named = module.state_dict() if learner.itself else dict(module.named_parameters())
        model_bytes = sum(map(_bytes, named.values()))
        largest = max(named.values(), key=torch.Tensor.numel, default=torch.empty(0))
        require(0 if learner.itself else _AS_MUCH_AGAIN * model_bytes, tuple(largest.shape), experiment.model)
        seconds = 0.0 if learner.itself else _seconds_an_epoch(learner)
        return Cost(
            parameters=sum(parameter.numel() for parameter in named.values()),
            tables={name: tuple(parameter.shape) for name, parameter in named.items()},
            model_bytes=model_bytes,
            optimizer_bytes=_state_bytes(learner),
            steps_an_epoch=1 if learner.itself else learner.steps_an_epoch,
            seconds_an_epoch=seconds,
            seconds=seconds * experiment.training.epochs,
            device=learner.predictor.device_name,
            threads=torch.get_num_threads(),
        )


def rates(experiment: Experiment, points: int = 200) -> list[Rate]:
    """Return what a resolved experiment's schedule sets at evenly spaced steps, from the first to the last.

    Args:
        experiment: resolved.
        points: how many steps at most.

    Raises:
        BadInput: its data can't be used.
        WorkFailed: the schedule fails, or gives no finite number.
    """
    split = make_split(open_interactions(experiment.data), experiment, installed)
    steps = experiment.loader.batches(len(split.train)) * experiment.training.epochs
    points = max(1, min(points, steps))
    shown = [number * (steps - 1) // max(points - 1, 1) for number in range(points)]
    with in_its_own_words("", *places(experiment)):
        schedule = make_schedule(experiment, installed, steps)
        found = [(step, schedule(step)) for step in shown]
        planned = [Rate(step, float(at.lr), None if at.momentum is None else float(at.momentum)) for step, at in found]
    for rate in planned:
        if not math.isfinite(rate.lr + (rate.momentum or 0)):
            raise WorkFailed(
                f"it sets lr = {rate.lr}, momentum = {rate.momentum} at step {rate.step:,}",
                where=f"schedule {experiment.schedule.name}",
                mend="look at its parameters",
            )
    return planned


def _seconds_an_epoch(learner: Learner) -> float:
    """Return the time of putting all rows in order, and of so many steps as the median of some taken here."""
    train = learner.loader.train
    learner.predictor.module.train()
    if learner.fused:
        return _seconds_of_pieces(learner, learner.fused)
    assert len(train.all)  # encoded now: that is done once a training, not once an epoch
    began = time.perf_counter()
    batches = train.batches()
    first = next(batches)
    ordering = time.perf_counter() - began
    times = list(_step_times(learner, itertools.chain([first], batches)))
    return ordering + statistics.median(times[WARM_UP:] or times[-1:]) * learner.steps_an_epoch


def _seconds_of_pieces(learner: Learner, fused: FusedEngine) -> float:
    """Return the time of an order, and of an epoch's pieces as the median of a few, compiled before."""
    began = time.perf_counter()
    fused.put_in_order(0, learner.experiment.loader.reshuffle)
    ordering = time.perf_counter() - began
    piece = fused.end_after(0)
    rate = learner.schedule(0).lr
    times = []
    for _ in range(WARM_UP + 3):
        began = time.perf_counter()
        fused.run(0, piece, rate)
        times.append(time.perf_counter() - began)
    return ordering + statistics.median(times[WARM_UP:]) * learner.steps_an_epoch / piece


def _step_times(learner: Learner, batches: Iterable[Batch]) -> Iterator[float]:
    """Take steps and yield the time of each, until those after the warm-up took half a second, or all took two."""
    started = before = time.perf_counter()
    counted = 0.0
    for number, batch in enumerate(batches):
        learner.step(batch)
        now = time.perf_counter()
        counted += (now - before) * (number >= WARM_UP)
        yield now - before
        if counted > _SECONDS or now - started > _PATIENCE:
            return
        before = now


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _state_bytes(learner: Learner) -> int:
    if learner.fused:
        return sum(sums.nbytes for sums in learner.fused.state.values())
    if learner.optimizer is None:
        return 0
    optimizer = learner.optimizer
    states = [value for state in optimizer.state.values() for value in state.values()]
    return sum(_bytes(value) for value in states if isinstance(value, torch.Tensor))
