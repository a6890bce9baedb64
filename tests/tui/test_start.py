"""``cfbench`` on a terminal: opened, left, opened again; nothing of it stays behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cfbench.runs import lock

from .ptys import PLAIN, Terminal, terminal, wait_until

CFBENCH = [sys.executable, "-m", "cfbench"]
PAINTED = b"Plugins"
COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d|10[0-7])(?:;\d+)*m")
CLICKS = re.compile(rb"\x1b\[\?(?:1000|1002|1003|1006|1015)h")

GOOD = "user,item,rating\n" + "".join(f"{u},{i},{1 + (u * i) % 5}\n" for u in range(20) for i in range(10))


@contextmanager
def workbench(home: Path, *arguments: str, **environ: str) -> Iterator[Terminal]:
    with terminal([*CFBENCH, *arguments], {**PLAIN, "CFBENCH_HOME": str(home), **environ}) as shown:
        yield shown


def _agents(shown: Terminal) -> list[int]:
    """Return the ids of the processes that the workbench has started."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [int(pid) for pid, parent, *_ in rows if int(parent) == shown.process.pid]


def _alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def test_a_run_goes_on_and_is_there_again(home: Path) -> None:
    with workbench(home, "demo", "--epochs", "100000") as shown:
        start = shown.wait_for(b" demo")
        agents = _agents(shown)
        assert agents
        began = time.monotonic()
        shown.send(b"q")
        code, written = shown.end()
        took = time.monotonic() - began
    assert code == 0
    assert took < 10  # half a second where nothing else runs
    assert b"run demo goes on: cfbench brings you back\r\n" in written[start:]
    wait_until(lambda: not any(map(_alive, agents)), lambda: agents)
    run = next(path for path in (home / "runs").iterdir() if path.name.endswith("-demo"))
    assert lock.held(run / "lock")

    with workbench(home) as shown:
        shown.wait_for(b"[loss]")
        shown.wait_for(b" demo")
        shown.send(b"q")
        assert b"run demo goes on" in shown.end()[1]


def test_data_that_were_named_are_read_at_once(home: Path, tmp_path: Path) -> None:
    (tmp_path / "my ratings.csv").write_text(GOOD)
    with workbench(home, str(tmp_path / "my ratings.csv"), NO_COLOR="1", MOSH_CONNECTION="1") as shown:
        start = shown.wait_for(b"200 ratings")
        shown.send(b"7")
        shown.wait_for(b"built in", start)
        shown.send(b"\x03")
        shown.wait_for(b"leaves the workbench")
        shown.send(b"q")
        code, written = shown.end()
    assert code == 0
    assert not COLOUR.findall(written)
    assert not CLICKS.findall(written)
    assert str(tmp_path / "my ratings.csv") in (home / "state" / "workbench-local.json").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name)
def test_the_agent_ends_with_it(number: signal.Signals, home: Path) -> None:
    with workbench(home, "--no-mouse") as shown:
        shown.wait_for(PAINTED)
        wait_until(lambda: _agents(shown), lambda: "no agent")
        agents = _agents(shown)
        shown.process.send_signal(number)
        assert shown.process.wait(10) == (-number if number == signal.SIGKILL else 128 + number)
        wait_until(lambda: not any(map(_alive, agents)), lambda: agents)
        assert not CLICKS.findall(shown.bytes)


def test_a_window_that_is_closed_ends_it(home: Path) -> None:
    with workbench(home) as shown:
        shown.wait_for(PAINTED)
        wait_until(lambda: _agents(shown), lambda: "no agent")
        agents = _agents(shown)
        shown.hang_up()
        assert shown.process.wait(10) == 129
        wait_until(lambda: not any(map(_alive, agents)), lambda: agents)


def _said(home: Path, *arguments: str, **environ: Any) -> tuple[int, bytes]:
    with workbench(home, *arguments, **environ) as shown:
        return shown.end()


def test_what_cant_be_opened_is_said_in_a_sentence(home: Path) -> None:
    for arguments, environ, said in (
        (("trian",), {}, "there is no command, file or data set 'trian', did you mean 'train'?"),
        (("./no.csv",), {}, "./no.csv: there is no such file"),
        ((), {"TERM": "dumb"}, "TERM=dumb: such a terminal can't show a screen"),
    ):
        code, written = _said(home, *arguments, **environ)
        assert (code, written.count(b"\n")) == (2, 1)
        assert written.decode().startswith(f"cfbench: {said}")
    assert not (home / "state").exists()


def test_the_demo_is_plain_where_that_is_wanted(home: Path) -> None:
    with workbench(home, "demo", "--plain") as shown:
        end = shown.wait_for(b"-demo\r\n")
        assert b"\x1b" not in shown.bytes[:end]
