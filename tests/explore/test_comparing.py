"""Comparing: which runs are one line, on which splits, who is below a baseline, and whether they differ."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from cfbench import python
from cfbench.errors import BadInput
from cfbench.explore.comparing import compare
from cfbench.explore.statistics import holm, paired
from cfbench.explore.trained import load

from .conftest import document


def test_the_paired_test_is_the_textbooks() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.2, 1, 80), rng.normal(0, 1, 80)
    first[:5] = np.nan
    test = paired(first, second)
    known = stats.ttest_rel(first[5:], second[5:])
    differences = first[5:] - second[5:]
    assert test is not None
    assert (test.n, test.p) == (75, pytest.approx(known.pvalue))
    assert test.difference == pytest.approx(differences.mean())
    assert test.effect == pytest.approx(differences.mean() / differences.std(ddof=1))
    interval = stats.bootstrap((differences,), np.mean, method="percentile", n_resamples=5000, random_state=1)
    assert (test.low, test.high) == pytest.approx(tuple(interval.confidence_interval), abs=0.03)


def test_the_ends_of_the_paired_test() -> None:
    same = paired(np.ones(9), np.ones(9))
    assert same is not None
    assert (same.p, same.effect, same.difference) == (1.0, 0.0, 0.0)
    shifted = paired(np.full(9, 3.0), np.ones(9))
    assert shifted is not None
    assert (shifted.p, shifted.effect, shifted.low, shifted.high) == (0.0, math.inf, 2.0, 2.0)
    assert paired(np.array([1.0, np.nan]), np.array([2.0, 3.0])) is None


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_two_equal_models_are_told_apart_in_5_of_100_repeats() -> None:
    """The standard error of the share is 1.5 %: a right test stays within 5 ± 3 % for 19 of 20 seeds."""
    rng = np.random.default_rng(11)
    rejected = 0
    for repeat in range(200):
        users = rng.beta(0.5, 2.0, 60)
        values = [np.clip(users + rng.normal(0, 0.1, 60), 0, 1) for _ in range(2)]
        test = paired(*values, seed=repeat)
        assert test is not None
        rejected += test.p < 0.05
    assert 4 <= rejected <= 16


@pytest.fixture(scope="module")
def trained(explored: Path) -> dict[str, Any]:
    """Runs of two models, each with two seeds on one split, and one on another split."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CFBENCH_HOME", str(explored / "home"))
        found: dict[str, Any] = {}
        for model in ("biased-dot-product", "dot-product"):
            for seed in (1, 2):
                about = {"seed": seed, "seeds": {"split": 5}, "name": f"{model}-{seed}"}
                tables = document(explored, model={"name": model, "n_factors": 2}, experiment=about)
                found[f"{model} {seed}"] = python.train({**tables, "metrics": ["rmse", "ndcg@5"]}).run.id
        other = document(explored, model={"name": "dot-product"}, experiment={"seed": 3, "name": "other"})
        found["other"] = python.train({**other, "metrics": ["rmse", "ndcg@5"]}).run.id
        return found


def runs_of(trained: dict[str, Any], *names: str) -> list[str]:
    return [trained[name] for name in names]


def test_seeds_are_one_line_with_mean_and_sd(trained: dict[str, Any]) -> None:
    runs = runs_of(trained, "biased-dot-product 1", "biased-dot-product 2", "dot-product 1", "dot-product 2")
    found = compare(runs)
    biased, plain = (line for line in found.lines if not line.baseline)
    assert biased.runs == tuple(runs[:2])
    assert biased.seeds == (1, 2)
    values = [load(run).history[-1]["metrics"]["rmse"] for run in runs[:2]]
    assert biased.values["rmse"].mean == pytest.approx(np.mean(values))
    assert biased.values["rmse"].sd == pytest.approx(np.std(values, ddof=1))
    assert plain.model == "Dot product"
    assert found.better == {"rmse": "lower", "ndcg@5": "higher"}
    assert len(found.splits) == 1
    pair = next(
        one
        for one in found.differences
        if one.metric == "rmse" and {one.first, one.second} == {biased.name, plain.name}
    )
    better = min((biased, plain), key=lambda line: line.values["rmse"].mean or 9)
    assert pair.first == better.name


