"""The built-in splitters: sizes, no row in two parts, the same rows for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from cfbench.errors import BadInput
from cfbench.plugin import Split

Make = Callable[..., Any]


@dataclass
class Rows:
    """As much of interactions as splitters look at."""

    n: int
    sources: tuple[str, ...] = ("all.csv",)
    part: np.ndarray = field(default_factory=lambda: np.empty(0))

    def __len__(self) -> int:
        return self.n


def split(parts: Make, name: str, rows: Rows, seed: int = 0, **params: Any) -> Split:
    target, made = parts("splitter", name, **params)
    made_split: Split = target(rows, made, np.random.default_rng(seed))
    return made_split


def together(split: Split) -> list[int]:
    test = np.empty(0, np.int64) if split.test is None else split.test
    return np.concatenate([split.train, split.valid, test]).tolist()


@pytest.mark.parametrize(
    ("n", "shares", "sizes"),
    [
        (1000, {}, (800, 200, 0)),
        (1000, {"valid": 0.1, "test": 0.25}, (650, 100, 250)),
        (7, {"valid": 0.3}, (5, 2, 0)),
        (2, {"valid": 0.5}, (1, 1, 0)),
    ],
)
def test_random_deals_every_row_once_in_the_wished_shares(
    parts: Make, n: int, shares: dict[str, float], sizes: tuple[int, int, int]
) -> None:
    made = split(parts, "random", Rows(n), **shares)
    assert (len(made.train), len(made.valid), len(made.test if made.test is not None else ())) == sizes
    assert sorted(together(made)) == list(range(n))
    assert made.train.tolist() == sorted(made.train.tolist()), "in the order of the data"


def test_random_follows_its_seed(parts: Make) -> None:
    first, again, other = (split(parts, "random", Rows(1000), seed).valid for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert 10 < len(np.intersect1d(first, other)) < 100, "about a fifth of 200 rows is in both"
    assert abs(first.mean() - 500) < 75, "rows from all over the data"


def test_random_refuses_what_leaves_a_part_empty(parts: Make) -> None:
    with pytest.raises(BadInput, match=r"2 rows are too few for valid = 0\.2"):
        split(parts, "random", Rows(2))
    with pytest.raises(BadInput, match="leave no row to train on"):
        split(parts, "random", Rows(100), valid=0.6, test=0.4)


@pytest.mark.parametrize(("n", "folds"), [(100, 5), (103, 10), (5, 5)])
def test_the_folds_of_k_fold_partition_the_rows(parts: Make, n: int, folds: int) -> None:
    made = [split(parts, "k-fold", Rows(n), folds=folds, fold=fold) for fold in range(1, folds + 1)]
    assert sorted(np.concatenate([one.valid for one in made]).tolist()) == list(range(n))
    assert {len(one.valid) for one in made} <= {n // folds, n // folds + 1}
    for one in made:
        assert sorted(together(one)) == list(range(n))
    again = split(parts, "k-fold", Rows(n), folds=folds, fold=1)
    np.testing.assert_array_equal(again.valid, made[0].valid)


def test_k_fold_refuses_impossible_folds(parts: Make) -> None:
    with pytest.raises(BadInput, match="fold = 6 is more than folds = 5"):
        split(parts, "k-fold", Rows(100), folds=5, fold=6)
    with pytest.raises(BadInput, match="3 rows are too few for 5 folds"):
        split(parts, "k-fold", Rows(3))


PUBLISHED = Rows(6, ("train.csv", "valid.csv", "test.csv"), np.array([0, 1, 0, 2, 0, 1], np.uint8))


def test_predefined_takes_parts_as_files_give_them(parts: Make) -> None:
    made = split(parts, "predefined", PUBLISHED, valid=["valid.csv"], test=["test.csv"])
    assert (made.train.tolist(), made.valid.tolist()) == ([0, 2, 4], [1, 5])
    assert made.test is not None
    assert made.test.tolist() == [3]
    default = split(parts, "predefined", PUBLISHED)
    assert (default.train.tolist(), default.valid.tolist()) == ([0, 1, 2, 4, 5], [3]), "the last file is valid"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"valid": ["vald.csv"]}, "'vald.csv' names 0 of the source files; name one of train.csv, valid.csv, test.csv"),
        ({"valid": ["valid.csv"], "test": ["valid.csv"]}, "valid.csv is valid and test at once"),
        ({"valid": ["train.csv", "valid.csv"], "test": ["test.csv"]}, "every source file is valid or test"),
    ],
)
def test_predefined_says_what_is_wrong_with_its_names(parts: Make, params: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        split(parts, "predefined", PUBLISHED, **params)


def test_predefined_needs_several_files(parts: Make) -> None:
    with pytest.raises(BadInput, match=r"only one source file, all\.csv"):
        split(parts, "predefined", Rows(6))
