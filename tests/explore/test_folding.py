"""Somebody new, against other ways to the same vector: stacked least squares, general minimisers, known truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from cfbench.errors import BadInput
from cfbench.explore.factors import tables_of
from cfbench.explore.folding import Folded, Prior, checked, fold, fold_in, fold_likes, prior
from cfbench.explore.recommending import recommend
from cfbench.explore.trained import Trained
from cfbench.plugin import Factorization, ScoreRequest, SparseRows

Train = Callable[..., Trained]
WIDE = {"name": "biased-dot-product", "n_factors": 3, "init_sd": 0.5}


def tables(k: int, y_range: tuple[float, float] | None, biased: bool = True, items: int = 40) -> Factorization:
    rng = np.random.default_rng(k)
    biases = [torch.from_numpy(rng.normal(0, 0.4, n)) for n in (10, items)] if biased else [None, None]
    factors = [torch.from_numpy(rng.normal(size=(n, k))) for n in (10, items)]
    return Factorization(*factors, *biases, 0.3 if biased else 0.0, y_range)


def believed(d: int, noise: float) -> Prior:
    rng = np.random.default_rng(d)
    root = rng.normal(size=(d, d))
    return Prior(rng.normal(0, 0.3, d), root @ root.T + np.eye(d), noise)


def predicted(made: Factorization, items: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """The model's formula for a vector with the bias in the last place, item by item."""
    found = []
    for item in items:
        row = made.item_factors[item].double().detach().numpy()
        z = float(row @ vector[: len(row)]) + made.global_mean
        if made.item_bias is not None:
            z += float(made.item_bias[item].detach()) + vector[len(row)]
        found.append(z)
    if made.y_range is None:
        return np.array(found)
    low, high = made.y_range
    return low + (high - low) / (1 + np.exp(-np.array(found)))


def energy(made: Factorization, known: Prior, items: np.ndarray, ratings: np.ndarray, vector: np.ndarray) -> float:
    """Minus the logarithm of the posterior, up to a constant."""
    away = vector - known.mean
    errors = ratings - predicted(made, items, vector)
    return float(errors @ errors / known.noise + away @ known.precision @ away) / 2


def whole(found: Folded, biased: bool = True) -> np.ndarray:
    return np.append(found.factors, found.bias) if biased else found.factors


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("n", [1, 3, 25])
def test_without_a_range_it_is_ridge_regression(biased: bool, n: int) -> None:
    made, rng = tables(4, None, biased), np.random.default_rng(n)
    known = believed(5 if biased else 4, 0.7)
    items, ratings = rng.permutation(40)[:n], rng.normal(3, 1, n)
    columns = made.item_factors.numpy()[items]
    rest = ratings - made.global_mean
    if made.item_bias is not None:
        columns = np.concatenate([columns, np.ones((n, 1))], 1)
        rest = rest - made.item_bias.numpy()[items]
    root = np.linalg.cholesky(known.precision).T
    stacked = np.concatenate([columns / np.sqrt(known.noise), root])
    wanted = np.concatenate([rest / np.sqrt(known.noise), root @ known.mean])
    expected = np.linalg.lstsq(stacked, wanted, rcond=None)[0]
    found = fold(made, known, items, ratings)
    np.testing.assert_allclose(whole(found, biased), expected, atol=1e-9)
    assert biased or found.bias == 0.0
    assert np.array_equal(found.items, items)
    assert np.array_equal(found.ratings, ratings)


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize("n", [1, 4, 30])
def test_with_a_range_nothing_nearby_and_nothing_found_otherwise_is_lower(biased: bool, n: int) -> None:
    made, rng = tables(3, (0.5, 5.5), biased), np.random.default_rng(n)
    known = believed(4 if biased else 3, 0.5)
    items, ratings = rng.permutation(40)[:n], rng.integers(1, 6, n).astype(np.float64)

    def objective(vector: np.ndarray) -> float:
        return energy(made, known, items, ratings, vector)

    found = whole(fold(made, known, items, ratings), biased)
    h = 1e-5 * np.eye(len(found))
    gradient = [(objective(found + step) - objective(found - step)) / 2e-5 for step in h]
    start = [(objective(known.mean + step) - objective(known.mean - step)) / 2e-5 for step in h]
    assert np.linalg.norm(gradient) < 1e-3 * np.linalg.norm(start)
    for beginning in (found, known.mean):
        other = minimize(objective, beginning, method="BFGS")
        assert objective(found) <= other.fun + 1e-6 * (1 + other.fun)


