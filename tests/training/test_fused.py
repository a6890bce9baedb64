"""The fused engine: plain loops equal autograd, vector kernels equal plain loops, and what the learner does with it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cfbench.errors import BadInput
from cfbench.experiment import Component
from cfbench.loading.components import component, installed
from cfbench.plugin import Optimizer
from cfbench.training.checkpoints import Checkpoints
from cfbench.training.components import follows_rule
from cfbench.training.estimating import cost
from cfbench.training.fused import kernels, plain
from cfbench.training.learner import Diverged, Learner
from cfbench.training.lr_finder import find_lr

Make = Callable[..., Any]
SHAPES = [
    (rule, y_range, logits, biased)
    for rule, y_range, logits, biased in itertools.product(
        ("sgd", "adagrad", "adam"), (None, (0.5, 5.0)), (None, ()), (True, False)
    )
    if not (logits is not None and y_range)
]
USERS, ITEMS, LR, L2, MEAN = 50, 40, 0.02, 0.03, 0.3
BETAS, EPS = (0.9, 0.999), 1e-8


def rows(n: int, logits: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, n) if logits is not None else rng.integers(1, 6, n)
    return rng.integers(0, USERS, n, np.int32), rng.integers(0, ITEMS, n, np.int32), targets.astype(np.float32)


def tables(k: int, dtype: Any, width: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    made = []
    for n in (USERS, ITEMS):
        table = np.zeros((n, width or k), dtype)
        table[:, :k] = rng.normal(0, 0.1, (n, k))
        made.append(table)
    return [*made, rng.normal(0, 0.1, USERS).astype(dtype), rng.normal(0, 0.1, ITEMS).astype(dtype)]


def state_of(rule: str, made: list[np.ndarray]) -> Any:
    """What a rule keeps of four tables before the first step."""
    if rule == "adagrad":
        sums = [np.ones((len(table), 4), table.dtype) for table in made[:2]]
        for one, table in zip(sums, made, strict=False):
            one[:, 2] = np.square(table).sum(1)
        return tuple(sums)
    if rule == "adam":
        return tuple(np.zeros((len(table), 2 * table[0].size), table.dtype) for table in made)
    return None


def by_plain_loops(
    data: Any, made: list[np.ndarray], state: Any, rule: str, y_range: Any, logits: Any, biased: bool, k: int
) -> float:
    """Train in float64; return the sum of the losses."""
    users, items, targets = data
    known = users, items, targets.astype(np.float64), *made[:2], *(made[2:] if biased else (None, None)), state
    if rule == "adam":
        return float(plain.exact_adam(*known, MEAN, LR, L2, y_range, logits, 0, BETAS, EPS))
    return float(plain.exact(*known, MEAN, LR, L2, y_range, logits, float(k)))


def by_autograd(data: Any, made: list[np.ndarray], rule: str, y_range: Any, logits: Any, biased: bool) -> float:
    """Train by torch, a row at a time, with the shipped optimizer; return the sum of the losses."""
    params = [torch.nn.Parameter(torch.from_numpy(table.copy())) for table in made]
    if rule == "adam":
        return by_sparse_adam(data, made, y_range, logits, biased)
    P, Q, b, c = params
    live, settings = component(installed, "optimizer", Component(rule, {"lr": LR}))
    optimizer = live.target(params if biased else params[:2], settings)
    total = 0.0
    for u, i, r in zip(*(column.tolist() for column in data), strict=True):
        z = MEAN + P[u] @ Q[i] + (b[u] + c[i] if biased else 0.0)
        loss = loss_of(z, r, y_range, logits)
        total += loss.item()
        held = P[u] @ P[u] + Q[i] @ Q[i] + (b[u] ** 2 + c[i] ** 2 if biased else 0.0)
        optimizer.zero_grad()
        (loss + L2 * held).backward()
        optimizer.step()
    for table, param in zip(made, params, strict=True):
        table[:] = param.detach().numpy()
    return total


def loss_of(z: torch.Tensor, r: float, y_range: Any, logits: Any) -> torch.Tensor:
    if logits is not None:
        return torch.nn.functional.softplus(z) - r * z
    return (r - (z if y_range is None else y_range[0] + y_range[1] * torch.sigmoid(z))) ** 2


def by_sparse_adam(data: Any, made: list[np.ndarray], y_range: Any, logits: Any, biased: bool) -> float:
    """Likewise by torch's own Adam of touched rows."""
    params = [torch.nn.Parameter(torch.from_numpy(table.reshape(len(table), -1).copy())) for table in made]
    used = params if biased else params[:2]
    optimizer = torch.optim.SparseAdam(used, LR, BETAS, EPS)
    total = 0.0
    for u, i, r in zip(*(column.tolist() for column in data), strict=True):
        rows = zip(used, (u, i, u, i), strict=False)
        held = [torch.nn.functional.embedding(torch.tensor([row]), table, sparse=True)[0] for table, row in rows]
        z = MEAN + held[0] @ held[1] + sum(bias[0] for bias in held[2:])
        loss = loss_of(z, r, y_range, logits)
        total += loss.item()
        optimizer.zero_grad()
        (loss + L2 * sum(row @ row for row in held)).backward()
        optimizer.step()
    for table, param in zip(made, params, strict=True):
        table[:] = param.detach().numpy().reshape(table.shape)
    return total


