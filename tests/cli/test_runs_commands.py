"""What a screen does with runs, done from the shell: notes, pins, the log, comparing, deleting and restoring."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cfbench
from cfbench import paths

Call = Callable[..., tuple[int, str, str]]
QUICK = {"data": {"source": "demo"}, "loader": {"batch_size": 4096}, "training": {"epochs": 1}}


@pytest.fixture
def runs() -> list[str]:
    """Two trained runs that differ in one setting."""
    made = [{"experiment": {"name": "amber"}}, {"experiment": {"name": "brisk"}, "model": {"n_factors": 3}}]
    return [cfbench.train({**QUICK, **tables}).run.id for tables in made]


def answer(call: Call, *arguments: str) -> Any:
    code, out, _ = call(*arguments, "--json")
    assert code == 0
    return json.loads(out)


def test_notes_and_pins_are_listed_and_shown(call: Call, runs: list[str]) -> None:
    plain = call("runs", "list")[1]
    code, out, err = call("runs", "note", "amber", "the\x1b[31m baseline")
    assert (code, out, err) == (0, "", f"run {runs[0]}: the␛[31m baseline\n")
    assert call("runs", "pin", "brisk") == (0, "", f"run {runs[1]} is pinned\n")
    head, amber, brisk = call("runs", "list")[1].splitlines()
    assert [line.split()[0] for line in (amber, brisk)] == runs
    assert head.endswith("note")
    assert amber.endswith("  the␛[31m baseline")
    assert brisk.endswith("  *")
    shown = call("runs", "show", "amber")[1]
    assert "note: the␛[31m baseline" in shown
    assert answer(call, "runs", "show", "amber")["run"]["note"] == "the\x1b[31m baseline"
    assert [run["pinned"] for run in answer(call, "runs", "list")] == [False, True]
    assert answer(call, "runs", "note", "amber", "")["note"] == ""
    assert answer(call, "runs", "pin", "brisk", "--off")["pinned"] is False
    assert call("runs", "list")[1] == plain
    assert call("runs", "note", "amber", "x" * 3000)[0] == 2


def test_a_note_is_cut_to_the_terminal_and_the_mark_stays(
    call: Call, runs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("runs", "note", "amber", "long words " * 20)[0] == 0
    assert call("runs", "pin", "amber")[0] == 0
    monkeypatch.setattr("cfbench.cli.runs.sys.stdout.isatty", lambda: True, raising=False)
    for columns in (160, 200, 60):
        monkeypatch.setenv("COLUMNS", str(columns))
        _, amber, brisk = call("runs", "list")[1].splitlines()
        assert " * long w" in amber if columns > 60 else amber.endswith("  *")
        assert len(amber) <= columns or columns == 60
        assert brisk.endswith("demo")


def test_the_log_is_what_the_worker_printed(call: Call, runs: list[str]) -> None:
    assert call("runs", "log", "amber") == (0, "", f"run {runs[0]} has printed nothing\n")
    (paths.folder("runs") / runs[0] / "log.txt").write_text("one\ntwo\x07\nthree\n")
    assert call("runs", "log", "amber", "-n", "2") == (0, "two␇\nthree\n", "")
    assert answer(call, "runs", "log", "amber") == ["one", "two\x07", "three"]


def test_comparing_shows_what_differs_and_what_came_of_it(call: Call, runs: list[str]) -> None:
    code, out, err = call("runs", "compare", "amber", "brisk", "amber")
    assert (code, err) == (0, "")
    listed = answer(call, "runs", "list")
    values, _, settings = out.partition("state  ")
    lines = {line.split()[0]: line.split() for line in reversed(values.splitlines()) if line}
    for name, run in zip(("amber", "brisk"), listed, strict=True):
        assert f"{run['metrics']['rmse']:.5g}" in lines[name]
    assert {"global-mean", "user-item-bias"} < set(lines)
    assert "popularity" not in lines, "it predicts no ratings, and nothing else is compared"
    assert "▽ below a baseline" in out, "an epoch of large batches does not reach the biases"
    rows = {line.split("  ")[0]: line.split()[-2:] for line in ("state  " + settings).splitlines()}
    assert rows["state"] == ["finished", "finished"]
    assert rows["model.n_factors"] == ["50", "3"]
    assert [path for path in rows if "." in path] == ["model.n_factors"]
    told = answer(call, "runs", "compare", *runs)
    assert told["same_split"] is True
    assert told["differences"] == {runs[0]: {"model.n_factors": 50}, runs[1]: {"model.n_factors": 3}}
    assert [run["id"] for run in told["runs"]] == runs
    alone = answer(call, "runs", "compare", "amber", "--metric", "NDCG@5")["comparison"]
    assert alone["metrics"] == ["ndcg@5"]
    assert {"ease", "popularity", "item-knn", "pure-svd"} < {line["name"] for line in alone["lines"]}
    code, _, err = call("runs", "compare", "amber", "amber", "--no-baselines")
    assert (code, "name two runs or more" in err) == (2, True)


def test_comparing_says_where_splits_differ(call: Call, runs: list[str]) -> None:
    cfbench.train({**QUICK, "experiment": {"name": "calm", "seed": 7}, "model": {"n_factors": 3}})
    code, out, _ = call("runs", "compare", "amber", "calm")
    assert code == 0
    assert "✗ these runs have no split in common: their values are of different rows" in out
    assert "differences, paired" not in out
    assert "experiment.seed" in out
    assert answer(call, "runs", "compare", "amber", "calm")["same_split"] is False


def test_tables_for_papers(call: Call, runs: list[str]) -> None:
    rows = {}
    for form in ("markdown", "csv", "latex"):
        code, out, err = call("runs", "compare", *runs, "--format", form)
        assert (code, err) == (0, "")
        rows[form] = out
    first, second = ([line.split(",") for line in part.splitlines()] for part in rows["csv"].split("\n\n"))
    assert first[0][:4] == ["run", "model", "RMSE", "MAE"]
    assert {len(line) for line in first} == {7}
    assert second[0][0] == "metric"
    assert len(second) == 7, "two metrics, of each the pair and both with the best baseline"
    assert rows["markdown"].splitlines()[1] == "|" + " --- |" * 7
    assert rows["latex"].count(r"\begin{tabular}") == rows["latex"].count(r"\end{tabular}") == 2
    assert r"$\triangledown$" in rows["latex"]
    assert "▽" not in rows["latex"]


def test_delete_says_how_to_undo_it_and_restore_does(call: Call, runs: list[str], home: Path) -> None:
    code, out, err = call("runs", "delete", "amber")
    assert (code, out) == (0, "")
    undo = err.strip().rpartition("cfbench ")[2].split()
    assert undo == ["runs", "restore", runs[0]]
    assert call("runs", "show", "amber")[0] == 2
    assert call(*undo) == (0, "", f"run {runs[0]} is back in {home / 'runs' / runs[0]}\n")
    assert [run["id"] for run in answer(call, "runs", "list")] == runs
    assert answer(call, "runs", "delete", "amber") == {runs[0]: str(home / "trash" / runs[0])}
    assert answer(call, "runs", "restore", "amber")["state"] == "finished"
    code, _, err = call("runs", "restore", "amber")
    assert (code, "there is no run 'amber'" in err) == (2, True)


def test_all_events_are_shown_however_many_pages_they_fill(call: Call, runs: list[str]) -> None:
    events = paths.folder("runs") / runs[0] / "events.jsonl"
    with events.open("a") as file:
        file.writelines(f'{{"seq":{n},"event":"step","step":1,"loss":1.0}}\n' for n in range(100, 20_000))
    assert len(answer(call, "runs", "show", runs[0])["events"]) == len(events.read_text().splitlines())
