from __future__ import annotations

import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest

from cfbench.answers import DataProfile
from cfbench.data import contents, distributions
from cfbench.data.profile import describe
from cfbench.experiment import Data, ItemSide, Side


def test_movielens_is_described(shared: Path) -> None:
    folder = shared / "ml-100k"
    profile = describe(
        Data(
            source=str(folder / "u.data"),
            items=ItemSide(source=str(folder / "u.item")),
            users=Side(source=str(folder / "u.user")),
        )
    )
    assert (profile.read, profile.kept, profile.users, profile.items) == (100_000, 100_000, 943, 1_682)
    assert [(bar.low, bar.count) for bar in profile.targets] == [
        (1, 6_110),
        (2, 11_370),
        (3, 27_145),
        (4, 34_174),
        (5, 21_201),
    ]
    assert profile.target_mean == pytest.approx(3.52986)
    assert (profile.time_first, profile.time_last) == ("1997-09-20T03:05:10Z", "1998-04-22T23:10:38Z")
    assert profile.first[0].item == "Kolya (1996)"
    assert profile.feedback == "explicit"
    assert profile.shared_titles == 18
    assert profile.item_tail[:1] + profile.item_tail[-1:] == (583, 1), "Star Wars, and the films that one person saw"
    assert len(profile.item_tail) == len(profile.user_tail) == 256
    assert (profile.user_tail[0], profile.user_tail[-1]) == (737, 20)
    assert list(profile.item_tail) == sorted(profile.item_tail, reverse=True)
    assert profile.half_items == pytest.approx(215 / 1_682)
    assert len(profile.times) == 64
    assert sum(bar.count for bar in profile.times) == 100_000
    assert all(part.guessed for file in profile.files for part in file.layout)
    roles = {column.name: column.role for column in profile.columns if column.table == "ratings"}
    assert roles == {"column_1": "user", "column_2": "item", "column_3": "target", "column_4": "time"}


def test_counts_are_told_from_ratings(shared: Path) -> None:
    profile = describe(Data(source=str(shared / "lastfm-2k/user_artists.dat")))
    assert any("as counts do rather than ratings" in finding.what for finding in profile.findings)
    assert sum(bar.count for bar in profile.targets) == 92_834
    assert len(profile.targets) <= 12


def test_the_tail_and_the_times_of_a_few_rows(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating,time\n" + "".join(f"u{n},{i},3,{t}\n" for n, (i, t) in enumerate(SPREAD)))
    profile = describe(Data(source=str(path)))
    assert (profile.item_tail, profile.user_tail) == ((5, 2, 1), (1,) * 8)
    assert profile.half_items == pytest.approx(1 / 3), "a alone has 5 of 8"
    assert [(bar.low, bar.high, bar.count) for bar in profile.times] == [
        (1_000_000_000, 1_000_000_000, 6),
        (1_000_000_001, 1_000_000_001, 0),
        (1_000_000_002, 1_000_000_002, 2),
    ]
    without = describe(Data(source=str(path), time="none"))
    assert (without.times, without.time_first) == ((), None)
    one = distributions.times(np.array([7]))
    assert [(bar.low, bar.high, bar.count) for bar in one] == [(7, 7, 1)]
    assert (distributions.tail(np.array([4])), distributions.half(np.array([4]))) == ((4,), 1.0)


SPREAD = [*(("a", 1_000_000_000 + n // 4 * 2) for n in range(5)), *(("b", 1_000_000_000),) * 2, ("c", 1_000_000_002)]


@pytest.mark.parametrize(
    "seconds", [[0, 63], [0, 64], [5, 1_000, 77, 78, 999], list(range(10, 400, 3)), [0, 253_402_300_799, 10**10]]
)
def test_every_row_falls_into_the_span_that_names_its_time(seconds: list[int]) -> None:
    times = np.array(seconds)
    bars = distributions.times(times)
    assert [bar.count for bar in bars] == [((times >= bar.low) & (times <= bar.high)).sum() for bar in bars]
    assert (bars[0].low, bars[-1].high) == (times.min(), times.max())
    assert all(before.high + 1 == after.low for before, after in itertools.pairwise(bars))


def test_what_was_dropped_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating\n1,2,3\n1,3,\n1,2,4\n")
    profile = describe(Data(source=str(path), missing="drop", duplicates="last"))
    assert profile.dropped == {"without a target": 1, "repeats of a pair": 1}
    assert (profile.duplicates, profile.conflicts) == (1, 1)


def test_a_profile_comes_back_from_json(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating,time,genre\n1,2,3,10,a\n1,3,4.5,20,\n1,2,4,30,b\n")
    for data in (Data(source=str(path), categorical=["genre"], duplicates="last"), Data(source="demo")):
        profile = describe(data)
        assert msgspec.json.decode(msgspec.json.encode(profile), type=DataProfile) == profile


def test_verify_reads_a_file_again_whose_change_left_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating\n1,2,3\n")
    data = Data(source=str(path))
    stamp = contents._stamp(path)
    monkeypatch.setattr(contents, "_stamp", lambda _: stamp)
    monkeypatch.setattr(contents, "_SETTLED", -1)
    assert describe(data).target_mean == 3
    path.write_text("user,item,rating\n1,2,4\n")
    assert describe(data).target_mean == 3
    assert describe(data, verify=True).target_mean == 4
