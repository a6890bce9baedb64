"""Splits along time and of users: who goes where, what ties do, what is dropped and said."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cfbench.errors import BadInput
from cfbench.plugin import Split

Make = Callable[..., Any]


class Rows(SimpleNamespace):
    def __len__(self) -> int:
        return len(self.user)


def rows(pairs: list[tuple[int, int | None]]) -> Rows:
    """Interactions of (user, time) rows."""
    user = np.array([user for user, _ in pairs], np.int32)
    times = [time for _, time in pairs]
    time = None if None in times else np.array(times, np.int64)
    labels = ["#na#", *(f"u{n}" for n in range(1, user.max() + 1))]
    return Rows(user=user, item=np.arange(1, len(user) + 1, dtype=np.int32), time=time, classes={"user": labels})


@pytest.fixture
def split(parts: Make) -> Make:
    def split(name: str, data: Rows, seed: int = 0, **params: Any) -> Split:
        target, made = parts("splitter", name, **params)
        result: Split = target(data, made, np.random.default_rng(seed))
        found = np.concatenate([result.train, result.valid, *(p for p in (result.test, result.given) if p is not None)])
        assert len(set(found.tolist())) == len(found) == len(data) - sum(result.dropped.values())
        return result

    return split


def test_the_last_rows_of_each_user(split: Make) -> None:
    data = rows([(1, 30), (1, 10), (1, 20), (2, 5), (2, 9), (3, 1), (1, 40)])
    found = split("leave-last", data, last=1, test_last=1)
    assert (found.test.tolist(), found.valid.tolist()) == ([6], [0])
    assert found.train.tolist() == [1, 2, 3, 4, 5], "users with two rows or fewer are in train alone"
    assert found.tied == 0
    shares = split("leave-last", data, share=0.5)
    assert shares.valid.tolist() == [0, 4, 6]


@pytest.mark.parametrize("ties", ["random", "row", "together"])
def test_rows_of_one_moment_at_the_cut(split: Make, ties: str) -> None:
    data = rows([(1, 1), (1, 7), (1, 7), (1, 7), *((2, time) for time in range(4))])
    results = [split("leave-last", data, seed, last=1, ties=ties) for seed in range(12)]
    chosen = {tuple(found.valid.tolist()) for found in results}
    if ties == "random":
        assert chosen == {(1, 7), (2, 7), (3, 7)}, "each of the three is drawn at times"
        assert {found.tied for found in results} == {3}
    elif ties == "row":
        assert chosen == {(3, 7)}
    else:
        assert chosen == {(1, 2, 3, 7)}
        assert {found.tied for found in results} == {0}


def test_together_never_takes_all_rows_of_a_user(split: Make) -> None:
    data = rows([(1, 5), (1, 5), (2, 1), (2, 2)])
    assert split("leave-last", data, ties="together").valid.tolist() == [3]


def test_leave_one_out(split: Make) -> None:
    data = rows([(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1)])
    assert split("leave-one-out", data).valid.tolist() == [2, 4]
    both = split("leave-one-out", data, test=True)
    assert (both.valid.tolist(), both.test.tolist()) == ([1], [2])
    without_time = rows([(user, None) for user in (1, 1, 1, 2, 2, 2)])
    drawn = [split("leave-one-out", without_time, seed, by="random") for seed in range(20)]
    assert {tuple(np.bincount(without_time.user[found.valid]).tolist()) for found in drawn} == {(0, 1, 1)}
    assert len({tuple(found.valid.tolist()) for found in drawn}) > 3
    assert all(found.tied == 0 for found in drawn)
    with pytest.raises(BadInput, match="needs a time column"):
        split("leave-one-out", without_time)


def test_a_cut_at_one_moment(split: Make) -> None:
    data = rows([(user, time) for user in (1, 2) for time in (10, 20, 20, 30, 40)])
    found = split("time-cut", data, valid=0.2, test=0.2)
    time = data.time
    assert time[found.train].max() < time[found.valid].min() <= time[found.valid].max() < time[found.test].min()
    assert found.tied == 0
    torn = split("time-cut", data, valid=0.5, ties="row")
    assert (len(torn.valid), torn.tied) == (5, 4)
    with pytest.raises(BadInput, match="of too few moments"):
        split("time-cut", rows([(1, 3), (2, 3), (3, 3)]))


def test_users_whom_training_does_not_see(split: Make) -> None:
    data = rows([(user, time) for user in range(1, 21) for time in range(10)] + [(21, 0)])
    found = split("unseen-users", data, valid=0.2, test=0.1, given=0.8)
    users = {name: set(data.user[getattr(found, name)].tolist()) for name in ("train", "valid", "test", "given")}
    assert users["train"].isdisjoint(users["valid"] | users["test"] | users["given"])
    assert users["given"] == users["valid"] | users["test"]
    assert users["valid"].isdisjoint(users["test"])
    counts = np.bincount(data.user[found.given])
    assert set(counts[counts > 0].tolist()) == {8}
    by_time = split("unseen-users", data, valid=0.2, given=0.5, by="time")
    assert data.time[by_time.given].max() < data.time[by_time.valid].min()
    dropped = [split("unseen-users", data, seed, valid=0.5).dropped for seed in range(10)]
    assert {sum(reasons.values()) for reasons in dropped} == {0, 1}, (
        "who has one row can't be given it and asked for it"
    )
