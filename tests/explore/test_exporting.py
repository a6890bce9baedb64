"""Factors in other programs' formats, and recommendations for everybody."""

from __future__ import annotations

import itertools
import json
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest
import torch
from numpy.typing import NDArray
from safetensors import safe_open

from cfbench import durable
from cfbench.errors import BadInput, DiskFull
from cfbench.explore import every_user, exporting
from cfbench.explore.every_user import Lists, Seen, export_recommendations, in_order
from cfbench.explore.exporting import Form, Stopped, export_factors
from cfbench.explore.factors import squashed, tables_of
from cfbench.explore.ranking import known
from cfbench.explore.recommending import recommend
from cfbench.explore.trained import Trained
from cfbench.plugin import Factorization

FORMS: tuple[Form, ...] = get_args(Form)


def expected(trained: Trained, owner: Any) -> dict[str, tuple[str, int, float, list[float]]]:
    """Label -> title, training rows, bias, factors of what training saw."""
    tables, codes = tables_of(trained), known(trained, owner)
    titles = trained.classes["title" if owner == "item" else "user"]
    factors, bias = getattr(tables, f"{owner}_factors").detach(), getattr(tables, f"{owner}_bias").detach()
    return {
        trained.classes[owner][code]: (
            titles[code], int(trained.counts[owner][code]), bias[code].item(), factors[code].tolist(),
        )
        for code in codes.tolist()
    }  # fmt: skip


def read_word2vec(file: Path) -> dict[str, list[float]]:
    """Read the format as its readers do: a line ends with a line feed, blanks part a word from its numbers."""
    head, *lines = file.read_bytes().decode().split("\n")
    assert lines.pop() == ""
    n, k = map(int, head.split())
    vectors = {}
    for line in lines:
        word, *numbers = line.rstrip().split(" ")
        assert len(line.split()) == len(numbers) + 1 == k + 1
        vectors[word] = [float(np.float32(number)) for number in numbers]
    assert len(vectors) == len(lines) == n
    return vectors


# -- factors -----------------------------------------------------------------------------------------------------------


def test_parquet_holds_what_training_saw_of_both_sides(factors: Trained, tmp_path: Path) -> None:
    files = export_factors(factors, tmp_path / "out", "parquet")
    assert [file.name for file in files] == ["users.parquet", "items.parquet", "model.json"]
    items, users = pl.read_parquet(files[1]), pl.read_parquet(files[0])
    assert items.schema == {
        "label": pl.String, "title": pl.String, "ratings": pl.Int32, "bias": pl.Float32,
        "factors": pl.Array(pl.Float32, 3),
    }  # fmt: skip
    assert users.columns == ["label", "ratings", "bias", "factors"]
    assert {label: tuple(rest) for label, *rest in items.rows()} == expected(factors, "item")
    saw = expected(factors, "user")
    assert {label: tuple(rest) for label, *rest in users.rows()} == {label: row[1:] for label, row in saw.items()}
    tables = tables_of(factors)
    assert json.loads(files[2].read_text()) == {
        "run": factors.run.id, "model": "cfbench_models:biased-dot-product", "step": factors.step, "n_factors": 3,
        "global_mean": tables.global_mean, "y_range": None if tables.y_range is None else list(tables.y_range),
    }  # fmt: skip


def test_what_training_did_not_see_is_left_out(factors: Trained, tmp_path: Path, monkeypatch: Any) -> None:
    counts = {name: column.copy() for name, column in factors.counts.items()}
    counts["item"][5] = counts["user"][7] = 0
    monkeypatch.setattr(factors, "_encoder", ReplacedCounts(factors._encoder, counts))
    export_factors(factors, tmp_path / "out", "parquet")
    for name, owner, code in (("items", "item", 5), ("users", "user", 7)):
        labels = pl.read_parquet(tmp_path / "out" / f"{name}.parquet")["label"].to_list()
        assert factors.classes[owner][code] not in labels
        assert "#na#" not in labels
        assert labels == [factors.classes[owner][c] for c in np.flatnonzero(counts[owner]).tolist()]


class ReplacedCounts:
    """An encoder with other counts."""

    def __init__(self, encoder: Any, counts: Any) -> None:
        self._encoder, self.counts = encoder, counts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)


