"""MovieLens 100K has its genres as columns of 0 and 1: they are conditions and colours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from cfbench import python

Call = Callable[..., tuple[int, str, str]]


def test_genres_of_movielens_100k_are_conditions_and_colours(shared: Path, call: Call) -> None:
    code, _, err = call("data", "get", "ml-100k", "--from", str(shared / "ml-100k"), "--yes")
    assert code == 0, err
    quick = {"training": {"epochs": 1}, "model": {"name": "biased-dot-product", "n_factors": 4}}
    without = python.train({"data": {"source": "ml-100k"}, **quick})
    code, _, err = call("recommend", without.run.id, "--user", "196", "--where", "genre=Drama")
    assert (code, "train with it: --multilabel genre of 'cfbench experiment new'" in err) == (2, True)
    toml = call("experiment", "new", "ml-100k", "--multilabel", "genre")[1]
    assert 'multilabel = ["genre"]' in toml
    trained = python.train({"data": {"source": "ml-100k", "multilabel": ["genre"]}, **quick})
    assert trained.history[-1]["valid_loss"] == without.history[-1]["valid_loss"]
    lines = [line.split("|") for line in (shared / "ml-100k/u.item").read_text("latin-1").splitlines()]
    for column, genre in ((9, "Children's"), (13, "Drama"), (15, "Film-Noir")):
        told = {line[0] for line in lines if line[column] == "1"}
        asked = ["--user", "196", "--seen", "-n", "1000", "--where", f"genre={genre}", "--json"]
        items = {item["label"] for item in json.loads(call("recommend", trained.run.id, *asked)[1])["items"]}
        assert 0.9 * len(told) < len(items)
        assert items <= told
    groups = json.loads(call("map", trained.run.id, "--field", "genre", "--json")[1])["groups"]
    assert groups == ["Drama", "Comedy", "Action", "Thriller", "other"]
