"""The baselines against closed forms, dense algebra and each other; trained as core trains them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

from cfbench.loading import history
from cfbench.plugin import FitData, ScoreRequest, SparseRows, Step

Make = Callable[..., Any]
N_USERS, N_ITEMS = 31, 13


def dense(data: FitData, values: str = "one") -> np.ndarray:
    table = np.zeros((N_USERS, N_ITEMS))
    table[data.user, data.item] = 1 if values == "one" else data.target
    return table


@pytest.fixture
def fitted(model: Make, data: FitData) -> Make:
    def fitted(name: str, **params: Any) -> Any:
        facts = {"n_users": N_USERS, "n_items": N_ITEMS, "n_rows": len(data.user)}
        module = model(name, facts, **params)
        steps = module.fit(data)
        if isinstance(steps, Iterator):
            every = list(steps)
            assert all(isinstance(step, Step) for step in every)
            assert every[-1].fraction == 1
        return module

    return fitted


def everyone(data: FitData) -> ScoreRequest:
    users = np.arange(N_USERS)
    return ScoreRequest(users, history.rows_of(data.by_user, users))


def pairs() -> torch.Tensor:
    return torch.cartesian_prod(torch.arange(N_USERS), torch.arange(N_ITEMS))


def test_the_mean(fitted: Make, data: FitData) -> None:
    assert fitted("global-mean")(pairs()).tolist() == pytest.approx([data.target.mean()] * N_USERS * N_ITEMS)


def test_biases_solve_the_ridge_regression(fitted: Make, data: FitData) -> None:
    """Many sweeps reach the minimum of squared residuals + 15 |b_u|² + 10 |b_i|²."""
    module = fitted("user-item-bias", sweeps=500)
    design = np.zeros((len(data.user), N_USERS + N_ITEMS))
    design[np.arange(len(data.user)), data.user] = 1
    design[np.arange(len(data.user)), N_USERS + data.item] = 1
    damping = np.diag([15.0] * N_USERS + [10.0] * N_ITEMS)
    mean = data.target.mean(dtype=np.float64)
    solved = np.linalg.solve(design.T @ design + damping, design.T @ (data.target - mean))
    expected = mean + solved[:N_USERS, None] + solved[None, N_USERS:]
    assert module(pairs()).numpy() == pytest.approx(expected.ravel(), abs=1e-9)


def test_one_sweep_is_the_items_mean_residual_then_the_users(fitted: Make, data: FitData) -> None:
    module = fitted("user-item-bias", sweeps=1, damping_item=25.0, damping_user=10.0)
    mean = data.target.mean(dtype=np.float64)
    rows = data.item == 3
    item = (data.target[rows] - mean).sum() / (25 + rows.sum())
    assert module.item_bias[3].item() == pytest.approx(item)


def test_popularity_counts(fitted: Make, data: FitData) -> None:
    module = fitted("popularity")
    counts = np.bincount(data.item, minlength=N_ITEMS)
    assert module.score(everyone(data)).numpy() == pytest.approx(np.tile(counts, (N_USERS, 1)))


@pytest.mark.parametrize("values", ["one", "rating"])
def test_ease_is_the_ridge_regression_of_each_item_on_the_others(fitted: Make, data: FitData, values: str) -> None:
    """Each column of weights, solved alone with the item's own column left out."""
    module, table = fitted("ease", l2=3.0, values=values), dense(data, values)
    weights = np.zeros((N_ITEMS, N_ITEMS))
    for item in range(N_ITEMS):
        others = [other for other in range(N_ITEMS) if other != item]
        gram = table[:, others].T @ table[:, others] + 3.0 * np.eye(N_ITEMS - 1)
        weights[others, item] = np.linalg.solve(gram, table[:, others].T @ table[:, item])
    assert module.score(everyone(data)) == pytest.approx(table @ weights, abs=1e-5)


def test_item_knn_sums_shrunk_cosines_of_the_nearest(fitted: Make, data: FitData) -> None:
    module, table = fitted("item-knn", neighbours=4, shrink=2.0), dense(data)
    lengths = np.sqrt((table**2).sum(0))
    cosine = (table.T @ table) / (lengths[:, None] * lengths + 2.0)
    np.fill_diagonal(cosine, 0)
    fourth = np.sort(cosine, 1)[:, -4][:, None]
    assert module.weights.sum().item() == pytest.approx(np.sort(cosine, 1)[:, -4:].sum(), rel=1e-6)
    clear = ((cosine >= fourth).sum(1) == 4) | (fourth[:, 0] == 0)  # items whose fourth neighbour is no tie
    expected = table @ np.where(cosine >= fourth, cosine, 0).T
    assert clear.sum() > 3
    assert module.score(everyone(data))[:, clear] == pytest.approx(expected[:, clear], abs=1e-5)


def test_pure_svd_is_the_truncated_decomposition(fitted: Make, data: FitData) -> None:
    module, table = fitted("pure-svd", n_factors=3), dense(data)
    left, values, right = np.linalg.svd(table, full_matrices=False)
    assert module(pairs()).numpy() == pytest.approx(((left[:, :3] * values[:3]) @ right[:3]).ravel(), abs=1e-6)
    tables = module.factorization()
    assert (tables.user_factors @ tables.item_factors.T).numpy().ravel() == pytest.approx(module(pairs()).numpy())


def test_more_factors_than_the_table_has_stay_zero(fitted: Make) -> None:
    module = fitted("pure-svd", n_factors=40)
    assert module.items[:, N_ITEMS - 1 :].abs().sum().item() == 0


@pytest.mark.parametrize("name", ["ease", "item-knn", "pure-svd", "popularity", "user-item-bias", "global-mean"])
def test_forward_and_score_put_items_in_the_same_order(fitted: Make, data: FitData, name: str) -> None:
    module = fitted(name)
    one_by_one = module(pairs()).reshape(N_USERS, N_ITEMS).double()
    at_once = torch.as_tensor(module.score(everyone(data))).double()
    for user in range(1, N_USERS):
        difference = one_by_one[user] - at_once[user]
        assert difference.std().item() < 1e-5, "they differ by one number a user at most"


@pytest.mark.parametrize("name", ["ease", "item-knn", "pure-svd"])
def test_a_new_user_is_scored_from_what_they_have(fitted: Make, data: FitData, name: str) -> None:
    """Code 0 with the rows of user 5 is scored as user 5 is."""
    module = fitted(name)
    own = history.rows_of(data.by_user, np.array([5]))
    known, new = (module.score(ScoreRequest(np.array([user]), own)) for user in (5, 0))
    assert np.array_equal(known, new)
    nothing = SparseRows(np.array([0, 0]), own.items[:0], own.values[:0])
    assert np.abs(module.score(ScoreRequest(np.array([0]), nothing))).sum() == 0