@pytest.mark.parametrize("form", ["safetensors", "npz"])
def test_binary_files_hold_the_same_arrays_to_the_bit(factors: Trained, tmp_path: Path, form: Form) -> None:
    file = tmp_path / "factors"
    assert export_factors(factors, file, form) == (file,)
    arrays: dict[str, Any] = {}
    if form == "safetensors":
        with safe_open(file, "np") as opened:
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            said = opened.metadata()
        assert set(arrays) == {"user_factors", "item_factors", "user_bias", "item_bias"}
        words = {name: json.loads(said[name]) for name in ("user_labels", "item_labels", "item_titles")}
        assert (said["run"], float(said["global_mean"])) == (factors.run.id, tables_of(factors).global_mean)
    else:
        with np.load(file, allow_pickle=False) as opened:
            arrays = {name: opened[name] for name in opened.files}
        words = {name: arrays[name].tolist() for name in ("user_labels", "item_labels", "item_titles")}
    for owner in ("user", "item"):
        wanted = expected(factors, owner)
        assert words[f"{owner}_labels"] == list(wanted)
        assert arrays[f"{owner}_factors"].dtype == arrays[f"{owner}_bias"].dtype == np.float32
        assert arrays[f"{owner}_factors"].tolist() == [vector for *_, vector in wanted.values()]
        assert arrays[f"{owner}_bias"].tolist() == [bias for _, _, bias, _ in wanted.values()]
    assert words["item_titles"] == [title for title, *_ in expected(factors, "item").values()]


def test_word2vec_has_one_word_an_item(factors: Trained, tmp_path: Path) -> None:
    files = export_factors(factors, tmp_path / "out", "word2vec")
    users, items = (read_word2vec(file) for file in files)
    assert users == {label: vector for label, (*_, vector) in expected(factors, "user").items()}
    wanted = expected(factors, "item")
    assert items["The_7th_Film"] == wanted["7"][3]
    assert items["Twins_3"] == wanted["3"][3]
    assert items["Twins_4"] == wanted["4"][3]
    assert "Twins" not in items


def test_words_hold_no_blank_and_are_all_different() -> None:
    titles = ["A B", "A\tB", "", "x\x85y\u2003z\n", "A_B_1", "C", "C"]
    words = exporting._words(["1", "2", "3 3", "4", "5", "6 ", "6\t"], titles)
    assert words == ["A_B_1_", "A_B_2", "3_3", "x_y_z_", "A_B_1", "C_6_", "C_6__"]


def test_projector_files_fit_each_other(factors: Trained, tmp_path: Path, monkeypatch: Any) -> None:
    titles = list(factors.classes["title"])
    titles[1] = "a\ttab\nand \u2028lines"
    monkeypatch.setitem(factors.classes, "title", titles)
    folder = tmp_path / "out"
    export_factors(factors, folder, "projector")
    config = (folder / "projector_config.pbtxt").read_text()
    for name, owner in (("users", "user"), ("items", "item")):
        assert f'tensor_path: "{name}.tsv"' in config
        assert f'metadata_path: "{name}-metadata.tsv"' in config
        head, *rows = [line.split("\t") for line in (folder / f"{name}-metadata.tsv").read_text().splitlines()]
        vectors = [line.split("\t") for line in (folder / f"{name}.tsv").read_text().splitlines()]
        assert head == ["title", "label", "ratings", "bias"]
        wanted = expected(factors, owner)
        assert [row[1] for row in rows] == list(wanted)
        assert [[float(np.float32(n)) for n in vector] for vector in vectors] == [v for *_, v in wanted.values()]
        assert [float(np.float32(row[3])) for row in rows] == [bias for _, _, bias, _ in wanted.values()]
    assert any(row[0] == "a tab and  lines" for row in rows)


