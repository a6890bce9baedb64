"""Learners made from the tables of an experiment, and what they have learned so far."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from benchmarks.measuring import timed


def learner_of(tables: dict[str, Any], loader: Any = None) -> Any:
    """Return the learner of an experiment, on its own loader or a given one."""
    from cfbench.experiment import parse
    from cfbench.loading.components import installed
    from cfbench.loading.previewing import open_loader
    from cfbench.runs.preparing import checked
    from cfbench.training.learner import Learner
    from cfbench.training.trying import Nobody

    made = checked(parse(tables))
    return Learner(made, loader or open_loader(made), installed, Nobody())


def rmse(learner: Any) -> float:
    """Return the valid RMSE of what a fused engine learned so far."""
    from cfbench.training.evaluation import predict

    learner.fused.settle()
    error = predict(learner.predictor, learner.loader.valid) - learner.loader.valid.all.target
    return float(error.square().mean().sqrt())


def to_goal(
    epoch: Callable[[int], Any], measured: Callable[[], float], goal: float, most: int = 60
) -> tuple[float, int] | None:
    """Return the seconds of the epochs until a valid RMSE is reached, measuring left out, and how many."""
    spent = 0.0
    for number in range(1, most + 1):
        spent += timed(functools.partial(epoch, number), 1)[0]
        if measured() <= goal:
            return spent, number
    return None
