"""One trained run on a small table with titles, fields and a test part, shared by all tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfbench import python
from cfbench.explore.trained import Trained


@pytest.fixture(autouse=True)
def home(explored: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CFBENCH_HOME", str(explored / "home"))
    return explored / "home"


@pytest.fixture(scope="session")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ratings.csv, films.csv (two films share a title), and a home."""
    folder = tmp_path_factory.mktemp("explored")
    rng = np.random.default_rng(2)
    cells = rng.permutation(30 * 20)[:400]
    rows = [f"v{c // 20},{c % 20},{rng.integers(1, 11) / 2},{rng.choice(['phone', 'tv'])}" for c in cells]
    (folder / "ratings.csv").write_text("\n".join(["viewer,film,stars,device", *rows, "v99,99,3.0,tv"]) + "\n")
    titles = [f"The {n}th Film" if n not in (3, 4) else "Twins" for n in range(20)]
    films = [f"{n},{title},{('Drama', 'Crime')[n % 2]},{1950 + 3 * n}" for n, title in enumerate(titles)]
    (folder / "films.csv").write_text(
        "\n".join(["film,title,genre,year", *films, "99,The Rare Film,Crime,1999"]) + "\n"
    )
    return folder


def document(folder: Path, **tables: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "data": {
            "source": str(folder / "ratings.csv"),
            "user": "viewer",
            "item": "film",
            "target": "stars",
            "items": {"source": str(folder / "films.csv")},
        },
        "splitter": {"name": "random", "valid": 0.2, "test": 0.1},
        "loader": {"batch_size": 20},
        "training": {"epochs": 4, "threads": 1},
    }
    for name, table in tables.items():
        made[name] = {**made.get(name, {}), **table}
    return made


@pytest.fixture(scope="session")
def trained_session(explored: Path) -> Iterator[dict[str, Trained]]:
    """Name -> a trained model: "factors", and "fields" (the MLP with fields, float64)."""
    before = os.environ.get("CFBENCH_HOME")
    os.environ["CFBENCH_HOME"] = str(explored / "home")
    try:
        fields = {"categorical": ["genre", "device"], "continuous": ["year"]}
        yield {
            "factors": python.train(document(explored, model={"name": "biased-dot-product", "n_factors": 3})),
            "fields": python.train(
                document(
                    explored,
                    data=fields,
                    model={"name": "embedding-mlp", "n_factors": 3, "layers": [8], "dropout": 0.2},
                    training={"precision": "float64"},
                )
            ),
        }
    finally:
        if before is None:
            os.environ.pop("CFBENCH_HOME", None)
        else:
            os.environ["CFBENCH_HOME"] = before


@pytest.fixture
def factors(trained_session: dict[str, Trained]) -> Trained:
    return trained_session["factors"]


@pytest.fixture
def fields(trained_session: dict[str, Trained]) -> Trained:
    return trained_session["fields"]


@pytest.fixture
def train(explored: Path) -> Any:
    """Train with other settings."""

    def train(**tables: Any) -> Trained:
        return python.train(document(explored, **tables))

    return train
