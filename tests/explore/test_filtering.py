"""Conditions, against the same ones written in Python for each row of the file of items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfbench import python
from cfbench.errors import BadInput
from cfbench.explore.filtering import allowed
from cfbench.explore.recommending import recommend
from cfbench.explore.trained import Trained

Row = dict[str, Any]
GENRES = ["Drama|War", "Drama", "War|Sci-Fi", "Drama|Sci-Fi", "Comedy", "Comedy|Drama", "", "War"]
ROWS: list[Row] = [
    {
        "item": str(n),
        "title": ("Cold War", "WARLORDS", "A = B", "Quiet", "Quiet")[n % 5] + (f" {n}" if n % 5 < 4 else ""),
        "studio": ("North", "Old South", "East")[n % 3],
        "genres": GENRES[n % 8],
        "year": 1980 + n,
        "score": n % 7 / 10,
    }
    for n in range(24)
]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Trained:
    """A model of 24 items with a title, a label, several labels, and two numbers each."""
    folder = tmp_path_factory.mktemp("films")
    rng = np.random.default_rng(0)
    lines = [f"u{u},{n},{rng.integers(1, 6)}" for n in range(24) for u in range(4 + n)]
    (folder / "r.csv").write_text("\n".join(["user,item,rating", *lines]) + "\n")
    header = ",".join(ROWS[0])
    (folder / "i.csv").write_text("\n".join([header, *(",".join(map(str, row.values())) for row in ROWS)]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CFBENCH_HOME", str(folder / "home"))
        return python.train(
            {
                "data": {
                    "source": str(folder / "r.csv"),
                    "items": {"source": str(folder / "i.csv"), "title": "title"},
                    "multilabel": ["genres"],
                    "categorical": ["studio"],
                    "continuous": ["year", "score"],
                },
                "model": {"name": "biased-dot-product", "n_factors": 2},
                "training": {"epochs": 1},
            }
        )


def fitting(trained: Trained, *conditions: str) -> set[str]:
    found = allowed(trained, conditions)
    assert found.shape == (len(trained.classes["item"]),)
    return {trained.classes["item"][code] for code in np.flatnonzero(found) if code}


def has(name: str) -> Callable[[Row], bool]:
    return lambda row: name in row["genres"].split("|")


CONDITIONS: list[tuple[str, Callable[[Row], bool]]] = [
    ("title~war", lambda row: "war" in row["title"].lower()),
    ("title ~ WAR", lambda row: "war" in row["title"].lower()),
    ("title~a = b", lambda row: "A = B" in row["title"]),
    ("title=cold war 5", lambda row: row["title"] == "Cold War 5"),
    ("title=Quiet", lambda row: row["title"] == "Quiet"),
    ("title!=Quiet", lambda row: row["title"] != "Quiet"),
    ("title~", lambda row: True),
    ("item=7", lambda row: row["item"] == "7"),
    ("item!=7", lambda row: row["item"] != "7"),
    ("item~1", lambda row: "1" in row["item"]),
    ("studio=north", lambda row: row["studio"] == "North"),
    ("studio!=Old South", lambda row: row["studio"] != "Old South"),
    ("studio~o", lambda row: "o" in row["studio"].lower()),
    ("genres=Drama", has("Drama")),
    ("genres=drama", has("Drama")),
    ("genres!=Drama", lambda row: not has("Drama")(row)),
    ("genres=sci-fi", has("Sci-Fi")),
    ("year=1990", lambda row: row["year"] == 1990),
    ("year!=1990", lambda row: row["year"] != 1990),
    ("year<1990", lambda row: row["year"] < 1990),
    ("year<=1990", lambda row: row["year"] <= 1990),
    ("year>1990", lambda row: row["year"] > 1990),
    (" year  >=  1990.0 ", lambda row: row["year"] >= 1990),
    ("score=0.3", lambda row: row["score"] == 0.3),
    ("score<=0.3", lambda row: row["score"] <= 0.3),
    ("score>0.3", lambda row: row["score"] > 0.3),
]


@pytest.mark.parametrize(("condition", "holds"), CONDITIONS, ids=[condition for condition, _ in CONDITIONS])
def test_a_condition_holds_for_the_same_items_as_in_python(
    films: Trained, condition: str, holds: Callable[[Row], bool]
) -> None:
    expected = {row["item"] for row in ROWS if holds(row)}
    assert expected
    assert fitting(films, condition) == expected


def test_ratings_are_training_rows(films: Trained) -> None:
    often = {films.classes["item"][code]: int(n) for code, n in enumerate(films.counts["item"]) if code}
    middle = sorted(often.values())[12]
    for sign, holds in (("<", int.__lt__), (">=", int.__ge__), ("=", int.__eq__)):
        assert fitting(films, f"ratings{sign}{middle}") == {label for label, n in often.items() if holds(n, middle)}


def test_all_conditions_must_hold(films: Trained) -> None:
    assert fitting(films) == {row["item"] for row in ROWS}
    expected = {row["item"] for row in ROWS if has("Drama")(row) and row["year"] >= 1990 and row["studio"] != "East"}
    assert len(expected) > 1
    assert fitting(films, "genres=Drama", "year>=1990", "studio!=East") == expected
    assert fitting(films, "genres=Drama", "genres!=drama") == set()


def test_what_is_recommended_fulfils_them(films: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ratings = {"0": 4.0, "9": 2.0}
    every = [one.label for one in recommend(films, ratings=ratings, count=100).items]
    found = [one.label for one in recommend(films, ratings=ratings, count=100, where=["genres=War", "year<1995"]).items]
    expected = {row["item"] for row in ROWS if has("War")(row) and row["year"] < 1995}
    assert found == [label for label in every if label in expected]
    assert found


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("genres", "'genres' is no condition; write one such as genre=Drama"),
        ("", "'' is no condition"),
        ("=Drama", "'=Drama' is no condition"),
        ("gnres=Drama", "gnres=Drama: the run's items have no field 'gnres', did you mean 'genres'"),
        ("device=tv", "no field 'device'; use genres, item, ratings, score, studio, title or year"),
        ("genres=Drma", "genres=Drma: 'genres' has no label 'Drma', did you mean 'Drama'"),
        ("genres~Dra", "'genres' holds labels; write genres=LABEL, one of Comedy, Drama, Sci-Fi or War"),
        ("genres<Drama", "'genres' holds labels"),
        ("year=old", "year=old: 'old' is no number; compare this field with a number"),
        ("year=", "'' is no number"),
        ("year~19", "a number has no part; compare it with"),
        ("ratings~1", "a number has no part"),
        ("title<B", "a text has no order; compare it with =, != or ~"),
        ("studio>=East", "a text has no order"),
    ],
)
def test_what_is_no_condition_is_refused(films: Trained, condition: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        allowed(films, ["title~war", condition])
    assert said in str(refused.value)
