"""The shipped plugins, made as core makes them: by name, through the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from cfbench.loading import history
from cfbench.loading.components import installed
from cfbench.plugin import DataInfo, FitData
from cfbench.registry import loading

Make = Callable[..., Any]


@pytest.fixture
def parts() -> Make:
    """(kind, name, **parameters) -> the plugin's target and its parameters."""

    def parts(kind: str, name: str, **params: Any) -> tuple[Callable[..., Any], Any]:
        live = installed(kind, name)
        return live.target, loading.parameters(live, params)

    return parts


@pytest.fixture
def info() -> Make:
    """Facts of data for a model; each call has fresh generators of one seed."""

    def info(**facts: Any) -> DataInfo:
        generators: dict[str, torch.Generator] = {}

        def generator(stream: str) -> torch.Generator:
            return generators.setdefault(stream, torch.Generator().manual_seed(facts.get("seed", 3)))

        known: dict[str, Any] = {"n_users": 3, "n_items": 4, "n_rows": 9, "categorical": {}, "continuous": []}
        known |= {"target_mean": 3.5, "target_min": 1.0, "target_max": 5.0, "generator": generator, **facts}
        known.pop("seed", None)
        return DataInfo(**known)

    return info


@pytest.fixture
def model(parts: Make, info: Make) -> Make:
    """(name, facts, **parameters) -> the model, float64."""

    def model(name: str, facts: dict[str, Any] | None = None, **params: Any) -> torch.nn.Module:
        target, made = parts("model", name, **params)
        module: torch.nn.Module = target(info(**(facts or {})), made).double()
        return module

    return model


@pytest.fixture(scope="module")
def data() -> FitData:
    """240 ratings of 30 users on 12 items, whose codes start at 1."""
    rng = np.random.default_rng(4)
    cells = rng.permutation(30 * 12)[:240]
    user, item = (cells // 12 + 1).astype(np.int32), (cells % 12 + 1).astype(np.int32)
    target = rng.integers(1, 6, 240).astype(np.float32)
    return FitData(user, item, target, None, history.by_user(user, item, target, 31))
