"""How sure a bias is: the bound by its formula, and which way it goes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfbench import python
from cfbench.answers import Bias
from cfbench.explore.biases import biases
from cfbench.explore.trained import Trained

Train = Callable[..., Trained]


def every(trained: Trained, side: Any) -> list[Bias]:
    return list(biases(trained, side, 1000).top)


@pytest.fixture
def rated(tmp_path: Path) -> Callable[..., Trained]:
    """Ratings 3 with noise; item n has n + 2 rows. The rate is so small that biases stay as they were drawn."""

    def rated(noise: float, **model: Any) -> Trained:
        rng = np.random.default_rng(0)
        lines = [f"u{u},{n},{3 + noise * rng.normal():.4f}" for n in range(40) for u in range(n + 2)]
        (tmp_path / f"{noise}.csv").write_text("\n".join(["user,item,rating", *lines]) + "\n")
        return python.train(
            {
                "data": {"source": str(tmp_path / f"{noise}.csv")},
                "model": {"name": "biased-dot-product", "n_factors": 1, "init_sd": 0.2, **model},
                "optimizer": {"name": "sgd", "lr": 1e-9},
                "training": {"epochs": 1},
            }
        )

    return rated


@pytest.mark.parametrize("y_range", [None, (0.0, 5.5)])
@pytest.mark.parametrize("side", ["item", "user"])
def test_a_bound_is_1_96_standard_deviations_of_what_is_left_unknown(train: Train, side: Any, y_range: Any) -> None:
    trained = train(model={"name": "biased-dot-product", "n_factors": 3, "init_sd": 0.5, "y_range": y_range})
    noise = trained.history[-1]["metrics"]["rmse"] ** 2
    mean = float(trained.model.state_dict()["offset"])
    found = every(trained, side)
    spread = float(np.var([one.value for one in found]))
    assert len(found) == int((trained.counts[side] > 0).sum())
    for one in found:
        slope = 1.0
        if y_range is not None:
            share = 1 / (1 + math.exp(-(mean + one.value)))
            slope = (y_range[1] - y_range[0]) * share * (1 - share)
        expected = 1.959964 / math.sqrt(one.count * slope**2 / noise + 1 / spread)
        assert one.within == pytest.approx(expected, rel=1e-5)
        assert one.within < 1.96 * math.sqrt(spread)
    assert {one.label: one.within for one in biases(trained, side, 1000).bottom} == {
        one.label: one.within for one in found
    }


def test_biases_that_are_all_alike_tell_nothing_about_one_another(rated: Train) -> None:
    trained = rated(0.5, init_sd=0.0)
    noise = trained.history[-1]["metrics"]["rmse"] ** 2
    for one in every(trained, "item"):
        assert one.within == pytest.approx(1.959964 / math.sqrt(one.count / noise), rel=1e-5)


def test_bounds_shrink_with_rows_and_widen_with_noise(rated: Train) -> None:
    calm, noisy = ({one.label: one for one in every(rated(noise), "item")} for noise in (0.2, 2.0))
    for found in (calm, noisy):
        ordered = sorted(found.values(), key=lambda one: one.count)
        assert ordered[0].count < ordered[-1].count
        for few, more in itertools.pairwise(ordered):
            assert few.within > more.within if few.count < more.count else few.within == more.within
    assert set(calm) == set(noisy)
    for label, one in calm.items():
        assert noisy[label].value == pytest.approx(one.value, abs=1e-4)
        if noisy[label].count == one.count:
            assert noisy[label].within > one.within


def test_the_bound_holds_what_data_were_made_of(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(0, 0.8, 60)
    lines = [f"u{u},{n},{3 + truth[n] + rng.normal():.3f}" for n in range(60) for u in rng.permutation(200)[:40]]
    (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *lines]) + "\n")
    trained = python.train(
        {
            "data": {"source": str(tmp_path / "r.csv")},
            "model": {"name": "user-item-bias", "damping_item": 0.0, "damping_user": 1000.0},
            "training": {"epochs": 1},
        }
    )
    found = every(trained, "item")
    away = [one.value - truth[int(one.label)] for one in found]
    inside = np.abs(np.array(away) - np.mean(away)) <= [one.within for one in found]
    assert 0.85 <= inside.mean() <= 1
    assert np.mean([one.within for one in found]) < 0.45
