"""Explanations: sums that add up to what the model predicts, and pulls of ratings derived from the formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from cfbench.answers import Explanation
from cfbench.errors import BadInput
from cfbench.explore.explaining import FAR, explain
from cfbench.explore.factors import tables_of
from cfbench.explore.folding import Folded, design, fold, fold_in, prior
from cfbench.explore.learned import Learned
from cfbench.explore.recommending import recommend
from cfbench.explore.trained import Trained

Train = Callable[..., Trained]
K = 6
WIDE = {"name": "biased-dot-product", "n_factors": K, "init_sd": 0.5}
RANGES = [None, (0.0, 5.5)]
LIKES: dict[str, Any] = {"loss": {"name": "bce"}, "sampler": {"name": "uniform", "negatives": 2}}


def rated(trained: Trained, user: str) -> dict[str, float]:
    """What training has of a user: label -> rating."""
    every, own = trained.loader.train.all, trained.user_codes[user]
    items = trained.classes["item"]
    return {items[i]: t for (u, i), t in zip(every.x.tolist(), every.target.tolist(), strict=True) if u == own}


def near_enough(trained: Trained, user: str) -> str:
    """An item whose score the user's ratings nearly give."""
    return next(item for item in trained.classes["item"][1:] if not explain(trained, user, item).far)


def pulls(trained: Trained, folded: Folded, item: str) -> tuple[dict[str, float], float]:
    """What each rating adds to the score of an item, and what the prior's mean m adds, at the solution w of

    (T'T / s² + P) (w - m) = T' (r - f + T (w - m)) / s²: T are the slopes of predictions f by w, s² is the noise, P the
    prior's precision.
    """
    tables, known = tables_of(trained), prior(trained)
    w = np.append(folded.factors, folded.bias)
    rows, offsets = design(tables, folded.items)
    z = rows @ w + offsets
    slope, f = np.ones(len(z)), z
    if tables.y_range is not None:
        low, high = tables.y_range
        s = 1 / (1 + np.exp(-z))
        f, slope = low + (high - low) * s, (high - low) * s * (1 - s)
    tangent = rows * slope[:, None]
    inverse = np.linalg.inv(tangent.T @ tangent / known.noise + known.precision)
    row = design(tables, np.array([trained.item_codes[item]]))[0][0]
    weights = (row @ inverse @ tangent.T) * (folded.ratings - f + tangent @ (w - known.mean)) / known.noise
    labels = [trained.classes["item"][code] for code in folded.items]
    return dict(zip(labels, weights.tolist(), strict=True)), float(row @ known.mean)


@pytest.mark.parametrize("y_range", RANGES)
def test_terms_add_up_to_the_score_and_the_score_to_the_prediction(train: Train, y_range: Any) -> None:
    trained = train(model={**WIDE, "y_range": y_range})
    state = {name: value.double().numpy() for name, value in trained.model.state_dict().items()}
    for user in ("v0", "v7", "v29"):
        for item in ("0", "11", "The 19th Film"):
            u, i = trained.user_codes[user], trained.item_codes[item]
            for count in (1, 4, 5, 100):
                found = explain(trained, user, item, count=count)
                assert sum(term.value for term in found.terms) == pytest.approx(found.score, abs=1e-5)
            z = found.score
            squashed = z if y_range is None else y_range[0] + (y_range[1] - y_range[0]) / (1 + np.exp(-z))
            assert found.prediction == pytest.approx(squashed, abs=1e-9)
            assert found.prediction == pytest.approx(trained.predict([user], [item])[0], abs=1e-5)
            named = {term.name: term for term in found.terms}
            assert named["global mean"].value == pytest.approx(float(state["offset"]))
            assert named["user bias"].value == pytest.approx(state["user_bias.weight"][u, 0])
            assert named["item bias"].value == pytest.approx(state["item_bias.weight"][i, 0])
            assert len(named) == 3 + K
            for n in range(K):
                one = named[f"factor {n + 1}"]
                assert (one.user, one.item) == (state["users.weight"][u, n], state["items.weight"][i, n])
                assert one.value == pytest.approx(one.user * one.item)
            assert (found.user, found.item, found.y_range) == (user, trained.classes["item"][i], y_range)
            assert found.title == trained.classes["title"][i]


