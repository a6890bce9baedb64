"""Likeness of items and of users by three measures, pair by pair in plain Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from cfbench.errors import BadInput
from cfbench.explore.likeness import likeness, similar
from cfbench.explore.trained import Trained


def naive(a: list[float], b: list[float], measure: str) -> float:
    if measure == "euclid":
        return math.dist(a, b)
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot if measure == "dot" else dot / (math.hypot(*a) * math.hypot(*b))


@pytest.mark.parametrize("side", ["item", "user"])
@pytest.mark.parametrize("measure", ["cosine", "dot", "euclid"])
def test_the_most_like_come_first(train: Any, side: Any, measure: Any) -> None:
    trained = train(model={"name": "biased-dot-product", "n_factors": 3, "init_sd": 0.5}, training={"epochs": 1})
    table = trained.model.state_dict()[f"{side}s.weight"].double().tolist()
    labels, counts = trained.classes[side], trained.counts[side]
    for label in ("7", "0") if side == "item" else ("v3", "v29"):
        own = trained.label_codes[side][label]
        for least in (1, 10):
            codes = [code for code in range(1, len(labels)) if code != own and counts[code] >= least]
            values = {labels[code]: naive(table[code], table[own], measure) for code in codes}
            ordered = sorted(values, key=lambda one: values[one] if measure == "euclid" else -values[one])
            found = similar(trained, label, 6, least, measure, side)
            assert [one.label for one in found] == ordered[:6]
            assert [one.value for one in found] == pytest.approx([values[one] for one in ordered[:6]])
            assert [one.count for one in found] == [counts[trained.label_codes[side][one.label]] for one in found]
    assert len(similar(trained, label, 1000, 1, measure, side)) == int((counts > 0).sum()) - 1


def test_a_user_is_known_by_its_label_and_an_item_by_its_title_too(factors: Trained) -> None:
    assert similar(factors, "the 7TH film", measure="dot") == similar(factors, "7", measure="dot")
    assert all(one.title == one.label for one in similar(factors, "v3", side="user"))
    with pytest.raises(BadInput, match="knows no user '7'"):
        similar(factors, "7", side="user")
    with pytest.raises(BadInput, match="knows no item 'v3'"):
        similar(factors, "v3")


def test_vectors_without_a_direction_have_no_cosine() -> None:
    factors, vector = np.array([[3.0, 4.0], [0.0, 0.0], [-4.0, 3.0]]), np.array([6.0, 8.0])
    cosines = likeness(factors, vector, "cosine")
    assert cosines[[0, 2]].tolist() == pytest.approx([1.0, 0.0])
    assert np.isnan(cosines[1])
    assert likeness(factors, vector, "dot").tolist() == [50.0, 0.0, 0.0]
    assert likeness(factors, vector, "euclid").tolist() == pytest.approx([5.0, 10.0, math.sqrt(125)])


def test_who_learned_nothing_is_like_nobody(train: Any) -> None:
    trained = train(model={"name": "dot-product", "n_factors": 2, "init_sd": 0.0}, training={"epochs": 1})
    assert similar(trained, "7") == []
    assert [one.value for one in similar(trained, "7", 3, measure="euclid")] == [0.0, 0.0, 0.0]
