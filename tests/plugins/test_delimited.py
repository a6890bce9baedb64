from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cfbench.data.reading import Opened, open_table
from cfbench.errors import BadInput

Given = dict[str, Any]

REAL = [
    ("ml-100k/u.data", "\t", False, "utf-8", 100_000, 4),
    ("ml-100k/u1.base", "\t", False, "utf-8", 80_000, 4),
    ("ml-100k/u.item", "|", False, "latin-1", 1_682, 24),
    ("ml-100k/u.user", "|", False, "utf-8", 943, 5),
    ("ml-1m/ratings.dat", "::", False, "utf-8", 1_000_209, 3),
    ("ml-1m/movies.dat", "::", False, "latin-1", 3_883, 3),
    ("ml-latest-small/ratings.csv", ",", True, "utf-8", 100_836, 4),
    ("ml-latest-small/movies.csv", ",", True, "utf-8", 9_742, 3),
    ("movietweetings-100k/ratings.dat", "::", False, "utf-8", 100_000, 4),
    ("movietweetings-100k/movies.dat", "::", False, "utf-8", 10_506, 3),
    ("lastfm-2k/user_artists.dat", "\t", True, "utf-8", 92_834, 3),
    ("lastfm-2k/artists.dat", "\t", True, "utf-8", 17_632, 4),
    ("ciao/ratings.tsv.gz", "\t", True, "utf-8", 284_086, 6),
    ("monti/douban/train.tsv", "\t", True, "utf-8", 123_202, 3),
    ("libmf-demo/real_matrix.tr.txt", " ", False, "utf-8", 5_000, 3),
]


@pytest.mark.parametrize(("name", "separator", "header", "encoding", "rows", "columns"), REAL)
def test_real_files_are_read_by_guess_alone(
    shared: Path, name: str, separator: str, header: bool, encoding: str, rows: int, columns: int
) -> None:
    opened = open_table(shared / name, {})
    layout = opened.params
    assert (layout.separator, layout.header, layout.encoding) == (separator, header, encoding)
    assert whole(opened).shape == (rows, columns)


def test_titles_of_real_files_come_through_whole(shared: Path) -> None:
    movies = whole(open_table(shared / "ml-latest-small/movies.csv", {}))
    assert movies["title"][10] == "American President, The (1995)"
    assert movies["title"].str.contains(",", literal=True).sum() == 2_079
    items = whole(open_table(shared / "ml-100k/u.item", {}))
    assert "Misérables, Les (1995)" in items["column_2"].to_list()
    artists = whole(open_table(shared / "lastfm-2k/artists.dat", {}))
    assert '"Weird Al" Yankovic' in artists["name"].to_list()


def whole(opened: Opened) -> pl.DataFrame:
    """All rows as the reader gives them."""
    columns = opened.table.columns
    return pl.concat([frame.select(columns) for frame in opened.batches(columns)]).fill_null("")


def frame(folder: Path, content: bytes, given: Given | None = None) -> list[tuple[str, ...]]:
    path = folder / "file"
    path.write_bytes(content)
    opened = open_table(path, given or {})
    opened.sample()
    return whole(opened).rows()


def test_ids_stay_text(tmp_path: Path) -> None:
    assert frame(tmp_path, b"007,1e3,5\n7,0x1,4\n") == [("007", "1e3", "5"), ("7", "0x1", "4")]


def test_quotes_may_hold_separators_line_ends_and_quotes(tmp_path: Path) -> None:
    rows = frame(tmp_path, b'id,title\n1,"a, ""b""\nc"\n2,plain\n')
    assert rows == [("1", 'a, "b"\nc'), ("2", "plain")]


def test_a_tab_in_quotes_does_not_separate(tmp_path: Path) -> None:
    assert frame(tmp_path, b'1\t"a\tb"\t3\n2\t"c\td"\t4\n') == [("1", "a\tb", "3"), ("2", "c\td", "4")]


@pytest.mark.parametrize("careful", [False, True])
def test_a_separator_of_several_characters_in_quotes_is_text(tmp_path: Path, careful: bool) -> None:
    end = b"6::z\rz::5\n" if careful else b""  # polars is not trusted with a CR
    rows = frame(tmp_path, b'"user::id"::item::rating\n"a::b"::x::3\nc::"y::"::4\n' + end)
    assert rows[:2] == [("a::b", "x", "3"), ("c", "y::", "4")]
    assert open_table(tmp_path / "file", {}).table.columns == ("user::id", "item", "rating")