@pytest.mark.parametrize("count", [1, 3, 4, 5, 7, 8, 9, 10, 100])
def test_the_smallest_factors_are_one_term_and_biases_always_named(train: Train, count: int) -> None:
    trained = train(model=WIDE)
    every = {term.name: term.value for term in explain(trained, "v3", "5", count=1000).terms}
    found = explain(trained, "v3", "5", count=count).terms
    other = [term for term in found if term.name.endswith("other factors")]
    named = [term for term in found if term not in other]
    assert {"global mean", "user bias", "item bias"} <= {term.name for term in named}
    assert {term.name: term.value for term in named} == {term.name: every[term.name] for term in named}
    sizes = [abs(term.value) for term in named]
    assert sizes == sorted(sizes, reverse=True)
    left = [value for name, value in every.items() if name not in {term.name for term in named}]
    if count >= 3 + K:
        assert not other
        assert len(found) == 3 + K
        return
    assert len(found) == max(count, 4)
    assert found[-1].name == f"{len(left)} other factors"
    assert found[-1].value == pytest.approx(sum(left))
    shown = [abs(term.value) for term in named if term.name.startswith("factor")]
    assert not shown or min(shown) >= max(map(abs, left))


def test_one_factor_is_not_counted_in_the_plural(train: Train) -> None:
    trained = train(model={**WIDE, "n_factors": 1})
    for count in (1, 2, 3, 4):
        assert "1 other factors" not in {term.name for term in explain(trained, "v3", "5", count=count).terms}


def test_a_model_without_biases_has_factors_alone(train: Train) -> None:
    trained = train(model={"name": "dot-product", "n_factors": 3, "init_sd": 0.5})
    found = explain(trained, "v3", "5")
    assert {term.name for term in found.terms} == {"factor 1", "factor 2", "factor 3"}
    assert found.score == pytest.approx(trained.predict(["v3"], ["5"])[0], abs=1e-5)


@pytest.mark.parametrize("y_range", RANGES)
def test_supports_and_prior_add_up_to_the_score_of_the_folded_user(train: Train, y_range: Any) -> None:
    trained = train(model={**WIDE, "y_range": y_range})
    tables = tables_of(trained)
    for user, item in (("v0", "0"), ("v7", "11"), ("v29", "19")):
        own = {label: stars for label, stars in rated(trained, user).items() if label != item}
        codes = np.array([trained.item_codes[label] for label in own], np.int64)
        folded = fold(tables, prior(trained), codes, np.array(list(own.values())))
        expected, rest = pulls(trained, folded, item)
        found = explain(trained, user, item, supports=1000)
        assert {one.label: one.rating for one in found.supports} == own
        got = {one.label: one.weight for one in found.supports}
        assert got == pytest.approx(expected, abs=1e-9)
        rows, _ = design(tables, np.array([trained.item_codes[item]]))
        score = float(rows[0] @ np.append(folded.factors, folded.bias))
        assert sum(got.values()) + rest == pytest.approx(score, abs=1e-3)
        sizes = [abs(one.weight) for one in found.supports]
        assert sizes == sorted(sizes, reverse=True)
        assert explain(trained, user, item, supports=3).supports == found.supports[:3]
        assert explain(trained, user, item, supports=0).supports == ()
        titles = dict(zip(trained.classes["item"], trained.classes["title"], strict=True))
        assert all(one.title == titles[one.label] for one in found.supports)