def test_numbers_in_text_are_exact(factors: Trained, tmp_path: Path, monkeypatch: Any) -> None:
    n_users, n_items = (len(factors.classes[owner]) for owner in ("user", "item"))
    bits = np.random.default_rng(1).integers(0, 2**32, (n_items, 40), np.uint32).view(np.float32)
    bits = np.where(np.isfinite(bits), bits, np.float32(1e-45)).astype(np.float32)
    tables = Factorization(torch.ones(n_users, 40), torch.from_numpy(bits))
    monkeypatch.setattr(exporting, "tables_of", lambda trained: tables)
    codes = known(factors, "item")
    _, file = export_factors(factors, tmp_path / "words", "word2vec")
    assert np.array_equal(np.array(list(read_word2vec(file).values()), np.float32), bits[codes])
    export_factors(factors, tmp_path / "projector", "projector")
    rows = [line.split("\t") for line in (tmp_path / "projector/items.tsv").read_text().splitlines()]
    assert np.array_equal(np.array(rows, np.float64).astype(np.float32), bits[codes])
    assert (tmp_path / "projector/items-metadata.tsv").read_text().startswith("title\tlabel\tratings\n")


def test_titles_stay_whole_in_binary_files(factors: Trained, tmp_path: Path, monkeypatch: Any) -> None:
    titles = list(factors.classes["title"])
    titles[1], titles[2] = 'a\t"b"\n\u202e\x1b[31m', "\N{PILE OF POO}é"
    monkeypatch.setitem(factors.classes, "title", titles)
    export_factors(factors, tmp_path / "parquet", "parquet")
    found = pl.read_parquet(tmp_path / "parquet/items.parquet")["title"].to_list()
    export_factors(factors, tmp_path / "npz", "npz")
    with np.load(tmp_path / "npz") as arrays:
        assert arrays["item_titles"].tolist() == found
    export_factors(factors, tmp_path / "safe", "safetensors")
    with safe_open(tmp_path / "safe", "np") as opened:
        assert json.loads(opened.metadata()["item_titles"]) == found
    assert set(titles[1:3]) <= set(found)
    titles[1] = "lost\0"
    with pytest.raises(BadInput, match="ends with a NUL"):
        export_factors(factors, tmp_path / "nul", "npz")


def test_a_model_without_factors_is_refused(fields: Trained, tmp_path: Path) -> None:
    for form in FORMS:
        with pytest.raises(BadInput, match="embedding-mlp learns no factors"):
            export_factors(fields, tmp_path / "out", form)
    assert not list(tmp_path.iterdir())


# -- where it is written -----------------------------------------------------------------------------------------------


def test_what_is_there_is_replaced_on_purpose_only(factors: Trained, tmp_path: Path) -> None:
    for form in FORMS:
        path = tmp_path / form
        first = export_factors(factors, path, form)
        with pytest.raises(BadInput, match="it is there already"):
            export_factors(factors, path, form)
        for file in first:
            file.write_text("old")
        assert export_factors(factors, path, form, force=True) == first
        assert all(file.stat().st_size > 3 for file in first)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(FORMS)


