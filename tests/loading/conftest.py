"""A small table with titles, a categorical and a continuous field of the item, and one of the rating."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfbench import experiment
from cfbench.experiment import Experiment
from cfbench.loading.loader import Loader
from cfbench.loading.previewing import open_loader
from cfbench.runs.preparing import checked

GENRES = ("Drama", "Comedy", "Crime")


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ratings.csv (200 rows, 25 users, 16 films) and films.csv."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(11)
    cells = rng.permutation(25 * 16)[:200]
    rows = ["viewer,film,stars,device"]
    rows += [f"v{c // 16},{c % 16},{rng.integers(1, 11) / 2},{rng.choice(['phone', 'tv'])}" for c in cells]
    (folder / "ratings.csv").write_text("\n".join(rows) + "\n")
    films = ["film,title,genre,year"]
    films += [f"{n},The {n}th Film,{GENRES[n % 3]},{'' if n == 5 else 1950 + 3 * n}" for n in range(16)]
    (folder / "films.csv").write_text("\n".join(films) + "\n")
    return folder


@pytest.fixture
def defined(table: Path) -> Callable[..., Experiment]:
    """An experiment on the table; keywords replace its tables' settings."""

    def defined(**tables: dict[str, Any]) -> Experiment:
        document: dict[str, Any] = {
            "data": {
                "source": str(table / "ratings.csv"),
                "user": "viewer",
                "item": "film",
                "target": "stars",
                "categorical": ["genre", "device"],
                "continuous": ["year"],
                "items": {"source": str(table / "films.csv")},
            },
            "loader": {"batch_size": 16},
        }
        for name, settings in tables.items():
            document[name] = {**document.get(name, {}), **settings}
        return checked(experiment.parse(document))

    return defined


@pytest.fixture
def opened(defined: Callable[..., Experiment]) -> Callable[..., Loader]:
    """The loader of such an experiment."""

    def opened(**tables: dict[str, Any]) -> Loader:
        return open_loader(defined(**tables))

    return opened
