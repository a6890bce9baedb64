"""The learning-rate range test: a short training in which the rate grows with every step, and the loss is watched.

Smith: Cyclical learning rates for training neural networks. WACV 2017, section 3.3; with the exponential growth and the
smoothing of Howard & Gugger: Deep Learning for Coders with fastai and PyTorch, O'Reilly 2020, chapter 5.
"""

from __future__ import annotations

import copy
import itertools
import math
import time
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import torch

from cfbench.answers import LrCurve
from cfbench.errors import BadInput
from cfbench.experiment import Experiment
from cfbench.loading.components import installed
from cfbench.loading.loader import Batch
from cfbench.loading.previewing import open_loader
from cfbench.plugin import Rates
from cfbench.training.learner import Diverged, Learner
from cfbench.training.memory import Room
from cfbench.training.trying import Nobody, trial

LOW, HIGH = 1e-6, 100.0
STEPS = 160
SMOOTHING = 0.95
"""How much of the loss so far is kept; the mean is corrected for its start at 0, as Adam's are."""

DIVERGED = 4.0
"""The test ends when the smoothed loss is so many times the lowest."""

PATIENCE = 10.0
_SETTLED = 20
"""Steps after which the smoothed loss is no longer that of a few batches."""

_WINDOW = 10
"""Steps over which a slope is taken."""


def find_lr(experiment: Experiment) -> LrCurve:
    """Return the loss while the learning rate grows from 1e-6 to 100, and the rate at which it falls fastest.

    The suggestion is where the smoothed loss falls most steeply over the logarithm of the rate, before its lowest
    point: large enough to learn fast, some way below where it diverges. A batch's loss is taken less that of the
    untrained model on the same batch, so that small batches do not drown the curve in their luck. Nothing of the
    training is kept.

    Args:
        experiment: resolved.

    Raises:
        BadInput: its data can't be used, or its model is not trained by steps.
        WorkFailed: a plugin fails.
    """
    by_steps = msgspec.structs.replace(experiment.training, engine="autograd")
    experiment = msgspec.structs.replace(experiment, training=by_steps)
    loader = open_loader(experiment)
    with trial(experiment):
        with Room(experiment.model):
            learner = Learner(experiment, loader, installed, Nobody())
        if learner.itself:
            raise BadInput(
                "it is not trained by steps", where=f"model {experiment.model.name}", mend="it needs no rate"
            )
        learner.schedule = lambda step: Rates(rate(step))
        learner.predictor.module.train()
        return _watched(learner)


def rate(step: int) -> float:
    """Return the learning rate of a step, from 0."""
    return float(LOW * (HIGH / LOW) ** (step / (STEPS - 1)))


def _watched(learner: Learner) -> LrCurve:
    rates: list[float] = []
    losses: list[float] = []
    mean, lowest, ended = 0.0, math.inf, "the highest rate was reached"
    untrained, firsts = _Untrained(learner), 0.0
    began = time.monotonic()
    for step, batch in enumerate(itertools.islice(_batches(learner), STEPS)):
        first = untrained.loss(batch, step)
        firsts += first
        try:
            loss = learner.step(batch) - first + firsts / (step + 1)
        except Diverged:
            ended = "the loss became no finite number"
            break
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smooth = mean / (1 - SMOOTHING ** (step + 1))
        rates.append(rate(step))
        losses.append(smooth)
        lowest = min(lowest, smooth) if step >= _SETTLED else lowest
        if smooth > DIVERGED * lowest:
            ended = f"the loss was {DIVERGED:g} times its lowest"
            break
        if time.monotonic() - began > PATIENCE:
            ended = f"{PATIENCE:g} seconds were over"
            break
    return LrCurve(rates, losses, steepest(rates, losses), ended)


class _Untrained:
    """The model as it was before the first step: what it loses on a batch is the batch's luck, not the rate's doing."""

    def __init__(self, learner: Learner) -> None:
        self._objective, self._predictor = learner.objective, copy.copy(learner.predictor)
        self._predictor.module = copy.deepcopy(learner.predictor.module).eval()

    @torch.no_grad()
    def loss(self, batch: Batch, step: int) -> float:
        """Return its loss on a batch."""
        return self._objective(self._predictor, self._predictor.place(batch), step)[0].item()


def _batches(learner: Learner) -> Iterator[Batch]:
    """Yield batches of one epoch after the other."""
    for epoch in itertools.count():
        yield from learner.loader.train.batches(epoch)


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """Return the rate at which the loss falls most steeply over its logarithm, None where it never falls."""
    y, x = np.asarray(losses[_SETTLED:]), np.asarray(rates[_SETTLED:])
    if not len(y):
        return None
    y, x = y[: int(np.argmin(y)) + 1], x[: int(np.argmin(y)) + 1]
    if len(y) <= _WINDOW:
        return None
    slopes = (y[_WINDOW:] - y[:-_WINDOW]) / np.log(x[_WINDOW:] / x[:-_WINDOW])
    best = int(np.argmin(slopes))
    return float(x[best + _WINDOW // 2]) if slopes[best] < 0 else None
