"""Picking: the simplest trial that chance could have made the best."""

from __future__ import annotations

from cfbench.answers import Evaluation
from cfbench.search.picking import Trial, ordered, simplest, standard_error


def trial(run: str, value: float | None, parameters: int, seconds: float = 1.0) -> Trial:
    return Trial(run, {}, value, seconds, parameters)


TRIALS = [trial("big", 0.90, 900), trial("small", 0.91, 90), trial("tiny", 0.95, 9), trial("lost", None, 1)]


def test_trials_stand_best_first_and_those_without_a_value_last() -> None:
    assert [one.run for one in ordered(TRIALS, "lower")] == ["big", "small", "tiny", "lost"]
    assert [one.run for one in ordered(TRIALS, "higher")] == ["tiny", "small", "big", "lost"]


def test_the_simplest_within_one_standard_error_is_picked() -> None:
    assert simplest(TRIALS, "lower", 0.02).run == "small"
    assert simplest(TRIALS, "lower", 0.0).run == "big"
    assert simplest(TRIALS, "lower", 0.2).run == "tiny"
    assert simplest(TRIALS, "higher", 0.01).run == "tiny"


def test_of_trials_of_one_size_the_fastest_is_picked() -> None:
    assert simplest([trial("slow", 1, 5, 9.0), trial("fast", 1, 5, 2.0)], "lower", 0).run == "fast"


def test_a_metric_without_a_value_a_user_has_no_standard_error() -> None:
    measured = Evaluation("r", "valid", 9, 1, "last", None, {"rmse": 1.0, "gini": 0.5}, {}, 0, "", {"rmse": 0.01})
    assert standard_error(measured, "rmse") == 0.01
    assert standard_error(measured, "gini") is None
