from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cfbench.data.importing import open_interactions
from cfbench.data.named import materialised, resolved
from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Data, ItemSide
from cfbench.plugin import Dataset, NoParams
from cfbench_datasets import demo


def test_demo_opens_by_name_with_titles() -> None:
    made = open_interactions(Data(source="demo", categorical=["genre"], continuous=["age"]))
    assert (len(made), len(made.classes["user"]) - 1, len(made.classes["item"]) - 1) == (25_000, 600, 400)
    assert len(set(made.classes["title"])) == 401
    assert made.counts.duplicates == 0
    assert sorted(set(made.target.tolist())) == [half / 2 for half in range(1, 11)]
    assert np.isfinite(made.continuous["age"]).all()


def test_what_the_user_says_wins_over_the_data_sets_own_table(home: Path) -> None:
    data = resolved(Data(source="demo", target="none", min_user=3, items=ItemSide(by="title")))
    assert (data.user, data.target, data.min_user) == ("user", "none", 3)
    assert data.items.by == "title"
    assert Path(data.items.source).is_relative_to(home)


def test_a_set_is_made_once() -> None:
    first, second = (Path(str(resolved(Data(source="demo")).source)) for _ in range(2))
    assert first == second
    assert not list(first.parent.parent.glob(".*"))


def test_neither_a_file_nor_a_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'dem' is neither a file nor a data set.*did you mean 'demo'"):
        resolved(Data(source="dem"))
    with pytest.raises(BadInput, match="no such file"):
        open_interactions(Data(source=str(tmp_path / "none.csv")))


def test_a_set_whose_plugin_fails_is_said_in_a_sentence_and_leaves_nothing(home: Path) -> None:
    def fail(folder: Path, params: NoParams) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError("no network")

    with pytest.raises(WorkFailed, match=r"x:y could not be made \(RuntimeError: no network\)"):
        materialised("x:y", Dataset("y", "Y", "y", fail, data={"source": "half"}))
    assert not list((home / "datasets").iterdir())


def test_demo_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        demo.write(tmp_path / name, NoParams())
    for file in ("ratings.csv", "items.csv", "users.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_demo_has_factors_to_find(tmp_path: Path) -> None:
    """What biases leave unexplained has five directions that stand out of the noise."""
    demo.write(tmp_path, NoParams())
    rows = pl.read_csv(tmp_path / "ratings.csv")
    rest = np.zeros((600, 400))
    left = rows["stars"] - rows["stars"].mean()
    rest[rows["user"].to_numpy() - 1, rows["film"].to_numpy() - 1] = left.to_numpy()
    for axis in (1, 0):
        counts = np.maximum((rest != 0).sum(axis=axis, keepdims=True), 1)
        rest = np.where(rest != 0, rest - rest.sum(axis=axis, keepdims=True) / counts, 0)
    strengths = np.linalg.svd(rest, compute_uv=False)
    assert strengths[4] > 1.1 * strengths[6]
    popularity = np.sort(rows["film"].value_counts()["count"].to_numpy())[::-1]
    assert popularity[:40].sum() > 2 * popularity[-200:].sum() / 2
