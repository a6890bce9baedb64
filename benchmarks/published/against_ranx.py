"""Ranking metrics against ranx, on random lists with and without ties.

    python -m benchmarks.published.against_ranx

ranx: Bassani: ranx: a blazing-fast Python library for ranking evaluation and comparison. ECIR 2022. It breaks ties by
the order in which items lie; so where scores tie it is given every order of equal items in turn, and the mean counts.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator
from statistics import fmean
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import torch

import cfbench
from benchmarks.published.claims import Claim, report
from benchmarks.textbook import home
from cfbench import experiment as experiments
from cfbench.data.frames import kept
from cfbench.loading.components import component, installed
from cfbench.loading.loader import Loader
from cfbench.training.ranking import rank

try:
    from ranx import Qrels, Run, evaluate
except ImportError:
    evaluate = None

CASES, ITEMS = 20, 9
NAMES = {
    "precision": "precision",
    "recall": "recall",
    "hr": "hit_rate",
    "mrr": "mrr",
    "map": "map",
    "ndcg": "ndcg",
    "ndcg exponential": "ndcg_burges",
}


class Given(torch.nn.Module):
    """A model whose scores are a given table, (users, items) by code."""

    def __init__(self, table: np.ndarray) -> None:
        super().__init__()
        self.table = table

    def score(self, request: Any) -> np.ndarray:
        return self.table[request.users].copy()


def orders(scores: dict[int, float]) -> Iterator[list[int]]:
    """Every order of items by descending score."""
    levels = sorted(set(scores.values()), reverse=True)
    groups = [[item for item in scores if scores[item] == level] for level in levels]
    for chosen in itertools.product(*(itertools.permutations(group) for group in groups)):
        yield [item for group in chosen for item in group]


def by_ranx(name: str, scores: dict[int, float], relevant: dict[int, int]) -> float:
    """Return the mean of a metric of ranx over all orders of equal items."""
    graded = name.startswith("ndcg_burges")
    qrels = Qrels({"u": {str(item): gain if graded else 1 for item, gain in relevant.items()}})
    values = []
    for order in orders(scores):
        places = Run({"u": {str(item): float(len(order) - place) for place, item in enumerate(order)}})
        values.append(float(evaluate(qrels, places, name)))
    return fmean(values)


def loader_of(cases: list[tuple[dict[int, float], dict[int, int]]]) -> Loader:
    """Return a loader with a user a case; one more user makes all items candidates."""
    rows = [("everything", item, 1, "train") for item in range(ITEMS)]
    for number, (_, relevant) in enumerate(cases):
        rows += [(f"u{number}", item, gain, "valid") for item, gain in relevant.items()]
    frame = pl.DataFrame(rows, ["user", "item", "rating", "part"], orient="row")
    parts = [frame.filter(pl.col("part") == part).drop("part") for part in ("train", "valid")]
    files = [str(kept(part)) for part in parts]
    return cfbench.loader(
        {"data": {"source": files, "item": "item", "user": "user"}, "splitter": {"name": "predefined"}}
    )


def main() -> int:
    """Run it."""
    if evaluate is None:
        print("ranx is not installed: pip install -r benchmarks/requirements.txt", file=sys.stderr)
        return 2
    generator = np.random.default_rng(7)
    cases = []
    for number in range(CASES):
        levels = 1000 if number % 2 else 4
        scores = {item: float(generator.integers(levels)) for item in range(ITEMS)}
        while math.prod(math.factorial(list(scores.values()).count(level)) for level in set(scores.values())) > 300:
            scores = {item: float(generator.integers(levels)) for item in range(ITEMS)}
        chosen = generator.choice(ITEMS, generator.integers(1, 6), replace=False)
        cases.append((scores, {int(item): int(generator.integers(1, 4)) for item in chosen}))
    with home():
        loader = loader_of(cases)
        worst = {(name, k): 0.0 for name in NAMES for k in (1, 5, 9)}
        for number, (scores, relevant) in enumerate(cases):
            ranked = rank(_predictor(loader, scores), loader, "valid")
            code = list(loader.classes["user"]).index(f"u{number}")
            at = ranked.users.tolist().index(code)
            for (name, k), most in worst.items():
                ours = _metric(name, k)(ranked)[at]
                worst[name, k] = max(most, abs(ours - by_ranx(f"{NAMES[name]}@{k}", scores, relevant)))
    claims = [
        Claim(f"{name}@{k}, largest difference of {CASES} cases", 0, most, 1e-6, 8) for (name, k), most in worst.items()
    ]
    return 0 if report("Ranking metrics, half of the cases with ties", "ranx, ECIR 2022", claims) else 1


def _predictor(loader: Loader, scores: dict[int, float]) -> Any:
    codes = {label: code for code, label in enumerate(loader.classes["item"])}
    table = np.zeros((len(loader.classes["user"]), len(codes)))
    for item, score in scores.items():
        table[:, codes[str(item)]] = score
    return SimpleNamespace(module=Given(table), name="given", device=torch.device("cpu"), dtype=torch.float64)


def _metric(name: str, k: int) -> Any:
    bare, _, gain = name.partition(" ")
    params: dict[str, Any] = {"k": k} | ({"gain": gain} if gain else {})
    live, made = component(installed, "metric", experiments.Component(bare, params))
    return lambda ranked: live.target(ranked, made)


if __name__ == "__main__":
    sys.exit(main())