@pytest.mark.parametrize("y_range", [None, (0.0, 6.0)])
def test_many_ratings_bring_back_the_vector_they_were_drawn_from(y_range: Any) -> None:
    made, rng = tables(3, y_range, items=4000), np.random.default_rng(0)
    vector, items = np.array([0.8, -1.1, 0.4, 0.3]), np.arange(4000)
    exact = predicted(made, items, vector)
    known = Prior(np.zeros(4), np.eye(4), 0.04)
    noisy = fold(made, known, items, exact + rng.normal(0, 0.2, 4000))
    np.testing.assert_allclose(whole(noisy), vector, atol=0.03)
    few = fold(made, known, items[:3], exact[:3])
    assert np.linalg.norm(whole(few) - vector) > np.linalg.norm(whole(noisy) - vector)


def test_no_more_than_the_prior_is_known_where_ratings_say_nothing() -> None:
    made, known = tables(3, (0.5, 5.5)), believed(4, 1e9)
    found = fold(made, known, np.arange(5), np.full(5, 5.0))
    np.testing.assert_allclose(whole(found), known.mean, atol=1e-6)


def test_the_prior_is_that_of_the_users_that_training_saw(train: Train) -> None:
    trained = train(model=WIDE)
    state = trained.model.state_dict()
    own = np.concatenate([state["users.weight"], state["user_bias.weight"]], 1).astype(np.float64)
    own = own[trained.counts["user"] > 0]
    found = prior(trained)
    np.testing.assert_allclose(found.mean, own.mean(0), atol=1e-12)
    np.testing.assert_allclose(found.precision @ np.cov(own.T), np.eye(4), atol=1e-4)
    assert found.noise == pytest.approx(trained.history[-1]["metrics"]["rmse"] ** 2)
    assert prior(trained) is found


def test_what_is_liked_is_put_above_the_average() -> None:
    made, rng = tables(4, None), np.random.default_rng(3)
    known, chances = Prior(np.zeros(5), np.eye(5), 1.0), np.full(40, 1 / 39)
    chances[0] = 0
    for _ in range(10):
        taste = rng.normal(size=4)
        liked = 1 + np.argsort(-made.item_factors.numpy()[1:] @ taste)[:6]
        found = fold_likes(made, known, liked, np.ones(6), chances)
        moved = made.item_factors.numpy() @ found.factors
        assert moved[liked].mean() > moved[1:].mean() + moved[1:].std()
        again = fold_likes(made, known, liked, np.full(6, 7.0), chances)
        np.testing.assert_allclose(whole(again), whole(found), atol=1e-9)


