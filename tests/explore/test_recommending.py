"""A varied list: the greedy choice by its formula, and the same beginning however long the list is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cfbench import python
from cfbench.explore.factors import tables_of
from cfbench.explore.recommending import recommend
from cfbench.explore.trained import Trained

POOL, N_ITEMS = 200, 320


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model of more items than a varied list is put together of."""
    folder: Path = tmp_path_factory.mktemp("wide")
    rng = np.random.default_rng(3)
    rows = [f"u{u},{i},{rng.integers(1, 6)}" for i in range(N_ITEMS) for u in rng.permutation(12)[:3]]
    (folder / "ratings.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CFBENCH_HOME", str(folder / "home"))
        return python.train(
            {
                "data": {"source": str(folder / "ratings.csv"), "user": "user", "item": "item", "target": "rating"},
                "splitter": {"name": "random", "valid": 0.1},
                "loader": {"batch_size": 64},
                "model": {"name": "biased-dot-product", "n_factors": 5, "init_sd": 0.6},
                "training": {"epochs": 1, "threads": 1},
            }
        )


@pytest.fixture(autouse=True)
def home(wide: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFBENCH_HOME", str(wide.run.path.parent.parent))


@pytest.mark.parametrize("diversity", [0.1, 0.5, 1.0])
def test_a_shorter_varied_list_begins_a_longer_one(wide: Trained, diversity: float) -> None:
    every = [one.label for one in recommend(wide, "u1", N_ITEMS, diversity=diversity).items]
    assert len(every) == len(set(every)) > POOL + 10
    for count in (1, 2, 5, 10, 11, 60, POOL - 1, POOL, POOL + 1, POOL + 10):
        assert [one.label for one in recommend(wide, "u1", count, diversity=diversity).items] == every[:count]
    plain = [one.label for one in recommend(wide, "u1", N_ITEMS).items]
    assert set(every[:POOL]) == set(plain[:POOL])
    assert every[:POOL] != plain[:POOL]
    assert every[POOL:] == plain[POOL:]


def test_each_item_of_a_varied_list_is_the_best_of_those_left(wide: Trained) -> None:
    pool = recommend(wide, "u2", POOL).items
    table = tables_of(wide).item_factors.detach().double().numpy()
    vectors = {one.label: table[wide.item_codes[one.label]] for one in pool}
    low, high = pool[-1].value, pool[0].value
    left, chosen = {one.label: (one.value - low) / (high - low) for one in pool}, []

    def worth(label: str) -> float:
        own = vectors[label]
        alike = [own @ vectors[c] / np.linalg.norm(own) / np.linalg.norm(vectors[c]) for c in chosen]
        return 0.6 * left[label] - 0.4 * max([0.0, *alike])

    for _ in range(12):
        chosen.append(max(left, key=worth))
        del left[chosen[-1]]
    assert [one.label for one in recommend(wide, "u2", 12, diversity=0.4).items] == chosen