def test_a_rating_is_no_reason_for_itself(train: Train) -> None:
    trained = train(model=WIDE)
    own = rated(trained, "v5")
    assert len(own) > 2
    for item, stars in own.items():
        found = explain(trained, "v5", item, supports=1000)
        assert found.rating == stars
        assert {one.label for one in found.supports} == set(own) - {item}
        assert found.title not in {term.because for term in found.terms}
    data, user = trained.loader.interactions, trained.user_codes["v5"]
    elsewhere = {
        trained.classes["item"][item]: stars
        for owner, item, stars in zip(data.user.tolist(), data.item.tolist(), data.target.tolist(), strict=True)
        if owner == user and trained.classes["item"][item] not in own
    }
    assert elsewhere, "valid and test have some"
    assert {item: explain(trained, "v5", item).rating for item in elsewhere} == elsewhere
    nowhere = next(label for label in trained.classes["item"][1:] if label not in own | elsewhere and label != "99")
    assert explain(trained, "v5", nowhere).rating is None


def test_a_factor_is_because_of_the_title_that_moved_it_most(train: Train) -> None:
    trained = train(model=WIDE)
    tables, known = tables_of(trained), prior(trained)
    item = near_enough(trained, "v5")
    own = {label: stars for label, stars in rated(trained, "v5").items() if label != item}
    codes = np.array([trained.item_codes[label] for label in own], np.int64)
    ratings = np.array(list(own.values()))
    rows, offsets = design(tables, codes)
    inverse = np.linalg.inv(rows.T @ rows / known.noise + known.precision)
    moves = inverse @ (rows * (ratings - offsets - rows @ known.mean)[:, None]).T / known.noise
    for term in explain(trained, "v5", item, count=100).terms:
        if term.user is None:
            assert term.because == ""
            continue
        pull = moves[int(term.name.split()[1]) - 1] * np.sign(term.user)
        expected = trained.classes["title"][codes[pull.argmax()]] if pull.max() > 0 else ""
        assert term.because == expected


@pytest.mark.parametrize("y_range", RANGES)
def test_somebody_new_is_explained_by_what_they_rated(train: Train, y_range: Any) -> None:
    trained = train(model={**WIDE, "y_range": y_range})
    ratings = {"The 7th Film": 5.0, "3": 0.5, "The 12th Film": 4.0}
    folded = fold_in(trained, ratings)
    for item, rating in (("11", None), ("7", 5.0)):
        found = explain(trained, "", item, ratings)
        assert (found.user, found.rating) == ("", rating)
        assert sum(term.value for term in found.terms) == pytest.approx(found.score, abs=1e-5)
        tables = tables_of(trained)
        rows, offsets = design(tables, np.array([trained.item_codes[item]]))
        assert found.score == pytest.approx(float(rows[0] @ np.append(folded.factors, folded.bias) + offsets[0]))
        expected, _ = pulls(trained, folded, item)
        expected.pop(item, None)
        assert {one.label: one.weight for one in found.supports} == pytest.approx(expected, abs=1e-9)
    lifted = explain(trained, "", "7", {"7": 5.0}).prediction
    assert lifted > explain(trained, "", "7", {"7": 0.5}).prediction


def test_who_and_what_is_not_known_is_refused(factors: Trained, fields: Trained) -> None:
    with pytest.raises(BadInput, match="knows no user 'v_1', did you mean"):
        explain(factors, "v_1", "7")
    with pytest.raises(BadInput, match="knows no item 'The 7th Flm', did you mean 'The 7th Film'"):
        explain(factors, "v1", "The 7th Flm")
    with pytest.raises(BadInput, match="is no rating"):
        explain(factors, "", "7", {"3": float("nan")})
    with pytest.raises(BadInput, match="the model embedding-mlp learns no factors"):
        explain(fields, "v1", "7")


def test_as_many_rated_titles_are_named_as_are_asked_for(factors: Trained) -> None:
    many = explain(factors, "v1", "7", supports=100).supports
    assert len(many) > 8
    assert explain(factors, "v1", "7").supports == many[:8]
    assert Learned(factors.run).explain("v1", "7", supports=3).supports == many[:3]


def test_an_explanation_can_travel(factors: Trained) -> None:
    found = explain(factors, "v1", "7")
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), Explanation) == found


