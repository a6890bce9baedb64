"""What a person does from the shell: real processes, real workers, exit codes, stdout for answers alone."""

import csv
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from cfbench.cli import COMMANDS, root

Cfbench = Callable[..., subprocess.CompletedProcess[str]]
Call = Callable[..., tuple[int, str, str]]

QUICK = ("data.source=demo", "loader.batch_size=512", "training.epochs=2", "model.n_factors=5")
ENDLESS = ("data.source=demo", "loader.batch_size=64", "training.epochs=100000")
SECONDS = 60


def until(true: Callable[[], Any]) -> Any:
    """Wait for a condition and return what it gave."""
    end = time.monotonic() + SECONDS
    while not (value := true()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return value


def answer(call: Call, *arguments: str) -> Any:
    code, out, _ = call(*arguments, "--json")
    assert code == 0
    return json.loads(out)


def test_demo_prints_a_line_an_epoch_and_the_rmse(cfbench: Cfbench) -> None:
    done = cfbench("demo", "--epochs", "2")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["epoch", "1"], ["epoch", "2"]]
    assert "finished: RMSE 0." in lines[2]
    assert len(lines) == 3


def test_demo_is_the_built_in_data_whatever_lies_here(call: Call, tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    assert call("demo", "--epochs", "1")[0] == 0
    (row,) = call("runs", "list")[1].splitlines()[1:]
    assert row.split()[-2:] == ["biased-dot-product", "demo"]
    assert "data cfbench_datasets:demo" in call("runs", "show", "last")[1]


def test_train_evaluate_predict_agree(cfbench: Cfbench, call: Call, tmp_path: Path) -> None:
    trained = cfbench("train", *QUICK, "--json")
    assert trained.returncode == 0
    run = json.loads(trained.stdout)
    assert run["state"] == "finished"
    measured = answer(call, "evaluate", run["id"])
    assert measured["metrics"] == run["metrics"]
    assert measured["test_openings"] == 0
    only = answer(call, "evaluate", "last", "--metric", "mse")["metrics"]
    assert only["mse"] == pytest.approx(run["metrics"]["rmse"] ** 2)
    (tmp_path / "pairs.csv").write_text("user,item\n1,1\n2,3\nnobody,1\n")
    code, out, err = call("predict", "last", "pairs.csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["user"] for row in rows] == ["1", "2", "nobody"]
    assert all(0 < float(row["prediction"]) < 6 for row in rows)
    assert "1 of 3 pairs" in err
    assert [p["known"] for p in answer(call, "predict", "last", "pairs.csv")] == [True, True, False]


def test_formulas_are_guarded_unless_raw(cfbench: Cfbench, call: Call, tmp_path: Path) -> None:
    assert cfbench("train", *QUICK, "training.epochs=1").returncode == 0
    (tmp_path / "pairs.csv").write_text('user,item\n"=cmd()",1\n-5,1\n')
    assert [line.split(",")[0] for line in call("predict", "last", "pairs.csv")[1].splitlines()[1:]] == [
        "'=cmd()",
        "'-5",
    ]
    assert "\n=cmd(),1," in call("predict", "last", "pairs.csv", "--raw")[1]
    (tmp_path / "odd.csv").write_text("user,item\n\x1b[1mu,1\n")
    assert "\n\x1b[1mu,1," in call("predict", "last", "odd.csv")[1]
    code, out, _ = call("predict", "last", "pairs.csv", "--raw", "-o", "out.csv")
    assert (code, out) == (0, "")
    assert (tmp_path / "out.csv").read_text().count("\n") == 3
    for output, what in (("out.csv", "exists already"), ("no/out.csv", "no such folder")):
        code, out, err = call("predict", "last", "pairs.csv", "-o", output)
        assert (code, out) == (2, "")
        assert what in err


def test_detached_run_is_watched_stopped_resumed_and_deleted(cfbench: Cfbench, call: Call, home: Path) -> None:
    (run,) = answer(call, "train", *ENDLESS, "--detach")["runs"]
    until(lambda: answer(call, "runs", "show", run)["run"]["epochs_done"] >= 1)
    assert call("runs", "delete", run)[0] == 2
    assert call("runs", "wait", run, "--timeout", "0")[0] == 1
    assert call("runs", "resume", run)[0] == 2
    assert call("runs", "stop", run, "--wait")[0] == 0
    stopped = answer(call, "runs", "show", run)["run"]
    assert stopped["state"] == "stopped"
    assert "stopped by" in stopped["reason"]
    assert call("runs", "wait", run)[0] == 1
    assert call("runs", "stop", run)[0] == 2
    assert call("runs", "resume", run, "--detach")[0] == 0
    until(lambda: answer(call, "runs", "show", run)["run"]["step"] > stopped["step"] + 1000)
    assert call("runs", "stop", run, "--wait")[0] == 0
    events = answer(call, "runs", "show", run)["events"]
    assert [e["from_step"] for e in events if e["event"] == "resumed"] == [stopped["step"]]
    assert call("runs", "delete", run)[0] == 0
    assert call("runs", "show", run)[0] == 2
    assert (home / "trash" / run / "events.jsonl").exists()


def test_pause_and_go_on(call: Call) -> None:
    (run,) = answer(call, "train", *ENDLESS, "--detach")["runs"]
    until(lambda: answer(call, "runs", "show", run)["run"]["step"] > 0)
    assert call("runs", "pause", run)[0] == 0
    until(lambda: answer(call, "runs", "show", run)["run"]["state"] == "paused")
    assert call("runs", "resume", run)[0] == 0
    until(lambda: answer(call, "runs", "show", run)["run"]["state"] == "running")
    assert call("runs", "stop", run, "--wait")[0] == 0


def test_two_runs_stand_in_line(call: Call) -> None:
    (first,) = answer(call, "train", *ENDLESS, "--detach")["runs"]
    (second,) = answer(call, "train", *QUICK, "--detach")["runs"]
    until(lambda: answer(call, "runs", "show", first)["run"]["step"] > 0)
    until(lambda: answer(call, "runs", "show", second)["run"]["reason"] == f"waiting for run {first} to end")
    assert answer(call, "runs", "show", second)["run"]["state"] == "queued"
    code, _, err = call("evaluate", second)
    assert (code, f"wait for it: cfbench runs wait {second}" in err) == (2, True)
    assert call("runs", "stop", first)[0] == 0
    assert call("runs", "wait", second)[0] == 0
    assert {run["id"]: run["state"] for run in answer(call, "runs", "list")} == {first: "stopped", second: "finished"}


def test_folds_and_seeds_are_runs_of_a_group(cfbench: Cfbench, call: Call) -> None:
    done = cfbench("train", *QUICK, "splitter.name=k-fold", "splitter.folds=3", "--folds", "all", timeout=240)
    assert done.returncode == 0
    assert "(mean ± sd of 3 runs)" in done.stdout
    runs = answer(call, "runs", "list")
    assert len({run["group"] for run in runs}) == 1
    assert len({run["split_hash"] for run in runs}) == 3
    assert len(answer(call, "runs", "list", "--group", "another")) == 0
    code, out, err = call("runs", "list", "--group", "another")
    assert (code, out) == (0, "")
    assert f"groups are: {runs[0]['group']}" in err
    assert [run["fold"] for run in runs] == [1, 2, 3]
    assert ", fold 2, seed 42" in done.stderr


def test_here_trains_in_this_process_to_the_same_numbers(cfbench: Cfbench, call: Call) -> None:
    here = json.loads(cfbench("train", *QUICK, "--here", "--json").stdout)
    apart = json.loads(cfbench("train", *QUICK, "--json").stdout)
    assert here["metrics"] == apart["metrics"]


@pytest.mark.parametrize("where", ["here", "worker"])
def test_ctrl_c_stops_with_a_checkpoint(where: str, call: Call, tmp_path: Path) -> None:
    extra = ["--here"] if where == "here" else []
    shell = subprocess.Popen(
        [Path(sys.executable).with_name("cfbench"), "train", *ENDLESS, *extra],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: any(run["step"] > 0 for run in answer(call, "runs", "list")))
    assert shell.stdout
    assert shell.stdout.readline().startswith("epoch   1 ")
    shell.send_signal(signal.SIGINT)
    _, err = shell.communicate(timeout=SECONDS)
    assert shell.returncode == 130
    assert "Traceback" not in err
    (run,) = answer(call, "runs", "list")
    assert run["state"] == "stopped"
    kinds = [event["event"] for event in answer(call, "runs", "show", "last")["events"]]
    assert kinds[-2:] == ["checkpoint", "stopped"]


def test_leaving_watch_leaves_the_run_alone(call: Call) -> None:
    (run,) = answer(call, "train", *ENDLESS, "--detach")["runs"]
    watch = subprocess.Popen(
        [Path(sys.executable).with_name("cfbench"), "runs", "watch", run],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert watch.stdout
    assert watch.stdout.readline().startswith(b"epoch   1")
    watch.send_signal(signal.SIGINT)
    watch.communicate(timeout=SECONDS)
    assert watch.returncode == 130
    assert answer(call, "runs", "show", run)["run"]["state"] == "running"
    assert call("runs", "stop", run, "--wait")[0] == 0


def test_a_diverging_run_says_why_and_exits_1(cfbench: Cfbench) -> None:
    settings = ("optimizer.name=sgd", "optimizer.lr=1e6", "schedule.name=constant")
    done = cfbench("train", *QUICK, *settings)
    assert done.returncode == 1
    assert "became" in done.stderr
    assert "at step" in done.stderr
    assert "learning rate" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_metric_without_a_value_is_a_dash(cfbench: Cfbench, call: Call, home: Path) -> None:
    (home / "plugins").mkdir(mode=0o755)
    (home / "plugins/nothing.py").write_text(NOTHING)
    nothing = 'metrics=[{name = "rmse"}, {name = "nothing"}]'
    done = cfbench("train", *QUICK, nothing, "--seeds", "2")
    assert done.returncode == 0
    assert done.stdout.count("  nothing –  ") == 4
    assert done.stdout.count(", NOTHING –\n") == 2
    assert "NOTHING – ± – (mean ± sd of 0 runs; left out: 2 without a value)" in done.stdout
    assert "nothing –" in call("runs", "list")[1]
    assert re.search(r"^NOTHING +–", call("evaluate", "last")[1], re.MULTILINE)
    assert answer(call, "evaluate", "last")["metrics"]["nothing"] is None
    here = cfbench("train", *QUICK, nothing, "--here")
    assert (here.returncode, here.stdout.count("  nothing –  ")) == (0, 2)


NOTHING = """
from cfbench.plugin import Metric, hookimpl


def nothing(prediction, target, params):
    return float("nan")


@hookimpl
def cfbench_metrics():
    return [Metric("nothing", "Nothing", "no number at all", "nothing:nothing")]
"""


@pytest.mark.skipif(os.getuid() != 0 or not sys.platform.startswith("linux"), reason="mounts a small disk: needs root")
def test_full_disk_exits_1_and_leaves_the_last_checkpoint_whole(tmp_path: Path, cfbench: Cfbench) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("this machine does not let tests mount a disk")
    try:
        settings = ("data.source=demo", "loader.batch_size=512", "model.n_factors=300", "training.epochs=3")
        done = cfbench("train", *settings, CFBENCH_HOME=str(disk))
        assert done.returncode == 1
        assert "no space is left" in done.stderr
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        resumed = cfbench("runs", "resume", "last", "--json", CFBENCH_HOME=str(disk))
        assert json.loads(resumed.stdout)["state"] == "finished"
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_template_is_a_whole_experiment(call: Call, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(
        "user,item,stars\n" + "".join(f"u{n % 7},i{n % 5},{n % 5 + 1}\n" for n in range(60))
    )
    assert call("experiment", "new", "r.csv", "-o", "my.toml")[0] == 0
    assert call("experiment", "new", "r.csv", "-o", "my.toml")[0] == 2
    text = (tmp_path / "my.toml").read_text()
    assert 'target = "stars"' in text
    assert "n_factors = 50 # length of each latent vector" in text
    assert "is fine: 48 train, 12 valid rows" in call("experiment", "check", "my.toml")[1]
    shown = answer(call, "experiment", "show", "my.toml", "--set", "model.n_factors=3", "--batch")
    assert shown["experiment"]["model"]["n_factors"] == 3
    assert set(shown["preview"]["batch"][0]) == {"user", "title", "target"}
    assert call("experiment", "new", "r.csv")[1] == text


def test_several_files_start_as_a_predefined_split(call: Call, tmp_path: Path) -> None:
    for name in ("u.base", "u.test"):
        (tmp_path / name).write_text("".join(f"{n % 7}\t{n % 5}\t{n % 5 + 1}\n" for n in range(40)))
    assert call("experiment", "new", "u.base", "u.test", "-o", "u.toml")[0] == 0
    assert "is fine: 40 train, 40 valid rows" in call("experiment", "check", "u.toml")[1]


def test_broken_pipe_ends_in_silence(tmp_path: Path) -> None:
    command = shlex.quote(str(Path(sys.executable).with_name("cfbench")))
    script = f"{command} plugins list --json | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("141", "")


def test_describe_hashes_again_when_asked(call: Call, home: Path, tmp_path: Path) -> None:
    """What changed within its size and its time of change is believed, but for --verify."""
    (tmp_path / "r.csv").write_text("user,item,rating\n1,2,3\n4,5,1\n")
    assert answer(call, "data", "describe", "r.csv")["target_mean"] == 2.0
    kept, _ = (
        path for path in home.rglob("column-*.npy") if np.load(path).dtype == np.float32
    )  # two names of one file
    times = kept.stat()
    content = kept.read_bytes()
    kept.write_bytes(content[:-4] + np.float32(2).tobytes())
    os.utime(kept, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert [row["target"] for row in answer(call, "data", "rows", "r.csv")["rows"]] == [3.0, 2.0]
    assert answer(call, "data", "describe", "r.csv", "--verify")["target_mean"] == 2.0
    assert [row["target"] for row in answer(call, "data", "rows", "r.csv")["rows"]] == [3.0, 1.0]


def commands(group: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(group, click.Group):
        return [path]
    context = click.Context(group)
    names = group.list_commands(context)
    return [leaf for name in names for leaf in commands(group.get_command(context, name), (*path, name))]  # type: ignore[arg-type]


def test_every_command_has_json_and_a_line_of_help() -> None:
    for path in commands(root):
        command: click.Command = root
        for name in path:
            command = command.get_command(click.Context(command), name)  # type: ignore[attr-defined]
        assert command.help, path
        if path not in (("agent",), ("open",)):  # they talk to programs alone, and to people alone
            assert any("--json" in parameter.opts for parameter in command.params), path


def test_help_of_the_lazy_table_is_the_commands_own() -> None:
    for name, (_, line) in COMMANDS.items():
        command = root.get_command(click.Context(root), name)
        assert command is not None
        assert command.help is not None
        if not isinstance(command, click.Group) or name in ("data", "experiment", "plugins"):
            assert command.help.splitlines()[0].rstrip(".").startswith(line.rstrip(".").split(":")[0][:12]), name