def apart(ours: Any, theirs: Any) -> float:
    """The largest difference, each table's by its own largest entry."""
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(("rule", "y_range", "logits", "biased"), SHAPES)
def test_plain_loops_equal_autograd(rule: str, y_range: Any, logits: Any, biased: bool) -> None:
    data = rows(300, logits)
    ours, theirs = tables(6, np.float64), tables(6, np.float64)
    total = by_plain_loops(data, ours, state_of(rule, ours), rule, y_range, logits, biased, 6)
    expected = by_autograd(data, theirs, rule, y_range, logits, biased)
    assert total == pytest.approx(expected, rel=1e-9)
    assert apart(ours, theirs) < 1e-9


@pytest.mark.parametrize(
    ("rule", "y_range", "logits", "biased", "k"),
    [
        *((*shape, 40) for shape in SHAPES),
        *((rule, None, None, True, k) for rule in ("adagrad", "adam") for k in (5, 16)),
    ],
)
def test_vector_kernels_equal_plain_loops(rule: str, y_range: Any, logits: Any, biased: bool, k: int) -> None:
    f4, width = np.float32, -(-k // 16) * 16
    users, items, targets = rows(3000, logits)
    span = None if y_range is None else (f4(y_range[0]), f4(y_range[1]))
    ours, theirs = tables(k, f4, width), tables(k, np.float64, width)
    ours_state, their_state = state_of(rule, ours), state_of(rule, theirs)
    biases = ours[2:] if biased else [None, None]
    loss = f4(MEAN), f4(LR), f4(L2), span, logits
    columns, blocks = (users, items, targets, *ours[:2]), (8, kernels.blocks_of(width))
    if rule == "sgd":
        total = kernels.sgd_pass(*columns, *biases, *loss, *blocks)
    elif rule == "adagrad":
        ours_state[0][:, 3], ours_state[1][:, 3] = ours[2:]
        total = kernels.adagrad_pass(*columns, () if biased else None, ours_state, *loss, f4(k), *blocks)
        if biased:
            ours[2][:], ours[3][:] = ours_state[0][:, 3], ours_state[1][:, 3]
    else:
        total = kernels.adam_pass(*columns, *biases, ours_state, *loss, 0, BETAS, f4(EPS), *blocks)
    expected = by_plain_loops((users, items, targets), theirs, their_state, rule, y_range, logits, biased, k)
    assert total == pytest.approx(expected, rel=1e-5)
    assert apart(ours, theirs) < 1e-4
    assert not ours[0][:, k:].any(), "what pads a row stays 0"
    if rule == "adagrad":
        kept = 2 if biased else 1
        assert apart([one[:, :kept] for one in ours_state], [one[:, :kept] for one in their_state]) < 1e-4
        assert np.allclose(ours_state[0][:, 2], np.square(ours[0]).sum(1), rtol=1e-4), "lengths are kept up to date"


# -- in the learner ----------------------------------------------------------------------------------------------------

ROW_BY_ROW = {
    "loader": {"batch_size": 1},
    "schedule": {"name": "constant"},
    "optimizer": {"name": "sgd", "lr": 0.01},
    "loss": {"name": "mse", "l2": 0.01},
    "training": {"epochs": 2},
}


@pytest.mark.parametrize(
    ("rule", "model"),
    [
        ("sgd", {"name": "dot-product"}),
        ("adagrad", {"y_range": [0.0, 6.0]}),
        ("adagrad", {"n_factors": 16}),
        ("adagrad", {"name": "dot-product"}),
        ("lazy-adam", {}),
    ],
)
def test_auto_is_fused_and_gives_what_autograd_gives(learner: Make, rule: str, model: dict[str, Any]) -> None:
    lr = 0.001 if rule == "lazy-adam" else 0.01  # Adam divides a small gradient's rounding by its own size
    settings = {**ROW_BY_ROW, "optimizer": {"name": rule, "lr": lr}, "model": {"n_factors": 4, **model}}
    settings["splitter"] = {"name": "random", "valid": 0.8}  # autograd takes its time a row
    fused = learner(**settings)
    slow = learner(**{**settings, "training": {"epochs": 2, "engine": "autograd"}})
    assert (fused.engine, slow.engine) == ("fused", "autograd")
    assert fused.fit()
    assert slow.fit()
    for (name, ours), (_, theirs) in zip(
        fused.predictor.module.state_dict().items(), slow.predictor.module.state_dict().items(), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=2e-4), name
    ours, theirs = fused.events.of("epoch"), slow.events.of("epoch")
    for one, other in zip(ours, theirs, strict=True):
        assert one["train_loss"] == pytest.approx(other["train_loss"], rel=1e-4)
        assert one["valid_loss"] == pytest.approx(other["valid_loss"], rel=1e-4)
        assert one["step"] == other["step"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"loader": {"batch_size": 64}}, "loader.batch_size = 1"),
        ({"optimizer": {"name": "adam"}}, "the optimizer adam is no row rule"),
        ({"optimizer": {"name": "sgd", "momentum": 0.9}}, "with the defaults of its other parameters"),
        ({"loss": {"name": "bpr"}}, "the loss bpr is not one that it knows"),
        ({"model": {"name": "embedding-mlp"}}, "has no factorization"),
        ({"model": {"name": "pure-svd"}}, "the model trains itself"),
        ({"training": {"precision": "float64"}}, "in float32"),
        ({"loss": {"name": "logistic"}, "model": {"y_range": [0.0, 6.0]}}, "logits are not squashed"),
    ],
)
def test_what_it_can_not_train_is_said(learner: Make, changed: dict[str, Any], said: str) -> None:
    settings = {**ROW_BY_ROW, "model": {"name": "biased-dot-product"}}
    for table, values in changed.items():
        fresh = table in ("optimizer", "loss", "model") and "name" in values
        settings[table] = values if fresh else {**settings[table], **values}
    settings["training"] = {**settings["training"], "engine": "fused"}
    with pytest.raises(BadInput, match=said):
        learner(**settings)
    settings["training"] = {**settings["training"], "engine": "auto"}
    assert learner(**settings).engine != "fused"