def pairs_lost(made: Factorization, known: Prior, liked: Any, weights: Any, chances: Any, vector: np.ndarray) -> float:
    """Minus the logarithm of BPR's posterior of one user, over all items that may be drawn."""
    away = vector - known.mean
    others = [n for n in np.flatnonzero(chances) if n not in liked]
    low = predicted(made, others, vector)
    lost = 0.0
    for weight, z in zip(weights, predicted(made, liked, vector), strict=True):
        lost += weight * np.average(np.logaddexp(0, low - z), weights=chances[others])
    return float(lost + away @ known.precision @ away / 2)


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("biased", [True, False])
def test_likes_are_the_most_probable_by_a_general_minimiser(biased: bool, scale: float) -> None:
    made, d = tables(3, None, biased), 3 + biased
    made.item_factors.mul_(scale)
    known, chances = believed(d, 1.0), np.random.default_rng(0).uniform(0.1, 1, 40)
    chances[[0, 7]] = 0
    chances /= chances.sum()
    liked, weights = np.array([1, 5, 9]), np.array([1.0, 2.0, 6.0])

    def objective(vector: np.ndarray) -> float:
        return pairs_lost(made, known, liked, weights / 3, chances, vector)

    found = whole(fold_likes(made, known, liked, weights, chances), biased)
    other = minimize(objective, known.mean, method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(found, other.x, atol=1e-5)
    assert objective(found) <= other.fun + 1e-9


def test_what_likes_add_is_the_whole_way_from_the_average_user() -> None:
    made, known, chances = tables(3, None), believed(4, 1.0), np.full(40, 1 / 40)
    found = fold_likes(made, known, np.array([1, 5, 9]), np.array([1.0, 2.0, 6.0]), chances)
    np.testing.assert_allclose(known.mean + found.parts.sum(0), whole(found), atol=1e-9)


def test_of_a_large_catalogue_some_stand_for_all_that_may_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    made, known, chances = tables(3, None, items=4000), believed(4, 1.0), np.random.default_rng(0).uniform(size=4000)
    liked = np.array([1, 5, 9])
    exact = whole(fold_likes(made, known, liked, np.ones(3), chances))
    monkeypatch.setattr("cfbench.explore.folding._MOST_PAIRS", 3000)
    near = whole(fold_likes(made, known, liked, np.ones(3), chances))
    assert not np.array_equal(near, exact)
    np.testing.assert_allclose(near, exact, atol=0.05)


def test_somebody_who_liked_everything_is_the_average_user() -> None:
    made, known = tables(3, None), believed(4, 1.0)
    found = fold_likes(made, known, np.arange(40), np.ones(40), np.full(40, 1 / 40))
    np.testing.assert_allclose(whole(found), known.mean)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_likes_stand_beside_what_the_sampler_draws(train: Train, alpha: float) -> None:
    sampler = {"name": "popularity", "alpha": alpha}
    trained = train(model=WIDE, loss={"name": "bpr"}, sampler=sampler, training={"epochs": 1})
    counts = trained.counts["item"]
    weights = np.where(counts > 0, counts.astype(np.float64) ** alpha, 0.0)
    liked = np.array([trained.item_codes[label] for label in ("7", "3")])
    expected = fold_likes(tables_of(trained), prior(trained), liked, np.ones(2), weights / weights.sum())
    found = fold_in(trained, {"7": 1.0, "3": 1.0})
    np.testing.assert_allclose(whole(found), whole(expected), atol=1e-9)


def test_likes_of_users_whom_training_knows_give_what_it_learned_of_them(train: Train) -> None:
    """Trained until pairs are told apart well, a user's own rows bring back nearly the order that the user has."""
    trained = train(
        model=WIDE, loss={"name": "bpr"}, sampler={"name": "uniform", "negatives": 4}, training={"epochs": 30}
    )
    made, history, codes = tables_of(trained), trained.loader.history, np.flatnonzero(trained.counts["item"])
    alike = []
    for user in np.flatnonzero(trained.counts["user"]):
        page = slice(history.starts[user], history.starts[user + 1])
        own = history.items[page].astype(np.int64)
        chances = np.where(trained.counts["item"] > 0, 1 / len(codes), 0.0)
        folded = fold_likes(made, prior(trained), own, np.ones(len(own)), chances)
        learned = np.append(made.user_factors[user].detach().numpy(), 0.0)
        both = predicted(made, codes, whole(folded)), predicted(made, codes, learned)
        alike.append(np.corrcoef(*both)[0, 1])
    assert np.median(alike) > 0.9


def test_what_is_no_rating_is_refused(factors: Trained) -> None:
    for value in (float("nan"), float("inf"), -float("inf")):
        with pytest.raises(BadInput, match="of 'The 5th Film' is no rating; give a finite number"):
            checked(factors, {"The 7th Film": 3.0, "The 5th Film": value})
    with pytest.raises(BadInput, match="knows no item 'The 7th Flm', did you mean 'The 7th Film'"):
        checked(factors, {"The 7th Flm": 3.0})
    for twice in ({"The 7th Film": 3.0, "7": 4.0}, {"2": 1.0, "7": 4.0, "the 7TH film": 3.0}):
        with pytest.raises(BadInput, match="'The 7th Film' is rated twice; name it once"):
            checked(factors, twice)
    with pytest.raises(BadInput, match="there are no ratings"):
        checked(factors, {})
    for strange in (12, "7", ["7"]):
        with pytest.raises(BadInput, match=r"^ratings: ratings are a mapping .* of type (int|str|list); give"):
            checked(factors, strange)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="good of 'The 5th Film' is no rating; give a finite number"):
        checked(factors, {"The 5th Film": "good"})  # type: ignore[dict-item]
    codes, values = checked(factors, {"The 7th Film": 3.0, "3": 4.5})
    assert codes.tolist() == [factors.item_codes["7"], factors.item_codes["3"]]
    assert values.tolist() == [3.0, 4.5]


