"""Errors by group, calibration and worst misses, each counted again from the files and the model's predictions."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from cfbench import python
from cfbench.agent.local import LocalBench
from cfbench.answers import Errors
from cfbench.errors import BadInput
from cfbench.explore.residuals import errors
from cfbench.explore.trained import Trained, load

Train = Callable[..., Trained]
DAY = 86_400


@pytest.fixture
def dated(tmp_path: Path) -> Callable[..., Trained]:
    """Ratings over five years, users from 1 to 60 rows; each row's age and rating are in `ratings.csv`."""

    def dated(rating: Callable[[np.random.Generator], float]) -> Trained:
        rng, rows = np.random.default_rng(4), []
        for user in range(40):
            for item in rng.permutation(70)[: rng.integers(1, 61)]:
                at = 1_000_000_000 + int(rng.exponential(300 * DAY)) % (5 * 365 * DAY) + int(item) * DAY
                rows.append(f"u{user},i{item},{rating(rng)},{at}")
        (tmp_path / "ratings.csv").write_text("\n".join(["user,item,rating,time", *rows]) + "\n")
        return python.train(
            {
                "data": {"source": str(tmp_path / "ratings.csv"), "time": "time"},
                "splitter": {"name": "random", "valid": 0.3, "test": 0.1},
                "model": {"name": "biased-dot-product", "n_factors": 3, "init_sd": 0.3},
                "loader": {"batch_size": 50},
                "training": {"epochs": 2, "threads": 1},
            }
        )

    return dated


def looked_up(trained: Trained, part: str, source: Path) -> list[dict[str, Any]]:
    """The rows of a part from the file, with what is predicted and how much training knows."""
    with source.open() as lines:
        rows = list(csv.DictReader(lines))
    first: dict[str, int] = {}
    for row in rows:
        first[row["item"]] = min(first.get(row["item"], 2**62), int(row["time"]))
    training = [rows[n] for n in trained.loader.rows("train")]
    users, items = [row["user"] for row in training], [row["item"] for row in training]
    own = [rows[n] for n in trained.loader.rows(part)]
    predicted = trained.predict([row["user"] for row in own], [row["item"] for row in own]).tolist()
    return [
        {
            "user": row["user"],
            "item": row["item"],
            "rating": float(row["rating"]),
            "prediction": value,
            "error": value - np.float32(row["rating"]),
            "by user": users.count(row["user"]),
            "by item": items.count(row["item"]),
            "days": (int(row["time"]) - first[row["item"]]) / DAY,
        }
        for row, value in zip(own, predicted, strict=True)
    ]


def measures(rows: list[dict[str, Any]]) -> tuple[int, float, float]:
    wrong = [float(row["error"]) for row in rows]
    return len(wrong), statistics.fmean(wrong), statistics.fmean(one**2 for one in wrong) ** 0.5


def check(found: Any, names: list[str], of: Callable[[dict[str, Any]], str], rows: list[dict[str, Any]]) -> None:
    """Compare groups with those of a name a row; empty ones are left out, the others in the order of names."""
    present = [name for name in names if any(of(row) == name for row in rows)]
    assert [group.name for group in found] == present
    for group in found:
        expected = measures([row for row in rows if of(row) == group.name])
        assert (group.rows, group.mean, group.rmse) == pytest.approx(expected, abs=1e-6)
    assert sum(group.rows for group in found) == len(rows)


COUNTS = {"0": (0, 0), "1–4": (1, 4), "5–19": (5, 19), "20–49": (20, 49), "50–99": (50, 99)}
AGES = {
    "up to a week": (0, 7),
    "a week to a month": (7, 30),
    "1 to 3 months": (30, 91),
    "3 to 12 months": (91, 365),
    "1 to 3 years": (365, 1096),
    "3 years and more": (1096, 1e9),
}


@pytest.mark.parametrize("part", ["valid", "test"])
def test_groups_are_as_counted_by_hand(dated: Train, tmp_path: Path, part: Any) -> None:
    trained = dated(lambda rng: float(rng.integers(1, 11)) / 2)
    rows = looked_up(trained, part, tmp_path / "ratings.csv")
    found = errors(trained, part)
    assert (found.part, found.rows) == (part, len(rows))
    assert (found.rows, found.mean, found.rmse) == pytest.approx(measures(rows), abs=1e-6)
    assert set(found.by) == {"rating", "user", "item", "age"}
    check(found.by["rating"], [f"{n / 2:g}" for n in range(1, 11)], lambda row: f"{row['rating']:g}", rows)
    for side in ("user", "item"):

        def group(row: dict[str, Any], side: str = side) -> str:
            return next(name for name, (low, high) in COUNTS.items() if low <= row[f"by {side}"] <= high)

        check(found.by[side], list(COUNTS), group, rows)
    assert len(found.by["user"]) >= 3

    def age(row: dict[str, Any]) -> str:
        return next(name for name, (low, high) in AGES.items() if low <= row["days"] < high)

    check(found.by["age"], list(AGES), age, rows)
    assert len(found.by["age"]) >= 4
    if part == "valid":
        assert found.rmse == pytest.approx(trained.history[-1]["metrics"]["rmse"], abs=1e-5)


