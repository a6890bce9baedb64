"""What is refused since the run was not trained with it says how to have it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from cfbench import python
from cfbench.errors import BadInput
from cfbench.explore.filtering import allowed
from cfbench.explore.mapping import factor_map
from cfbench.explore.trained import Trained

GENRES = ["Drama|War", "Drama", "War|Noir", "Drama|Noir", "Comedy", "Comedy|Drama", "", "War", "War|Drama", "Noir"]


@pytest.fixture
def plain(tmp_path: Path) -> Trained:
    """A model of ten films, trained with none of the fields that these have."""
    rng = np.random.default_rng(0)
    rows = [f"u{u},{i},{rng.integers(1, 6)}" for u in range(12) for i in range(10)]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    films = [f"{i},Film {i},{genre},{1980 + i},{i % 2},{i % 3 // 2}" for i, genre in enumerate(GENRES)]
    (tmp_path / "i.csv").write_text("\n".join(["item,title,genres,year,tall,wide", *films]) + "\n")
    return python.train(
        {
            "data": {
                "source": str(tmp_path / "r.csv"),
                "items": {"source": str(tmp_path / "i.csv"), "flags": {"big shape": ["tall", "wide"]}},
            },
            "model": {"name": "biased-dot-product", "n_factors": 2},
            "training": {"epochs": 1},
        }
    )


@pytest.mark.parametrize(
    ("field", "how"),
    [
        ("genres", "--multilabel genres of 'cfbench experiment new', or multilabel = [\"genres\"] in [data]"),
        (
            "big shape",
            "--multilabel 'big shape' of 'cfbench experiment new', or multilabel = [\"big shape\"] in [data]",
        ),
        ("year", "--continuous year of 'cfbench experiment new', or continuous = [\"year\"] in [data]"),
        ("colour", "or train with one: data.categorical, data.continuous, data.multilabel"),
    ],
)
def test_a_field_that_the_data_have_is_told_how_to_train_with(plain: Trained, field: str, how: str) -> None:
    with pytest.raises(BadInput, match=f"no field '{field}'; .*{re.escape(how)}"):
        allowed(plain, [f"{field}=x"])
    with pytest.raises(BadInput, match=f"no field '{field}'; .*{re.escape(how.removeprefix('or '))}"):
        factor_map(plain, field=field)


def test_a_field_that_is_nearly_named_is_asked_after(plain: Trained) -> None:
    with pytest.raises(BadInput, match="no field 'genre', did you mean 'genres'"):
        allowed(plain, ["genre=Drama"])


def test_where_the_data_are_gone_nothing_is_offered(plain: Trained, tmp_path: Path) -> None:
    (tmp_path / "i.csv").unlink()
    with pytest.raises(BadInput, match=r"no field 'genres'; .*train with one: data\.categorical"):
        allowed(plain, ["genres=Drama"])
