from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfbench.data.importing import open_interactions
from cfbench.data.interactions import Interactions
from cfbench.errors import BadInput
from cfbench.experiment import Data, ItemSide, Side
from cfbench.plugin import NA

Open = Callable[..., Interactions]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Write ratings.csv (and items.csv, users.csv) and open them."""

    def opened(ratings: str, items: str = "", users: str = "", **settings: Any) -> Interactions:
        for name, content in (("ratings", ratings), ("items", items), ("users", users)):
            (tmp_path / f"{name}.csv").write_text(content, newline="")
        source = str(tmp_path / "items.csv") if items else ""
        sides: dict[str, Any] = {"items": ItemSide(source=source, **settings.pop("item_side", {}))}
        if users:
            sides["users"] = Side(source=str(tmp_path / "users.csv"))
        return open_interactions(Data(source=str(tmp_path / "ratings.csv"), **sides, **settings))

    return opened


@pytest.mark.parametrize(
    ("source", "item_table", "rows", "users", "items"),
    [
        ("ml-100k/u.data", "ml-100k/u.item", 100_000, 943, 1_682),
        ("ml-1m/ratings.dat", "ml-1m/movies.dat", 1_000_209, 6_040, 3_706),
        ("ml-latest-small/ratings.csv", "ml-latest-small/movies.csv", 100_836, 610, 9_724),
        ("movietweetings-100k/ratings.dat", "movietweetings-100k/movies.dat", 100_000, 16_554, 10_506),
        ("lastfm-2k/user_artists.dat", "lastfm-2k/artists.dat", 92_834, 1_892, 17_632),
        ("ciao/ratings.tsv.gz", "", 284_086, 7_375, 105_114),
        ("amazon-games-seq/Video.txt.gz", "", 287_107, 31_013, 23_715),
    ],
)
def test_real_sets_have_their_published_sizes(
    shared: Path, source: str, item_table: str, rows: int, users: int, items: int
) -> None:
    side = ItemSide(source=str(shared / item_table) if item_table else "")
    made = open_interactions(Data(source=str(shared / source), items=side))
    assert (len(made), len(made.classes["user"]) - 1, len(made.classes["item"]) - 1) == (rows, users, items)
    assert len(made.classes["title"]) == len(made.classes["item"])
    assert made.counts.untitled == 0


def test_movielens_by_title_has_1664_items(shared: Path) -> None:
    side = ItemSide(source=str(shared / "ml-100k/u.item"), by="title")
    made = open_interactions(Data(source=str(shared / "ml-100k/u.data"), items=side))
    assert len(made.classes["item"]) - 1 == 1_664
    assert (made.counts.shared_titles, made.counts.merged_items) == (18, 18)


def test_the_rating_of_ciao_is_its_fourth_column(shared: Path) -> None:
    made = open_interactions(Data(source=str(shared / "ciao/ratings.tsv.gz"), categorical=["category"]))
    assert np.bincount(made.target.astype(int)).tolist() == [34, 11_049, 14_317, 31_294, 88_499, 138_893]
    assert (made.counts.duplicates, made.counts.conflicts) == (1_436, 458)


def test_a_published_split_keeps_the_file_of_each_row(shared: Path) -> None:
    made = open_interactions(Data(source=[str(shared / f"ml-100k/u1.{part}") for part in ("base", "test")]))
    assert np.bincount(made.part).tolist() == [80_000, 20_000]
    assert made.sources == ("u1.base", "u1.test")


def test_codes_follow_first_appearance_and_ids_stay_text(opened: Open) -> None:
    made = opened("user,item,rating,timestamp\n007,b,3,10\n7,a,4.5,20\n007,a,1,30\n")
    assert made.classes["user"] == [NA, "007", "7"]
    assert made.classes["item"] == made.classes["title"] == [NA, "b", "a"]
    assert made.user.tolist() == [1, 2, 1]
    assert made.item.tolist() == [1, 2, 2]
    assert made.target.tolist() == [3, 4.5, 1]
    assert made.time is not None
    assert made.time.tolist() == [10, 20, 30]
    dtypes = [column.dtype for column in (made.user, made.item, made.target, made.time, made.part)]
    assert dtypes == [np.int32, np.int32, np.float32, np.int64, np.uint8]


def test_two_columns_are_implicit(opened: Open) -> None:
    made = opened("a,x\nb,y\n")
    assert made.target.tolist() == [1, 1]
    assert made.time is None


def test_none_says_that_there_is_no_such_column(opened: Open) -> None:
    made = opened("user,item,rating,timestamp\n1,2,3,10\n", target="none", time="none")
    assert made.target.tolist() == [1]
    assert made.time is None


def test_said_columns_win(opened: Open) -> None:
    made = opened("user,item,rating,other\n1,2,3,9\n", user="item", item="user", target="other")
    assert (made.classes["user"], made.classes["item"], made.target.tolist()) == ([NA, "2"], [NA, "1"], [9])


def test_dates_are_times(opened: Open) -> None:
    made = opened("user,item,rating,date\n1,2,3,1970-01-02\n1,3,3,1970-01-01T00:01:00Z\n1,4,3,61.5\n")
    assert made.time is not None
    assert made.time.tolist() == [86_400, 60, 61]


@pytest.mark.parametrize(("unit", "per_second"), [("milliseconds", 1000), ("microseconds", 10**6)])
def test_times_in_other_units_become_seconds(opened: Open, unit: str, per_second: int) -> None:
    made = opened(f"user,item,rating,time\n1,2,3,{1365029107 * per_second}\n1,3,3,{1365029108 * per_second + 1}\n")
    assert made.time is not None
    assert made.time.tolist() == [1365029107, 1365029108]
    assert made.counts.time_unit == unit


PLAIN = b"user,item,rating,time\nu1,a,3,10\nu2,b,4,20\nu1,b,5,30\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + PLAIN,
        gzip.compress(PLAIN),
        PLAIN.rstrip(),
        b'"user","item","rating","time"\n"u1","a","3","10"\n"u2","b","4","20"\n"u1","b","5","30"\n',
        b"time,rating,item,user\n10,3,a,u1\n20,4,b,u2\n30,5,b,u1\n",
        PLAIN.replace(b",", b"\t"),
        PLAIN.replace(b",", b", "),
        PLAIN.replace(b",3,", b",3.0,"),
        PLAIN.decode().encode("utf-16"),
        PLAIN.decode().encode("utf-16-be"),
        PLAIN.replace(b"\n", b"\r"),
        PLAIN.replace(b",3,", b",3.0,").replace(b",", b";").replace(b".", b","),
        b"# made by hand\n" + PLAIN + b"# the end\n",
        PLAIN.replace(b",", b"   \t"),
    ],
    ids=[
        *("crlf", "bom", "gz", "no final line end", "quoted", "permuted", "tabs", "blanks", "3.0"),
        *("utf-16", "utf-16 without bom", "cr", "decimal comma", "comments", "runs of blanks and tabs"),
    ],
)
def test_the_same_meaning_gives_equal_interactions(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plain").write_bytes(PLAIN)
    (tmp_path / "other").write_bytes(content)
    plain, other = (open_interactions(Data(source=str(tmp_path / name))) for name in ("plain", "other"))
    assert plain.fingerprint == other.fingerprint
    assert plain.key != other.key


def test_titles_and_fields_join_in(opened: Open) -> None:
    made = opened(
        "user,item,rating,mood\n1,10,3,glad\n2,20,4,\n1,30,5,sad\n",
        "item,title,genre,length\n10,Ten,x,90\n20,Twenty,y,\n",
        "id,age\n1,30\n",
        categorical=["genre", "mood"],
        continuous=["length", "age"],
    )
    assert made.classes["title"] == [NA, "Ten", "Twenty", "30"]
    assert made.classes["genre"] == [NA, "x", "y"]
    assert made.categorical["genre"].tolist() == [1, 2, 0]
    assert made.categorical["mood"].tolist() == [1, 0, 2]
    np.testing.assert_array_equal(made.continuous["length"], np.float32([90, np.nan, np.nan]))
    np.testing.assert_array_equal(made.continuous["age"], np.float32([30, np.nan, 30]))
    assert made.counts.untitled == 1


def test_by_title_makes_items_one_but_never_an_id_and_a_title(opened: Open) -> None:
    made = opened(
        "user,item,rating\n1,10,3\n1,11,4\n1,300,5\n1,12,1\n",
        "id,title\n10,Same\n11,Same\n12,300\n",
        item_side={"by": "title"},
    )
    assert made.classes["item"] == [NA, "Same", "300 (id)", "300"]
    assert made.classes["title"] == made.classes["item"]
    assert made.counts.merged_items == 1
    assert (made.counts.duplicates, made.counts.conflicts) == (1, 1)


REPEATS = "user,item,rating,time\n1,a,1,10\n1,b,9,11\n1,a,4,12\n1,a,4,5\n"


@pytest.mark.parametrize(
    ("policy", "targets", "times"),
    [
        ("keep", [1, 9, 4, 4], [10, 11, 12, 5]),
        ("first", [1, 9], [10, 11]),
        ("last", [9, 4], [11, 5]),
        ("mean", [3, 9], [12, 11]),
    ],
)
def test_duplicates(opened: Open, policy: str, targets: list[float], times: list[int]) -> None:
    made = opened(REPEATS, duplicates=policy)
    assert made.target.tolist() == targets
    assert made.time is not None
    assert made.time.tolist() == times
    assert (made.counts.duplicates, made.counts.conflicts) == (2, 1)
    assert sum(made.counts.dropped.values()) == 4 - len(targets)


def test_missing_rows_are_dropped_and_counted_by_reason(opened: Open) -> None:
    made = opened("user,item,rating\n1,a,3\n,a,3\n1,,3\n1,a,\n", missing="drop")
    assert len(made) == 1
    assert made.counts.dropped == {"without a user": 1, "without a item": 1, "without a target": 1}


def test_rare_users_and_items_are_dropped_until_none_is_left(opened: Open) -> None:
    rows = "user,item,rating\n1,a,3\n1,b,3\n2,a,3\n2,b,3\n3,b,3\n3,c,3\n"
    made = opened(rows, min_user=2, min_item=2)
    assert made.classes["user"] == [NA, "1", "2"]
    assert made.classes["item"] == [NA, "a", "b"]
    assert sum(made.counts.dropped.values()) == 2


def test_hostile_labels_stay_whole(tmp_path: Path) -> None:
    hostile = ["\x1b[31mred", "tab\there", "bidi\u202eevil", "na\u200dme", "#na#", "a\rb", '"quoted"', "é\u0301"]
    rows = "\n".join(f'u{n},"{text.replace(chr(34), chr(34) * 2)}",3' for n, text in enumerate(hostile))
    (tmp_path / "f").write_bytes(f"user,item,rating\n{rows}\n".encode())
    assert open_interactions(Data(source=str(tmp_path / "f"))).classes["item"][1:] == hostile


@pytest.mark.parametrize(
    ("ratings", "settings", "message"),
    [
        ("user,item,rating\n1,2,3\n1,3,five\n", {}, "ratings.csv, line 3: 'five' is not a rating"),
        ("user,item,rating\n1,2,nan\n", {}, "line 2: 'nan' is not a rating"),
        ("user,item,rating\n1,2,3\n1,2,-inf\n", {}, "line 3: '-inf' is not a rating"),
        ("user,item,rating\n1,2,1e39\n", {}, "line 2: '1e+39' is not a rating"),
        ('user,item,rating\n1,2,"3,5"\n', {}, "line 2: '3,5' is not a rating"),
        ("user,item,rating,time\n1,2,3,-5\n", {}, "line 2: '-5' is not a time"),
        ("user,item,rating,time\n1,2,3,1e18\n", {}, "line 2: '1e+18' is not a time"),
        ("user,item,rating,time\n1,2,3,5\n1,3,3,1365029107000\n", {}, "line 3: '1365029107000' is not a time"),
        ("user,item,rating,time\n1,2,3,soon\n", {}, "line 2: 'soon' is not a time"),
        ("user,item,rating\n,2,3\n", {}, "line 2: the user (column 'user') is missing"),
        ("user,item,rating\n1,2,3\n1,2,\n", {}, "line 3: the target (column 'rating') is missing"),
        (REPEATS, {"duplicates": "error"}, "line 4: user '1' has item 'a' again"),
        ("user,item,rating\n1,2,3\n", {"user": "usr"}, "'usr' is not one of its columns, did you mean 'user'?"),
        ("user,item,rating\n1,2,3\n", {"user": "none"}, "'none' is not one of its columns"),
        ("user,item,rating\n1,2,3\n", {"user": "item", "item": "item"}, "'item' is said to be user and item"),
        ("user,item,rating\n1,2,3\n", {"categorical": ["genre"]}, "'genre' is not a column of the data"),
        ("user,item,rating\n1,2,3\n", {"target": "rating", "continuous": ["rating"]}, "'rating' already is the target"),
        ("user,item,rating,x\n1,2,3,4\n", {"continuous": ["x", "x"]}, "'x' is named twice"),
        ("user,item,rating,x\n1,2,3,old\n", {"continuous": ["x"]}, "line 2: 'old' is not a number for 'x'"),
        ("user,item,rating\n1,2,3\n", {"min_user": 5}, "no row is left"),
        ("user,item,rating\n1,2,3\n", {"item_side": {"by": "title"}}, 'by = "title" needs a table with titles'),
        ("user,item\n1,2\n", {"read": {"separator": ";"}}, "only one column was found"),
    ],
)
def test_bad_input_names_the_place_and_the_value(
    opened: Open, ratings: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput) as caught:
        opened(ratings, **settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bad_side_tables(opened: Open) -> None:
    ratings = "user,item,rating\n1,2,3\n"
    with pytest.raises(BadInput, match="none of the ids in its column 'id'"):
        opened(ratings, "id,title\n9,x\n")
    with pytest.raises(BadInput, match=r"\[data\.items\] title = 'titel'.*did you mean 'title'"):
        opened(ratings, "id,title\n2,x\n", item_side={"title": "titel"})
    with pytest.raises(BadInput, match=r"items\.csv, line 2: 'long' is not a number"):
        opened(ratings, "id,title,length\n2,x,long\n", continuous=["length"])


def test_fields_of_a_side_table_are_those_that_may_be_named(opened: Open) -> None:
    tables = ("user,item,rating,mood\n1,2,3,glad\n", "id,genre,length\n2,x,90\n")
    sided = {"item_side": {"fields": ["length"]}}
    made = opened(*tables, categorical=["mood"], continuous=["length"], **sided)
    assert made.continuous["length"].tolist() == [90]
    with pytest.raises(BadInput) as refused:
        opened(*tables, categorical=["genre"], item_side={"fields": ["length"]})
    assert str(refused.value) == (
        "[data] categorical: 'genre' is not among the fields of [data.items];"
        " there are user, item, rating, mood, length"
    )
    assert opened(*tables, categorical=["genre"]).classes["genre"] == [NA, "x"]


def test_sources_must_agree(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("user,item,rating\n1,2,3\n")
    (tmp_path / "b").write_text("user,film,rating\n1,2,3\n")
    with pytest.raises(BadInput, match="its columns user, film, rating are not those of a"):
        open_interactions(Data(source=[str(tmp_path / "a"), str(tmp_path / "b")]))
    with pytest.raises(BadInput, match="no data source is named"):
        open_interactions(Data())


NAMELESS = ("1::2::5\n1::3::4\n2::2::3\n", "2::Up::Drama|War\n3::Heat::War\n", "1::F::30\n2::M::40\n")
"""Ratings, items and users without a header: columns of one number would be called alike."""


def test_columns_without_names_are_told_apart_by_their_table(opened: Open) -> None:
    fields = {"multilabel": ["items_column_3"], "categorical": ["users_column_2"], "continuous": ["users_column_3"]}
    made = opened(*NAMELESS, **fields)
    assert made.target.tolist() == [5, 4, 3]
    assert made.classes["title"] == [NA, "Up", "Heat"]
    assert made.classes["items_column_3"] == [NA, "Drama", "War"]
    assert made.classes["users_column_2"] == [NA, "F", "M"]
    assert made.continuous["users_column_3"].tolist() == [30, 30, 40]
    assert {(column.table, column.name): column.role for column in made.columns} == {
        ("ratings", "column_1"): "user",
        ("ratings", "column_2"): "item",
        ("ratings", "column_3"): "target",
        ("items", "items_column_1"): "id",
        ("items", "items_column_2"): "title",
        ("items", "items_column_3"): "multilabel",
        ("users", "users_column_1"): "id",
        ("users", "users_column_2"): "categorical",
        ("users", "users_column_3"): "continuous",
    }
    side = {"id": "column_1", "title": "column_2", "fields": ["column_3"]}
    assert opened(*NAMELESS, item_side=side, **fields).classes["title"] == [NA, "Up", "Heat"]


def test_a_field_does_not_take_the_target_away_in_silence(opened: Open) -> None:
    with pytest.raises(BadInput) as refused:
        opened(*NAMELESS, multilabel=["column_3"])
    assert str(refused.value).endswith(
        "ratings.csv: 'column_3' is a field, and without it no column is left for the target; name the other table's,"
        " 'items_column_3', or say target in [data]: a column, or \"none\" where each row counts as 1"
    )
    with pytest.raises(BadInput, match="'column_3' already is the target; the other table's is 'items_column_3'"):
        opened(*NAMELESS, target="column_3", multilabel=["column_3"])
    with pytest.raises(BadInput, match=r"'rating' is a field, and without it .*; leave it out of the fields, or say"):
        opened("user,item,rating\n1,2,3\n", continuous=["rating"])
    assert opened("user,item,rating\n1,2,3\n", continuous=["rating"], target="none").target.tolist() == [1]
    assert opened("user,item,age\n1,2,3\n", continuous=["age"]).target.tolist() == [1]
    assert opened("1,2,a\n1,3,b\n", categorical=["column_3"]).target.tolist() == [1, 1]
