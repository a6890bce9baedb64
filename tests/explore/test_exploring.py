"""What was learned, against brute force: every item predicted, every cosine and bias computed by numpy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfbench.answers import Scored
from cfbench.errors import BadInput, WorkFailed
from cfbench.explore import recent
from cfbench.explore.biases import biases
from cfbench.explore.factors import factorization
from cfbench.explore.likeness import similar
from cfbench.explore.naming import item_code, search
from cfbench.explore.ranking import threshold
from cfbench.explore.recommending import recommend
from cfbench.explore.trained import Trained, load

Train = Callable[..., Trained]


def training_rows(trained: Trained) -> list[tuple[str, str, float]]:
    """The rows that training saw, in labels, read from the loader's own batch."""
    every = trained.loader.train.all
    users, items = trained.classes["user"], trained.classes["item"]
    return [(users[u], items[i], t) for (u, i), t in zip(every.x.tolist(), every.target.tolist(), strict=True)]


def brute_force(trained: Trained, user: str, least: int = 1) -> list[tuple[float, str]]:
    """Every item that training saw at least so often and not with this user, by `predict`, best first."""
    rows = training_rows(trained)
    often = [item for _, item, _ in rows]
    seen = {item for who, item, _ in rows if who == user}
    items = sorted(item for item in set(often) - seen if often.count(item) >= least)
    scores = trained.predict([user] * len(items), items)
    return sorted(((-score, item) for score, item in zip(scores.tolist(), items, strict=True)))


@pytest.mark.parametrize("model", ["factors", "with fields of items"])
def test_recommended_is_what_predict_ranks_first(factors: Trained, train: Train, model: str) -> None:
    trained = factors
    if model != "factors":
        fields = {"categorical": ["genre"], "continuous": ["year"]}
        trained = train(data=fields, model={"name": "embedding-mlp", "n_factors": 3, "layers": [8], "init_sd": 1.0})
    rows = training_rows(trained)
    for user, least in (("v1", 1), ("v29", 1), ("v7", 14)):
        best = brute_force(trained, user, least)
        found = recommend(trained, user, 5, least)
        assert [one.label for one in found.items] == [label for _, label in best[:5]]
        assert [-one.value for one in found.items] == pytest.approx([value for value, _ in best[:5]], rel=1e-6)
        assert (found.unseen, found.user) == (len(best), user)
        ratings = [stars for who, _, stars in rows if who == user]
        assert (found.ratings, found.mean) == (len(ratings), pytest.approx(np.mean(ratings)))
        assert [one.count for one in found.items] == [
            sum(item == one.label for _, item, _ in rows) for one in found.items
        ]
        titles = dict(zip(trained.classes["item"], trained.classes["title"], strict=True))
        assert [one.title for one in found.items] == [titles[one.label] for one in found.items]
    assert len(recommend(trained, "v1", 1000).items) == len(brute_force(trained, "v1"))
    assert recommend(trained, "v1", 0).items == ()
    assert recommend(trained, "v1", least=1000).items == ()


def test_equal_predictions_come_in_the_order_of_their_labels(train: Train) -> None:
    trained = train(model={"name": "dot-product", "n_factors": 2, "init_sd": 0.0}, training={"epochs": 1})
    found = recommend(trained, "v3", 4)
    assert len({one.value for one in found.items}) == 1
    assert [one.label for one in found.items] == [label for _, label in brute_force(trained, "v3")][:4]


def test_who_or_what_is_not_known_is_said_with_the_nearest_name(factors: Trained, fields: Trained) -> None:
    with pytest.raises(BadInput, match="knows no user 'v_1', did you mean 'v1"):
        recommend(factors, "v_1")
    with pytest.raises(BadInput, match="knows no user '#na#'"):
        recommend(factors, "#na#")
    with pytest.raises(BadInput, match="knows no item 'The 7th Flm', did you mean 'The 7th Film'"):
        similar(factors, "The 7th Flm")
    with pytest.raises(BadInput, match=r"knows no item '17th', did you mean 'The 17th Film'\?; name one by its title"):
        similar(factors, "17th")
    with pytest.raises(BadInput, match="2 items are called 'twins'; name one by its id: 3 or 4"):
        similar(factors, "twins")
    with pytest.raises(BadInput, match="needs the field 'device', and neither users nor items have it"):
        recommend(fields, "v1")


def test_who_training_did_not_see_is_not_guessed_at(train: Train) -> None:
    for seed in range(1, 60):
        trained = train(experiment={"seed": seed}, training={"epochs": 1})
        if not trained.counts["user"][trained.user_codes["v99"]]:
            break
    for refused in (lambda: recommend(trained, "v99"), lambda: similar(trained, "The Rare Film")):
        with pytest.raises(BadInput, match="training saw no row of the"):
            refused()
    labels = [one.label for one in (*biases(trained, count=1000).top, *search(trained, "title", "", 1000))]
    assert "99" not in labels
    assert all(one.label != "99" for one in recommend(trained, "v1", 1000).items)


def test_similar_items_are_those_of_the_largest_cosine(factors: Trained) -> None:
    table = factors.model.state_dict()["items.weight"].double().numpy()
    table = table / np.linalg.norm(table, axis=1, keepdims=True)
    seven = factors.item_codes["7"]
    seen = [code for code in np.flatnonzero(factors.counts["item"]) if code != seven]
    cosines = {factors.classes["item"][code]: float(table[code] @ table[seven]) for code in seen}
    found = similar(factors, "The 7th Film", 6)
    assert [one.label for one in found] == sorted(cosines, key=lambda label: -cosines[label])[:6]
    np.testing.assert_allclose([one.value for one in found], [cosines[one.label] for one in found], rtol=1e-12)
    assert similar(factors, "the 7TH film", 6) == similar(factors, "7", 6) == found
    often = similar(factors, "7", 100, least=15)
    assert {one.label for one in often} == {
        label for label in cosines if factors.counts["item"][factors.item_codes[label]] >= 15
    }


