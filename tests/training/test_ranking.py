"""Ranking metrics against plain definitions, averaged over every order of equal items; and who counts as candidate."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from cfbench import experiment as experiments
from cfbench.loading import candidates
from cfbench.loading.components import component, installed
from cfbench.loading.loader import Loader
from cfbench.loading.previewing import open_loader
from cfbench.plugin import SparseRows
from cfbench.runs.preparing import checked
from cfbench.training import ranking
from cfbench.training.components import make_metrics
from cfbench.training.ranking import Ranked, rank, rank_among

Frame = dict[str, list[Any]]
N_ITEMS = 7  # of which the last is never in training
FULL = ("precision", "recall", "hr", "ndcg", "mrr", "map")


class Scores(torch.nn.Module):
    """A model whose scores are a given table, (users, items) by code."""

    def __init__(self, table: np.ndarray) -> None:
        super().__init__()
        self.table = table

    def score(self, request: Any) -> np.ndarray:
        return self.table[request.users].copy()


def predictor(table: np.ndarray) -> Any:
    return SimpleNamespace(
        module=Scores(table), name="given", fields=False, ratings=True, device=torch.device("cpu"), dtype=torch.float64
    )


def loader(folder: Path, train: list[tuple[int, int]], valid: list[tuple[int, int, float]]) -> Loader:
    """A loader of these pairs; labels u0, u1 … and i0, i1 … have ascending codes."""
    (folder / "train.csv").write_text("user,item,rating\n" + "".join(f"u{u},i{i},1\n" for u, i in train))
    (folder / "valid.csv").write_text("user,item,rating\n" + "".join(f"u{u},i{i},{t}\n" for u, i, t in valid))
    document = {
        "data": {"source": [str(folder / "train.csv"), str(folder / "valid.csv")], "user": "user", "item": "item"},
        "splitter": {"name": "predefined"},
    }
    return open_loader(checked(experiments.parse(document)))


def codes(loaded: Loader, field: str) -> dict[str, int]:
    return {label: code for code, label in enumerate(loaded.classes[field])}


def metric(text: str, **params: Any) -> Callable[[Ranked], np.ndarray]:
    table = experiments.metric(text)
    live, made = component(installed, "metric", experiments.Component(table.name, {**table.params, **params}))
    return lambda ranked: live.target(ranked, made)


# -- plain definitions of one list -------------------------------------------------------------------------------------


def plain(name: str, order: list[int], relevant: dict[int, float], k: int, gain: str = "one") -> float:
    """The metric of one list of items in order, as textbooks write it."""
    hits = [item in relevant for item in order[:k]]
    worth = {"one": lambda _: 1.0, "target": lambda t: t, "exponential": lambda t: 2**t - 1}[gain]
    if name == "precision":
        return sum(hits) / k
    if name == "recall":
        return sum(hits) / len(relevant)
    if name == "hr":
        return float(any(hits))
    if name == "mrr":
        return next((1 / place for place, hit in enumerate(hits, 1) if hit), 0.0)
    if name == "map":
        found = [sum(hits[:place]) / place for place, hit in enumerate(hits, 1) if hit]
        return sum(found) / len(relevant)
    if name == "ndcg":
        gains = [worth(relevant[item]) if item in relevant else 0.0 for item in order[:k]]
        best = sorted(map(worth, relevant.values()), reverse=True)[:k]
        return sum(g / math.log2(r + 2) for r, g in enumerate(gains)) / sum(
            g / math.log2(r + 2) for r, g in enumerate(best)
        )
    others = [item for item in order if item not in relevant]  # auc
    place = {item: n for n, item in enumerate(order)}
    won = sum(place[r] < place[o] for r in relevant if r in place for o in others)
    return won / (len(relevant) * len(others)) if others else math.nan


def orders(scores: dict[int, float]) -> Iterator[list[int]]:
    """Every order of items by descending score."""
    levels = sorted(set(scores.values()), reverse=True)
    groups = [[item for item in scores if scores[item] == level] for level in levels]
    for chosen in itertools.product(*(itertools.permutations(group) for group in groups)):
        yield [item for group in chosen for item in group]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Loader, np.ndarray, list[Any]]:
    """1,000 users with random known and relevant items among seven, and scores with many ties."""
    rng = np.random.default_rng(3)
    train, valid, drawn = [(1000, item) for item in range(N_ITEMS - 1)], [], []
    for user in range(1000):
        known = set(rng.choice(N_ITEMS - 1, rng.integers(0, 3), replace=False).tolist())
        open_items = sorted(set(range(N_ITEMS)) - known)
        relevant = {
            int(item): float(rng.integers(1, 4))
            for item in rng.choice(open_items, rng.integers(1, len(open_items)), replace=False)
        }
        scores = rng.integers(0, rng.integers(1, 6), N_ITEMS).astype(float)
        train += [(user, item) for item in known]
        valid += [(user, item, target) for item, target in relevant.items()]
        drawn.append((known, relevant, scores))
    loaded = loader(tmp_path_factory.mktemp("cases"), train, valid)
    table = np.zeros((len(loaded.classes["user"]), len(loaded.classes["item"])))
    users, items = codes(loaded, "user"), codes(loaded, "item")
    for user, (_, _, scores) in enumerate(drawn):
        if not loaded.encoder.seen["user"][users[f"u{user}"]]:
            continue
        for item in range(N_ITEMS):
            table[users[f"u{user}"], items[f"i{item}"]] = scores[item]
    return loaded, table, drawn


@pytest.mark.parametrize(("name", "k"), [("auc", 0), *itertools.product(FULL, (1, 3, 5))])
def test_metrics_are_the_mean_over_all_orders_of_equal_items(cases: Any, name: str, k: int) -> None:
    loaded, table, drawn = cases
    ranked = rank(predictor(table), loaded, "valid")
    values = metric(f"{name}@{k}" if k else name)(ranked)
    users = codes(loaded, "user")
    by_code = dict(zip(ranked.users.tolist(), values.tolist(), strict=True))
    checked_users = 0
    for user, (known, relevant, scores) in enumerate(drawn):
        code = users[f"u{user}"]
        if not loaded.encoder.seen["user"][code]:
            scores = np.zeros(N_ITEMS)  # new to training: the row of #na#
        there = {item: float(scores[item]) for item in range(N_ITEMS - 1) if item not in known}
        expected = np.mean([plain(name, order, relevant, k) for order in orders(there)])
        assert by_code[code] == pytest.approx(expected, abs=1e-9, nan_ok=True), (known, relevant, scores)
        checked_users += 1
    assert checked_users == 1000


@pytest.mark.parametrize("gain", ["target", "exponential"])
def test_ndcg_with_graded_gains(cases: Any, gain: str) -> None:
    loaded, table, drawn = cases
    ranked = rank(predictor(table), loaded, "valid")
    by_code = dict(zip(ranked.users.tolist(), metric("ndcg@3", gain=gain)(ranked).tolist(), strict=True))
    users = codes(loaded, "user")
    for user, (known, relevant, scores) in enumerate(drawn[:300]):
        code = users[f"u{user}"]
        seen = loaded.encoder.seen["user"][code]
        there = {item: float(scores[item]) * seen for item in range(N_ITEMS - 1) if item not in known}
        expected = np.mean([plain("ndcg", order, relevant, 3, gain) for order in orders(there)])
        assert by_code[code] == pytest.approx(expected, abs=1e-9)


def test_lists_count_equal_items_by_their_chance(cases: Any) -> None:
    loaded, table, drawn = cases
    ranked = rank(predictor(table), loaded, "valid", [2])
    users, items = codes(loaded, "user"), codes(loaded, "item")
    expected, missed = np.zeros(len(items)), np.ones(len(items))
    for user, (known, _, scores) in enumerate(drawn):
        seen = loaded.encoder.seen["user"][users[f"u{user}"]]
        there = {item: float(scores[item]) * seen for item in range(N_ITEMS - 1) if item not in known}
        lists = list(orders(there))
        for item in there:
            chance = np.mean([item in order[:2] for order in lists])
            expected[items[f"i{item}"]] += chance
            missed[items[f"i{item}"]] *= 1 - chance
    shown = ranked.exposure(2)
    assert shown.lists == 1000
    assert shown.expected == pytest.approx(expected)
    assert shown.missed == pytest.approx(missed)


def test_a_constant_model_hits_by_chance_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    pairs = [(u, i) for u in range(40) for i in rng.choice(300, 30, replace=False).tolist()]
    train, valid = [p for n, p in enumerate(pairs) if n % 30], [p for n, p in enumerate(pairs) if not n % 30]
    loaded = loader(tmp_path, train, [(u, i, 1.0) for u, i in valid])
    flat = predictor(np.zeros((len(loaded.classes["user"]), len(loaded.classes["item"]))))
    among = rank_among(flat, loaded, "valid", candidates.drawn(loaded.interactions, loaded.split, "valid", 99))
    assert metric("hr@10~99")(among) == pytest.approx(0.1)
    assert metric("ndcg@10~99")(among).mean() == pytest.approx(sum(1 / math.log2(r + 1) for r in range(1, 11)) / 100)
    full = rank(flat, loaded, "valid")
    assert metric("auc")(full)[full.groups.query] == pytest.approx(0.5)


def test_drawn_candidates_are_the_same_for_every_run_and_never_the_users_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    pairs = [(u, i) for u in range(30) for i in rng.choice(60, 20, replace=False).tolist()]
    loaded = loader(tmp_path, pairs[:500], [(u, i, 1.0) for u, i in pairs[500:]])
    drawn = candidates.drawn(loaded.interactions, loaded.split, "valid", 15)
    assert np.array_equal(drawn, candidates.drawn(loaded.interactions, loaded.split, "valid", 15))
    own = set(zip(loaded.interactions.user.tolist(), loaded.interactions.item.tolist(), strict=True))
    users = loaded.interactions.user[loaded.split.valid].tolist()
    for user, items in zip(users, drawn.tolist(), strict=True):
        chosen = [item for item in items if item]
        assert len(set(chosen)) == len(chosen) == 15
        assert not any((user, item) in own for item in chosen)
    every = candidates.drawn(loaded.interactions, loaded.split, "valid", 100)
    assert ((every > 0).sum(1) == 40).all(), "a user with too few others gets all of them"


def test_given_candidates_are_read_and_the_item_itself_counts_once(tmp_path: Path) -> None:
    loaded = loader(tmp_path, [(0, i) for i in range(5)] + [(1, 0)], [(1, 1, 1.0), (0, 6, 1.0)])
    path = tmp_path / "negatives.txt"
    path.write_text("(u1,i1)\ti2\ti3\ti1\n(u0,i6)\ti1\ti2\ti4\n")
    given = candidates.given(loaded.interactions, loaded.split, path)["valid"]
    items = codes(loaded, "item")
    rows = loaded.interactions.user[loaded.split.valid] == codes(loaded, "user")["u1"]
    assert given[rows].tolist() == [[items["i2"], items["i3"], items["i1"]]]
    flat = predictor(np.zeros((3, len(items))))
    among = rank_among(flat, loaded, "valid", given)
    assert among.n_candidates[rows].tolist() == [3]
    assert among.equal[rows].tolist() == [3]
    for text, said in (("(u1,i1)\ti2\n", "1 of 2 valid rows are not in it"), ("nonsense\n", "line 1")):
        path.write_text(text)
        with pytest.raises(Exception, match=said):
            candidates.given(loaded.interactions, loaded.split, path)


def test_relevant_items_can_be_told_from_others_by_their_target(cases: Any) -> None:
    loaded, table, drawn = cases
    made = checked(
        experiments.parse(
            {"data": {"source": "demo"}, "metrics": ["recall@3", {"name": "recall", "k": 3, "relevant": 3.0}]}
        )
    )
    every, liked = make_metrics(made, installed)
    assert (every.name, liked.name) == ("recall@3", "recall@3[relevant=3.0]")
    ranked = rank(predictor(table), loaded, "valid")
    chosen = ranked.only(ranked.target >= 3)
    values = liked.target(chosen, liked.params)
    assert np.isnan(values).sum() == sum(all(t < 3 for t in relevant.values()) for _, relevant, _ in drawn)


def test_some_relevant_items_alone(cases: Any) -> None:
    """Among a part of the relevant items the others are no candidates: as if the user had never had them."""
    loaded, table, drawn = cases
    ranked = rank(predictor(table), loaded, "valid")
    chosen = ranked.among(ranked.target >= 2)
    values = dict(zip(chosen.users.tolist(), metric("ndcg@3")(chosen).tolist(), strict=True))
    users = codes(loaded, "user")
    for user, (known, relevant, scores) in enumerate(drawn[:300]):
        code = users[f"u{user}"]
        wanted = {item: target for item, target in relevant.items() if target >= 2}
        seen = loaded.encoder.seen["user"][code]
        gone = known | {item for item in relevant if item not in wanted}
        there = {item: float(scores[item]) * seen for item in range(N_ITEMS - 1) if item not in gone}
        expected = np.mean([plain("ndcg", order, wanted, 3) for order in orders(there)]) if wanted else math.nan
        assert values[code] == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_counting_equals_sorting(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 40, (30, 100)).astype(np.float32)
    taken = rng.random((30, 100)) < 0.2
    asked = rng.random((30, 100)) < 0.1

    def rows(mask: np.ndarray) -> SparseRows:
        return SparseRows(np.append(0, mask.sum(1).cumsum()), mask.nonzero()[1].astype(np.int32), np.ones(mask.sum()))

    found = []
    for compiled in (True, False):
        monkeypatch.setattr(ranking, "compiles", lambda kept=compiled: kept)
        found.append(
            ranking._places(
                torch.from_numpy(scores.copy()), np.array([3, 50]), rows(taken), np.arange(30), rows(asked), 5
            )
        )
    for counted, ordered in zip(*found, strict=True):
        there = found[0][4] < ranking.MISSED if len(counted) == asked.sum() else slice(None)
        assert np.array_equal(counted[there], ordered[there])