def test_differences_are_of_users_on_the_same_rows(trained: dict[str, Any]) -> None:
    runs = runs_of(trained, "biased-dot-product 1", "dot-product 1")
    found = compare(runs, ["mae"], with_baselines=False)
    (pair,) = found.differences
    by_user = []
    for run in runs:
        model = load(run)
        rows = model.loader.rows("valid")
        user = model.loader.interactions.user[rows]
        errors = np.abs(
            model.loader.interactions.target[rows]
            - model.score({"user": user, "item": model.loader.interactions.item[rows]})
        )
        by_user.append(np.array([errors[user == one].mean() for one in np.unique(user)]))
    first = 0 if pair.first == next(line.name for line in found.lines if line.runs == (runs[0],)) else 1
    difference = by_user[first] - by_user[1 - first]
    assert pair.n == len(difference)
    assert pair.difference == pytest.approx(difference.mean(), abs=1e-6)
    assert pair.p == pytest.approx(stats.ttest_rel(by_user[0], by_user[1]).pvalue, rel=1e-4)
    assert pair.adjusted == pair.p


def test_baselines_join_and_mark_what_is_below_them(trained: dict[str, Any]) -> None:
    found = compare(runs_of(trained, "dot-product 1"))
    names = [line.name for line in found.lines if line.baseline]
    assert names == ["global-mean", "user-item-bias", "popularity", "item-knn", "ease", "pure-svd"]
    mine = found.lines[0]
    for label in found.metrics:
        values = {
            line.name: mean for line in found.lines if line.baseline and (mean := line.values[label].mean) is not None
        }
        best = (min if label == "rmse" else max)(values, key=values.__getitem__)
        worse = mine.values[label].mean > values[best] if label == "rmse" else mine.values[label].mean < values[best]
        assert mine.below.get(label) == (best if worse else None)
    assert compare(runs_of(trained, "dot-product 1")) == found, "what is kept is what was computed"
    assert not [
        line for line in compare(runs_of(trained, "dot-product 1"), with_baselines=False).lines if line.baseline
    ]


def test_runs_on_other_rows_are_not_compared(trained: dict[str, Any]) -> None:
    found = compare(runs_of(trained, "dot-product 1", "other"))
    assert (found.splits, found.differences) == ((), ())
    assert found.findings[0].level == "wrong"
    assert [line.baseline for line in found.lines] == [False, False]
    partly = compare(runs_of(trained, "dot-product 1", "biased-dot-product 1", "other"))
    assert partly.splits == (), "the run on the other split is a line of its own: it has other settings"


def test_the_test_part_is_opened_on_purpose_and_counted(trained: dict[str, Any]) -> None:
    run = trained["biased-dot-product 2"]
    assert load(run).measured("valid").test_openings == 0
    assert compare([run], part="test").part == "test"
    assert load(run).evaluate().test_openings == 1
    compare([run], part="test")
    assert load(run).evaluate().test_openings == 1, "what was measured once is not measured again"


def test_what_can_not_be_compared(trained: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="there is no metric 'ndgc', did you mean 'ndcg'"):
        compare(runs_of(trained, "dot-product 1"), ["ndgc@5"])
    with pytest.raises(BadInput, match="k = 0 is not allowed"):
        compare(runs_of(trained, "dot-product 1"), ["ndcg@0"])


def test_unequal_budgets_are_named(explored: Path, trained: dict[str, Any]) -> None:
    """Two settings of one group are two trials; a run alone is one."""
    for factors in (1, 3):
        about = {"seed": 1, "seeds": {"split": 5}, "group": "tuned", "name": f"tuned-{factors}"}
        tables = document(explored, model={"name": "dot-product", "n_factors": factors}, experiment=about)
        run = python.train({**tables, "metrics": ["rmse"]}).run.id
    found = compare([run, trained["biased-dot-product 1"]], ["rmse"])
    assert [line.trials for line in found.lines if not line.baseline] == [2, 1]
    assert [finding.what for finding in found.findings] == [
        "settings were chosen with unequal budgets: tuned-3 among 2, biased-dot-product-1 among 1"
    ]
