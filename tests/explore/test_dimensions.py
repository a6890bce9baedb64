"""Numbers of factors: spectra of whole tables of products, hand cases of the rule, and real runs side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from cfbench.agent.local import LocalBench
from cfbench.answers import Dimensions, Tried
from cfbench.cli.following import follow
from cfbench.errors import BadInput
from cfbench.explore.dimensions import dead_factors, dimensions, fewest, participation_ratio, rules, spectrum
from cfbench.explore.trained import Trained, load
from cfbench.plugin import Factorization

Train = Callable[..., Trained]
WIDE = {"name": "biased-dot-product", "n_factors": 4, "init_sd": 0.5}


def naive_spectrum(users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Shares of the squared singular values of all products, the mean of each row and column taken off."""
    product = users @ items.T
    product = product - product.mean(0) - product.mean(1, keepdims=True) + product.mean()
    squares = np.linalg.svd(product, compute_uv=False) ** 2
    return squares / squares.sum()


@pytest.mark.parametrize(("n_users", "n_items", "k"), [(40, 30, 5), (7, 50, 6), (50, 9, 3), (4, 30, 8), (30, 1000, 1)])
def test_the_spectrum_is_that_of_the_whole_table_of_products(n_users: int, n_items: int, k: int) -> None:
    rng = np.random.default_rng(k)
    users = rng.normal(1, 1, (n_users, k)) * np.arange(1, k + 1)
    items = rng.normal(-2, 1, (n_items, k)) @ rng.normal(size=(k, k))
    found, expected = spectrum(users, items), naive_spectrum(users, items)
    width = min(len(found), len(expected))
    np.testing.assert_allclose(found[:width], expected[:width], atol=1e-9)
    np.testing.assert_allclose(np.concatenate([found[width:], expected[width:]]), 0, atol=1e-12)
    assert found.sum() == pytest.approx(1)
    turn = np.linalg.qr(rng.normal(size=(k, k)))[0] * 3.0
    np.testing.assert_allclose(spectrum(users @ turn, items @ np.linalg.inv(turn).T), found, atol=1e-9)


def test_products_that_are_all_the_same_have_no_spectrum() -> None:
    assert spectrum(np.ones((5, 2)), np.ones((6, 2))).tolist() == [0, 0]
    assert participation_ratio(np.zeros(3)) == 0


def test_the_participation_ratio_counts_equal_directions() -> None:
    assert participation_ratio(np.full(5, 0.2)) == pytest.approx(5)
    assert participation_ratio(np.array([0.5, 0.5, 0, 0])) == pytest.approx(2)
    assert participation_ratio(np.array([1.0, 0, 0])) == pytest.approx(1)
    assert participation_ratio(np.array([0.9, 0.1])) == pytest.approx(1 / 0.82)
    assert participation_ratio(np.array([3.0, 3.0, 3.0])) == pytest.approx(3)


def test_dead_factors_are_those_that_change_no_score() -> None:
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(30, 6)), rng.normal(size=(20, 6))
    users[:, 1], items[:, 3], items[:, 4] = 0.0, 7.0, items[:, 4] * 1e-5
    seen: Any = {"user": np.arange(1, 30), "item": np.arange(1, 20)}
    made = Factorization(torch.from_numpy(users), torch.from_numpy(items))
    assert dead_factors(made, seen) == [1, 3, 4]
    users[0, 1] = 50.0  # of a label that training did not see
    assert dead_factors(made, seen) == [1, 3, 4]


def tried(*values: tuple[int, float, float | None]) -> list[Tried]:
    return [Tried(n, f"run-{n}", value, se) for n, value, se in values]


@pytest.mark.parametrize(
    ("values", "lower", "higher"),
    [
        ([(2, 0.90, 0.01), (4, 0.87, 0.01), (8, 0.862, 0.01), (16, 0.86, 0.015)], 4, 2),
        ([(2, 0.90, 9.0), (4, 0.87, 9.0), (8, 0.86, 0.0)], 8, 2),
        ([(2, 0.90, 0.1), (4, 0.95, 0.1), (8, 0.97, 0.03)], 2, 4),
        ([(2, 0.90, None), (4, 0.95, None)], 2, 4),
        ([(2, 0.90, None), (4, 0.90, None)], 2, 2),
        ([(8, 0.5, 0.02), (4, 0.51, 0.02), (2, 0.53, 0.02), (1, 0.54, 0.02)], 4, 1),
    ],
)
def test_the_fewest_within_one_standard_error_of_the_best(values: Any, lower: int, higher: int) -> None:
    assert fewest(tried(*values), "lower") == lower
    assert fewest(tried(*values), "higher") == higher
    assert fewest(tried(*values[::-1]), "lower") == lower


