"""Frames that are in memory already, from Python."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import cfbench
from cfbench.data.frames import is_frame, kept
from cfbench.data.importing import open_interactions
from cfbench.errors import BadInput
from cfbench.experiment import Data

FRAME = pl.DataFrame(
    {"user": ["a", "a", "b", "b"], "item": [1, 2, 1, 3], "rating": [3.0, 4.0, 5.0, 1.0], "time": [1, 2, 3, 4]}
)
ITEMS = pl.DataFrame({"item": [1, 2, 3], "title": ["One", "Two", "Three"]})


def test_a_polars_frame_is_read_as_a_file_is(tmp_path: Path) -> None:
    FRAME.write_csv(tmp_path / "r.csv")
    from_frame = cfbench.loader({"data": {"source": FRAME, "items": {"source": ITEMS}}})
    from_file = cfbench.loader({"data": {"source": str(tmp_path / "r.csv")}})
    assert from_frame.classes["title"][1:] == ["One", "Two", "Three"]
    assert from_frame.train.all.x.tolist() == from_file.train.all.x.tolist()
    assert kept(FRAME) == kept(FRAME.lazy()) != kept(ITEMS)


def test_a_pandas_frame_is_read_as_a_file_is() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"user": ["007", "7", None], "item": [1, 2, 3], "rating": [3.0, float("nan"), 1.0], "seen": pandas.NaT}
    )
    made = open_interactions(Data(source=str(kept(frame)), missing="drop"))
    assert (made.classes["user"][1:], made.target.tolist()) == (["007"], [3.0])


def test_only_frames_are_taken_for_frames() -> None:
    assert is_frame(FRAME)
    for other in ("r.csv", {"a": 1}, [1], None, object()):
        assert not is_frame(other)
    with pytest.raises(BadInput, match="this frame can't be kept"):
        kept(pl.DataFrame({"a": [object()]}))
