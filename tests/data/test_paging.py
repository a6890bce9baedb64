"""A page of rows is the file's own lines; a page of labels is what a search through all of them finds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from cfbench.data import cache, paging
from cfbench.data.importing import open_interactions
from cfbench.errors import BadInput
from cfbench.experiment import Data, ItemSide


@pytest.fixture
def movielens(shared: Path) -> Data:
    folder = shared / "ml-100k"
    return Data(source=str(folder / "u.data"), items=ItemSide(source=str(folder / "u.item")), categorical=["column_6"])


def test_a_page_is_the_files_lines_with_titles(movielens: Data, shared: Path) -> None:
    titles = dict(
        line.split("|")[:2] for line in (shared / "ml-100k/u.item").read_text(encoding="latin-1").splitlines()
    )
    lines = [line.split("\t") for line in (shared / "ml-100k/u.data").read_text().splitlines()]
    for offset, count in ((0, 3), (49_990, 1000), (99_998, 10), (100_000, 10), (10**12, 1), (7, 0)):
        page = paging.rows(movielens, offset, count)
        assert (page.offset, page.total) == (offset, 100_000)
        assert [(row.user, row.item, row.target) for row in page.rows] == [
            (user, titles[item], float(stars)) for user, item, stars, _ in lines[offset : offset + count]
        ]
    assert paging.rows(movielens, 1, 1).rows[0].time == "1998-04-04T19:22:22Z"
    assert paging.rows(Data(source=movielens.source, time="none"), 0, 1).rows[0].time is None


def test_labels_are_searched_whatever_their_case(movielens: Data) -> None:
    every = open_interactions(movielens).classes["title"]
    page = paging.labels(movielens, "title", "STAR wars")
    assert (page.fitting, page.total) == (1, 1_683)
    assert [every[code] for code, _ in page.labels] == [label for _, label in page.labels] == ["Star Wars (1977)"]
    second = paging.labels(movielens, "title", "love", offset=5, count=3)
    found = [(code, label) for code, label in enumerate(every) if "love" in label.lower()]
    assert (list(second.labels), second.fitting) == (found[5:8], len(found))
    plain = paging.labels(movielens, "user", offset=940)
    assert [code for code, _ in plain.labels] == [940, 941, 942, 943]
    assert paging.labels(movielens, "item", count=1).labels == ((0, "#na#"),)
    assert paging.labels(movielens, "column_6", "no such").fitting == 0


def test_what_is_no_page_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating,age\n1,2,3,30\n")
    data = Data(source=str(path), continuous=["age"])
    for offset, count, words in ((-1, 5, "can't begin at -1"), (0, 1001, "at most 1,000"), (0, -1, "no page's size")):
        with pytest.raises(BadInput, match=words):
            paging.rows(data, offset, count)
    with pytest.raises(BadInput, match="there is no field 'titel', did you mean 'title'"):
        paging.labels(data, "titel")
    with pytest.raises(BadInput, match="'age' holds numbers"):
        paging.labels(data, "age")


def test_paging_reads_labels_once_and_forgets_all_but_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Data(source=str(tmp_path / f"{n}.csv")) for n in range(cache.MOST_OPEN + 1)]
    for data in many:
        Path(str(data.source)).write_text(f"user,item,rating\n1,{data.source},3\n")
    time.sleep(0.15)  # a file changed just now is hashed again: its time could not tell the next change
    opened = [open_interactions(data) for data in many]
    reads: list[str] = []
    read = cache._read
    monkeypatch.setattr(cache, "_read", lambda entry, meta: reads.append(entry.name) or read(entry, meta))
    for _ in range(3):
        paging.rows(many[-1], 0, 1)
        paging.labels(many[-2], "item")
    assert reads == []
    paging.rows(many[0], 0, 1)
    assert reads == [opened[0].key]
    assert len(cache._open_entries) == cache.MOST_OPEN
    Path(str(many[0].source)).write_text("user,item,rating\n9,9,1\n")
    assert paging.rows(many[0], 0, 1).rows[0].user == "9"
