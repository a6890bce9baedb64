"""Alternating least squares against dense algebra: each row solved for exactly, losses that only fall, fold-in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from cfbench.loading import history
from cfbench.plugin import FitData, ScoreRequest, SparseRows
from cfbench_models import row_solver
from cfbench_models.alternating import transposed

Make = Callable[..., Any]
N_USERS, N_ITEMS = 31, 13


def made(model: Make, data: FitData, name: str, **params: Any) -> Any:
    facts = {"n_users": N_USERS, "n_items": N_ITEMS, "n_rows": 240, "target_mean": float(data.target.mean())}
    return model(name, facts, **params)


def table_of(data: FitData) -> np.ndarray:
    table = np.zeros((N_USERS, N_ITEMS))
    table[data.user, data.item] = data.target
    return table


def loss(module: Any, data: FitData) -> float:
    """The objective that a model's docstring gives."""
    table, params = table_of(data), module.params
    users, items = (side.double().numpy() for side in (module.users, module.items))
    if hasattr(module, "mean"):
        errors = (data.target - module(torch.tensor(np.stack([data.user, data.item], 1))).double().numpy()) ** 2
        held = (users[data.user] ** 2).sum(1) + (items[data.item] ** 2).sum(1)
        return float((errors + params.l2 * held).sum())
    weights, wanted = 1 + params.alpha * table, table > 0
    squares = float((weights * (wanted - users @ items.T) ** 2).sum())
    return squares + params.l2 * float((users**2).sum() + (items**2).sum())


@pytest.mark.parametrize("name", ["als", "implicit-als"])
def test_each_turn_lowers_the_loss_down_to_where_no_row_can_be_better(model: Make, data: FitData, name: str) -> None:
    module = made(model, data, name, n_factors=4, l2=0.1, iterations=300, cg_steps=5)
    losses = [loss(module, data) for _ in module.fit(data)]
    assert np.all(np.diff(losses) < 1e-3 * losses[0])
    users, items = (torch.nn.Parameter(side.double()) for side in (module.users, module.items))
    table = torch.tensor(table_of(data))
    if name == "als":
        met = table > 0
        scores = users[:, :-1] @ items[:, :-1].T + users[:, -1:] + items[:, -1] + module.mean
        held = met.sum(1).double() @ users.square().sum(1) + met.sum(0).double() @ items.square().sum(1)
        total = ((table - scores)[met] ** 2).sum() + 0.1 * held
    else:
        scores = users @ items.T
        total = ((1 + table) * ((table > 0).double() - scores) ** 2).sum()
        total = total + 0.1 * (users.square().sum() + items.square().sum())
    total.backward()
    seen_users, seen_items = np.unique(data.user), np.unique(data.item)
    assert items.grad[seen_items].abs().max() < 1e-2, "solved for last"
    assert users.grad[seen_users].abs().max() < 0.2, "hardly moved by the items' last turn"
    assert not module.users[0].any(), "nobody's row has nothing to be solved for"


@pytest.mark.parametrize("gram", [True, False])
def test_compiled_loops_solve_what_algebra_solves(gram: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    items = rng.integers(0, 20, 300).astype(np.int32)
    starts = np.sort(np.append([0, 300, 300], rng.integers(0, 300, 8)))
    rows = SparseRows(starts, items, np.ones(300, np.float32))
    weights, goals = (rng.uniform(0.5, 2, 300).astype(np.float32) for _ in range(2))
    others = rng.normal(size=(20, 6)).astype(np.float32)
    fixed = others.T @ others if gram else np.zeros((0, 0), np.float32)
    found = []
    for compiled in (row_solver._compiled(), None):
        monkeypatch.setattr(row_solver, "_compiled", lambda kept=compiled: kept)
        solved = rng.normal(size=(10, 6)).astype(np.float32)
        ridges = np.full(10, 0.7, np.float32)
        row_solver.solve_rows(rows, weights, goals, others, fixed, ridges, solved, 12)
        found.append(solved)
    np.testing.assert_allclose(*found, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["als", "implicit-als"])
def test_a_new_user_with_the_rows_of_an_old_one_gets_their_scores(model: Make, data: FitData, name: str) -> None:
    module = made(model, data, name, n_factors=4, l2=0.1, iterations=400, cg_steps=10)
    list(module.fit(data))
    users = np.arange(1, 6)
    old = module.score(ScoreRequest(users, history.rows_of(data.by_user, users)))
    new = module.score(ScoreRequest(np.zeros(5, np.int64), history.rows_of(data.by_user, users)))
    np.testing.assert_allclose(new, old, atol=0.02)
    pairs = torch.cartesian_prod(torch.tensor(users), torch.arange(N_ITEMS))
    np.testing.assert_allclose(module(pairs).reshape(5, -1), old, atol=1e-5)
    tables = module.factorization()
    scores = tables.user_factors[users] @ tables.item_factors.T + tables.global_mean
    if tables.user_bias is not None:
        scores = scores + tables.user_bias[users][:, None] + tables.item_bias
    np.testing.assert_allclose(scores, old, atol=1e-5)


def test_rows_by_item_are_the_same_rows(data: FitData) -> None:
    across = transposed(data.by_user, N_ITEMS)
    owners = history.owners(across)
    assert len(across) == N_ITEMS
    assert {(u, i, t) for i, u, t in zip(owners, across.items, across.values, strict=True)} == set(
        zip(data.user, data.item, data.target, strict=True)
    )
