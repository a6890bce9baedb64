"""Exports that go on while others ask: started, followed, stopped, and gone with whoever asked for them."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest

from cfbench import cli, python
from cfbench.agent import exports, main
from cfbench.agent.local import LocalBench
from cfbench.answers import Form, Job
from cfbench.bench.client import Connection, remote
from cfbench.bench.interface import Bench
from cfbench.bench.wire import methods
from cfbench.errors import BadInput
from cfbench.experiment import Data
from cfbench.explore import every_user, exporting
from cfbench.explore.learned import Learned

AGENT = [sys.executable, "-P", "-m", "cfbench", "agent"]

STUCK = """
from cfbench.agent import main
from cfbench.agent.local import LocalBench

def template(self, data, model=""):
    import os, time
    open(os.environ["CFBENCH_HOME"] + "/at-work", "w").close()
    time.sleep(1000)

LocalBench.template = template
main.compute()
"""
STUCK_AGENT = [
    *(sys.executable, "-c"),
    f"from cfbench.agent import main; main.COMPUTE = {[sys.executable, '-c', STUCK]!r}; main.serve()",
]
"""An agent whose compute child never answers one question."""


@pytest.fixture
def trained() -> Learned:
    tables = {"model": {"n_factors": 3}, "loader": {"batch_size": 512}, "training": {"epochs": 1}}
    return python.train({"data": {"source": "demo"}, **tables})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def until(true: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while not (value := true()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
    return value


def ended(bench: Bench, job: str) -> Job:
    until(lambda: bench.exporting(job).state != "running")
    return bench.exporting(job)


def test_every_form_is_written(trained: Learned, out: Path) -> None:
    bench = LocalBench()
    jobs = {form: bench.export(trained.run.id, "factors", form, str(out / form)) for form in get_args(Form)}
    jobs["all"] = bench.export("last", "recommendations", "parquet", str(out / "all.parquet"), 3, 5)
    found = {name: ended(bench, job) for name, job in jobs.items()}
    users = len(trained.factors.user_labels)
    assert {(one.state, one.done, one.total, one.error) for one in found.values()} == {("done", users, users, "")}
    assert all(Path(path).is_file() for one in found.values() for path in one.paths)
    assert [Path(path).name for path in found["parquet"].paths] == ["users.parquet", "items.parquet", "model.json"]
    with np.load(out / "npz") as arrays:
        assert np.array_equal(arrays["item_factors"], trained.factors.items)
    rows = pl.read_parquet(found["all"].paths[0])
    user = trained.factors.user_labels[7]
    told = trained.recommend(user, 3, least=5).items
    assert rows.filter(pl.col("user") == user)["item"].to_list() == [one.label for one in told]
    assert sorted(entry.name for entry in out.iterdir()) == sorted([*get_args(Form), "all.parquet"])


def test_what_can_be_told_at_once_is(trained: Learned, slow_run: str, out: Path) -> None:
    bench, run = LocalBench(), trained.run.id
    (out / "taken").write_text("years of work")
    calls: dict[str, Callable[[], Any]] = {
        "there is no run 'nope'": lambda: bench.export("nope", "factors", "npz", str(out / "x")),
        "there is no form 'xml'": lambda: bench.export(run, "factors", "xml", str(out / "x")),  # type: ignore[arg-type]
        "slow learns no factors": lambda: bench.export(slow_run, "factors", "npz", str(out / "x")),
        "it is there already": lambda: bench.export(run, "factors", "npz", str(out / "taken")),
        "a file is there": lambda: bench.export(run, "factors", "word2vec", str(out / "taken"), force=True),
        "there is no folder": lambda: bench.export(run, "recommendations", "parquet", str(out / "none" / "x")),
        "written as parquet, not as npz": lambda: bench.export(run, "recommendations", "npz", str(out / "x")),
        "0 recommendations": lambda: bench.export(run, "recommendations", "parquet", str(out / "x"), 0),
        "there is no export 'x'": lambda: bench.exporting("x"),
        "there is no export 'y'": lambda: bench.stop_exporting("y"),
    }
    for sentence, call in calls.items():
        with pytest.raises(BadInput, match=sentence):
            call()
    assert [(entry.name, entry.read_text()) for entry in out.iterdir()] == [("taken", "years of work")]


def test_a_stop_leaves_nothing_and_those_that_wait_can_be_stopped_too(slow_run: str, out: Path) -> None:
    bench = LocalBench()
    first, second = (bench.export(slow_run, "recommendations", "parquet", str(out / name)) for name in "ab")
    until(lambda: list(out.iterdir()))
    assert (bench.exporting(first).state, bench.exporting(second).total) == ("running", 0)
    began = time.monotonic()
    bench.stop_exporting(second)
    bench.stop_exporting(first)
    assert time.monotonic() - began < 5
    assert [bench.exporting(job).state for job in (first, second)] == ["stopped", "stopped"]
    assert not list(out.iterdir())
    bench.stop_exporting(first)


def test_factors_that_are_written_when_a_stop_comes_go_too(
    trained: Learned, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, written, asked = exporting._WRITERS["parquet"], threading.Event(), threading.Event()

    def waits(learned: Any, place: Path) -> None:
        whole(learned, place)
        written.set()
        assert asked.wait(20)

    monkeypatch.setitem(exporting._WRITERS, "parquet", waits)
    monkeypatch.setattr(exports, "_PATIENCE", 0.01)
    bench = LocalBench()
    job = bench.export("last", "factors", "parquet", str(out / "x"))
    assert written.wait(20)
    bench.stop_exporting(job)
    assert bench.exporting(job).state == "stopped", "at once, whatever its thread is at"
    asked.set()
    until(lambda: not list(out.iterdir()))
    assert bench.exporting(job).state == "stopped"


@pytest.mark.parametrize(
    ("error", "sentence", "bad_input"),
    [
        (BadInput("the data are gone", mend="put them back"), "the data are gone; put them back", True),
        (RuntimeError("a bug"), "RuntimeError: a bug", False),
    ],
)
def test_a_failure_is_a_sentence(
    trained: Learned, out: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str, bad_input: bool
) -> None:
    def breaks(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(every_user, "_seen", breaks)
    bench = LocalBench()
    found = ended(bench, bench.export("last", "recommendations", "parquet", str(out / "x")))
    assert (found.state, found.error, found.bad_input, found.paths) == ("failed", sentence, bad_input, ())


def test_so_many_that_ended_are_known(trained: Learned, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_REMEMBERED", 2)
    bench, jobs = LocalBench(), []
    for n in range(4):
        jobs.append(bench.export("last", "factors", "npz", str(out / str(n))))
        ended(bench, jobs[-1])
    with pytest.raises(BadInput, match="there is no export"):
        bench.exporting(jobs[0])
    assert [bench.exporting(job).state for job in jobs[1:]] == ["done"] * 3


# -- in an agent's child -----------------------------------------------------------------------------------------------


def test_an_agent_exports_while_its_compute_child_is_at_something_else(
    through: Any, trained: Learned, out: Path, home: Path
) -> None:
    async def scenario(trial: Any) -> None:
        stuck = asyncio.create_task(trial.ask(Bench.template, Data()))
        await trial.until((home / "at-work").exists)
        job = await trial.ask(Bench.export, trained.run.id, "factors", "parquet", str(out / "x"))
        while (status := await trial.ask(Bench.exporting, job)).state == "running":
            await asyncio.sleep(0.01)
        assert (status.state, len(status.paths)) == ("done", 3)
        with pytest.raises(BadInput, match="it is there already"):
            await trial.ask(Bench.export, trained.run.id, "factors", "parquet", str(out / "x"))
        assert not stuck.done()
        stuck.cancel()

    through(scenario, STUCK_AGENT)
    assert json.loads((out / "x" / "model.json").read_text())["run"] == trained.run.id


def test_an_export_in_an_agent_is_stopped(slow_run: str, out: Path) -> None:
    connection = Connection(AGENT, "agent")
    bench = remote(connection)
    job = bench.export(slow_run, "recommendations", "parquet", str(out / "x"))
    until(lambda: list(out.iterdir()))
    assert bench.exporting(job).state == "running"
    bench.stop_exporting(job)
    assert bench.exporting(job).state == "stopped"
    assert not list(out.iterdir())
    connection.close()


def test_nothing_is_left_when_the_client_hangs_up(slow_run: str, out: Path) -> None:
    connection = Connection(AGENT, "agent")
    remote(connection).export(slow_run, "recommendations", "parquet", str(out / "x"))
    until(lambda: list(out.iterdir()))
    connection.close()
    assert not list(out.iterdir())


def test_the_command_exports_on_another_machine(
    host: str, trained: Learned, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("runs", "export", trained.run.id, "--format", "npz", "-o", str(out / "x"), "--on", host)
    assert cli.main(command) == 0
    assert capsys.readouterr().out == f"{out / 'x'}\n"
    assert cli.main(command) == 2
    assert "it is there already" in capsys.readouterr().err
    assert [entry.name for entry in out.iterdir()] == ["x"]


def test_exports_have_a_child_of_their_own() -> None:
    assert not main.EXPORTS & main.HEAVY
    assert set(methods()) > main.EXPORTS
