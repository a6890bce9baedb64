"""The terminal is left as it was found, whatever happens."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cfbench.tui import guard

from .ptys import PLAIN, Terminal, terminal, tmux, wait_until

APP = [sys.executable, str(Path(__file__).with_name("small_app.py"))]
LINE = shlex.join(APP).encode()

USUAL = {b"25", b"7"}
"""Modes that are on in a terminal at rest: the cursor is shown, lines wrap."""


def _ready(shown: Terminal, start: int = 0) -> int:
    """Return where the output ends that takes the terminal; the rest of its switches come before the first picture."""
    return shown.wait_for(b"counted", shown.wait_for(b"\x1b[?7l", start))


def _left_on(written: bytes) -> set[bytes]:
    """Return the modes that are not as in a terminal at rest, after all that was written."""
    modes: dict[bytes, bool] = {}
    for number, switch in re.findall(rb"\x1b\[\?(\d+)([hl])", written):
        modes[number] = switch == b"h"
    return {number for number, on in modes.items() if on != (number in USUAL)}


def _assert_sane(shown: Terminal, written: bytes) -> None:
    assert {b"1049", b"1000", b"1003", b"1006", b"1015", b"2004", b"1004"} <= set(re.findall(rb"\?(\d+)h", written))
    assert not _left_on(written)
    assert written.count(b"\x1b[>25u") == written.count(b"\x1b[<u")


def _signal(*numbers: signal.Signals) -> Callable[[Terminal], None]:
    def send(shown: Terminal) -> None:
        for number in numbers:
            shown.process.send_signal(number)

    return send


def _press(key: bytes) -> Callable[[Terminal], None]:
    return lambda shown: shown.send(key)


def _hang_and_end(shown: Terminal) -> None:
    shown.send(b"h")
    shown.wait_for(b"hanging")
    shown.process.send_signal(signal.SIGTERM)


BROKEN = (
    rb"cfbench: the workbench broke by .* \(ZeroDivisionError: odd \xe2\x90\x9b\[31m\), runs go on; .* in (\S+)\r\n$"
)

ENDS: dict[str, tuple[Callable[[Terminal], None], int, bytes]] = {
    "SIGTERM": (_signal(signal.SIGTERM, signal.SIGCONT), 143, b""),
    "SIGHUP": (_signal(signal.SIGHUP), 129, b""),
    "SIGINT": (_signal(signal.SIGINT), 130, b""),
    "a crash": (_press(b"b"), 1, BROKEN),
    "a known failure": (_press(b"f"), 1, rb"cfbench: the bench is gone; start it again\r\n$"),
    "sys.exit": (_press(b"x"), 7, b""),
    "SIGTERM while it hangs": (_hang_and_end, 143, b""),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_terminal_is_left_as_it_was(end: str, home: Path) -> None:
    act, code, said = ENDS[end]
    grace = {"GRACE": "0.3"} if "hangs" in end else {}
    with terminal(APP, {**PLAIN, "CFBENCH_HOME": str(home), **grace}) as shown:
        before = shown.modes()
        _ready(shown)
        act(shown)
        ended, written = shown.end()
        assert (ended, shown.modes()) == (code, before)
    _assert_sane(shown, written)
    after = written.rpartition(b"\x1b[?1049l")[2]
    assert re.search(said, after)
    assert b"Traceback" not in written
    if end == "a crash":
        assert_log(after, home)


def assert_log(after: bytes, home: Path) -> None:
    said = re.search(BROKEN, after)
    assert said
    log = Path(said[1].decode())
    assert log.parent == home / "state"
    assert log.stat().st_mode & 0o777 == 0o600
    account = log.read_text()
    assert account.startswith("cfbench ")
    assert 'raise ZeroDivisionError("odd' in account
    assert "\x1b" not in account


def test_a_crash_without_a_place_for_its_log_is_still_said(home: Path) -> None:
    (home / "state").write_text("")
    assert re.search(r"KeyError.*its log can't be written: .*CFBENCH_HOME", str(guard.broken(" (KeyError: 1)", "")))


def test_of_the_logs_the_newest_stay(home: Path) -> None:
    (home / "state").mkdir()
    for second in range(20):
        (home / "state" / f"crash-20200101T0000{second:02}-1.log").touch()
    newest = guard.log_crash("Traceback")
    kept = sorted((home / "state").iterdir())
    assert len(kept) == guard.MOST_LOGS
    assert kept[-1] == newest


@pytest.mark.parametrize("controlling", [True, False], ids=["with a signal", "without a word"])
def test_a_terminal_that_is_gone_ends_it(controlling: bool) -> None:
    environ = {**PLAIN, "GRACE": "0.3", "BETWEEN_LOOKS": "0.1"}
    with terminal(APP, environ, controlling=controlling) as shown:
        _ready(shown)
        shown.hang_up()
        assert shown.process.wait(10) == 129


def _state(pid: int) -> str:
    """Return "T" for a process that is stopped, "" for one that is gone, as `ps` says."""
    return subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout[
        :1
    ]


def test_a_shell_stops_and_continues_it() -> None:
    """ctrl+z and fg, also behind a wrapper; bg; kill %1 while it is stopped."""
    with terminal(["bash", "--norc", "--noprofile", "-i"], {**PLAIN, "PS1": "$ "}) as shown:
        shown.wait_for(b"$ ")
        shown.send(b"sh -c '" + LINE + b"; true'\n")
        start = _ready(shown)
        shown.send(b"u")
        stopped = _stopped_by(shown, b"z", shown.wait_for(b"counted 1", start))
        assert not _left_on(shown.bytes[: shown.bytes.index(b"Stopped")])
        shown.send(b"stty -a\n")
        end = shown.wait_for(b"extproc", stopped)
        assert re.search(rb"\sicanon\b.*\secho\b", shown.bytes[stopped:end], re.DOTALL)

        shown.send(b"fg\n")
        start = _ready(shown, stopped)
        shown.send(b"u")
        start = shown.wait_for(b"counted 2", start)

        shown.send(b"p")
        start = shown.wait_for(b" is known", start)
        pid = int(re.findall(rb"pid (\d+) is", shown.bytes[:start])[-1])
        stopped = _stopped_by(shown, b"z", start)
        assert not _left_on(shown.bytes[: shown.bytes.rindex(b"Stopped")])

        shown.send(b"bg\n")
        shown.wait_for(b"&", stopped)
        wait_until(lambda: _state(pid) == "T", lambda: _state(pid))
        shown.send(b"kill %1\n")
        wait_until(lambda: not _state(pid), lambda: shown.bytes[stopped:])
        assert b"1049h" not in shown.bytes[stopped:]
        shown.send(b"exit\n")
        shown.end()


def test_the_screen_after_a_stop_is_the_one_before() -> None:
    with tmux(["bash", "--norc", "--noprofile", "-i"], {**PLAIN, "PS1": "$ "}) as server:
        server.wait_for("$")
        server("send-keys", LINE.decode(), "Enter")
        before = server.wait_for("counted 0")
        server("send-keys", "z")
        assert "counted" not in server.wait_for("Stopped")
        server("send-keys", "fg", "Enter")
        assert server.wait_for("counted 0") == before


def _stopped_by(shown: Terminal, key: bytes, start: int) -> int:
    shown.send(key)
    return shown.wait_for(b"$ ", shown.wait_for(b"Stopped", start))


def test_without_a_shell_and_with_an_editor() -> None:
    """There is nothing to stop for; and ctrl+c in a program that has the terminal for a while is that program's."""
    with terminal(APP) as shown:
        before = shown.modes()
        start = _ready(shown)
        shown.send(b"z")
        start = _ready(shown, start)
        shown.send(b"e")
        start = shown.wait_for(b"editing", start)
        shown.send(b"\x03\n")
        start = shown.wait_for(b"edited", start)
        shown.send(b"u")
        shown.wait_for(b"counted 1", start)
        shown.send(b"q")
        code, written = shown.end()
        assert (code, shown.modes()) == (0, before)
    _assert_sane(shown, written)
    assert written.endswith(b"the run goes on\r\n")
