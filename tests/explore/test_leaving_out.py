"""What a score lacks without a rated title: against EASE's own weights, and by folding in again without each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from cfbench.errors import BadInput, WorkFailed
from cfbench.explore import leaving_out
from cfbench.explore.explaining import explain
from cfbench.explore.folding import own_scores
from cfbench.explore.recommending import recommend
from cfbench.explore.trained import Trained

Train = Callable[..., Trained]


def rated(trained: Trained, user: str) -> dict[str, float]:
    """What training has of a user: label -> rating."""
    every, own = trained.loader.train.all, trained.user_codes[user]
    items = trained.classes["item"]
    return {items[i]: t for (u, i), t in zip(every.x.tolist(), every.target.tolist(), strict=True) if u == own}


@pytest.mark.parametrize("values", ["one", "rating"])
def test_the_parts_of_ease_are_what_was_rated_times_its_weights(train: Train, values: str) -> None:
    trained = train(model={"name": "ease", "values": values, "l2": 2.0})
    weights = trained.model.state_dict()["weights"].double().numpy()
    for user, item in (("v0", "0"), ("v7", "The 11th Film"), ("v29", "19")):
        i, own = trained.item_codes[item], rated(trained, user)
        parts = {
            label: (1.0 if values == "one" else stars) * weights[trained.item_codes[label], i]
            for label, stars in own.items()
            if trained.item_codes[label] != i
        }
        found = explain(trained, user, item, supports=1000)
        assert found.left_out
        assert found.untried == 0
        assert {one.label: one.weight for one in found.supports} == pytest.approx(parts, abs=1e-5)
        assert {one.label: one.rating for one in found.supports} == {label: own[label] for label in parts}
        sizes = [abs(one.weight) for one in found.supports]
        assert sizes == sorted(sizes, reverse=True)
        assert found.supports[:3] == explain(trained, user, item, supports=3).supports
        assert sum(one.weight for one in found.supports) == pytest.approx(found.score, abs=1e-5), "a plain sum"
        assert [term.name for term in found.terms] == ["what was rated"]
        assert found.terms[0].value == pytest.approx(found.score, abs=1e-5)
        assert (found.user, found.item, found.y_range) == (user, trained.classes["item"][i], None)
        assert found.prediction == pytest.approx(trained.predict([user], [found.item])[0], abs=1e-6)


@pytest.mark.parametrize("model", ["ease", "item-knn", "popularity"])
def test_what_is_explained_is_what_was_recommended(train: Train, model: str) -> None:
    trained = train(model={"name": model})
    ratings = {"The 7th Film": 4.0, "5": 5.0, "The 12th Film": 3.0}
    for user, given in (("v3", None), ("", ratings)):
        for one in recommend(trained, user, 3, ratings=given).items:
            found = explain(trained, user, one.label, given)
            assert (found.prediction, found.score) == (pytest.approx(one.value, abs=1e-5),) * 2
            assert sum(term.value for term in found.terms) == pytest.approx(found.score, abs=1e-5)


def test_what_no_rating_changes_has_no_supports(train: Train) -> None:
    trained = train(model={"name": "popularity"})
    found = explain(trained, "v3", "5")
    rows = float(trained.counts["item"][trained.item_codes["5"]])
    assert [(term.name, term.value) for term in found.terms] == [("without any rating", rows)]
    assert (found.score, found.supports) == (rows, ())


@pytest.mark.parametrize("model", ["implicit-als", "pure-svd"])
def test_factors_that_take_users_by_themselves_are_folded_in_again_without_each_title(train: Train, model: str) -> None:
    trained = train(model={"name": model, "n_factors": 4})
    for user, item in (("v0", "0"), ("v5", "4"), ("", "11")):
        given = {"7": 5.0, "2": 1.0, "12": 4.0} if not user else None
        i = trained.item_codes[item]
        own = {trained.item_codes[label]: stars for label, stars in (given or rated(trained, user)).items()}
        own.pop(i, None)

        def without(left: int | None, own: dict[int, float] = own, i: int = i, trained: Trained = trained) -> float:
            kept = {code: stars for code, stars in own.items() if code != left}
            return float(own_scores(trained, np.array(list(kept), np.int64), np.array(list(kept.values())))[i])

        expected = {trained.classes["item"][code]: without(None) - without(code) for code in own}
        found = explain(trained, user, item, given, supports=1000)
        assert found.left_out
        assert {one.label: one.weight for one in found.supports} == pytest.approx(expected, abs=1e-5)
        assert any(one.weight for one in found.supports)
        assert {term.name for term in found.terms} == {f"factor {n}" for n in range(1, 5)}
        assert sum(term.value for term in found.terms) == pytest.approx(found.score, abs=1e-5)


def test_a_model_of_ratings_has_pulls_as_ever(factors: Trained) -> None:
    found = explain(factors, "v1", "7")
    assert (found.left_out, found.untried) == (False, 0)
    assert found.supports


def test_of_too_many_those_rated_highest_are_tried(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = train(model={"name": "ease"})
    own = rated(trained, "v3")
    items, stars = np.array([trained.item_codes[label] for label in own], np.int64), np.array(list(own.values()))
    item = trained.item_codes["5"]
    others = sorted((value for label, value in own.items() if label != "5"), reverse=True)
    whole = leaving_out.leave_out(trained, 0, item, items, stars)
    some = leaving_out.leave_out(trained, 0, item, items, stars, most=4)
    assert (whole.untried, some.untried, some.score) == (0, len(others) - 4, whole.score)
    assert some.ratings.tolist() == others[:4]
    every = dict(zip(whole.items.tolist(), whole.weights.tolist(), strict=True))
    assert dict(zip(some.items.tolist(), some.weights.tolist(), strict=True)) == {
        n: every[n] for n in some.items.tolist()
    }
    monkeypatch.setattr(leaving_out, "_CELLS", 1)
    pieces = leaving_out.leave_out(trained, 0, item, items, stars)
    np.testing.assert_allclose(pieces.weights, whole.weights, atol=1e-6)


def test_all_is_asked_for_at_once(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = train(model={"name": "ease"})
    asked: list[Any] = []
    score = type(trained.model).score
    monkeypatch.setattr(
        type(trained.model), "score", lambda self, request: asked.append(request) or score(self, request)
    )
    explain(trained, "v3", "5")
    (request,) = asked
    own = set(rated(trained, "v3"))
    assert len(request.seen) == len(request.users) == 3 + len(own - {"5"})
    assert request.users.tolist() == [trained.user_codes["v3"]] + [0] * (len(request.seen) - 1)
    for start, end in zip(request.seen.starts[:-1], request.seen.starts[1:], strict=True):
        assert (np.diff(request.seen.items[start:end]) > 0).all(), "items ascend"


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        (lambda n: torch.full((n, 22), torch.nan), "a score that is no finite number"),
        (lambda n: torch.zeros(n), "score gave shape"),
    ],
)
def test_scores_that_are_none_are_the_models_fault(
    train: Train, monkeypatch: pytest.MonkeyPatch, scores: Callable[[int], torch.Tensor], said: str
) -> None:
    trained = train(model={"name": "ease"})
    assert len(trained.classes["item"]) == 22
    monkeypatch.setattr(type(trained.model), "score", lambda self, request: scores(len(request.users)))
    with pytest.raises(WorkFailed, match=said):
        explain(trained, "v3", "5")


def test_what_has_neither_factors_nor_a_score_is_refused_with_what_has(fields: Trained) -> None:
    with pytest.raises(BadInput, match=r"learns no factors and has no score\(\).*such as biased-dot-product, ease"):
        explain(fields, "v1", "7")