def test_a_rule_heeds_what_it_has_a_place_for() -> None:
    @dataclass(frozen=True)
    class Decayed:
        lr: float = 0.1
        betas: tuple[float, float] = (0.9, 0.999)
        eps: float = 1e-8
        weight_decay: float = 0.0

    optimizer = Optimizer("mine", "Mine", "", "mine:Mine", Decayed, rule="adam")
    assert follows_rule(optimizer, Decayed(lr=0.5, betas=(0.5, 0.9)))
    assert not follows_rule(optimizer, Decayed(weight_decay=0.1))
    assert not follows_rule(dataclasses.replace(optimizer, rule="sgd"), Decayed(betas=(0.5, 0.9)))
    assert not follows_rule(dataclasses.replace(optimizer, rule=""), Decayed())


def test_a_schedule_that_changes_by_steps_is_fused_on_purpose_alone(learner: Make) -> None:
    settings = {**ROW_BY_ROW, "schedule": {"name": "one-cycle"}}
    assert learner(**settings).engine == "autograd"
    assert learner(**{**settings, "training": {"epochs": 1, "engine": "fused"}}).engine == "fused"


@pytest.mark.parametrize("rule", ["sgd", "adagrad", "lazy-adam"])
@pytest.mark.parametrize("factors", [4, 16])
def test_a_stopped_run_goes_on_to_the_same_bits(learner: Make, tmp_path: Path, rule: str, factors: int) -> None:
    settings = {**ROW_BY_ROW, "optimizer": {"name": rule, "lr": 0.01}, "model": {"n_factors": factors}}
    whole = learner(**settings)
    whole.fit()

    class Asked:
        def __init__(self, step: int) -> None:
            self.step = step

        def stop_wanted(self, step: int) -> bool:
            return step >= self.step

    stopped = learner(tmp_path, **settings)
    stopped.control = Asked(4300)
    assert not stopped.fit()
    step = Checkpoints(tmp_path).steps()[-1]
    assert 4300 <= step < 6400
    resumed = learner(tmp_path, **settings)
    resumed.resume(step)
    assert resumed.fit()
    for name, expected in whole.predictor.module.state_dict().items():
        assert torch.equal(resumed.predictor.module.state_dict()[name], expected), name
    assert resumed.progress.last == whole.progress.last


