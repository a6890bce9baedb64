"""Searching from the shell: defaults first, valid rows only, the test rows once, and going on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(
        '[data]\nsource = "demo"\n[splitter]\nname = "random"\nvalid = 0.2\ntest = 0.1\n'
        "[loader]\nbatch_size = 4096\n[training]\nepochs = 1\n"
    )
    return path


def answer(call: Call, *arguments: str) -> Any:
    code, out, err = call(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_a_search_goes_on_picks_one_and_opens_its_test_rows_once(call: Call, file: Path) -> None:
    search = ("search", str(file), "--name", "study", "--space", "optimizer.lr=1e-3..1e-1", "--method", "random")
    first = answer(call, *search, "--trials", "2")
    assert min(first["trials"], key=lambda trial: trial["run"])["values"]["optimizer.lr"] == 0.005
    assert first["test"] is None
    told = answer(call, *search, "--trials", "3", "--test")
    assert {trial["run"] for trial in first["trials"]} < {trial["run"] for trial in told["trials"]}
    values = [trial["value"] for trial in told["trials"]]
    assert (values, told["best"]) == (sorted(values), told["trials"][0]["run"])
    assert told["picked"] in [t["run"] for t in told["trials"] if t["value"] <= values[0] + told["standard_error"]]
    assert (told["test"]["run"], told["test"]["test_openings"]) == (told["picked"], 1)
    runs = answer(call, "runs", "list", "--group", "study")
    assert len(runs) == 3
    others = [run["id"] for run in runs if run["id"] != told["picked"]]
    assert [answer(call, "evaluate", run)["test_openings"] for run in others] == [0, 0]
    compared = answer(call, "runs", "compare", told["picked"], "--no-baselines", others[0])["comparison"]
    assert [line["trials"] for line in compared["lines"]] == [3, 3]


def test_bad_input(call: Call, file: Path) -> None:
    assert call("search", str(file), "--space", "model.x=1,2")[0] == 2
    code, _, err = call("search", str(file), "--set", "splitter.test=0.0", "--test")
    assert (code, "the split has no test rows" in err) == (2, True)
    code, _, err = call("search", str(file), "--set", "model.name=global-mean")
    assert (code, "nothing of it has a space to search" in err) == (2, True)
