"""Which trial to pick: the simplest one that chance could have made the best.

Breiman et al.: Classification and regression trees, 1984, section 3.4.3 (the one-standard-error rule).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from cfbench.answers import Evaluation


class Trial(Struct, frozen=True):
    """One run of a search.

    Attributes:
        run: its id.
        values: key of a setting that is varied -> its value.
        value: of the metric that is searched by, None where the run failed or has none.
        seconds: of training.
        parameters: numbers that its model has.
        reason: why it has no value, else "".
    """

    run: str
    values: dict[str, object]
    value: float | None
    seconds: float
    parameters: int
    reason: str = ""


def ordered(trials: Sequence[Trial], better: str) -> list[Trial]:
    """Return trials, the best first, those without a value last."""
    sign = 1 if better == "lower" else -1
    return sorted(trials, key=lambda trial: (trial.value is None, sign * (trial.value or 0.0)))


def standard_error(evaluation: Evaluation, metric: str) -> float | None:
    """Return the standard error of a metric's mean over users, None where it has no value a user."""
    return evaluation.standard_errors.get(metric)


def simplest(trials: Sequence[Trial], better: str, standard_error: float) -> Trial:
    """Return the trial with the fewest parameters, then seconds, among those within one standard error of the best.

    Args:
        trials: one at least with a value.
        better: "lower" or "higher".
        standard_error: of the best trial's value.
    """
    best = ordered(trials, better)[0]
    assert best.value is not None
    near = [one for one in trials if one.value is not None and abs(one.value - best.value) <= standard_error]
    return min(near, key=lambda trial: (trial.parameters, trial.seconds))