@pytest.mark.parametrize("reshuffle", [True, False])
def test_threads_give_what_one_gives_in_their_order(learner: Make, reshuffle: bool) -> None:
    settings = {**ROW_BY_ROW, "loader": {"batch_size": 1, "reshuffle": reshuffle}, "model": {"n_factors": 16}}
    settings["optimizer"] = {"name": "adagrad", "lr": 0.05}
    two, again, one = (learner(**{**settings, "training": {"epochs": 2, "threads": threads}}) for threads in (2, 2, 1))
    for made in (two, again):
        assert made.engine == "fused"
        assert made.fit()
    assert two.predictor.module.state_dict().keys() == again.predictor.module.state_dict().keys()
    for name, table in two.predictor.module.state_dict().items():
        assert torch.equal(table, again.predictor.module.state_dict()[name]), name
    epochs = itertools.count()
    one.fused.put_in_order(0, reshuffle)
    for _ in range(2):
        two.fused.put_in_order(next(epochs), reshuffle)
        one.fused._order = (None, two.fused._rows)
        assert np.array_equal(np.sort(_pairs(one.loader.train_columns(None))), np.sort(_pairs(two.fused._rows.columns)))
        for rows in itertools.chain.from_iterable(two.fused._rows.pieces):
            for field in (0, 1):
                codes = [set(two.fused._rows.columns[field][part].tolist()) for part in rows]
                assert not set.intersection(*codes), "no two threads have a row in common"
        for part in itertools.chain.from_iterable(itertools.chain.from_iterable(two.fused._rows.pieces)):
            one.fused.run(part.start, part.stop, 0.05)
    one.fused.settle()
    for name, table in two.predictor.module.state_dict().items():
        assert torch.allclose(table, one.predictor.module.state_dict()[name], atol=1e-5), name


def _pairs(columns: Any) -> np.ndarray:
    return columns[0].astype(np.int64) << 32 | columns[1]


def test_lock_free_threads_learn_too(learner: Make) -> None:
    made = learner(**{**ROW_BY_ROW, "training": {"epochs": 5, "threads": 2, "lock_free": True}})
    assert made.fit()
    losses = [event["train_loss"] for event in made.events.of("epoch")]
    assert losses[-1] < losses[0]


def test_a_loss_that_explodes_is_said(learner: Make) -> None:
    made = learner(**{**ROW_BY_ROW, "optimizer": {"name": "sgd", "lr": 5.0}})
    with pytest.raises(Diverged, match=r"try optimizer\.lr = 0\.5"):
        made.fit()


def test_one_order_for_all_epochs(learner: Make) -> None:
    once = learner(loader={"batch_size": 100, "reshuffle": False})
    orders = [once.loader.train.order(epoch) for epoch in range(3)]
    assert np.array_equal(orders[0], orders[2])
    anew = learner(loader={"batch_size": 100})
    assert not np.array_equal(anew.loader.train.order(0), anew.loader.train.order(1))


def test_l2_holds_rows_down_in_autograd_too_whatever_the_batch_size(learner: Make) -> None:
    lengths = []
    for l2 in (0.0, 0.5):
        made: Learner = learner(loss={"name": "mse", "l2": l2}, optimizer={"name": "adam", "lr": 0.02})
        made.fit()
        lengths.append(made.predictor.module.users.weight.norm().item())
    assert lengths[1] < 0.8 * lengths[0]
    with pytest.raises(BadInput, match="l2 has no rows to hold down"):
        learner(loss={"name": "mse", "l2": 0.1}, model={"name": "embedding-mlp"}).fit()


def test_its_cost_is_told_without_an_optimizer(defined: Make) -> None:
    told = cost(defined(**ROW_BY_ROW))
    assert (told.steps_an_epoch, told.optimizer_bytes) == (3200, 0)
    assert 0 < told.seconds_an_epoch < 1
    assert cost(defined(**{**ROW_BY_ROW, "optimizer": {"name": "adagrad"}})).optimizer_bytes == 4 * 3 * (81 + 81)
    assert find_lr(defined(**ROW_BY_ROW)).suggestion is not None
