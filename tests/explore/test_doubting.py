"""Models that no comparison should believe: a constant one, and one that reads what it is measured on."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfbench import paths, python

CHEAT = """
from pathlib import Path
import torch
from torch import nn
from cfbench.plugin import Model, hookimpl

class Cheat(nn.Module):
    def __init__(self, info, params):
        super().__init__()
        self.register_buffer("table", torch.full((info.n_users, info.n_items), info.target_mean))

    def fit(self, data):
        users, items, train = {}, {}, set(zip(data.user.tolist(), data.item.tolist()))
        for line in Path("%s").read_text().splitlines()[1:]:
            user, item, rating = line.split(",")
            pair = users.setdefault(user, len(users) + 1), items.setdefault(item, len(items) + 1)
            if pair not in train:
                self.table[pair] = float(rating)

    def forward(self, x):
        return self.table[x[:, 0], x[:, 1]]

    def score(self, request):
        return (self.table[request.users] != self.table[0, 0]).double()

@hookimpl
def cfbench_models():
    return [Model("cheat", "Cheat", "reads the valid rows", Cheat, batches="none")]
"""


@pytest.fixture
def ratings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import numpy as np

    monkeypatch.setenv("CFBENCH_HOME", str(tmp_path / "home"))
    rng = np.random.default_rng(6)
    cells = rng.permutation(60 * 40)[:900]
    lines = [f"u{c // 40},i{c % 40},{rng.integers(1, 6)}" for c in cells]
    path = tmp_path / "ratings.csv"
    path.write_text("\n".join(["user,item,rating", *lines]) + "\n")
    return path


def test_a_model_that_reads_the_valid_rows_is_doubted(ratings: Path) -> None:
    (paths.writable_folder("plugins") / "cheat.py").write_text(CHEAT % ratings)
    tables = {"data": {"source": str(ratings)}, "metrics": ["rmse", "ndcg@10"]}
    cheat = python.train({**tables, "model": {"name": "cheat"}}).evaluate()
    assert [finding.level for finding in cheat.findings] == ["wrong", "wrong"]
    assert all("it may have seen the valid rows" in finding.mend for finding in cheat.findings)
    for model in ("user-item-bias", "ease", "biased-dot-product"):
        assert not python.train({**tables, "model": {"name": model}}).evaluate().findings


def test_a_constant_model_is_named_and_hits_by_chance(ratings: Path) -> None:
    tables = {"data": {"source": str(ratings)}, "metrics": ["rmse", "HR@10~19"], "model": {"name": "global-mean"}}
    measured = python.train(tables).evaluate()
    assert [finding.what for finding in measured.findings] == ["every prediction is the same"]
    assert measured.metrics["hr@10~19"] == pytest.approx(0.5, abs=0.02)  # a few users have fewer than 19 others