@pytest.mark.parametrize("model", ["implicit-als", "pure-svd"])
def test_somebody_new_is_explained_the_score_that_was_recommended(train: Train, model: str) -> None:
    trained = train(model={"name": model, "n_factors": 4})
    ratings = {"The 7th Film": 5.0, "3": 4.0, "The 12th Film": 4.0}
    for one in recommend(trained, ratings=ratings, count=3).items:
        found = explain(trained, "", one.label, ratings)
        assert found.prediction == pytest.approx(one.value, abs=1e-4)


def test_supports_of_likes_are_what_they_pull_against_all_that_is_drawn_beside_them(train: Train) -> None:
    """At the solution w of folding.fold_likes, of pairs with differences D of their rows, weights c, chances
    p = sigmoid(-z) to be the wrong way round and the curvature C,

    C (w - m) = D' c (p + p (1 - p) D (w - m)), a sum over what was liked.
    """
    trained = train(model=WIDE, **LIKES)
    folded, known = fold_in(trained, {"The 7th Film": 1.0, "3": 1.0, "The 12th Film": 1.0}), prior(trained)
    others = np.setdiff1d(np.flatnonzero(trained.counts["item"]), folded.items)
    (liked, own), (drawn, theirs) = design(tables_of(trained), folded.items), design(tables_of(trained), others)
    w = np.append(folded.factors, folded.bias)
    row = design(tables_of(trained), np.array([trained.item_codes["11"]]))[0][0]
    curvature, pulls = known.precision.copy(), []
    for x, offset in zip(liked, own, strict=True):
        apart = x - drawn
        p = 1 / (1 + np.exp(apart @ w + offset - theirs))
        bend = p * (1 - p) / len(others)
        curvature += (apart * bend[:, None]).T @ apart
        pulls.append(apart.T @ (p / len(others) + bend * (apart @ (w - known.mean))))
    parts = np.linalg.solve(curvature, row) @ np.array(pulls).T
    assert parts.sum() + row @ known.mean == pytest.approx(float(row @ w), abs=1e-6)
    expected = dict(zip(("7", "3", "12"), parts.tolist(), strict=True))
    found = explain(trained, "", "11", {"7": 1.0, "3": 1.0, "12": 1.0})
    assert {one.label: one.weight for one in found.supports} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("more", [{}, LIKES], ids=["ratings", "likes"])
def test_what_the_score_would_be_by_the_ratings_alone_stands_beside_it(train: Train, more: dict[str, Any]) -> None:
    trained = train(model=WIDE, **more)
    tables, known = tables_of(trained), prior(trained)
    for user, item in (("v0", "0"), ("v7", "11"), ("v29", "19")):
        own = {label: stars for label, stars in rated(trained, user).items() if label != item}
        folded = fold_in(trained, own)
        rows, offsets = design(tables, np.array([trained.item_codes[item]]))
        found = explain(trained, user, item, supports=1000)
        assert found.solved == pytest.approx(float(rows[0] @ np.append(folded.factors, folded.bias) + offsets[0]))
        moved = sum(one.weight for one in found.supports)
        assert found.solved == pytest.approx(float(rows[0] @ known.mean + offsets[0]) + moved, abs=1e-6)
        assert found.ranks == bool(more)
    assert explain(trained, "", "11", {"7": 1.0, "3": 1.0}).solved is None
    assert explain(train(model={"name": "ease"}), "v1", "7").solved is None


def test_where_the_ratings_do_not_give_the_score_nothing_is_because_of_them(train: Train) -> None:
    trained = train(model=WIDE)
    item = near_enough(trained, "v5")
    assert any(term.because for term in explain(trained, "v5", item, count=100).terms)
    with torch.no_grad():
        tables = tables_of(trained)
        tables.user_factors[trained.user_codes["v5"]] = 40 * tables.item_factors[trained.item_codes[item]]
    far = explain(trained, "v5", item, count=100, supports=1000)
    assert far.solved is not None
    assert abs(far.solved - far.score) > FAR * sum(abs(one.weight) for one in far.supports)
    assert far.far
    assert not any(term.because for term in far.terms)
