"""Readers beside delimited text: each finds its files by guess alone, and says in a sentence what it can't read."""

from __future__ import annotations

import io
import json
import random
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from cfbench.data.files import RatingFile
from cfbench.data.importing import open_interactions
from cfbench.data.interactions import Interactions
from cfbench.data.reading import open_table
from cfbench.errors import BadInput
from cfbench.experiment import Data, ItemSide
from cfbench.plugin import NoParams
from cfbench_readers import columnar
from cfbench_readers.columnar import Arrow

FRAME = pl.DataFrame({"user": ["007", "7", "007"], "item": [10, 20, 20], "rating": [3.0, 4.5, 1.0], "time": [1, 2, 3]})
DST = b'I,4,"x"\nT,1,"y",0,0,"z"\nA,1,1,"One, ""two""","/u"\nC,"5",5\nV,1,1\nV,2,1\n'
PLAIN = "user,item,rating,time\n007,10,3,1\n7,20,4.5,2\n007,20,1,3\n"


def opened(path: Path, **settings: Any) -> Interactions:
    return open_interactions(Data(source=str(path), **settings))


def triples(made: Interactions) -> list[tuple[str, str, float]]:
    users, items = made.classes["user"], made.classes["item"]
    return [
        (users[user], items[item], target)
        for user, item, target in zip(made.user.tolist(), made.item.tolist(), made.target.tolist(), strict=True)
    ]


def npz(folder: Path, form: str, **arrays: Any) -> Path:
    np.savez(folder / "m.npz", format=np.bytes_(form.encode()), **arrays)
    return folder / "m.npz"


