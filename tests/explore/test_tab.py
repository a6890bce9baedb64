"""The cross-tab with predictions, against the file of ratings and `predict`."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from cfbench.answers import PredictedTab
from cfbench.errors import BadInput
from cfbench.explore import crosstab
from cfbench.explore.crosstab import predicted_tab
from cfbench.explore.trained import Trained


def in_the_file(trained: Trained, source: Path) -> dict[tuple[str, str], tuple[float, str]]:
    """(user, item) -> rating and its part."""
    with source.open() as lines:
        rows = list(csv.DictReader(lines))
    parts = {int(n): part for part in ("train", "valid", "test") for n in trained.loader.rows(part)}
    return {(row["viewer"], row["film"]): (float(row["stars"]), parts[n]) for n, row in enumerate(rows)}


def test_each_cell_is_the_files_rating_and_the_models_prediction(factors: Trained, explored: Path) -> None:
    known = in_the_file(factors, explored / "ratings.csv")
    found = predicted_tab(factors, n_users=12, n_items=9)
    assert (len(found.users), len(found.items), len(found.cells)) == (12, 9, 12)
    parts = []
    for user, row in zip(found.users, found.cells, strict=True):
        predicted = factors.predict([user] * 9, found.items)
        for item, cell, value in zip(found.items, row, predicted.tolist(), strict=True):
            rating, part = known.get((user, item), (None, ""))
            assert cell.prediction == pytest.approx(value, abs=1e-6)
            assert (cell.rating, cell.part) == (rating, part)
            assert cell.error == (None if rating is None else pytest.approx(value - rating, abs=1e-6))
            parts.append(part)
    assert {"train", "valid", "test", ""} == set(parts)
    titles = dict(zip(factors.classes["item"], factors.classes["title"], strict=True))
    assert found.titles == tuple(titles[item] for item in found.items)


def test_the_densest_come_first(factors: Trained, explored: Path) -> None:
    known = in_the_file(factors, explored / "ratings.csv")
    found = predicted_tab(factors, n_users=10, n_items=6)
    rows = {item: sum(one == item and part == "train" for (_, one), (_, part) in known.items()) for _, item in known}
    assert [rows[item] for item in found.items] == sorted(rows.values(), reverse=True)[:6]
    often = {user: sum((user, item) in known for item in found.items) for user, _ in known}
    assert [often[user] for user in found.users] == sorted(often.values(), reverse=True)[:10]


def test_who_and_what_is_named_comes_first(factors: Trained) -> None:
    plain = predicted_tab(factors, n_users=6, n_items=5)
    users, items = ("v3", plain.users[1]), ("The 7th Film", "4", plain.items[0])
    found = predicted_tab(factors, users, items, n_users=6, n_items=5)
    assert found.users[:2] == users
    assert found.items[:3] == ("7", "4", plain.items[0])
    assert len(set(found.users)) == len(found.users) == 6
    assert len(set(found.items)) == len(found.items) == 5
    assert found.items[3:] == tuple(item for item in plain.items if item not in found.items[:3])[:2]
    twice = predicted_tab(factors, ("v3", "v3"), ("7", "The 7th Film"), n_users=2, n_items=2)
    assert (twice.users[0], twice.items[0]) == ("v3", "7")
    assert len(set(twice.users)) == len(set(twice.items)) == 2
    alone = predicted_tab(factors, ("v3",), ("7",), 1, 1)
    assert (alone.users, alone.items) == (("v3",), ("7",))
    assert alone.cells[0][0].prediction == pytest.approx(factors.predict(["v3"], ["7"])[0])


def test_all_that_are_named_are_shown(factors: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    found = predicted_tab(factors, ("v3", "v1", "v3", "v2"), ("7", "The 7th Film", "4", "5"), n_users=2, n_items=1)
    assert (found.users, found.items) == (("v3", "v1", "v2"), ("7", "4", "5"))
    monkeypatch.setattr(crosstab, "MOST", 2)
    with pytest.raises(BadInput, match="3 x 1 are too many, or none; ask for 1 to 2 of each"):
        predicted_tab(factors, ("v3", "v1", "v2"), n_users=2, n_items=1)


def test_models_without_tables_have_one_too(train: Callable[..., Trained]) -> None:
    fields = {"categorical": ["genre"], "continuous": ["year"]}
    trained = train(data=fields, model={"name": "embedding-mlp", "n_factors": 3, "layers": [8], "init_sd": 1.0})
    found = predicted_tab(trained, n_users=4, n_items=3)
    for user, row in zip(found.users, found.cells, strict=True):
        predicted = trained.predict([user] * 3, found.items)
        assert [cell.prediction for cell in row] == pytest.approx(predicted, abs=1e-6)


def test_a_table_of_all_has_no_more_than_there_are(factors: Trained) -> None:
    found = predicted_tab(factors, n_users=40, n_items=40)
    assert len(found.items) == int((factors.counts["item"] > 0).sum())
    assert len(found.users) == int((factors.counts["user"] > 0).sum())
    assert "#na#" not in (*found.users, *found.items)


def test_too_many_or_none_and_who_is_not_known_are_refused(factors: Trained) -> None:
    for n_users, n_items in ((0, 5), (5, 0), (41, 5), (5, 41), (-1, 5)):
        with pytest.raises(BadInput, match=f"{n_users} x {n_items} are too many, or none; ask for 1 to 40"):
            predicted_tab(factors, n_users=n_users, n_items=n_items)
    with pytest.raises(BadInput, match="knows no user 'v_3', did you mean"):
        predicted_tab(factors, ["v_3"])
    with pytest.raises(BadInput, match="knows no item 'The 7th Flm'"):
        predicted_tab(factors, (), ["The 7th Flm"])


def test_a_table_can_travel(factors: Trained) -> None:
    found = predicted_tab(factors)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), PredictedTab) == found
