"""Fields of several labels that are made of columns of 0 and 1, against the same field written in one column."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from cfbench.data.importing import open_interactions, planned
from cfbench.data.interactions import Interactions
from cfbench.errors import BadInput
from cfbench.experiment import Data, ItemSide, Side, parse, to_toml
from cfbench.plugin import NA

Open = Callable[..., Interactions]

RATINGS = "user,item,rating\nu,1,3\nu,2,4\nv,4,5\nv,3,1\nw,2,2\nw,9,3\n"
FLAGS = ["War", "Film-Noir", "a|b"]
ITEMS = (
    "item,title,War,Film-Noir,a|b,genres\n"
    "1,One,1,0,1,War;a|b\n2,Two,true,FALSE,,War\n3,Three,0,0,0,\n4,Four,0,1.0,0.0,Film-Noir\n5,Five,1,1,1,War;Film-Noir\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Data]:
    """Write ratings and items; return the [data] that reads them."""

    def table(items: str = ITEMS, **settings: Any) -> Data:
        (tmp_path / "r.csv").write_text(RATINGS)
        (tmp_path / "i.csv").write_text(items)
        side = {"flags": {"genre": FLAGS}, **settings.pop("side", {})}
        return Data(source=str(tmp_path / "r.csv"), items=ItemSide(source=str(tmp_path / "i.csv"), **side), **settings)

    return table


def labels(made: Interactions, field: str) -> dict[str, set[str]]:
    """Return the labels of each item that stands in a row."""
    many = made.multilabel[field]
    return {
        made.classes["item"][item]: {made.classes[field][code] for code in np.flatnonzero(many.members[number])}
        for item, number in zip(made.item.tolist(), many.sets.tolist(), strict=True)
    }


def test_columns_of_0_and_1_are_one_field_of_several_labels(table: Any) -> None:
    made = open_interactions(table(multilabel=["genre"]))
    assert labels(made, "genre") == {"1": {"War", "a|b"}, "2": {"War"}, "3": set(), "4": {"Film-Noir"}, "9": set()}
    assert made.classes["genre"][0] == NA
    assert not made.multilabel["genre"].members[0].any()
    assert not made.multilabel["genre"].members[:, 0].any()


def test_it_is_the_same_as_one_column_that_holds_the_labels(table: Any) -> None:
    items = (
        "item,title,War,Noir,Epic,genres\n1,One,1,0,1,Epic|War\n2,Two,1,0,0,War\n3,Three,0,0,0,\n4,Four,0,1,0,Noir\n"
    )
    side = {"flags": {"genre": ["War", "Noir", "Epic"]}}
    flagged = open_interactions(table(items, multilabel=["genre"], side=side))
    written = open_interactions(table(items.replace("genres", "genre"), multilabel=["genre"], side={"flags": {}}))
    assert flagged.fingerprint == written.fingerprint


def test_parquet_of_booleans_is_read_likewise(table: Any, tmp_path: Path) -> None:
    data = table(multilabel=["genre"])
    pl.DataFrame(
        {"item": ["1", "2"], "title": ["One", "Two"], "War": [True, None], "Film-Noir": [0, 1], "a|b": [1.0, 0.0]}
    ).write_parquet(tmp_path / "i.parquet")
    items = msgspec.structs.replace(data.items, source=str(tmp_path / "i.parquet"))
    made = open_interactions(msgspec.structs.replace(data, items=items))
    assert labels(made, "genre") == {"1": {"War", "a|b"}, "2": {"Film-Noir"}, "3": set(), "4": set(), "9": set()}


def test_users_have_flags_too(table: Any, tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("user,tea,milk\nu,1,0\nv,1,1\nw,0,0\n")
    users = Side(source=str(tmp_path / "u.csv"), flags={"drinks": ["tea", "milk"]})
    made = open_interactions(table(multilabel=["drinks", "genre"], users=users))
    assert made.classes["drinks"][1:] == ["tea", "milk"]
    assert made.multilabel["drinks"].members[made.multilabel["drinks"].sets].sum(1).tolist() == [1, 1, 2, 2, 0, 0]


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        (
            {"items": ITEMS.replace("5,Five,1,1", "5,Five,1,2")},
            r"i\.csv, line 6: '2' in column 'Film-Noir' is neither 0",
        ),
        (
            {"side": {"flags": {"genre": ["title"]}}},
            r"i\.csv, line 2: 'One' in column 'title' is neither 0 nor 1; mend",
        ),
        ({"side": {"flags": {"genre": ["Warr"]}}}, r"flags\.genre = 'Warr' is not one .*, did you mean 'War'\?"),
        ({"side": {"flags": {"genre": ["War", "War"]}}}, r"flags\.genre names 'War' twice"),
        ({"side": {"flags": {"War": ["a|b"]}}}, r"i\.csv: \[data\.items\] flags: 'War' is one of its columns already"),
        ({"side": {"flags": {"rating": ["War"]}}}, r"flags: 'rating' is a column of the ratings already; give the"),
        ({"multilabel": [], "categorical": ["genre"]}, r"categorical: 'genre' is made of flags.*name it in multilabel"),
        ({"multilabel": ["gnre"]}, r"'gnre' is not a column of the data, did you mean 'genre'\?"),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(table: Any, settings: dict[str, Any], what: str) -> None:
    with pytest.raises(BadInput, match=what):
        open_interactions(table(**{"multilabel": ["genre"], **settings}))


def test_a_field_of_flags_has_no_name_of_the_other_table(table: Any, tmp_path: Path) -> None:
    (tmp_path / "u.csv").write_text("user,tea\nu,1\nv,1\nw,0\n")
    with pytest.raises(BadInput, match=r"\[data\.items\] flags: 'genre' is a column of the users already"):
        open_interactions(table(users=Side(source=str(tmp_path / "u.csv"), flags={"genre": ["tea"]})))


def test_a_field_needs_a_column(table: Any) -> None:
    with pytest.raises(
        BadInput, match=r"data\.items\.flags\.genre = .* is not allowed; allowed: a list of length >= 1"
    ):
        parse({"data": {"items": {"source": "x", "flags": {"genre": []}}}})


def test_every_column_says_what_it_is(table: Any) -> None:
    def told(data: Data) -> dict[str, tuple[str, str, str]]:
        return {
            one.name: (one.role, one.reason, one.flag_of) for one in planned(data).columns() if one.table == "items"
        }

    unused = told(table())
    assert unused["War"] == ("", "a flag of 'genre'", "genre")
    assert unused["genre"] == ("", "not used; several labels a value, so it can be multilabel", "")
    assert unused["genres"][2] == ""
    used = told(table(multilabel=["genre"], categorical=["War"]))
    assert used["genre"] == ("multilabel", "said", "")
    assert used["War"] == ("categorical", "said", "genre")


def test_what_reads_no_flags_keeps_its_key_and_fingerprint(table: Any) -> None:
    assert msgspec.json.encode(ItemSide(source="x")) == b'{"source":"x"}'
    without, unused = table(side={"flags": {}}), table()
    assert planned(without).key(verify=False) == planned(unused).key(verify=False)
    assert open_interactions(without).fingerprint == open_interactions(unused).fingerprint
    one, other = table(multilabel=["genre"]), table(multilabel=["genre"], side={"flags": {"genre": FLAGS[:2]}})
    assert planned(one).key(verify=False) != planned(other).key(verify=False)
    assert open_interactions(one).fingerprint != open_interactions(other).fingerprint


def test_it_comes_back_from_toml(table: Any) -> None:
    import tomllib

    experiment = parse({"data": msgspec.to_builtins(table(multilabel=["genre"]))})
    for complete in (False, True):
        assert parse(tomllib.loads(to_toml(experiment, complete=complete))).data == experiment.data


def test_the_fields_that_may_be_named_have_the_flags_too(table: Any) -> None:
    made = open_interactions(table(multilabel=["genre"], side={"fields": ["genres"]}))
    assert labels(made, "genre")["2"] == {"War"}
    made = open_interactions(table(multilabel=["genre"], side={"fields": ["genre"]}))
    assert labels(made, "genre")["2"] == {"War"}
