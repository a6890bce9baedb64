"""``cfbench runs export``: files by name, progress on stderr, and nothing left after ctrl-c."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cfbench.answers import Job
from cfbench.cli import exporting

Call = Callable[..., tuple[int, str, str]]

TRAINED = ("train", "data.source=demo", "loader.batch_size=512", "training.epochs=1", "model.n_factors=3", "--here")


def test_factors_and_recommendations_are_written(call: Call, tmp_path: Path) -> None:
    assert call(*TRAINED)[0] == 0
    made = {
        "parquet": ["users.parquet", "items.parquet", "model.json"],
        "word2vec": ["users.txt", "items.txt"],
        "projector": [
            *("users.tsv", "users-metadata.tsv", "items.tsv", "items-metadata.tsv"),
            "projector_config.pbtxt",
        ],
    }
    for form in ("parquet", "safetensors", "npz", "word2vec", "projector"):
        code, out, err = call("runs", "export", "last", "--format", form, "-o", f"my-{form}")
        place = tmp_path / f"my-{form}"
        assert (code, err) == (0, "")
        assert out.splitlines() == [str(place / name) for name in made[form]] if form in made else [str(place)]
        assert all(Path(path).is_file() for path in out.splitlines())
    items = pl.read_parquet(tmp_path / "my-parquet" / "items.parquet")
    with np.load(tmp_path / "my-npz") as arrays:
        assert arrays["item_labels"].tolist() == items["label"].to_list()
        assert np.array_equal(arrays["item_factors"], items["factors"].to_numpy())

    code, out, _ = call(
        *("runs", "export", "last", "--what", "recommendations", "-n", "2", "--least", "50", "-o", "all", "--json")
    )
    job = json.loads(out)
    assert (code, job["state"], job["paths"]) == (0, "done", [str(tmp_path / "all")])
    rows = pl.read_parquet(tmp_path / "all")
    assert (rows["user"].n_unique(), rows["rank"].max(), job["done"]) == (job["total"], 2, job["total"])
    counts = dict(items.select("label", "ratings").iter_rows())
    assert min(counts[item] for item in rows["item"]) >= 50
    user = rows["user"][0]
    told = json.loads(call("recommend", "last", "--user", user, "-n", "2", "--least", "50", "--json")[1])
    assert rows["title"][:2].to_list() == [one["title"] for one in told["items"]]


def test_what_cannot_be_written_is_said_before_anything_is(call: Call, tmp_path: Path) -> None:
    assert call(*TRAINED)[0] == 0
    (tmp_path / "taken").write_text("x")
    for arguments, sentence in {
        ("nope", "-o", "x"): "there is no run 'nope'",
        ("last", "-o", "no/x"): "there is no folder",
        ("last", "-o", "taken", "--format", "npz"): "it is there already; name another, or replace it with --force",
        ("last", "-o", "x", "--what", "recommendations", "--format", "npz"): "written as parquet, not as npz",
        ("last", "-o", "x.csv", "--what", "recommendations"): (
            "x.csv: it ends in .csv, and recommendations are written as parquet; end it in .parquet\n"
        ),
        ("last", "-o", "x.npz"): "name a folder, without an ending, or choose --format npz\n",
        ("last",): "Missing option '-o'",
        ("last", "-o", "x", "-n", "0"): "-n",
        ("last", "-o", "x", "-n", "10"): "-n: factors are written of all users and items; leave that out, or write",
        ("last", "-o", "x", "--least", "1", "-n", "3"): "-n and --least: factors are written of all",
    }.items():
        code, out, err = call("runs", "export", *arguments)
        assert (code, out, sentence in err) == (2, "", True), err
        assert err.count("\n") == 1
    assert (tmp_path / "taken").read_text() == "x"
    assert call("runs", "export", "last", "-o", "taken", "--format", "npz", "--force")[0] == 0
    assert (tmp_path / "taken").stat().st_size > 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_stops_and_leaves_nothing(slow_run: str, tmp_path: Path, times: int) -> None:
    out = tmp_path / "out"
    out.mkdir()
    command = [Path(sys.executable).with_name("cfbench"), "runs", "export", slow_run, "--what", "recommendations"]
    shell = subprocess.Popen(
        [*command, "-o", str(out / "all.parquet")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not os.listdir(out):
        assert time.monotonic() < end
        assert shell.poll() is None
        time.sleep(0.01)
    began = time.monotonic()
    for _ in range(times):
        shell.send_signal(signal.SIGINT)
        time.sleep(0.0005)
    told, err = shell.communicate(timeout=60)
    assert (shell.returncode, told, err) == (130, "", "stopped; nothing was written\n")
    assert time.monotonic() - began < 10  # it would have gone on for three times as long
    assert os.listdir(out) == []


def test_ctrl_c_is_noted_and_raises_only_after_a_long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    now, before = 100.0, signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(exporting.time, "monotonic", lambda: now)
    with exporting._interruptions() as interrupted:
        assert not interrupted()
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupted()
        now = 111.0
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_progress_says_how_far_how_fast_and_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now, lately = 100.0, deque[tuple[float, int]]()
    monkeypatch.setattr(exporting.time, "monotonic", lambda: now)

    def told(done: int, total: int = 10_000) -> str:
        return exporting._progress(Job("x", "running", done, total), lately)

    assert told(0, 0) == "reading"
    assert told(0) == "0 of 10,000 users"
    now = 102.0
    assert told(4_000) == "4,000 of 10,000 users, 2,000 users/s, 3 s left"
    now = 106.0
    assert told(6_000) == "6,000 of 10,000 users, 500 users/s, 8 s left"
    assert exporting._progress(Job("x", "stopped", 6_000, 10_000), lately) == "6,000 of 10,000 users"
