"""Data sets by name on the command line: fetched from a real server on loopback, or taken from a path."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Call = Callable[..., tuple[int, str, str]]

PLUGIN = """
from cfbench.plugin import Dataset, Download, hookimpl

@hookimpl
def cfbench_datasets():
    return [Dataset(
        "tiny", "Tiny", "three rows", "",
        downloads=(Download("http://127.0.0.1:%d/tiny.zip", members={"ratings.csv": "ratings.csv", "i.csv": "i.csv"}),),
        data={"source": "ratings.csv", "user": "u", "items": {"source": "i.csv", "id": "item"}},
        licence="for tests alone", may_share=False, source="https://example.org", citation="nobody",
        splits={"one": {"source": ["ratings.csv"], "splitter": {"name": "random"}}},
    )]
"""


def packed(folder: Path, rows: str = "u,item,rating\n1,a,3\n2,b,4\n1,b,5\n") -> None:
    with zipfile.ZipFile(folder / "tiny.zip", "w") as archive:
        archive.writestr("tiny/ratings.csv", rows)
        archive.writestr("tiny/i.csv", "item,title\na,Alpha\nb,Beta\n")


@pytest.fixture
def site(tmp_path: Path, home: Path) -> Iterator[Path]:
    """A folder that a server on loopback offers, and a plugin that declares a data set there."""
    folder = tmp_path / "site"
    folder.mkdir()
    packed(folder)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    (home / "plugins").mkdir(mode=0o700)
    (home / "plugins" / "tiny_set.py").write_text(PLUGIN % server.server_port)
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def answer(call: Call, *arguments: str) -> Any:
    code, out, err = call(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_set_is_fetched_once_its_terms_are_agreed_to(site: Path, call: Call, home: Path) -> None:
    cards = {card["name"]: card for card in answer(call, "data", "list")}
    assert (cards["tiny"]["state"], cards["tiny"]["licence"]) == ("not here", "for tests alone")
    assert call("data", "describe", "tiny")[::2] == (
        2,
        "cfbench: [data] source: the data set 'tiny' is not here (its terms: for tests alone);"
        " get it: cfbench data get tiny\n",
    )
    code, _, err = call("data", "get", "tiny")
    assert code == 2
    assert "terms: for tests alone; it may not be passed on" in err
    assert "add --yes" in err
    assert call("data", "path", "tiny")[0] == 2
    code, out, err = call("data", "get", "tiny", "--yes")
    assert code == 0, err
    assert "tiny is here" in out
    profile = answer(call, "data", "describe", "tiny")
    assert (profile["kept"], profile["first"][0]["item"]) == (3, "Alpha")
    inside = answer(call, "data", "describe", "tiny/ratings.csv")
    assert inside["fingerprint"] == profile["fingerprint"]
    code, _, err = call("data", "describe", "tiny/rating.csv")
    assert (code, "has no file 'rating.csv', did you mean 'ratings.csv'?" in err) == (2, True)
    folder = Path(answer(call, "data", "path", "tiny")["folder"])
    assert {path.name for path in folder.iterdir()} == {"ratings.csv", "i.csv", "cfbench-dataset.json"}
    (site / "tiny.zip").unlink()
    assert call("data", "get", "tiny")[0] == 0  # it is here already: nothing is asked or fetched
    assert answer(call, "data", "remove", "tiny")["bytes"] > 0
    assert not folder.exists()
    assert call("data", "remove", "tiny")[0] == 2
    code, _, err = call("data", "get", "tiny", "--yes")
    assert (code, "the server answers 404" in err) == (2, True)


def test_what_comes_later_has_to_be_what_came_first(site: Path, call: Call, tmp_path: Path) -> None:
    assert call("data", "get", "tiny", "--yes")[0] == 0
    assert call("data", "remove", "tiny")[0] == 0
    packed(site, "u,item,rating\n1,a,1\n")
    code, _, err = call("data", "get", "tiny", "--yes")
    assert (code, "ratings.csv is not the file that is known" in err) == (2, True)
    assert call("data", "get", "tiny", "--yes", "--from", str(site / "tiny.zip"))[0] == 2
    code, _, err = call("data", "get", "tiny", "--yes", "--from", str(site / "tiny.zip"), "--any-version")
    assert code == 0, err
    assert answer(call, "data", "describe", "tiny")["kept"] == 1


def sizes(files: Iterable[Path]) -> list[int]:
    """The bytes of those files that are still there."""
    found = []
    for file in files:
        with suppress(FileNotFoundError):
            found.append(file.stat().st_size)
    return found


def test_ctrl_c_leaves_a_silent_server_at_once_and_goes_on_later(site: Path, call: Call, home: Path) -> None:
    whole = (site / "tiny.zip").read_bytes()
    asked: list[str | None] = []
    leave = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            asked.append(self.headers.get("Range"))
            start = 100 if asked[-1] else 0
            self.send_response(206 if start else 200)
            self.send_header("ETag", '"one"')
            self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
            self.send_header("Content-Length", str(len(whole) - start))
            self.end_headers()
            self.wfile.write(whole[start:] if start else whole[:100])
            if not start:
                leave.wait(60)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        (home / "plugins" / "tiny_set.py").write_text(PLUGIN % server.server_port)
        shell = subprocess.Popen(
            [Path(sys.executable).with_name("cfbench"), "data", "get", "tiny", "--yes"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        end = time.monotonic() + 60
        while 100 not in sizes((home / "datasets").glob("*.part")):
            assert time.monotonic() < end
            assert shell.poll() is None
        began = time.monotonic()
        shell.send_signal(signal.SIGINT)
        _, err = shell.communicate(timeout=60)
        assert (shell.returncode, err.splitlines()[-1]) == (130, "stopped; go on with it: cfbench data get tiny")
        assert time.monotonic() - began < 10  # the server would have been waited for three times as long
        assert answer(call, "data", "get", "tiny", "--yes")["state"] == "here"
    finally:
        leave.set()
        server.shutdown()
        thread.join()
        server.server_close()
    assert answer(call, "data", "describe", "tiny")["kept"] == 3


def test_a_folder_that_is_not_ours_is_not_removed(site: Path, call: Call, home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious").write_text("x")
    (home / "datasets").mkdir(mode=0o700)
    (home / "datasets" / "file-tiny").symlink_to(other)
    code, _, err = call("data", "remove", "tiny")
    assert (code, "not a folder that cfbench made" in err) == (2, True)
    assert (other / "precious").exists()


def test_published_sets_are_taken_from_a_folder(shared: Path, call: Call) -> None:
    for name, folder, rows in (("ml-100k", "ml-100k", 100_000), ("movietweetings", "movietweetings-100k", 100_000)):
        code, _, err = call("data", "get", name, "--from", str(shared / folder), "--yes")
        assert code == 0, err
        profile = answer(call, "data", "describe", name)
        assert profile["kept"] == rows
        assert not any(finding["level"] == "wrong" for finding in profile["findings"])
    split = answer(call, "data", "describe", "ml-100k/u1.base", "ml-100k/u1.test")
    assert [file["rows"] for file in split["files"][:2]] == [80_000, 20_000]
    toml = answer(call, "experiment", "new", "ml-100k", "--split", "u2")["toml"]
    assert 'source = ["ml-100k/u2.base", "ml-100k/u2.test"]' in toml
    assert 'valid = ["u2.test"]' in toml
    code, _, err = call("experiment", "new", "ml-100k", "--split", "u9")
    assert (code, "has no published split 'u9'" in err) == (2, True)
    code, _, err = call("data", "get", "ml-1m", "--from", str(shared / "ml-100k"), "--yes")
    assert (code, "there is no 'ratings.dat' in this folder" in err) == (2, True)
    code, _, err = call("data", "get", "ml-1m", "--from", "/nowhere", "--yes")
    assert (code, "no such file or folder" in err) == (2, True)
    assert call("data", "get", "demo", "--yes")[0] == 2


def test_every_set_says_where_it_is_from_and_on_what_terms(call: Call) -> None:
    cards = answer(call, "data", "list")
    assert len(cards) == 11
    for card in cards:
        assert card["licence"], card["name"]
        assert card["citation"], card["name"]
        assert card["state"] == "made when opened" or card["page"].startswith("https://"), card["name"]


def test_synthetic_ratings_have_the_truth_beside_them(call: Call, home: Path) -> None:
    sizes = {"rows": 5_000, "users": 200, "items": 150, "n_factors": 3}
    options = [part for key, value in sizes.items() for part in ("--set", f"data.params.{key}={value}")]
    assert call("data", "path", "synthetic")[0] == 2
    profile = answer(call, "data", "describe", "synthetic", *options)
    assert (profile["kept"], profile["duplicates"]) == (5_000, 0)
    (folder,) = (home / "datasets").glob("synthetic-*")
    truth = np.load(folder / "truth.npz")
    assert truth["user_factors"].shape == (200, 3)
    told = json.loads((folder / "truth.json").read_text())
    rows = np.loadtxt(folder / "ratings.csv", delimiter=",", skiprows=1)
    user, item = rows[:, 0].astype(int) - 1, rows[:, 1].astype(int) - 1
    score = told["mean"] + truth["user_bias"][user] + truth["item_bias"][item]
    score = score + (truth["user_factors"][user] * truth["item_factors"][item]).sum(1)
    assert np.sqrt(np.mean((rows[:, 2] - score) ** 2)) == pytest.approx(told["rmse_of_truth"], abs=1e-4)
    assert told["rmse_of_truth"] < 0.75 * rows[:, 2].std()
    assert answer(call, "data", "path", "synthetic")["folder"] == str(folder)
    assert answer(call, "data", "describe", "demo")["kept"] == 25_000
    freed = answer(call, "data", "remove", "synthetic")["bytes"]
    assert freed > rows.nbytes // 4
    assert not folder.exists()
    assert len(list((home / "datasets").glob("demo-*"))) == 1
    assert answer(call, "data", "describe", "synthetic", *options)["fingerprint"] == profile["fingerprint"]
    code, _, err = call("data", "describe", "synthetic", "--set", "data.params.rows=999999999")
    assert (code, "more than half of all pairs" in err) == (2, True)
    code, _, err = call("data", "describe", "demo", "--set", "data.params.rows=5")
    assert (code, "unknown key data.params.rows" in err) == (2, True)


def test_what_is_kept_is_listed_and_forgotten(call: Call, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("user,item,rating\n1,2,3\n4,5,1\n")
    kept = answer(call, "data", "import", "r.csv")
    assert kept["rows"] == 2
    listed = answer(call, "data", "cache")
    assert kept["key"] in {one["key"] for one in listed}
    assert {one["sources"][0] for one in listed} == {"r.csv"}
    assert answer(call, "data", "cache", "--older-than", "1")["removed"] == 0
    assert answer(call, "data", "cache", "--clear")["removed"] == len(listed)
    assert answer(call, "data", "cache") == []
    assert os.path.exists(tmp_path / "r.csv")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.train.csv", "a.test.csv"], 'valid = ["a.test.csv"]'),
        (["a.test.csv", "a.train.csv"], 'valid = ["a.test.csv"]'),
        (["train.csv", "test.csv", "valid.csv"], 'test = ["test.csv"]'),
        (["one.csv", "two.csv"], 'valid = ["two.csv"]'),
        (["u1.base", "u1.test"], 'valid = ["u1.test"]'),
        (["real_matrix.tr.txt", "real_matrix.te.txt"], 'valid = ["real_matrix.te.txt"]'),
    ],
)
def test_files_named_after_their_part_become_a_split(
    call: Call, tmp_path: Path, names: list[str], expected: str
) -> None:
    for n, name in enumerate(names):
        (tmp_path / name).write_text("user,item,rating\n" + "".join(f"{n},{k},3\n" for k in range(5)))
    assert expected in answer(call, "experiment", "new", *names)["toml"]