WRITERS: dict[str, Callable[[Path], Any]] = {
    "parquet": lambda path: FRAME.write_parquet(path),
    "arrow": lambda path: FRAME.write_ipc(path),
    "arrow stream": lambda path: FRAME.write_ipc_stream(path),
    "categorical columns": lambda path: FRAME.with_columns(pl.col("user").cast(pl.Categorical)).write_parquet(path),
    "ids as floats": lambda path: FRAME.with_columns(pl.col("item").cast(pl.Float64)).write_parquet(path),
    "times as dates": lambda path: FRAME.with_columns(pl.from_epoch("time", "s")).write_parquet(path),
    "JSON lines": lambda path: FRAME.write_ndjson(path),
    "JSON lines in another order": lambda path: path.write_text(
        "\n".join(json.dumps(dict(reversed(row.items()))) for row in FRAME.to_dicts())
    ),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_the_same_table_in_other_formats_gives_equal_interactions(tmp_path: Path, kind: str) -> None:
    (tmp_path / "plain.csv").write_text(PLAIN)
    WRITERS[kind](tmp_path / "other")
    assert opened(tmp_path / "other").fingerprint == opened(tmp_path / "plain.csv").fingerprint


def test_lists_become_several_labels(tmp_path: Path) -> None:
    lines = ['{"user": "a", "item": "x", "genres": ["Drama", "War"]}', '{"user": "b", "item": "y", "genres": ["War"]}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    pl.DataFrame({"user": ["a", "b"], "item": ["x", "y"], "genres": [["Drama", "War"], ["War"]]}).write_parquet(
        tmp_path / "a.parquet"
    )
    for name in ("a.jsonl", "a.parquet"):
        made = opened(tmp_path / name, multilabel=["genres"])
        assert made.classes["genres"][1:] == ["Drama", "War"]
        members = made.multilabel["genres"].members[made.multilabel["genres"].sets]
        assert members[:, 1:].tolist() == [[True, True], [False, True]]


def test_jester_is_a_matrix_with_a_count_in_front_and_99_for_unrated(shared: Path) -> None:
    made = opened(shared / "jester-1/jester-data-1.csv.gz")
    assert (len(made), len(made.classes["user"]) - 1, len(made.classes["item"]) - 1) == (1_810_455, 24_983, 100)
    assert made.target.mean(dtype=np.float64) == pytest.approx(0.879759, abs=5e-7)
    assert (made.target.min(), made.target.max(), made.counts.zero_targets) == (np.float32(-9.95), 10, 5_383)


@pytest.mark.parametrize(
    ("name", "rows", "users", "items"),
    [
        ("citeulike-a/users.dat", 204_986, 5_551, 16_980),
        ("citeulike-a/cf-train-1-users.dat.gz", 5_551, 5_551, None),
        ("citeulike-a/cf-test-10-users.dat.gz", 149_476, None, None),
        ("msweb/anonymous-msweb.data", 98_654, 32_711, 285),
        ("msweb/anonymous-msweb.test", 15_191, 5_000, None),
    ],
)
def test_published_sets_are_read_by_guess_alone(
    shared: Path, name: str, rows: int, users: int | None, items: int | None
) -> None:
    made = opened(shared / name)
    assert len(made) == rows
    assert users in (None, len(made.classes["user"]) - 1)
    assert items in (None, len(made.classes["item"]) - 1)


def test_visits_have_the_titles_of_their_areas(shared: Path) -> None:
    made = opened(shared / "msweb/anonymous-msweb.data")
    assert "Microsoft.com Search" in made.classes["title"]


def test_wide_tables_with_names_are_no_matrices(shared: Path) -> None:
    assert open_table(shared / "ml-100k/u.item", {}).reader.declaration.name == "delimited"
    assert open_table(shared / "ml-100k/u.data", {}).reader.declaration.name == "delimited"


def matrix(first: str, header: str = "") -> str:
    """20 items: each user rates 3 of them, all else is empty or -99."""
    lines = [header] * bool(header)
    for user in range(6):
        cells = [""] * 20
        for n in range(3):
            cells[(user * 3 + n) % 20] = f"{(user + n) % 5 + 1}"
        lines.append(",".join([{"user": f"u{user}", "count": "3"}.get(first, "")] * (first != "item") + cells))
    return "\n".join(lines) + "\n"


def test_a_matrix_may_name_its_users_and_items(tmp_path: Path) -> None:
    items = ",".join(f"film {n}" for n in range(20))
    (tmp_path / "named.csv").write_text(matrix("user", f"user,{items}"))
    (tmp_path / "plain.csv").write_text(matrix("item"))
    (tmp_path / "coded.csv").write_text(
        matrix("count").replace(",,", ",-99,").replace(",,", ",-99,").replace(",\n", ",-99\n")
    )
    assert triples(opened(tmp_path / "named.csv"))[:2] == [("u0", "film 0", 1), ("u0", "film 1", 2)]
    for name in ("plain.csv", "coded.csv"):
        assert triples(opened(tmp_path / name))[:2] == [("1", "1", 1), ("1", "2", 2)]
        assert len(opened(tmp_path / name)) == 18
    said = {"name": "matrix", "first": "user", "missing": ["1"]}
    ones = sum((user + n) % 5 == 0 for user in range(6) for n in range(3))
    assert len(opened(tmp_path / "named.csv", read=said)) == 18 - ones


@pytest.mark.parametrize("code", ["99", "-1", "NA", "nan", "?", ""])
@pytest.mark.parametrize("header", ["", "user," + ",".join(f"film {n}" for n in range(20)) + "\n"])
def test_cells_that_are_not_rated_are_told_by_what_they_say(tmp_path: Path, code: str, header: str) -> None:
    rows = (
        ",".join([f"u{user}", *(f"{n % 5 + 1}" if (user + n) % 4 == 0 else code for n in range(20))])
        for user in range(9)
    )
    (tmp_path / "m.csv").write_text(header + "\n".join(rows) + "\n")
    made = opened(tmp_path / "m.csv")
    assert len(made) == 45
    assert triples(made)[0] == ("u0", "film 0" if header else "1", 1)


def test_decimal_commas_and_a_code_with_one(tmp_path: Path) -> None:
    rows = (";".join(f"{n},50" if (user + n) % 4 == 0 else "99,00" for n in range(20)) for user in range(9))
    (tmp_path / "m.csv").write_text("\n".join(rows))
    made = opened(tmp_path / "m.csv")
    assert (len(made), made.target.max()) == (45, 19.5)


def test_a_cell_of_a_matrix_that_is_no_number_is_named(tmp_path: Path) -> None:
    good = ",".join(["99", "1", "2", "3"] * 5)
    (tmp_path / "m.csv").write_text(f"{good}\n" * 600 + good.replace("3", "inf", 1))
    with pytest.raises(BadInput, match=r"line 601: 'inf' for item '4' is no number"):
        opened(tmp_path / "m.csv")


def test_a_matrix_of_many_thousand_items_is_guessed_soon(tmp_path: Path) -> None:
    start = time.monotonic()
    (tmp_path / "m.csv").write_text("\n".join(",".join(["99", "99", "1", f"{n}"] * 8_000) for n in range(5)))
    made = open_table(tmp_path / "m.csv", {})
    assert (made.reader.declaration.name, made.params.missing) == ("matrix", ["99"])
    assert time.monotonic() - start < 10


def test_a_table_with_a_user_and_a_rating_is_no_matrix(tmp_path: Path) -> None:
    names = ",".join(["user", "item", "rating", *(f"g{n}" for n in range(18))])
    rows = "\n".join(f"{n % 7},{n},{n % 5 + 1},{'.5,,' * 8}1,2" for n in range(50))
    (tmp_path / "r.csv").write_text(f"{names}\n{rows}\n")
    assert open_table(tmp_path / "r.csv", {}).reader.declaration.name == "delimited"


def test_letters_alone_make_no_visits(tmp_path: Path) -> None:
    (tmp_path / "grid.csv").write_text("A,1,5\nC,2,3\nV,3,1\nA,2,4\n")
    (tmp_path / "visits").write_bytes("\ufeff".encode() + DST.replace(b"One", "Één".encode()))
    assert open_table(tmp_path / "grid.csv", {}).reader.declaration.name == "delimited"
    assert opened(tmp_path / "visits").classes["title"][1:] == ['Één, "two"', "2"]


def test_json_lines_may_be_long_and_odd(tmp_path: Path) -> None:
    long = json.dumps({"user": "a", "item": "x", "note": "n" * 400_000})
    (tmp_path / "a.jsonl").write_text(long + '\n{"user": "b\\ud800", "item": "y", "\\ud800": [null, 1]}\n')
    assert triples(opened(tmp_path / "a.jsonl")) == [("a", "x", 1), ("b?", "y", 1)]


def test_adjacency_may_begin_with_the_user_or_the_first_item(tmp_path: Path) -> None:
    (tmp_path / "user").write_text("3 10 11 12\n5 10\n9\n12 7 8\n")
    (tmp_path / "item").write_text("10 11 12\n10\n\n9 7 8 4\n")
    assert triples(opened(tmp_path / "user"))[2:5] == [("3", "12", 1), ("5", "10", 1), ("12", "7", 1)]
    read = {"name": "adjacency", "first": "item"}
    assert {user for user, _, _ in triples(opened(tmp_path / "item", read=read))} == {"0", "1", "3"}
    with pytest.raises(BadInput, match=r"line 1: this line says that it has 10 items and has 2"):
        opened(tmp_path / "item", read={"name": "adjacency", "first": "count"})


def test_sparse_matrices_of_scipy(tmp_path: Path) -> None:
    values = np.array([5.0, 3.0, 1.0])
    shape = np.array([2, 3])
    wanted = {("0", "2", 5), ("1", "0", 3), ("1", "1", 1)}
    csr = npz(tmp_path, "csr", data=values, indices=np.array([2, 0, 1]), indptr=np.array([0, 1, 3]), shape=shape)
    assert set(triples(opened(csr))) == wanted
    csc = npz(tmp_path, "csc", data=values[[1, 2, 0]], indices=np.array([1, 1, 0]), indptr=np.arange(4), shape=shape)
    assert set(triples(opened(csc))) == wanted
    coo = npz(tmp_path, "coo", data=values, row=np.array([0, 1, 1]), col=np.array([2, 0, 1]), shape=shape)
    assert set(triples(opened(coo))) == wanted


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"format": np.bytes_(b"bsr"), "shape": [1, 1], "data": [1.0]}, "the form 'bsr' is not read"),
        ({"shape": [1, 1], "data": [1.0]}, "it has no array 'format'"),
        ({"format": np.bytes_(b"coo"), "shape": [1, 1], "data": [1.0], "row": [0]}, "it has no array 'col'"),
        ({"format": np.bytes_(b"coo"), "shape": [1, 1], "data": [1.0], "row": [5], "col": [0]}, "outside its 1 rows"),
        (
            {"format": np.bytes_(b"coo"), "shape": [1, 1], "data": [1.0], "row": [0.5], "col": [0]},
            "'row' is no row of whole",
        ),
        ({"format": np.bytes_(b"coo"), "shape": [np.inf, 1], "data": [1.0]}, "'shape' is no row of whole numbers"),
        ({"format": np.bytes_(b"coo"), "shape": 3, "data": [1.0]}, "'shape' is no row of whole numbers"),
        ({"format": np.bytes_(b"csr"), "shape": [-1, 1], "data": [1.0]}, "its shape is .-1, 1., not rows"),
        (
            {"format": np.bytes_(b"csr"), "shape": [9, 1], "data": [1.0], "indices": [0], "indptr": [0, 1]},
            "its rows do not fit its values",
        ),
        ({"format": np.array([{}], object), "shape": [1, 1], "data": [1.0]}, "'format' can't be read [(]Object arrays"),
    ],
)
def test_other_archives_of_arrays_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(BadInput, match=message):
        opened(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"user": 1, "item": 2}\n{"user": 1, "item"\n', "line 2: this line is not JSON"),
        (b'{"user": 1, "item": 2}\n[1, 2]\n', "line 2: this line is no object"),
        (b'{"user": 1, "item": [{"a": 1}]}\n', "has lists of more than values in 'item'"),
        (b'{"user": 1, "item": ' + b'{"a": ' * 9999 + b"1" + b"}" * 10000, "line 1: this line has too many objects"),
        (b"PAR1" + b"\0" * 50, "this Parquet file is damaged"),
        (b"ARROW1\0\0" + b"\0" * 50, "this Arrow file is damaged"),
        (b'I,4,"x"\nT,1,"y",0,0,"z"\nV,1,1\nC,"5",5\n', "line 3: no user has started before this visit"),
    ],
)
def test_what_can_not_be_read_is_said_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(BadInput) as refused:
        opened(tmp_path / "file")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


