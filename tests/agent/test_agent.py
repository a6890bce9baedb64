"""The bench over pipes and over ssh: the same answers, the same errors, and nothing lost when a process dies."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cfbench.agent.local import LocalBench
from cfbench.bench.client import Connection, remote
from cfbench.bench.interface import Bench
from cfbench.bench.wire import methods
from cfbench.cli import main
from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Data, parse

AGENT = [sys.executable, "-P", "-m", "cfbench", "agent"]
ENDLESS = {"data": {"source": "demo"}, "training": {"epochs": 100_000}}


@pytest.fixture
def agent() -> Iterator[Connection]:
    connection = Connection(AGENT, "agent")
    yield connection
    connection.close()


def until(true: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while not (value := true()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return value


def children(pid: int) -> list[int]:
    """Return the living processes that `pid` started, from whichever thread."""
    listed = subprocess.run(["ps", "-o", "pid=,stat=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return [int(child) for child, state in rows if not state.startswith("Z")]


def pid_of(connection: Connection) -> int:
    return connection.hello.pid


def test_the_same_answers_as_in_process(agent: Connection) -> None:
    here, there = LocalBench(), remote(agent)
    experiment = here.check(parse({"data": {"source": "demo"}}))
    assert there.check(parse({"data": {"source": "demo"}})) == experiment
    assert there.describe(Data(source="demo")) == here.describe(Data(source="demo"))
    assert there.preview(experiment, 3) == here.preview(experiment, 3)
    assert there.template(Data()) == here.template(Data())
    assert there.plugins() == here.plugins()
    assert there.plugin("mse", kind="loss") == here.plugin("mse", "loss")
    assert there.runs() == []


def test_the_same_errors_as_in_process(agent: Connection) -> None:
    calls: list[Callable[[Bench], Any]] = [
        lambda bench: bench.run("nope"),
        lambda bench: bench.describe(Data(source="nope.csv")),
        lambda bench: bench.check(parse({"data": {"source": "demo"}, "model": {"n_factors": -5}}), "e.toml"),
    ]
    for call in calls:
        with pytest.raises(BadInput) as here:
            call(LocalBench())
        with pytest.raises(BadInput) as there:
            call(remote(agent))
        assert str(there.value) == str(here.value)


def test_a_run_is_trained_watched_and_measured(agent: Connection) -> None:
    bench = remote(agent)
    (run,) = bench.start(bench.check(parse({"data": {"source": "demo"}, "training": {"epochs": 2}})))
    seen, offset, alive = [], 0, True
    while alive:
        page = bench.events(run, offset)
        seen, offset, alive = seen + page.events, page.offset, page.alive
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    assert seen[-1]["event"] == "finished"
    assert bench.evaluate(run).metrics == bench.run(run).metrics


def test_a_run_outlives_whoever_started_it(agent: Connection) -> None:
    bench = remote(agent)
    (run,) = bench.start(bench.check(parse(ENDLESS)))
    until(lambda: bench.run(run).step > 0)
    for pid in [pid_of(agent), *children(pid_of(agent))]:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(WorkFailed, match=r"connection broke .*runs there go on"):
        bench.runs()
    other = Connection(AGENT, "agent")
    again = remote(other)
    step = again.run(run).step
    until(lambda: again.run(run).step > step)
    assert again.run(run).state == "running"
    other.close()


def test_the_agent_leaves_when_the_client_hangs_up(agent: Connection) -> None:
    remote(agent).describe(Data(source="demo"))
    (child,) = children(pid_of(agent))
    agent.close()
    until(lambda: not Path(f"/proc/{child}").exists())


def test_a_light_question_is_answered_while_a_heavy_one_is_at_work() -> None:
    process = subprocess.Popen(AGENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin
    assert process.stdout
    assert process.stdout.readline().startswith(b"CFBENCH/1 {")
    heavy = {"id": 1, "method": "describe", "params": {"data": {"source": "demo"}}}
    light = {"id": 2, "method": "runs"}
    process.stdin.write(b"".join(json.dumps(request).encode() + b"\n" for request in (heavy, light)))
    process.stdin.flush()
    assert [json.loads(process.stdout.readline())["id"] for _ in range(2)] == [2, 1]
    process.communicate(timeout=20)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"not json", -32602),
        (b"[" * 100_000, -32602),
        (b'{"id": 5, "method": "nope"}', -32601),
        (b'{"id": 5, "method": "__class__"}', -32601),
        (b'{"id": 5, "method": "run", "params": {"wanted": 3}}', -32602),
        (b'{"id": 5, "method": "run", "params": {"other": "x"}}', -32602),
    ],
)
def test_a_bad_request_gets_an_error_and_the_next_an_answer(line: bytes, code: int) -> None:
    requests = line + b'\n{"id": 6, "method": "runs"}\n'
    done = subprocess.run(AGENT, input=requests, capture_output=True, timeout=60, check=True)
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines()[1:])}
    assert answers.pop(6) == {"id": 6, "result": []}
    ((_, refusal),) = answers.items()
    assert refusal["error"]["code"] == code


def test_what_plugins_print_stays_off_the_wire(agent: Connection, home: Path) -> None:
    plugins = home / "plugins"
    plugins.mkdir(mode=0o755)
    path = plugins / "loud.py"
    path.write_text(
        "print('at import')\n"
        "from cfbench.plugin import Splitter, Split, hookimpl\n"
        "def halves(interactions, params, generator):\n"
        "    print('at work')\n"
        "    n = len(interactions) // 2\n"
        "    import numpy as np\n"
        "    return Split(np.arange(n), np.arange(n, len(interactions)))\n"
        "@hookimpl\ndef cfbench_splitters():\n    return [Splitter('halves', 'Halves', 'two halves', halves)]\n"
    )
    path.chmod(0o644)
    bench = remote(agent)
    tables = {"data": {"source": "demo"}, "splitter": {"name": "halves"}}
    assert bench.preview(bench.check(parse(tables))).rows["valid"] == 12_500


@pytest.mark.parametrize(
    ("says", "error", "sentence"),
    [
        ("echo welcome; echo CFBENCH/9 '{}'", WorkFailed, ""),
        (
            "exit 3",
            WorkFailed,
            r"x: the connection ended before cfbench answered \(exit code 3\); is cfbench installed",
        ),
        ("yes noise", WorkFailed, "printed more than 65,536 bytes .*start-up files"),
    ],
)
def test_what_is_no_server_of_ours_is_refused(says: str, error: type[Exception], sentence: str) -> None:
    if "CFBENCH/9" in says:
        hello = '{"version":"9.0","python":"","packages":{},"pid":1,"host":"","boot":"","clock":0}'
        says, error, sentence = f"echo welcome; echo 'CFBENCH/9 {hello}'", BadInput, "9.0 there speaks protocol 9"
    with pytest.raises(error, match=sentence):
        Connection(["sh", "-c", says], "x")


def test_noise_of_a_login_shell_is_skipped() -> None:
    command = " ".join(AGENT)
    connection = Connection(["sh", "-c", f"seq 5000; exec {command}"], "x")
    assert remote(connection).runs() == []
    connection.close()


def test_the_agent_and_its_handshake_are_light() -> None:
    code = (
        "import sys, io\nsys.argv = ['x']\nfrom cfbench.agent import main, serving\n"
        "print({'torch', 'polars', 'numpy', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_every_method_of_the_bench_can_travel() -> None:
    assert set(methods()) == {name for name in vars(LocalBench) if not name.startswith("_")}


# -- through ssh --


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_on_host_does_the_same_through_a_real_sshd(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "train", "data.source=demo", "training.epochs=2", "--on", host)
    assert code == 0, err
    assert out.count("epoch ") == 2
    code, listed, _ = call(capsys, "runs", "list", "--on", host, "--json")
    assert json.loads(listed) == json.loads(call(capsys, "runs", "list", "--json")[1])
    assert call(capsys, "evaluate", "last", "--on", host)[1] == call(capsys, "evaluate", "last")[1]
    code, _, err = call(capsys, "runs", "show", "nope", "--on", host)
    assert (code, "there is no run 'nope'" in err) == (2, True)


def test_a_host_without_cfbench_gets_one_sentence(
    host: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CFBENCH_THERE", "/nowhere/cfbench")
    code, out, err = call(capsys, "runs", "list", "--on", host)
    assert (code, out) == (1, "")
    assert "exit code 127" in err
    assert "is cfbench installed there" in err


def test_hostile_host_names_are_data(capsys: pytest.CaptureFixture[str], tmp_path: Path, host: str) -> None:
    mark = tmp_path / "mark"
    code, _, _ = call(capsys, "runs", "list", "--on", f"-oProxyCommand=touch {mark}")
    assert code != 0
    assert not mark.exists()