@pytest.mark.parametrize("field", ["user", "item"])
def test_biases_are_the_models_own(factors: Trained, field: Any) -> None:
    table = factors.model.state_dict()[f"{field}_bias.weight"][:, 0].double().numpy()
    labels, counts = factors.classes[field], factors.counts[field]
    own = {labels[code]: float(table[code]) for code in np.flatnonzero(counts >= 5)}
    ordered = sorted(own, key=lambda label: own[label])
    found = biases(factors, field, 4, 5)
    assert [one.label for one in found.bottom] == ordered[:4]
    assert [one.label for one in found.top] == ordered[::-1][:4]
    assert [one.value for one in (*found.top, *found.bottom)] == [own[one.label] for one in (*found.top, *found.bottom)]
    assert all(one.count >= 5 for one in found.top)


def test_a_model_without_tables_says_so(fields: Trained, train: Train) -> None:
    with pytest.raises(BadInput, match="learns no user biases; train a model that does"):
        biases(fields, "user")
    with pytest.raises(BadInput, match="learns no factors; train a model that does"):
        similar(fields, "7")
    plain = train(model={"name": "dot-product", "n_factors": 2}, training={"epochs": 1})
    with pytest.raises(BadInput, match="learns no item biases"):
        biases(plain)
    assert len(similar(plain, "7", 3)) == 3


def test_tables_of_a_wrong_length_are_the_models_fault(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = train(training={"epochs": 1})
    tables = trained.model.factorization()
    wrong = type(tables)(tables.user_factors, tables.item_factors[1:])
    monkeypatch.setattr(trained.model, "factorization", lambda: wrong)
    with pytest.raises(WorkFailed, match=r"model biased-dot-product: factorization\(\) gave item tables"):
        factorization(trained)


def test_search_has_what_begins_so_first_then_by_rows(factors: Trained) -> None:
    rows = {title: int(n) for title, n in zip(factors.classes["title"], factors.counts["item"], strict=True)}
    found = search(factors, "title", "THE 1", 30)
    assert {one.title for one in found} == {title for title in rows if title.startswith("The 1") and rows[title]}
    assert [one.count for one in found] == sorted((one.count for one in found), reverse=True)
    assert [one.value for one in found] == [0.0] * len(found)
    users = search(factors, "user", "1", 3)
    assert len(users) == 3
    assert all("1" in one.label for one in users)
    every = search(factors, "title", "", 100)
    assert len(every) == int((factors.counts["item"] > 0).sum())
    both = search(factors, "title", "t", 100)
    assert [one.title.startswith(("T", "t")) for one in both] == sorted(
        (one.title.startswith(("T", "t")) for one in both), reverse=True
    )
    assert both[0].label == factors.classes["item"][item_code(factors, both[0].label)]


def test_without_the_ratings_the_tables_are_still_read(
    train: Train, explored: Path, home: Path, tmp_path: Path
) -> None:
    trained = train(training={"epochs": 1, "threads": 1}, data={"min_user": 1})
    before = biases(trained), similar(trained, "7"), search(trained, "user", "v")
    kept = home / "imported"
    kept.rename(tmp_path / "imported")
    ratings = (explored / "ratings.csv").rename(tmp_path / "ratings.csv")
    try:
        alone = load(trained.run.path)
        assert (biases(alone), similar(alone, "7"), search(alone, "user", "v")) == before
        with pytest.raises(BadInput, match=r"what 'v1' rated can't be looked up, .* gone: there is no such file; put"):
            recommend(alone, "v1")
    finally:
        ratings.rename(explored / "ratings.csv")
        shutil.rmtree(kept, ignore_errors=True)
        (tmp_path / "imported").rename(kept)


def test_the_model_looked_at_last_is_kept_until_a_checkpoint_comes(train: Train, tmp_path: Path) -> None:
    path = train(training={"epochs": 2}).run.path
    shutil.copytree(path, tmp_path / "copy")
    first = recent.recent(str(tmp_path / "copy"))
    assert recent.recent(str(tmp_path / "copy")) is first
    newest = max((tmp_path / "copy/checkpoints").iterdir())
    newest.rename(tmp_path / "newest")
    earlier = recent.recent(str(tmp_path / "copy"))
    assert earlier.step < first.step
    (tmp_path / "newest").rename(newest)
    assert recent.recent(str(tmp_path / "copy")).step == first.step
    assert recent.recent(str(path)).run.path == path
    assert len(recent._last) == 1
    with pytest.raises(BadInput, match="there is no run"):
        recent.recent("nobody")


def test_what_is_found_can_travel(factors: Trained) -> None:
    import msgspec

    for answer in (recommend(factors, "v1"), biases(factors), similar(factors, "7"), search(factors, "user", "v1")):
        kind = list[Scored] if isinstance(answer, list) else type(answer)
        assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(answer)), kind) == answer


def test_no_value_above_a_threshold_is_lost() -> None:
    rng = np.random.default_rng(0)
    for n, count in ((1, 1), (900, 3), (5000, 10), (5003, 1)):
        values = rng.normal(size=n).astype(np.float32)
        values[rng.random(n) < 0.01] = -np.inf
        least = threshold(values, count)
        reached = np.sort(values[values >= least])[::-1]
        assert len(reached) >= count
        assert np.array_equal(reached[:count], np.sort(values)[::-1][:count])
