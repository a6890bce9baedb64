"""The loader: what a batch is, that an epoch has every row once, and that training alone defines codes and scales."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import cfbench
from cfbench import plugin
from cfbench.errors import BadInput, WorkFailed
from cfbench.loading import kept, previewing, splits
from cfbench.loading.components import installed
from cfbench.loading.encoder import Encoder
from cfbench.loading.loader import Batch, Loader, Part
from cfbench.loading.words import in_words
from cfbench_splitters import PredefinedParams

Open = Callable[..., Loader]


def rows_of(batches: Any) -> list[tuple[Any, ...]]:
    """The rows of batches as plain tuples."""
    return [
        (*x.tolist(), *categorical.tolist(), *continuous.tolist(), target.item())
        for batch in batches
        for x, categorical, continuous, target in zip(
            batch.x, batch.categorical, batch.continuous, batch.target, strict=True
        )
    ]


def test_shapes_and_types_of_a_batch(opened: Open) -> None:
    batch = next(iter(opened().train))
    shapes = {name: (tuple(getattr(batch, name).shape), getattr(batch, name).dtype) for name in vars(batch)}
    assert shapes == {
        "x": ((16, 2), torch.int64),
        "categorical": ((16, 2), torch.int64),
        "continuous": ((16, 1), torch.float32),
        "target": ((16,), torch.float32),
    }
    assert len(batch) == 16
    bare = next(iter(opened(data={"categorical": [], "continuous": []}).train))
    assert (bare.categorical.shape, bare.continuous.shape) == ((16, 0), (16, 0))


def test_an_epoch_has_every_training_row_once(opened: Open) -> None:
    loader = opened()
    assert loader.train.n_rows == 160
    batches = list(loader.train.batches(3))
    assert [len(batch) for batch in batches] == [16] * 10 == [16] * len(loader.train)
    straight = rows_of([loader.train.all])
    assert len(set(straight)) == 160
    assert sorted(rows_of(batches)) == sorted(straight)


def test_the_order_differs_between_epochs_and_follows_the_seed(opened: Open) -> None:
    first = rows_of(opened().train.batches(0))
    assert rows_of(opened().train) == first, "iterating is epoch 0"
    assert rows_of(opened().train.batches(0)) == first
    assert rows_of(opened().train.batches(1)) != first
    assert rows_of(opened(experiment={"seed": 43}).train.batches(0)) != first
    straight = opened(loader={"shuffle": False})
    assert rows_of(straight.train.batches(5)) == rows_of([straight.train.all])


def test_an_epoch_can_be_entered_at_any_batch(opened: Open) -> None:
    train = opened().train
    assert rows_of(train.batches(2, start=7)) == rows_of(train.batches(2))[7 * 16 :]
    assert rows_of(train.batches(2, start=10)) == []


def test_one_batch_is_had_without_the_others(opened: Open) -> None:
    for settings in ({}, {"shuffle": False}, {"batch_size": 48}):
        loader = opened(loader=settings)
        for number, batch in enumerate(loader.train.batches(1)):
            assert rows_of([loader.train.batch(number, 1)]) == rows_of([batch])
    lazy = opened().train
    lazy.batch(3)
    assert "all" not in vars(lazy), "only one batch was encoded"


def test_valid_and_test_come_in_the_order_of_the_data(opened: Open, table: Path) -> None:
    loader = opened(splitter={"name": "random", "valid": 0.2, "test": 0.1})
    with (table / "ratings.csv").open() as file:
        stars = [float(row["stars"]) for row in csv.DictReader(file)]
    for part, numbers in (("valid", loader.split.valid), ("test", loader.split.test)):
        assert numbers is not None
        targets = [row[-1] for row in rows_of(getattr(loader, part))]
        assert targets == [stars[number] for number in numbers]
    assert (loader.valid.n_rows, loader.test.n_rows) == (40, 20)
    assert [len(chunk) for chunk in loader.valid.chunks(30)] == [30, 10]


def test_the_last_short_batch_is_kept_or_dropped(opened: Open) -> None:
    kept_ = opened(loader={"batch_size": 48})
    assert [len(batch) for batch in kept_.train] == [48, 48, 48, 16] and len(kept_.train) == 4  # noqa: PT018
    dropped = opened(loader={"batch_size": 48, "drop_last": True})
    assert [len(batch) for batch in dropped.train] == [48, 48, 48] and len(dropped.train) == 3  # noqa: PT018
    assert rows_of(dropped.train) == rows_of(kept_.train)[:144]
    assert len(dropped.valid) == 1, "no row of valid is dropped"
    assert [len(batch) for batch in opened(loader={"batch_size": 1000}).train] == [160]


def test_classes_turn_codes_into_words(opened: Open, table: Path) -> None:
    loader = opened()
    assert loader.classes["title"][0] == loader.classes["user"][0] == plugin.NA
    assert [title for title in loader.classes["title"] if "th Film" in title] == list(loader.classes["title"][1:])
    with (table / "ratings.csv").open() as file:
        first = list(csv.DictReader(file))
    words = in_words(loader, loader.valid.all, 40)
    for number, row in zip(loader.split.valid, words, strict=True):
        film = int(first[number]["film"])
        assert row == {
            "user": first[number]["viewer"],
            "title": f"The {film}th Film",
            "genre": ("Drama", "Comedy", "Crime")[film % 3],
            "device": first[number]["device"],
            "year": pytest.approx(1950 + 3 * film if film != 5 else loader.encoder.scales["year"].mean, abs=0.01),
            "target": float(first[number]["stars"]),
        }
    assert len(in_words(loader, loader.valid.all)) == 10


def unseen_rows(rows: int, train: Any, valid: Any) -> tuple[Any, Encoder]:
    """Interactions by hand: user codes 1..n, one item a third, a field."""
    from cfbench.data.interactions import Counts, Interactions

    user = np.arange(1, rows + 1, dtype=np.int32)
    made = Interactions(
        user=user,
        item=(user % 3 + 1).astype(np.int32),
        target=user.astype(np.float32),
        time=None,
        part=np.zeros(rows, np.uint8),
        sources=("by hand",),
        categorical={"field": user},
        continuous={"value": np.where(user == 2, np.nan, user * 10).astype(np.float32)},
        classes={
            "user": [plugin.NA, *(f"u{n}" for n in user)],
            "item": [plugin.NA, "a", "b", "c"],
            "title": [plugin.NA, "A", "B", "C"],
            "field": [plugin.NA, *(f"f{n}" for n in user)],
        },
        counts=Counts(read=rows),
    )
    return made, Encoder.of(made, np.array(train))


def test_what_training_did_not_see_is_code_0_by_the_splits_mask() -> None:
    from cfbench.experiment import Experiment

    made, encoder = unseen_rows(6, [0, 1, 3], [2, 4, 5])
    assert np.flatnonzero(encoder.seen["user"]).tolist() == [1, 2, 4]
    assert np.flatnonzero(encoder.seen["item"]).tolist() == [2, 3]
    assert encoder.counts["item"].tolist() == [0, 0, 2, 1]
    loader = Loader(made, plugin.Split(np.array([0, 1, 3]), np.array([2, 4, 5])), Experiment())
    assert loader.train.all.x.tolist() == [[1, 2], [2, 3], [4, 2]]
    assert loader.train.all.categorical.tolist() == [[1], [2], [4]]
    assert loader.valid.all.x.tolist() == [[0, 0], [0, 3], [0, 0]]
    assert loader.valid.all.categorical.tolist() == [[0], [0], [0]]
    assert loader.unseen(loader.valid) == {"user": 3, "item": 2}
    assert loader.classes["user"][3] == "u3", "the labels do not depend on the split"


def test_continuous_fields_are_standardised_over_training_rows_alone(opened: Open, table: Path) -> None:
    from cfbench.experiment import Experiment

    made, encoder = unseen_rows(6, [0, 1, 3], [2, 4, 5])
    assert (encoder.scales["value"].mean, encoder.scales["value"].sd) == (25.0, 15.0)  # of 10 and 40; 20 is missing
    loader = Loader(made, plugin.Split(np.array([0, 1, 3]), np.array([2, 4, 5])), Experiment())
    assert loader.train.all.continuous[:, 0].tolist() == [-1.0, 0.0, 1.0]
    assert loader.valid.all.continuous[:, 0].tolist() == pytest.approx([(v - 25) / 15 for v in (30, 50, 60)])
    assert encoder.target == (pytest.approx(7 / 3), 1.0, 4.0)

    real = opened()
    assert real.train.all.continuous.mean().item() == pytest.approx(0, abs=1e-6)
    assert abs(real.valid.all.continuous.mean().item()) > 1e-3


def test_a_field_that_never_changes_or_is_always_missing_is_0() -> None:
    made, _ = unseen_rows(3, [0], [1])
    constant = Encoder.of(made, np.array([0])).scales["value"]
    assert constant(np.array([10.0, 12.0], np.float32)).tolist() == [0.0, 2.0]
    missing = Encoder.of(made, np.array([1])).scales["value"]
    assert missing(np.array([np.nan], np.float32)).tolist() == [0.0]


def test_the_split_hash_tells_equal_from_unequal(opened: Open, table: Path, tmp_path: Path) -> None:
    first = opened().split_hash
    assert len(first) == 16
    assert opened(loader={"batch_size": 7}, model={"name": "dot-product"}).split_hash == first
    copy = tmp_path / "renamed.csv"
    copy.write_bytes((table / "ratings.csv").read_bytes())
    assert opened(data={"source": str(copy)}).split_hash == first, "the same data by another name"
    assert opened(experiment={"seed": 43}).split_hash != first
    assert opened(splitter={"name": "random", "valid": 0.25}).split_hash != first
    copy.write_text(copy.read_text().replace(",4.5,", ",4.0,", 1))
    assert opened(data={"source": str(copy)}).split_hash != first, "the same rows of other data"
    split = opened().split
    swapped = plugin.Split(split.valid, split.train)
    assert splits.split_hash(split, "f") != splits.split_hash(swapped, "f")
    none, empty = plugin.Split(split.train, split.valid), plugin.Split(split.train, split.valid, np.empty(0, np.int64))
    assert splits.split_hash(none, "f") == splits.split_hash(empty, "f")


def bad_splitter(split: Any) -> Callable[[str, str], plugin.Declaration]:
    def find(kind: str, name: str) -> plugin.Declaration:
        return plugin.Splitter("bad", "Bad", "returns no split", lambda *_: split, PredefinedParams)

    return find


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (plugin.Split(np.array([0, 1]), np.array([1, 2])), "a row of valid stands twice"),
        (plugin.Split(np.array([0, 0]), np.array([1])), "a row of train stands twice"),
        (plugin.Split(np.array([0]), np.array([200])), "valid has row numbers outside 0 to 199"),
        (plugin.Split(np.array([0]), np.array([1]), np.array([-1])), "test has row numbers outside"),
        (plugin.Split(np.array([], int), np.array([1])), "no row is left to train on"),
        ((np.array([0]), np.array([1])), "it returned tuple, not Split"),
    ],
)
def test_what_is_no_split_is_refused(defined: Any, split: Any, words: str) -> None:
    from cfbench.data.importing import open_interactions

    experiment = defined(splitter={"name": "predefined"})
    with pytest.raises((BadInput, WorkFailed), match=words):
        splits.make_split(open_interactions(experiment.data), experiment, bad_splitter(split))


def test_a_splitter_that_needs_time_is_refused_without(defined: Any) -> None:
    from cfbench.data.importing import open_interactions

    def find(kind: str, name: str) -> plugin.Declaration:
        return plugin.Splitter(
            "by-time", "By time", "the last rows", lambda *_: None, PredefinedParams, needs_time=True
        )

    experiment = defined(splitter={"name": "predefined"})
    with pytest.raises(BadInput, match="needs a time column"):
        splits.make_split(open_interactions(experiment.data), experiment, find)


def test_what_a_run_keeps_of_its_data_is_what_training_saw(opened: Open, defined: Any, tmp_path: Path) -> None:
    from cfbench.data.importing import open_interactions

    loader, interactions = opened(), open_interactions(defined().data)
    kept.save(loader.encoder, interactions, tmp_path)
    splits.save(loader.split, tmp_path)
    again = kept.load(tmp_path)
    assert {name: list(labels) for name, labels in again.classes.items()} == {
        name: list(labels) for name, labels in loader.classes.items()
    }
    assert again.categorical == ["genre", "device"]
    assert (again.scales, again.n_rows, again.target) == (loader.encoder.scales, 160, loader.encoder.target)
    for name, seen in loader.encoder.seen.items():
        np.testing.assert_array_equal(again.seen[name], seen)
        np.testing.assert_array_equal(again.counts[name], loader.encoder.counts[name])
    assert splits.split_hash(splits.load(tmp_path), "f") == splits.split_hash(loader.split, "f")

    pairs = {"user": interactions.user, "item": interactions.item}
    np.testing.assert_array_equal(kept.fields_of(tmp_path, "genre", pairs), interactions.categorical["genre"])
    np.testing.assert_array_equal(kept.fields_of(tmp_path, "year", pairs), interactions.continuous["year"])
    assert kept.fields_of(tmp_path, "device", pairs) is None, "it belongs to the rating"


def test_a_preview_tells_what_training_will_see(defined: Any, opened: Open) -> None:
    told = previewing.preview(defined(), rows=3)
    assert told.rows == {"train": 160, "valid": 40, "test": 0}
    assert (told.steps_an_epoch, told.batch_size) == (10, 16)
    assert told.shapes == {"x": (16, 2), "categorical": (16, 2), "continuous": (16, 1), "target": (16,)}
    assert told.classes["genre"] == 4
    assert list(told.batch) == in_words(opened(), next(iter(opened().train)), 3)
    assert told.split_hash == opened().split_hash
    assert (told.batch_number, told.repeated) == (1, 0)
    eighth = previewing.preview(defined(), rows=99, batch=8)
    assert list(eighth.batch) == in_words(opened(), list(opened().train)[7], 16)
    assert eighth.batch_number == 8
    for number in (0, 11, -1):
        with pytest.raises(BadInput, match=f"there is no batch {number}"):
            previewing.preview(defined(), batch=number)


def test_pairs_that_stand_in_training_and_in_another_part_are_counted(tmp_path: Path) -> None:
    """a-x stands in all parts, b-y twice in valid and once in training, c-z twice in training alone."""
    from cfbench.data.importing import open_interactions
    from cfbench.experiment import Data

    path = tmp_path / "ratings.csv"
    pairs = ["a,x", "b,y", "c,z", "c,z", "a,z", "b,y", "b,y", "a,x", "a,y", "a,x"]
    path.write_text("user,item,rating\n" + "".join(f"{pair},3\n" for pair in pairs))
    split = plugin.Split(np.arange(5), np.arange(5, 9), np.array([9]))
    assert splits.repeated_pairs(open_interactions(Data(source=str(path))), split) == 2
    assert (
        splits.repeated_pairs(open_interactions(Data(source=str(path))), plugin.Split(*np.split(np.arange(4), 2))) == 0
    )
    once = open_interactions(Data(source=str(path), duplicates="first"))
    assert splits.repeated_pairs(once, plugin.Split(np.arange(3), np.arange(3, 5))) == 0


def test_a_batch_larger_than_the_rows_is_refused_where_short_ones_are_dropped(defined: Any) -> None:
    from cfbench.runs.preparing import prepare

    experiment = defined(loader={"batch_size": 161, "drop_last": True})
    for refuse in (previewing.preview, prepare):
        with pytest.raises(BadInput, match="160 training rows") as refused:
            refuse(experiment)
        assert "drop_last" in str(refused.value)


def test_a_part_without_rows_has_no_batches() -> None:
    none = Batch(*(torch.empty(0, *shape) for shape in ((2,), (0,), (0,), ())))
    part = Part(np.empty(0, np.int64), lambda _: none, 4)
    assert list(part) == list(part.chunks()) == []
    assert len(part) == part.n_rows == 0


def test_a_plugins_own_rule_is_told(defined: Any) -> None:
    with pytest.raises(BadInput, match="leave no row to train on"):
        defined(splitter={"name": "random", "valid": 0.5, "test": 0.5})
    assert installed("splitter", "random").name == "random"


def test_a_field_of_several_labels_becomes_columns_of_0_and_1(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user,item,rating\nu,1,3\nu,2,4\nv,1,5\nv,3,1\nw,2,2\n")
    (tmp_path / "i.csv").write_text("item,title,genres\n1,One,Drama|War\n2,Two,War\n3,Three,\n")
    items = {"source": str(tmp_path / "i.csv")}
    made = cfbench.loader(
        {
            "data": {"source": str(tmp_path / "r.csv"), "multilabel": ["genres"], "items": items},
            "splitter": {"name": "random", "valid": 0.2},
        }
    )
    assert made.classes["genres"] == [plugin.NA, "Drama", "War"]
    assert list(made.encoder.scales) == ["genres: Drama", "genres: War"]
    rows = made.train.all
    wanted = {"One": [1.0, 1.0], "Two": [0.0, 1.0], "Three": [0.0, 0.0]}
    titles = [made.classes["title"][code] for code in rows.x[:, 1].tolist()]
    assert rows.continuous.tolist() == [wanted[title] for title in titles]
