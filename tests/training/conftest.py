"""Learners on small planted files, in memory: events in a list, checkpoints where a test wants them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfbench import experiment as experiments
from cfbench.experiment import Experiment
from cfbench.loading.components import installed
from cfbench.loading.previewing import open_loader
from cfbench.runs.preparing import checked
from cfbench.training.checkpoints import Checkpoints
from cfbench.training.learner import Learner


class Told:
    """Events as a list."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def write(self, event: str, **fields: Any) -> None:
        self.events.append({"event": event, **fields})

    def sync(self) -> None:
        """A list is as safe as it gets."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    def measurements(self) -> list[dict[str, Any]]:
        """Step and epoch events without speeds."""
        return [
            {key: value for key, value in event.items() if key != "rows_per_second"}
            for event in self.events
            if event["event"] in ("step", "epoch")
        ]


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4,000 of 80 x 80 ratings: a mean, biases, and three planted factors that make most of the variance."""
    rng = np.random.default_rng(5)
    users, items = rng.normal(size=(80, 3)), rng.normal(size=(80, 3))
    user_bias, item_bias = rng.normal(0, 0.3, 80), rng.normal(0, 0.3, 80)
    cells = rng.permutation(6400)[:4000]
    user, item = cells // 80, cells % 80
    rating = 3 + user_bias[user] + item_bias[item] + 0.6 * (users[user] * items[item]).sum(1) + rng.normal(0, 0.1, 4000)
    path = tmp_path_factory.mktemp("planted") / "ratings.csv"
    lines = [f"{u},{i},{r:.3f}" for u, i, r in zip(user, item, rating, strict=True)]
    path.write_text("\n".join(["user,item,rating", *lines]) + "\n")
    return path


@pytest.fixture
def defined(planted: Path) -> Callable[..., Experiment]:
    """An experiment on the planted file; keywords replace its tables' settings."""

    def defined(**tables: Any) -> Experiment:
        document: dict[str, Any] = {
            "data": {"source": str(planted)},
            "loader": {"batch_size": 100},
            "model": {"name": "biased-dot-product", "n_factors": 4},
            "training": {"epochs": 3, "threads": 1},
        }
        for name, table in tables.items():
            document[name] = {**document.get(name, {}), **table} if isinstance(table, dict) else table
        return checked(experiments.parse(document))

    return defined


@pytest.fixture
def learner(defined: Callable[..., Experiment]) -> Callable[..., Learner]:
    """A learner of such an experiment; its events are in `learner.events.events`."""

    def learner(checkpoints: Path | None = None, **tables: Any) -> Learner:
        made = defined(**tables)
        kept = Checkpoints(checkpoints) if checkpoints else None
        return Learner(made, open_loader(made), installed, Told(), kept)

    return learner
