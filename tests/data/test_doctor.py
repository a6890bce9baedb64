"""The doctor: each likely mistake is found in data that have it, and in none that do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfbench.answers import DataProfile
from cfbench.data.profile import describe
from cfbench.experiment import Data, ItemSide


def profile(folder: Path, ratings: str, items: str = "", **settings: Any) -> DataProfile:
    (folder / "ratings.csv").write_text(ratings)
    if items:
        (folder / "items.csv").write_text(items)
        settings["items"] = ItemSide(source=str(folder / "items.csv"))
    return describe(Data(source=str(folder / "ratings.csv"), **settings))


def rows(n: int, target: Any = lambda n: n % 5 + 1, head: str = "user,item,rating") -> str:
    """n rows of distinct pairs among 40 items."""
    return head + "\n" + "".join(f"u{k // 30},i{k % 40},{target(k)}\n" for k in range(n))


SOUND = rows(900)

CASES: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "by place": ("a,x,3\nb,y,4\n", "look", {}, "user, item, target: taken by the columns' places"),
    "no target": ("user,item\na,x\nb,y\n", "look", {}, "no column of ratings was found"),
    "one user": ("user,item,rating\n" + "".join(f"u,i{n},3\n" for n in range(300)), "wrong", {}, "there are 1 users"),
    "a code for unrated": (
        rows(900, lambda n: 99 if n % 3 == 0 else n % 5 + 1),
        "wrong",
        {},
        "99 stands in 33% of the",
    ),
    "counts": (rows(900, lambda n: (n % 30) ** 3 + 1), "look", {}, "as counts do rather than ratings"),
    "ids as targets": (rows(1200, lambda n: 5000 + n), "wrong", {}, "1,200 of 1,200 targets differ"),
    "rare zeros": (rows(900, lambda n: 0 if n == 7 else n % 5 + 1), "look", {}, "1 of 900 targets are 0"),
    "single rows": (
        "user,item,rating\n" + "".join(f"u{n},i{n % 9},3\n" for n in range(99)),
        "look",
        {},
        "99 of 99 users",
    ),
    "upper and lower case": (SOUND + "U1,i39,3\n", "look", {}, "1 labels of user differ"),
    "mojibake": (SOUND + "u1,MisÃ©rables,3\n", "wrong", {}, "1 letters such as 'Ã©'"),
    "control characters": (SOUND + "u1,\x1b[2J,3\n", "look", {}, "labels of item hold control characters"),
    "repeats": (SOUND + "u0,i0,5\nu0,i0,1\n", "look", {}, "2 rows repeat a pair of user and item, 1 of them"),
    "repeats made one": (SOUND + "u0,i0,5\n", "note", {"duplicates": "last"}, "1 rows that repeat a pair became one"),
    "dropped": (SOUND + "u0,,5\n", "note", {"missing": "drop"}, "1 rows without a item were dropped"),
    "steps": ("user,item,rating,time\na,x,3,1\nb,y,4,11\n", "look", {}, "times run from 1 to 11: steps rather"),
    "milliseconds": ("user,item,rating,time\na,x,3,1365029107000\n", "note", {}, "times are counted in milliseconds"),
    "ties": ("user,item,rating,time\na,x,3,1365029107\na,y,4,1365029107\n", "look", {}, "100.0% of rows share"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_found(tmp_path: Path, case: str) -> None:
    ratings, level, settings, expected = CASES[case]
    found = profile(tmp_path, ratings, **settings).findings
    assert (level, True) in [(finding.level, expected in finding.what) for finding in found], found
    sound = profile(tmp_path, SOUND).findings
    assert not any(expected in finding.what for finding in sound)


def test_sound_data_are_called_so(tmp_path: Path) -> None:
    assert {finding.level for finding in profile(tmp_path, SOUND).findings} <= {"fine", "note"}


def test_swapped_columns_beside_an_item_table_are_noticed(tmp_path: Path) -> None:
    ratings = "".join(f"{n % 20 + 1},{n % 97 + 1},{n % 5 + 1}\n" for n in range(1900))
    items = "id,title\n" + "".join(f"{n},Film {n}\n" for n in range(1, 98))
    assert not any("swapped" in one.what for one in profile(tmp_path, "user,item,rating\n" + ratings, items).findings)
    wrong = profile(tmp_path, "item,user,rating\n" + ratings, items).findings[0]
    assert (wrong.level, "swapped" in wrong.what) == ("wrong", True)


def test_what_is_worth_a_look_comes_first_and_says_what_to_do(shared: Path) -> None:
    found = describe(Data(source=str(shared / "ciao/ratings.tsv.gz"))).findings
    levels = [finding.level for finding in found]
    assert levels == sorted(levels, key=["wrong", "look", "note", "fine"].index)
    assert all(finding.mend for finding in found if finding.level in ("wrong", "look"))


def test_real_sets_have_what_is_known_of_them(shared: Path) -> None:
    movielens = describe(
        Data(source=str(shared / "ml-100k/u.data"), items=ItemSide(source=str(shared / "ml-100k/u.item")))
    )
    assert movielens.ties == pytest.approx(0.758, abs=5e-4)
    assert movielens.merged[0][1] == 2
    assert len(movielens.merged) == 18
    wide = describe(Data(source=str(shared / "jester-1/jester-data-1.csv.gz"), read={"name": "delimited"}))
    assert any("99 stands in" in finding.what for finding in wide.findings)
    steps = describe(Data(source=str(shared / "epinions/ratings.tsv.gz")))
    assert any("steps rather than seconds" in finding.what for finding in steps.findings)


def test_the_crosstab_is_the_densest_corner_by_name(tmp_path: Path) -> None:
    made = profile(
        tmp_path,
        "user,item,rating\na,1,5\na,2,4\nb,1,3\nb,2,2\nc,1,1\nc,3,1\n",
        "item,title\n1,One\n2,Two\n3,Three\n",
    ).crosstab
    assert made.items == ("One", "Two", "Three")
    assert made.users == ("a", "b", "c")
    assert made.cells == ((5, 4, None), (3, 2, None), (1, None, 1))


def test_ties_of_many_rows_are_those_of_some_users(monkeypatch: pytest.MonkeyPatch) -> None:
    from cfbench.data import distributions

    user = np.repeat(np.arange(1, 101, dtype=np.int32), 10)
    seconds = np.tile(np.array([1, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 100)
    assert distributions.ties(user, seconds) == pytest.approx(0.2)
    monkeypatch.setattr(distributions, "MOST_TIES", 300)
    assert distributions.ties(user, seconds) == pytest.approx(0.2)
