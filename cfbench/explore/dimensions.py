"""How many factors a model has, how many it uses, and how many would do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from cfbench.answers import Dimensions, Rule, Side, Tried
from cfbench.experiment import Experiment
from cfbench.explore.factors import factors_of, tables_of
from cfbench.explore.trained import Trained
from cfbench.plugin import Factorization
from cfbench.runs.folder import RunFolder
from cfbench.training.components import make_metrics

_Floats = NDArray[np.float64]

_SHOWN = 64
_DEAD = 1e-3

FACTORS_KEY = "model.n_factors"


def dimensions(trained: Trained, beside: Sequence[RunFolder] = ()) -> Dimensions:
    """Return rules of thumb, the spectrum of the scores, and what runs with other numbers of factors reached.

    Args:
        trained: the model.
        beside: runs whose experiment differs from it in the number of factors alone; itself may be one.

    Raises:
        BadInput: the model has no factors.
    """
    tables = tables_of(trained)
    seen: dict[Side, NDArray[np.int64]] = {
        "user": np.flatnonzero(trained.counts["user"]),
        "item": np.flatnonzero(trained.counts["item"]),
    }
    shares = spectrum(factors_of(tables, "user")[seen["user"]], factors_of(tables, "item")[seen["item"]])
    dead = dead_factors(tables, seen)
    metric, better, tried = _tried(trained, beside)
    return Dimensions(
        n_factors=tables.item_factors.shape[1],
        rules=tuple(rule for side in seen for rule in rules(side, len(seen[side]))),
        shares=tuple(shares[:_SHOWN].tolist()),
        effective=participation_ratio(shares),
        dead=tuple(n + 1 for n in dead[:_SHOWN]),
        n_dead=len(dead),
        metric=metric,
        better=better,
        tried=tried,
        picked=fewest(tried, better),
    )


def with_factors(experiment: Experiment, run: str, n_factors: int) -> Experiment:
    """Return a run's experiment with another number of factors, in the group of the run's sweep."""
    params = {**experiment.model.params, "n_factors": n_factors}
    about = replace(
        experiment.experiment, name=f"factors-{n_factors}", group=f"factors-of-{run.partition('-')[2] or run}"
    )
    return replace(experiment, model=replace(experiment.model, params=params), experiment=about)


def rules(side: Side, labels: int) -> tuple[Rule, ...]:
    """Return what rules of thumb say of a field of so many labels."""
    return (
        Rule(side, labels, "min(600, 1.6 n^0.56)", "fastai, emb_sz_rule", min(600, round(1.6 * labels**0.56))),
        Rule(side, labels, "n^0.25", "TensorFlow team, Introducing feature columns, 2017", max(1, round(labels**0.25))),
    )


def spectrum(users: _Floats, items: _Floats) -> _Floats:
    """Return the shares of the variance of all products users @ items.T in each of its directions, largest first.

    The mean of each row and column is taken off, as biases could hold it. The squared singular values of the product
    are the eigenvalues of (users.T users) (items.T items), so no table of users by items is made.

    Args:
        users: float64 (n_users, k).
        items: float64 (n_items, k).
    """
    _, stretch, axes = np.linalg.svd(users - users.mean(0), full_matrices=False)
    core = (items - items.mean(0)) @ (axes.T * stretch)
    variances = np.linalg.svd(core, compute_uv=False) ** 2
    total = float(variances.sum())
    found: _Floats = variances / total if total else variances
    return found


def participation_ratio(shares: _Floats) -> float:
    """Return how many directions carry the variance: 1 / sum of squared shares; n equal ones give n, none gives 0.

    Gao and others: A theory of multineuronal dimensionality, dynamics and measurement. bioRxiv 214262, 2017.
    """
    total = float((shares**2).sum())
    return float(shares.sum()) ** 2 / total if total else 0.0


def dead_factors(tables: Factorization, seen: dict[Side, NDArray[np.int64]]) -> list[int]:
    """Return the factors, from 0, whose products vary by less than a thousandth of the most varied one's."""
    spreads = [factors_of(tables, side)[seen[side]].std(0) for side in seen]
    moves = spreads[0] * spreads[1]
    return np.flatnonzero(moves <= _DEAD * moves.max()).tolist()


def fewest(tried: Sequence[Tried], better: str) -> int | None:
    """Return the fewest factors within one standard error of the best run; None where fewer than two were tried.

    Breiman and others: Classification and regression trees, 1984, section 3.4.3.
    """
    if len({one.n_factors for one in tried}) < 2:
        return None
    sign = 1 if better == "lower" else -1
    best = min(tried, key=lambda one: sign * one.value)
    return min(one.n_factors for one in tried if sign * (one.value - best.value) <= (best.se or 0.0))


def _tried(trained: Trained, beside: Sequence[RunFolder]) -> tuple[str, str, tuple[Tried, ...]]:
    """Return the experiment's first metric, which way is better, and what each run reached on valid."""
    if not trained.experiment.metrics:
        return "", "lower", ()
    scorer = make_metrics(trained.experiment, trained.find)[0]
    found = []
    for run in {run.id: run for run in beside}.values():
        other = trained if run.id == trained.run.id else Trained(run)
        measured = other.measured("valid")
        value = measured.metrics.get(scorer.name)
        if value is not None:
            n_factors = int(other.experiment.model.params["n_factors"])
            found.append(Tried(n_factors, run.id, value, measured.standard_errors.get(scorer.name)))
    return scorer.name, scorer.better, tuple(sorted(found, key=lambda one: (one.n_factors, one.run)))