def test_a_folder_with_other_files_is_not_replaced(factors: Trained, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("years of work")
    with pytest.raises(BadInput, match=r"'thesis\.tex' in it is no export"):
        export_factors(factors, tmp_path / "home", "parquet", force=True)
    with pytest.raises(BadInput, match="a folder is there, and this form is a file"):
        export_factors(factors, tmp_path / "home", "npz", force=True)
    with pytest.raises(BadInput, match="a file is there, and this form is a folder"):
        export_factors(factors, tmp_path / "home" / "thesis.tex", "word2vec", force=True)
    with pytest.raises(BadInput, match="there is no folder"):
        export_factors(factors, tmp_path / "none" / "x", "npz")
    with pytest.raises(BadInput, match="there is no form 'parket', did you mean 'parquet'"):
        export_factors(factors, tmp_path / "x", "parket")  # type: ignore[arg-type]
    assert (tmp_path / "home" / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("form", FORMS)
def test_a_failure_leaves_nothing_and_what_was_there(
    factors: Trained, tmp_path: Path, form: Form, monkeypatch: Any
) -> None:
    kept = export_factors(factors, tmp_path / "out", form)
    before = {file: file.read_bytes() for file in kept}
    whole = exporting._WRITERS[form]

    def breaks(learned: Any, place: Path) -> None:
        whole(learned, place)
        raise OSError(28, os.strerror(28))

    monkeypatch.setitem(exporting._WRITERS, form, breaks)
    with pytest.raises(BadInput, match="it is there already"):
        export_factors(factors, tmp_path / "out", form)
    for name, force in (("out", True), ("other", False)):
        with pytest.raises(DiskFull):
            export_factors(factors, tmp_path / name, form, force=force)
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert {file: file.read_bytes() for file in kept} == before


def test_a_folder_that_cannot_be_written_is_said(factors: Trained, tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(**_: Any) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(BadInput, match="it can't be written \\(Permission denied\\)"):
        export_factors(factors, tmp_path / "out", "npz")


def test_a_file_has_the_rights_that_new_files_have(factors: Trained, tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    export_factors(factors, tmp_path / "npz", "npz")
    export_recommendations(factors, tmp_path / "all.parquet")
    for name in ("npz", "all.parquet"):
        assert (tmp_path / name).stat().st_mode == (tmp_path / "plain").stat().st_mode


# -- everybody ---------------------------------------------------------------------------------------------------------


def rows_of(file: Path) -> dict[str, list[tuple[int, str, str, float]]]:
    frame = pl.read_parquet(file)
    assert frame.schema == {
        "user": pl.String, "rank": pl.UInt32, "item": pl.String, "title": pl.String, "prediction": pl.Float64,
    }  # fmt: skip
    found: dict[str, list[tuple[int, str, str, float]]] = {}
    for user, *rest in frame.rows():
        found.setdefault(user, []).append(tuple(rest))
    return found


def as_recommended(trained: Trained, count: int, least: int) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for code in known(trained, "user").tolist():
        user = trained.classes["user"][code]
        items = recommend(trained, user, count, least).items
        rows = [(n + 1, one.label, one.title, pytest.approx(one.value, abs=1e-5)) for n, one in enumerate(items)]
        if rows:
            found[user] = rows
    return found


@pytest.mark.parametrize(("count", "least"), [(1, 1), (3, 1), (10, 5), (50, 1), (2, 10**6)])
def test_everybody_gets_what_one_gets(factors: Trained, tmp_path: Path, count: int, least: int) -> None:
    told: list[tuple[int, int]] = []
    file = export_recommendations(
        factors, tmp_path / "all.parquet", count, least, progress=lambda done, total: told.append((done, total))
    )
    found = rows_of(file)
    assert found == as_recommended(factors, count, least)
    users = [factors.classes["user"][code] for code in known(factors, "user").tolist()]
    assert list(found) == [user for user in users if user in found]
    assert told[-1] == (len(users), len(users))
    assert os.listdir(tmp_path) == ["all.parquet"]


def test_pieces_of_any_size_give_the_same(factors: Trained, tmp_path: Path, monkeypatch: Any) -> None:
    whole = rows_of(export_recommendations(factors, tmp_path / "1"))
    monkeypatch.setattr(every_user, "_CELLS", 50)
    monkeypatch.setattr(every_user, "_ROWS", 70)
    monkeypatch.setattr(every_user, "_PAGE", 13)
    told: list[int] = []
    found = rows_of(export_recommendations(factors, tmp_path / "2", progress=lambda done, _: told.append(done)))
    assert {user: [row[:3] for row in rows] for user, rows in found.items()} == {
        user: [row[:3] for row in rows] for user, rows in whole.items()
    }
    assert told == sorted(told)
    assert len(told) == -(-len(known(factors, "user")) // 7)


@pytest.mark.parametrize("model", ["embedding-mlp", "popularity", "item-knn"])
def test_a_model_without_tables_scores_pairs(train: Any, tmp_path: Path, model: str) -> None:
    settings = {"name": model, "layers": [4]} if model == "embedding-mlp" else {"name": model}
    trained = train(model=settings, data={"categorical": ["genre"], "continuous": ["year"]})
    found = rows_of(export_recommendations(trained, tmp_path / "all.parquet", 4, 2))
    assert found == as_recommended(trained, 4, 2)


def test_a_field_that_belongs_to_nobody_is_said(fields: Trained, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'device'"):
        export_recommendations(fields, tmp_path / "all.parquet")
    assert not list(tmp_path.iterdir())


def test_stopping_leaves_nothing(factors: Trained, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(every_user, "_CELLS", 50)
    monkeypatch.setattr(every_user, "_ROWS", 70)
    before = threading.active_count()
    for asked in (0, 1, 9):
        times = itertools.count()
        with pytest.raises(Stopped, match="it was stopped"):
            export_recommendations(factors, tmp_path / "all", stop=lambda: next(times) >= asked)  # noqa: B023
        assert not list(tmp_path.iterdir())
    (tmp_path / "all").write_text("old")
    with pytest.raises(Stopped):
        export_recommendations(factors, tmp_path / "all", stop=lambda: True, force=True)
    assert (tmp_path / "all").read_text() == "old"
    assert threading.active_count() <= before + 2


def test_stopping_pairs_leaves_nothing(train: Any, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        export_recommendations(train(model={"name": "popularity"}), tmp_path / "all", stop=lambda: True)
    assert not list(tmp_path.iterdir())


def test_what_progress_raises_passes_and_leaves_nothing(factors: Trained, tmp_path: Path) -> None:
    def breaks(done: int, total: int) -> None:
        raise KeyError("told nobody")

    with pytest.raises(KeyError, match="told nobody"):
        export_recommendations(factors, tmp_path / "all", progress=breaks)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_is_said(factors: Trained) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    lists = Lists(1, np.ones(1, np.int32), np.ones(1, np.uint32), np.ones(1, np.int32), np.ones(1))
    with pytest.raises(DiskFull), durable.disk_full(Path("all")):
        every_user.write(iter([lists]), 1, (["", "u"], ["", "i"], ["", "t"]), Path("/dev/full"))


def test_where_it_may_not_go_is_said_before_anything_is_scored(factors: Trained, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old")
    with pytest.raises(BadInput, match="it is there already"):
        export_recommendations(factors, tmp_path / "there", stop=lambda: True)
    assert rows_of(export_recommendations(factors, tmp_path / "there", force=True))
    with pytest.raises(BadInput, match="a folder is there"):
        export_recommendations(factors, tmp_path, force=True)
    with pytest.raises(BadInput, match="0 recommendations"):
        export_recommendations(factors, tmp_path / "x", 0)


def test_data_that_are_gone_are_said(factors: Trained, tmp_path: Path, monkeypatch: Any) -> None:
    def gone(*_: Any) -> None:
        raise BadInput("no such file", where="ratings.csv")

    fresh = Trained(factors.run)
    monkeypatch.setattr("cfbench.explore.trained.open_loader", gone)
    with pytest.raises(BadInput, match=r"ratings\.csv: what users rated can't be looked up"):
        export_recommendations(fresh, tmp_path / "all")


# -- the parts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1, 7, 10**6])
def test_seen_items_are_put_by_user(page: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(every_user, "_PAGE", page)
    rng = np.random.default_rng(3)
    user, item = rng.integers(1, 9, 100).astype(np.int32), rng.integers(1, 50, 100).astype(np.int32)
    rows = np.sort(rng.permutation(100)[:60])
    seen = Seen.of(user, item, rows, 12)
    for one in range(12):
        assert sorted(seen[one].tolist()) == sorted(item[rows][user[rows] == one].tolist())


def test_seen_items_of_no_rows() -> None:
    nothing = Seen.of(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int64), 3)
    assert len(nothing[2]) == 0


def lists(tables: Factorization, count: int, labels: list[str], hidden: NDArray[np.bool_]) -> list[Lists]:
    n_users = len(tables.user_factors)
    seen = Seen(np.zeros(n_users + 1, np.int64), np.empty(0, np.int32))
    users = np.arange(n_users, dtype=np.int32)
    return list(every_user.by_tables(tables, seen, users, hidden, in_order(labels), count))


def test_equal_scores_are_in_the_order_of_labels() -> None:
    labels = ["10", "9", "b", "a", "B", "é"]
    tables = Factorization(torch.ones(3, 2), torch.zeros(6, 2), item_bias=torch.tensor([0.0, 1, 1, 1, 1, 0]))
    (found,) = lists(tables, 5, labels, np.zeros(6, bool))
    assert [labels[code] for code in found.items[:5]] == ["9", "B", "a", "b", "10"]
    assert found.ranks.tolist() == [1, 2, 3, 4, 5] * 3
    assert found.users.tolist() == [0] * 5 + [1] * 5 + [2] * 5


def test_what_is_no_finite_number_is_recommended_to_nobody() -> None:
    bias = torch.tensor([1.0, torch.nan, torch.inf, -torch.inf, 0.5])
    (found,) = lists(
        Factorization(torch.zeros(2, 1), torch.zeros(5, 1), item_bias=bias), 4, list("abcde"), np.zeros(5, bool)
    )
    assert found.items.tolist() == [0, 4, 0, 4]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_against_putting_all_scores_in_order(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(5)
    n_users, n_items, k, count = 40, 3000, 8, 7
    shapes = (n_users, k), (n_items, k), (n_users,), (n_items,)
    users, items, own, others = (torch.randn(*shape, generator=generator, dtype=dtype) / 2 for shape in shapes)
    tables = Factorization(users, items, own, others, global_mean=0.3, y_range=(1.0, 5.0))
    hidden = np.zeros(n_items, bool)
    hidden[::3] = True
    labels = [f"{n}" for n in range(n_items)]
    found = lists(tables, count, labels, hidden)
    codes, values = (np.concatenate([getattr(one, name) for one in found]) for name in ("items", "values"))
    scores = (users @ items.T + own[:, None] + others + 0.3).numpy()
    scores[:, hidden] = -np.inf
    best = -np.sort(-scores, 1)[:, :count]
    codes = codes.reshape(-1, count)
    assert all(len(set(row)) == count for row in codes.tolist())
    assert np.take_along_axis(scores, codes, 1) == pytest.approx(best, abs=1e-4)
    assert values == pytest.approx(squashed(tables, best.astype(np.float32).ravel()), abs=1e-5)


def test_a_list_is_asked_for_only_when_the_one_before_is_written(tmp_path: Path) -> None:
    """Memory is bounded: far fewer lists are made than there are when the writer has not gone on."""
    made: list[int] = []
    told: list[int] = []
    ahead: list[int] = []

    def many() -> Iterator[Lists]:
        for n in range(50):
            made.append(n)
            ahead.append(len(made) - len(told))
            size = 1000
            yield Lists(1, np.ones(size, np.int32), np.ones(size, np.uint32), np.ones(size, np.int32), np.ones(size))

    words = (["", "u"], ["", "i"], ["", "t"])
    every_user.write(many(), 50, words, tmp_path / "x", lambda done, _: told.append(done))
    assert max(ahead) == 1
    assert pl.read_parquet(tmp_path / "x").height == 50_000


@pytest.mark.parametrize("form", FORMS)
def test_files_have_the_rights_that_the_umask_leaves(factors: Trained, tmp_path: Path, form: Form) -> None:
    before = os.umask(0o027)
    try:
        files = export_factors(factors, tmp_path / "out", form)
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o640}


@pytest.mark.parametrize(
    ("name", "form", "sentence"),
    [
        ("x.csv", "npz", "it ends in .csv, and the form is npz; end it in .npz"),
        (
            "x.NPZ", "safetensors",
            "it ends in .npz, and the form is safetensors; end it in .safetensors, or choose --format npz",
        ),
        (
            "x.tsv", "npz",
            "it ends in .tsv, and the form is npz; end it in .npz, or choose --format projector, a folder",
        ),
        (
            "x.txt", "word2vec",
            "it ends in .txt, and word2vec is a folder of users.txt, items.txt; name a folder, without an ending",
        ),
        (
            "x.parquet", "parquet",
            "it ends in .parquet, and parquet is a folder of users.parquet, items.parquet, model.json; name a folder,"
            " without an ending, or write --what recommendations, which is such a file",
        ),
    ],
)  # fmt: skip
def test_a_name_that_ends_as_another_format_is_refused(
    factors: Trained, tmp_path: Path, name: str, form: Form, sentence: str
) -> None:
    with pytest.raises(BadInput) as refused:
        export_factors(factors, tmp_path / name, form)
    assert str(refused.value) == f"{tmp_path / name}: {sentence}"
    assert list(tmp_path.iterdir()) == []


def test_any_other_ending_says_nothing(factors: Trained, tmp_path: Path) -> None:
    for name, form in (("v1.2", "npz"), ("x.npz", "npz"), ("x.safetensors", "safetensors"), ("a.b", "projector")):
        assert export_factors(factors, tmp_path / name, form)  # type: ignore[arg-type]
    for name in ("top.parquet", "top.pq", "all", "v1.2-all"):
        assert export_recommendations(factors, tmp_path / name) == tmp_path / name
    for name in ("x.csv", "x.npz"):
        with pytest.raises(BadInput, match=r"recommendations are written as parquet; end it in \.parquet"):
            export_recommendations(factors, tmp_path / name)
