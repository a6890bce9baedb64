"""The agent, its compute child and runs, when one of them or the client's end dies in the middle."""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cfbench.bench.interface import Bench
from cfbench.cli.here import ssh_command
from cfbench.errors import WorkFailed
from cfbench.experiment import Data, parse

AGENT = [sys.executable, "-P", "-m", "cfbench", "agent"]

STUCK = """
import ctypes, os
from cfbench.agent import main
from cfbench.agent.local import LocalBench

def template(self, data, model=""):
    with open(os.environ["CFBENCH_HOME"] + "/at-work", "w") as file:
        file.write(str(os.getpid()))
    if model == "stuck":
        ctypes.PyDLL(None).sleep(1000)  # native code that keeps Python's lock
    return model

LocalBench.template = template
main.compute()
"""
STUCK_AGENT = [
    *(sys.executable, "-c"),
    f"from cfbench.agent import main; main.COMPUTE = {[sys.executable, '-c', STUCK]!r}; main.serve()",
]
"""An agent whose compute child gets stuck when it is asked to."""


def at_work(home: Path) -> int:
    """Return the pid of the child that is at work, 0 while there is none."""
    mark = home / "at-work"
    return int(mark.read_text() or 0) if mark.exists() else 0


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_compute_child_that_dies_at_work_fails_that_question_and_the_next_has_a_new_one(
    through: Any, home: Path
) -> None:
    async def scenario(trial: Any) -> None:
        question = asyncio.create_task(trial.ask(Bench.template, Data(), "stuck"))
        await trial.until(lambda: at_work(home))
        assert await trial.ask(Bench.runs) == []
        first = at_work(home)
        os.kill(first, signal.SIGKILL)
        with pytest.raises(WorkFailed, match=r"compute child: the connection broke \(exit code -9\)"):
            await question
        assert await trial.ask(Bench.template, Data(), "fine") == "fine"
        assert at_work(home) != first
        assert trial.phases == ["connecting", "connected"]

    through(scenario, STUCK_AGENT)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere native code must end first")
@pytest.mark.parametrize("how", ["hang up", "kill"])
def test_agent_and_child_go_with_their_client_whatever_they_are_at(through: Any, home: Path, how: str) -> None:
    async def scenario(trial: Any) -> None:
        question = asyncio.create_task(trial.ask(Bench.template, Data(), "stuck"))
        await trial.until(lambda: at_work(home))
        child, agent = at_work(home), trial.server
        if how == "kill":
            os.kill(agent, signal.SIGKILL)
        await trial.link.close()
        with pytest.raises(WorkFailed):
            await question
        async with asyncio.timeout(10):
            await trial.until(lambda: gone(child) and gone(agent))

    through(scenario, STUCK_AGENT)


async def follow(trial: Any, run: str, seen: list[dict[str, Any]]) -> None:
    """Collect a run's events until it ends, through whatever breaks."""
    page, alive, offset = None, True, 0
    while alive:
        try:
            page = await trial.ask(Bench.events, run, offset, wait=20.0, key=page.key if page else "")
        except WorkFailed:
            continue
        seen += page.events
        alive, offset = page.alive, page.offset


@pytest.mark.parametrize("where", ["here", "through ssh"])
def test_killed_in_the_middle_of_a_run_the_link_is_back_and_no_event_is_missing_or_double(
    through: Any, where: str, request: pytest.FixtureRequest
) -> None:
    host = request.getfixturevalue("host") if where != "here" else ""

    async def scenario(trial: Any) -> None:
        experiment = await trial.ask(Bench.check, parse({"data": {"source": "demo"}, "training": {"epochs": 100_000}}))
        (run,) = await trial.ask(Bench.start, experiment)
        seen: list[dict[str, Any]] = []
        following = asyncio.create_task(follow(trial, run, seen))
        await trial.until(lambda: len(seen) > 5)
        count, agent = len(seen), trial.server
        killed = time.monotonic()
        os.kill(agent if where == "here" else trial.link._process._transport.get_pid(), signal.SIGKILL)
        await trial.until_phase("reconnecting")
        assert time.monotonic() - killed < 1
        await trial.until_phase("connected")
        assert time.monotonic() - killed < 3
        assert trial.phases == ["connecting", "connected", "reconnecting", "connected"]
        assert (await trial.ask(Bench.run, run)).state == "running"
        await trial.until(lambda: len(seen) > count + 5 and gone(agent))
        await trial.ask(Bench.command, run, "stop")
        await following
        (path,) = Path(os.environ["CFBENCH_HOME"]).glob("runs/*/events.jsonl")
        assert seen == [json.loads(line) for line in path.read_text().splitlines()]
        assert seen[-1]["event"] == "stopped"

    through(scenario, ssh_command(host) if host else AGENT)


@pytest.mark.parametrize(
    ("known", "sentence"),
    [("", "Permission denied"), ("[127.0.0.1]:{port} ssh-ed25519 {key}\n", "REMOTE HOST IDENTIFICATION HAS CHANGED")],
)
def test_ssh_that_lets_nobody_in_is_a_refusal_in_its_own_words(
    through: Any, sshd: list[str], tmp_path: Path, known: str, sentence: str
) -> None:
    strange = "AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43
    (tmp_path / "known").write_text(known.format(port=sshd[sshd.index("-p") + 1], key=strange))
    (tmp_path / "none").touch(mode=0o600)
    options = ["-i", str(tmp_path / "none"), "-o", f"UserKnownHostsFile={tmp_path}/known"]
    plain = [*sshd[:3], *options, "-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes", "-F", "none"]

    async def scenario(trial: Any) -> None:
        with pytest.raises(WorkFailed, match=sentence):
            await trial.ask(Bench.runs)
        assert trial.link.state.phase == "refused"
        assert sentence in trial.link.state.reason

    through(scenario, [*plain, "--", "127.0.0.1", "cfbench agent"])