DAMAGED = [b"(" * 900, b"{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999999,)}", b"{'descr': '|O'"]
"""What the header of an array may not say."""


@pytest.mark.parametrize("header", DAMAGED)
def test_an_array_may_lie_about_itself(tmp_path: Path, header: bytes) -> None:
    npz(tmp_path, "coo", shape=[1, 1], row=[0], col=[0])
    with zipfile.ZipFile(tmp_path / "m.npz", "a") as zipped:
        zipped.writestr("data.npy", b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(BadInput, match="its array 'data' can't be read"):
        opened(tmp_path / "m.npz")


def test_a_bomb_of_arrays_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "m.npz", format=np.bytes_(b"coo"), shape=[1, 1], data=np.zeros(2**24, np.float64))
    with pytest.raises(BadInput, match="take more than 200 times its size"):
        opened(tmp_path / "m.npz")


def test_damage_that_makes_polars_abort_is_said_in_a_sentence(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    FRAME.write_ipc(buffer)
    content = buffer.getvalue()
    said = set()
    for seed in range(60):
        chance, changed = random.Random(seed), bytearray(content)
        for _ in range(4):
            changed[chance.randrange(8, content.rindex(b"user") - 400)] = 0x7F
        (tmp_path / "file").write_bytes(changed)
        try:
            table = Arrow(RatingFile(tmp_path / "file"), NoParams())
            list(table.batches(table.columns, []))
        except BadInput as refused:
            said.add(str(refused).partition("(")[2])
    assert len(said) > 5
    (tmp_path / "whole").write_bytes(content)
    assert len(opened(tmp_path / "whole")) == 3


def test_a_process_that_decodes_may_die(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            started.append(self)

    columnar._end_idle()
    monkeypatch.setattr("cfbench_readers.columnar.subprocess.Popen", Recorded)
    pl.DataFrame({"user": range(1_200_000)}).write_ipc(tmp_path / "file")
    table = columnar.Arrow(RatingFile(tmp_path / "file"), NoParams())
    batches = table.batches(["user"], [])
    assert next(batches).height
    started[0].kill()
    with pytest.raises(BadInput, match=r"decoding it crashed \(SIGKILL\)"):
        list(batches)
    assert sum(frame.height for frame in table.batches(["user"], [])) == 1_200_000
    started[1].kill()
    started[1].wait()
    assert sum(frame.height for frame in table.batches(["user"], [])) == 1_200_000
    assert len(started) == 3


def test_a_file_may_be_left_in_the_middle(tmp_path: Path) -> None:
    pl.DataFrame({"user": range(1_200_000)}).write_ipc(tmp_path / "file")
    table = Arrow(RatingFile(tmp_path / "file"), NoParams())
    assert next(table.batches(["user"], []))["user"][0] == 0
    assert sum(frame.height for frame in table.batches(["user"], [])) == 1_200_000


# -- packed files and several files ----------------------------------------------------------------------------------


def archive(path: Path, **members: str) -> None:
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content in members.items():
            zipped.writestr(name.replace("__", "/"), content)


def test_zip_and_zstd_are_unpacked(tmp_path: Path) -> None:
    import zstandard

    (tmp_path / "plain.csv").write_text(PLAIN)
    (tmp_path / "a.csv.zst").write_bytes(zstandard.compress(PLAIN.encode()))
    archive(tmp_path / "one.zip", ratings=PLAIN)
    archive(tmp_path / "more.zip", set__ratings=PLAIN, set__readme="read me")
    wanted = opened(tmp_path / "plain.csv").fingerprint
    for name in ("a.csv.zst", "one.zip", "more.zip/set/ratings"):
        assert opened(tmp_path / name).fingerprint == wanted, name
    with pytest.raises(BadInput, match=r"it holds several files; name one of them, as more.zip/NAME: set/r"):
        opened(tmp_path / "more.zip")
    with pytest.raises(BadInput, match=r"there is no 'set/rating' in this archive, did you mean 'set/ratings'"):
        opened(tmp_path / "more.zip/set/rating")


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cfbench.data.files.ANY_RATIO", 2**20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("ratings.csv", b"1,2,3\n" * 2**20)
    with pytest.raises(BadInput, match="more than 200 times its size"):
        opened(tmp_path / "bomb.zip")
    assert not list((tmp_path / "home").glob("**/plain"))


def test_a_pattern_names_several_files(tmp_path: Path) -> None:
    for n in (2, 1):
        (tmp_path / f"part{n}.csv").write_text(f"user,item,rating\n{n},x,{n}\n")
    made = opened(tmp_path / "part*.csv")
    assert made.sources == ("part1.csv", "part2.csv")
    assert triples(made) == [("1", "x", 1), ("2", "x", 2)]
    with pytest.raises(BadInput, match="no file fits this name"):
        opened(tmp_path / "no*.csv")


def test_item_tables_may_be_of_any_kind(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user,item,rating\n1,10,3\n1,20,4\n")
    buffer = io.BytesIO()
    pl.DataFrame({"item": [10, 20], "title": ["Ten", "Twenty"]}).write_parquet(buffer)
    (tmp_path / "items").write_bytes(buffer.getvalue())
    made = opened(tmp_path / "r.csv", items=ItemSide(source=str(tmp_path / "items")))
    assert made.classes["title"][1:] == ["Ten", "Twenty"]