def test_ratings_of_many_values_are_grouped_by_twelfths_of_their_range(dated: Train, tmp_path: Path) -> None:
    trained = dated(lambda rng: round(float(rng.uniform(0, 100)), 1))
    rows = looked_up(trained, "valid", tmp_path / "ratings.csv")
    found = errors(trained).by["rating"]
    ratings = [row["rating"] for row in rows]
    low, width = min(ratings), (max(ratings) - min(ratings)) / 12
    names = [f"{low + n * width:g}–{low + (n + 1) * width:g}" for n in range(12)]
    sizes = [0] * 12
    for rating in ratings:
        sizes[min(11, int((rating - low) / width + 1e-6))] += 1
    assert len(found) == 12
    assert [group.rows for group in found] == sizes
    for group, name in zip(found, names, strict=True):
        ends, expected = ([float(end) for end in one.split("–")] for one in (group.name, name))
        assert ends == pytest.approx(expected, abs=1e-3)


def test_tenths_by_prediction_say_what_was_rated(dated: Train, tmp_path: Path) -> None:
    trained = dated(lambda rng: float(rng.integers(1, 11)) / 2)
    rows = sorted(looked_up(trained, "valid", tmp_path / "ratings.csv"), key=lambda row: row["prediction"])
    found = errors(trained).calibration
    assert len(found) == 10
    start = 0
    for n, one in enumerate(found):
        size = len(rows) // 10 + (n < len(rows) % 10)
        own = rows[start : start + size]
        start += size
        ratings = [row["rating"] for row in own]
        assert one.rows == size
        assert one.predicted == pytest.approx(statistics.fmean(row["prediction"] for row in own))
        assert one.rated == pytest.approx(statistics.fmean(ratings))
        assert one.within == pytest.approx(1.96 * statistics.stdev(ratings) / size**0.5)
    assert start == len(rows)


def test_equal_predictions_are_one_group(train: Train) -> None:
    found = errors(train(model={"name": "global-mean"})).calibration
    assert len(found) == 1
    assert found[0].rows == errors(train(model={"name": "global-mean"})).rows


def test_one_row_tells_nothing_about_how_sure_it_is(tmp_path: Path) -> None:
    lines = [f"u{n % 4},i{n // 4},{1 + n % 5}" for n in range(12)]
    (tmp_path / "few.csv").write_text("\n".join(["user,item,rating", *lines]) + "\n")
    trained = python.train(
        {
            "data": {"source": str(tmp_path / "few.csv")},
            "splitter": {"name": "random", "valid": 0.3},
            "model": {"name": "biased-dot-product", "n_factors": 2, "init_sd": 0.5},
            "training": {"epochs": 1},
        }
    )
    found = errors(trained).calibration
    assert {one.within for one in found if one.rows == 1} == {None}
    assert any(one.rows == 1 for one in found)


def test_the_worst_misses_come_first_by_name(factors: Trained, explored: Path) -> None:
    with (explored / "ratings.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    own = [rows[n] for n in factors.loader.rows("valid")]
    predicted = factors.predict([row["viewer"] for row in own], [row["film"] for row in own])
    wrong = {
        (row["viewer"], row["film"]): value - float(row["stars"])
        for row, value in zip(own, predicted.tolist(), strict=True)
    }
    ordered = sorted(wrong, key=lambda pair: -abs(wrong[pair]))
    stars = {(row["viewer"], row["film"]): float(row["stars"]) for row in rows}
    titles = dict(zip(factors.classes["item"], factors.classes["title"], strict=True))
    found = errors(factors, worst=1000).worst
    assert [(one.user, one.item) for one in found] == ordered
    for one in found:
        assert one.error == pytest.approx(wrong[one.user, one.item], abs=1e-6)
        assert (one.rating, one.title) == (stars[one.user, one.item], titles[one.item])
        assert one.prediction - one.rating == pytest.approx(one.error)
    assert errors(factors, worst=3).worst == found[:3]
    assert errors(factors, worst=0).worst == ()
    assert len(errors(factors).worst) == 20
    assert "age" not in errors(factors).by


def test_looking_at_the_test_part_is_counted(train: Train) -> None:
    trained = train(training={"epochs": 1})
    bench, run = LocalBench(), trained.run.id
    assert bench.errors(run).part == "valid"
    assert load(run).evaluate().test_openings == 0
    for times in (1, 2):
        found = bench.errors(run, "test", 5)
        assert (found.part, found.rows, len(found.worst)) == ("test", len(trained.loader.rows("test")), 5)
        assert load(run).evaluate().test_openings == times


def test_where_there_are_no_errors_nothing_is_opened(train: Train) -> None:
    trained = train(model={"name": "ease"})
    with pytest.raises(BadInput, match="ease only puts items in order"):
        errors(trained)
    with pytest.raises(BadInput, match="ease only puts items in order"):
        LocalBench().errors(trained.run.id, "test")
    ordered = train(loss={"name": "bpr"}, sampler={"name": "uniform", "negatives": 2}, training={"epochs": 1})
    with pytest.raises(BadInput, match=r"^the model biased-dot-product, trained by bpr, only puts items in order"):
        errors(ordered)
    assert load(trained.run.id).evaluate().test_openings == 0
    alone = train(splitter={"name": "random", "valid": 0.2, "test": 0.0}, training={"epochs": 1})
    with pytest.raises(BadInput, match="has no test rows"):
        errors(alone, "test")


def test_errors_can_travel(dated: Train) -> None:
    found = errors(dated(lambda rng: float(rng.integers(1, 6))))
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), Errors) == found