def test_of_one_number_of_factors_none_is_picked() -> None:
    assert fewest([], "lower") is None
    assert fewest(tried((4, 0.9, 0.1)), "lower") is None
    assert fewest(tried((4, 0.9, 0.1), (4, 0.8, 0.1)), "lower") is None


@pytest.mark.parametrize(("labels", "fastai", "tensorflow"), [(1, 2, 1), (10, 6, 2), (1000, 77, 6), (10**6, 600, 32)])
def test_rules_of_thumb(labels: int, fastai: int, tensorflow: int) -> None:
    found = rules("item", labels)
    assert [rule.factors for rule in found] == [fastai, tensorflow]
    assert {(rule.of, rule.labels) for rule in found} == {("item", labels)}


def test_what_a_models_own_tables_say(train: Train) -> None:
    trained = train(model=WIDE)
    state = trained.model.state_dict()
    state["items.weight"][:, 2] = 0.25
    seen = {side: np.flatnonzero(trained.counts[side]) for side in ("user", "item")}
    users, items = (state[f"{side}s.weight"].double().numpy()[seen[side]] for side in seen)
    expected = naive_spectrum(users, items)[:4]
    found = dimensions(trained)
    assert found.shares == pytest.approx(expected, abs=1e-9)
    assert found.effective == pytest.approx(expected.sum() ** 2 / (expected**2).sum())
    assert (found.n_factors, found.dead, found.n_dead) == (4, (3,), 1)
    assert {(rule.of, rule.labels) for rule in found.rules} == {
        ("user", len(seen["user"])),
        ("item", len(seen["item"])),
    }
    assert (found.metric, found.better, found.tried, found.picked) == ("rmse", "lower", (), None)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), Dimensions) == found


def test_a_model_that_learned_nothing_uses_no_factor(train: Train, fields: Trained) -> None:
    trained = train(model={"name": "dot-product", "n_factors": 70, "init_sd": 0.0}, training={"epochs": 1})
    found = dimensions(trained)
    assert (found.n_factors, found.n_dead, found.dead, found.effective) == (70, 70, tuple(range(1, 65)), 0.0)
    assert set(found.shares) == {0.0}
    with pytest.raises(BadInput, match="embedding-mlp learns no factors"):
        dimensions(fields)


def test_runs_that_differ_in_their_factors_alone_stand_beside(train: Train) -> None:
    own: dict[str, Any] = {"training": {"epochs": 2}, "experiment": {"seed": 7001}}
    runs = {n: train(**own, model={**WIDE, "n_factors": n}) for n in (6, 2, 4)}
    train(**own, model={**WIDE, "n_factors": 3, "init_sd": 0.4})
    train(training={"epochs": 2}, experiment={"seed": 7002}, model={**WIDE, "n_factors": 5})
    named = train(
        training={"epochs": 2}, experiment={"seed": 7001, "name": "x", "group": "g"}, model={**WIDE, "n_factors": 8}
    )
    runs[8] = named
    found = LocalBench().dimensions(runs[4].run.id)
    assert [(one.n_factors, one.run) for one in found.tried] == [(n, runs[n].run.id) for n in (2, 4, 6, 8)]
    for one in found.tried:
        measured = load(one.run).measured("valid")
        assert (one.value, one.se) == (measured.metrics["rmse"], measured.standard_errors.get("rmse"))
    best = min(found.tried, key=lambda one: one.value)
    assert found.picked == min(one.n_factors for one in found.tried if one.value <= best.value + (best.se or 0))
    assert LocalBench().dimensions(runs[2].run.id).tried == found.tried


def test_a_sweep_trains_what_is_missing(train: Train) -> None:
    bench = LocalBench()
    first = train(training={"epochs": 1}, experiment={"seed": 7003}, model={**WIDE, "n_factors": 3})
    (started,) = bench.sweep(first.run.id, [3, 5, 5, 3])
    follow(bench, started, quiet=True)
    assert bench.run(started).state == "finished"
    made = load(started).experiment
    assert made.model.params == {**first.experiment.model.params, "n_factors": 5}
    assert (made.experiment.name, made.experiment.seed) == ("factors-5", 7003)
    assert made.experiment.group == f"factors-of-{first.run.id.partition('-')[2]}"
    found = bench.dimensions(started)
    assert [(one.n_factors, one.run) for one in found.tried] == [(3, first.run.id), (5, started)]
    assert bench.sweep(started, [5, 3]) == []
    with pytest.raises(BadInput, match="n_factors"):
        bench.sweep(train(model={"name": "ease"}).run.id, [4])