def test_without_factors_nobody_is_folded_in(fields: Trained) -> None:
    with pytest.raises(BadInput, match="embedding-mlp learns no factors; train a model that does"):
        fold_in(fields, {"7": 3.0})
    with pytest.raises(BadInput, match="embedding-mlp can't take somebody new: it has no factors and no score"):
        recommend(fields, ratings={"7": 3.0})


@pytest.mark.parametrize("y_range", [None, (0.0, 5.5)])
def test_somebody_new_is_recommended_what_the_folded_vector_scores_highest(train: Train, y_range: Any) -> None:
    trained = train(model={**WIDE, "y_range": y_range})
    ratings = {"The 7th Film": 5.0, "3": 0.5, "The 12th Film": 4.0}
    folded = fold_in(trained, ratings)
    codes = np.flatnonzero(trained.counts["item"])
    values = predicted(tables_of(trained), codes, whole(folded))
    expected = dict(zip([trained.classes["item"][code] for code in codes], values.tolist(), strict=True))
    given = {"7": 5.0, "3": 0.5, "12": 4.0}
    for seen in (False, True):
        found = recommend(trained, ratings=ratings, count=100, seen=seen)
        left = {label: value for label, value in expected.items() if seen or label not in given}
        assert [one.label for one in found.items] == sorted(left, key=lambda label: -left[label])
        assert [one.value for one in found.items] == pytest.approx([left[one.label] for one in found.items], abs=1e-5)
        assert {one.label: one.rating for one in found.items if one.seen} == (given if seen else {})
        assert (found.user, found.ratings, found.mean, found.unseen) == ("", 3, pytest.approx(9.5 / 3), len(left))


def test_a_higher_rating_lifts_what_is_like_the_item(train: Train) -> None:
    trained = train(model=WIDE)
    low, high = (
        {one.label: one.value for one in recommend(trained, ratings={"7": stars}, count=100, seen=True).items}
        for stars in (1.0, 5.0)
    )
    assert high["7"] > low["7"]


@pytest.mark.parametrize("model", ["ease", "implicit-als"])
def test_models_that_score_a_history_fold_in_by_it(train: Train, model: str) -> None:
    params = {"n_factors": 4, "iterations": 3} if model == "implicit-als" else {}
    trained = train(model={"name": model, **params})
    ratings = {"The 7th Film": 4.0, "2": 5.0, "The 12th Film": 3.0}
    codes = [trained.item_codes[label] for label in ("7", "2", "12")]
    order = np.argsort(codes)
    history = SparseRows(
        np.array([0, 3]),
        np.array(codes, np.int32)[order],
        np.array(list(ratings.values()), np.float32)[order],
    )
    with torch.no_grad():
        scores = torch.as_tensor(trained.model.score(ScoreRequest(np.zeros(1, np.int64), history)))[0].numpy()
    known = [code for code in np.flatnonzero(trained.counts["item"]) if code not in codes]
    best = sorted(known, key=lambda code: (-scores[code], trained.classes["item"][code]))
    found = recommend(trained, ratings=ratings, count=6)
    assert [one.label for one in found.items] == [trained.classes["item"][code] for code in best[:6]]
    assert [one.value for one in found.items] == pytest.approx([float(scores[code]) for code in best[:6]], rel=1e-5)
    seen = recommend(trained, ratings=ratings, count=100, seen=True)
    assert {"7", "2", "12"} <= {one.label for one in seen.items}
