"""Optimizers, losses and metrics against the formulas of their papers, written down again in numpy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

Make = Callable[..., Any]
STEPS = 6


def walk(parts: Make, name: str, **params: Any) -> list[np.ndarray]:
    """Parameters after each step down sum((w - goal)^4), float64."""
    target, made = parts("optimizer", name, **params)
    w = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    optimizer = target([w], made)
    path = []
    for _ in range(STEPS):
        ((w - torch.tensor([0.3, 0.1, 0.5])) ** 4).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        path.append(w.detach().numpy().copy())
    return path


def gradient(w: np.ndarray) -> np.ndarray:
    return 4 * (w - np.float32([0.3, 0.1, 0.5]).astype(np.float64)) ** 3


def start() -> np.ndarray:
    return np.array([1.0, -2.0, 0.5])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_sgd(parts: Make, momentum: float, weight_decay: float) -> None:
    w, step = start(), np.zeros(3)
    for after in walk(parts, "sgd", lr=0.01, momentum=momentum, weight_decay=weight_decay):
        step = momentum * step + gradient(w) + weight_decay * w
        w = w - 0.01 * step
        np.testing.assert_allclose(after, w, rtol=1e-13)


@pytest.mark.parametrize("sparse", [False, True])
def test_lazy_adam_steps_as_torch_does_with_sparse_gradients(parts: Make, sparse: bool) -> None:
    target, made = parts("optimizer", "lazy-adam", lr=0.05)
    tables = [torch.nn.Parameter(torch.linspace(-1, 1, 60, dtype=torch.float64).reshape(20, 3)) for _ in range(2)]
    optimizers = [target([tables[0]], made), torch.optim.SparseAdam([tables[1]], 0.05, (0.9, 0.999), 1e-8)]
    for step in range(STEPS):
        rows = torch.tensor([1, 4, 4, 1 + step, 9])
        for table, optimizer, kind in zip(tables, optimizers, (sparse, True), strict=True):
            (torch.nn.functional.embedding(rows, table, sparse=kind) ** 3).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
    torch.testing.assert_close(*tables, rtol=1e-12, atol=1e-12)
    assert torch.equal(tables[0][15:].flatten(), torch.linspace(-1, 1, 60, dtype=torch.float64)[45:]), "untouched"


@pytest.mark.parametrize(("name", "betas", "eps"), [("adam", (0.9, 0.999), 1e-8), ("adamw", (0.9, 0.99), 1e-5)])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_adam_and_adamw_with_their_documented_defaults(
    parts: Make, name: str, betas: tuple[float, float], eps: float, weight_decay: float
) -> None:
    w, m, v = start(), np.zeros(3), np.zeros(3)
    for t, after in enumerate(walk(parts, name, lr=0.02, weight_decay=weight_decay), 1):
        g = gradient(w)
        if name == "adam":
            g = g + weight_decay * w
        else:
            w = w - 0.02 * weight_decay * w
        m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g**2
        w = w - 0.02 * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
        np.testing.assert_allclose(after, w, rtol=1e-12)


def test_adamw_decays_by_a_tenth_unless_told_otherwise(parts: Make) -> None:
    np.testing.assert_array_equal(
        walk(parts, "adamw", lr=0.02)[-1], walk(parts, "adamw", lr=0.02, weight_decay=0.1)[-1]
    )


def test_mse_is_the_mean_over_rows_in_value_and_gradient(parts: Make) -> None:
    target, made = parts("loss", "mse")
    prediction = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64, requires_grad=True)
    loss = target(made)(prediction, torch.tensor([1.0, 0.0, 5.0], dtype=torch.float64))
    loss.backward()
    assert loss.item() == pytest.approx(5 / 3, rel=1e-15)
    assert prediction.grad is not None
    assert prediction.grad.tolist() == pytest.approx([0, 4 / 3, -2 / 3], rel=1e-15)


@pytest.mark.parametrize(("name", "expected"), [("mse", 5 / 3), ("rmse", math.sqrt(5 / 3)), ("mae", 1.0)])
def test_metrics_by_hand(parts: Make, name: str, expected: float) -> None:
    target, made = parts("metric", name)
    value = target(np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.0, 5.0]), made)
    assert isinstance(value, float)
    assert value == pytest.approx(expected, rel=1e-15)