def test_a_carriage_return_inside_a_line_is_text(tmp_path: Path) -> None:
    assert frame(tmp_path, b"a\r,b\nc,d\n") == [("a\r", "b"), ("c", "d")]


def test_a_stray_quote_is_text(tmp_path: Path) -> None:
    assert frame(tmp_path, b'id,title\n1,5" disk\n2,b\n3,c\n') == [("1", '5" disk'), ("2", "b"), ("3", "c")]


@pytest.mark.parametrize(
    "content",
    [
        b"a,b,3\nc,d,4\n",
        b"a,b,3\r\nc,d,4",
        b"\xef\xbb\xbfa;b;3\nc;d;4\n",
        b"a::b::3\nc::d::4\n\n",
        b" a  b   3\nc d 4 \n",
        b"\na|b|3\n\nc|d|4\n",
        b"a\tb\t3\rc\td\t4\r",
        gzip.compress(b"a,b,3\nc,d,4\n", mtime=0),
    ],
)
def test_the_same_rows_however_they_are_written(tmp_path: Path, content: bytes) -> None:
    assert frame(tmp_path, content) == [("a", "b", "3"), ("c", "d", "4")]


def test_what_is_said_wins_over_the_guess(tmp_path: Path) -> None:
    given = {"separator": "-", "header": True, "columns": ["x", "y"]}
    path = tmp_path / "file"
    path.write_bytes(b"1-2,3\n3-4,5\n")
    opened = open_table(path, given)
    assert whole(opened).to_dicts() == [{"x": "3", "y": "4,5"}]
    parts = opened.account("ratings", 1).layout
    assert {part.name for part in parts if part.guessed} == {"encoding", "quote", "decimal", "comment"}


def test_columns_without_a_header_are_numbered_and_twins_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1,2\n3,4\n")
    (tmp_path / "b").write_bytes(b"user,user,\n1,2,3\n3,4,5\n")
    assert open_table(tmp_path / "a", {}).table.columns == ("column_1", "column_2")
    assert open_table(tmp_path / "b", {}).table.columns == ("user", "user_2", "column_3")


def test_place_names_the_line_past_blank_and_quoted_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b'user,item\n\n1,"a\nb"\n2,c\n')
    table = open_table(path, {})
    assert [table.place(row) for row in (0, 1)] == [f"{path}, line 3", f"{path}, line 5"]


@pytest.mark.parametrize(
    ("content", "given", "message"),
    [
        (b"", {}, "the file is empty"),
        (b" \n\n", {}, "the file is empty"),
        (b"one\ntwo\n", {}, "only one column"),
        (b"user,item\n", {}, "there is no row"),
        (b"PK\x03\x04....", {}, "this zip file is damaged"),
        (b"%PDF-1.7", {}, "this is a PDF"),
        (b"\xff\xfe1\x00,\x002\x00\n", {}, "line 1: the byte 0x0a is not UTF-16"),
        (b"1,2\n3,\x004\n", {}, "line 2: this is not text"),
        (b"\x1f\x8bnot gzip at all", {}, "gzip file is damaged"),
        (gzip.compress(b"1,2\n" * 9999, mtime=0)[:40], {}, "gzip file is damaged"),
        (b"1,2,3\n4,5\n6,7,8\n", {}, "line 2: this row has 2 values, the others have 3"),
        (b"1,2,3\n6,7,8\n4,5,6,7\n", {}, "line 3: this row has 4 values"),
        (b"1,2\n3,\xe9\n", {"encoding": "utf-8"}, "line 2: the byte 0xe9 is not UTF-8"),
        ("1,éü\n2,ñö\n".encode() + b"3,\xe9\n", {}, "line 3: the byte 0xe9 is not UTF-8"),
        (b"1,2\n3,4\n", {"columns": ["a"]}, "columns names 1 columns and the file has 2"),
        (b"1,2\n3,4\n", {"columns": ["a", "a"]}, "one column twice"),
        (b"1,2\n3,4\n", {"separator": ""}, "can't separate"),
        (b"1,2\n3,4\n", {"quote": "''"}, "not one plain character"),
    ],
)
def test_what_can_not_be_read_is_said_in_one_sentence(
    tmp_path: Path, content: bytes, given: Given, message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        frame(tmp_path, content, given)
    assert message in str(caught.value)
    assert str(tmp_path / "file") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    for path, message in ((tmp_path, "this is a folder"), (tmp_path / "no", "no such file")):
        with pytest.raises(BadInput, match=message):
            open_table(path, {})
