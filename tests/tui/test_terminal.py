"""What the terminal can do, asked before anything is drawn."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cfbench.errors import BadInput
from cfbench.tui import terminal

from .ptys import PLAIN
from .ptys import terminal as running

APP = [sys.executable, str(Path(__file__).with_name("small_app.py"))]


class _Stream(io.TextIOWrapper):
    def __init__(self, tty: bool = True, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


def _check(term: str | None = "xterm-256color", **streams: Any) -> None:
    given = {"stdin": _Stream(), "stdout": _Stream(), "stderr": _Stream(), **streams}
    terminal.check({} if term is None else {"TERM": term}, **given)


@pytest.mark.parametrize("term", ["xterm", "screen-256color", "tmux-256color", "linux", "vt100"])
def test_terminals_that_will_do(term: str) -> None:
    _check(term)


@pytest.mark.parametrize("term", [None, "", "dumb", "unknown"])
def test_a_terminal_without_a_screen_is_refused(term: str | None) -> None:
    with pytest.raises(BadInput, match=rf"^TERM={term or ''}: .*; set TERM .*'cfbench --help'$") as refused:
        _check(term)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
@pytest.mark.parametrize("stream", [_Stream(tty=False), None])
def test_a_redirected_stream_is_refused(name: str, stream: _Stream | None) -> None:
    with pytest.raises(BadInput, match=rf"^{name}: it is no terminal.*without a pipe or a redirection"):
        _check(**{name: stream})


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_text_that_is_not_utf_8_is_refused(encoding: str) -> None:
    with pytest.raises(BadInput, match=rf"as {encoding}.*LC_ALL=C.UTF-8"):
        _check(stderr=_Stream(encoding=encoding))


def test_a_browser_needs_no_terminal() -> None:
    terminal.check({"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}, None, None, None)


def test_somebody_is_there_only_with_both_ends() -> None:
    tty, pipe = _Stream(), _Stream(tty=False)
    assert terminal.interactive(tty, tty)
    assert not terminal.interactive(pipe, tty)
    assert not terminal.interactive(tty, pipe)
    assert not terminal.interactive(None, tty)


@pytest.mark.parametrize(
    ("environ", "look"),
    [
        ({"TERM": "xterm-256color"}, "light"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "light"),
        ({"TERM": "xterm-kitty"}, "light"),
        ({"TERM": "linux"}, "ansi-light"),
        ({"TERM": "screen"}, "ansi-light"),
        ({"TERM": "xterm", "TEXTUAL_COLOR_SYSTEM": "256"}, "light"),
        ({"TERM": "xterm-256color", "TEXTUAL_COLOR_SYSTEM": "standard"}, "ansi-light"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, ""),
        ({"TERM": "linux", "NO_COLOR": ""}, ""),
    ],
)
def test_the_look_is_one_that_the_terminal_can_show(environ: dict[str, str], look: str) -> None:
    assert terminal.look(environ, "light") == look


def test_an_ansi_look_that_is_wanted_is_shown_on_any_terminal() -> None:
    assert terminal.look({"TERM": "xterm-256color"}, "ansi-dark") == "ansi-dark"
    assert terminal.look({"TERM": "linux"}, "ansi-light") == "ansi-light"


def test_mosh_is_not_asked_for_clicks() -> None:
    assert terminal.mouse({})
    assert not terminal.mouse({}, wanted=False)
    assert not terminal.mouse({"MOSH_CONNECTION": "1"})


def test_asking_costs_no_import_of_textual() -> None:
    code = "import cfbench.tui.terminal, sys; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _bytes_of(environ: dict[str, str], *arguments: str) -> bytes:
    with running([*APP, *arguments], {**PLAIN, **environ}) as shown:
        start = shown.wait_for(b"counted 0")
        shown.send(b"u")
        shown.wait_for(b"counted 1", start)
        shown.send(b"q")
        return shown.end()[1]


COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9\d|10[0-7])(?:;\d+)*m")
CLICKS = re.compile(rb"\x1b\[\?(?:1000|1002|1003|1006|1015)h")


def test_without_colour_and_without_mouse_nothing_of_either_is_sent() -> None:
    """The second program shows too that LANG=C is no hindrance: Python takes it for UTF-8."""
    plain, coloured = _bytes_of({"NO_COLOR": "1"}, "--no-mouse"), _bytes_of({"LANG": "C"})
    assert not COLOUR.findall(plain)
    assert not CLICKS.findall(plain)
    assert COLOUR.findall(coloured)
    assert CLICKS.findall(coloured)


def test_what_would_be_drawn_into_a_file_is_refused(tmp_path: Path) -> None:
    with open(tmp_path / "errors", "wb") as errors, running(APP, stderr=errors) as shown:
        code, written = shown.end()
    assert (code, written) == (2, b"")
    assert (tmp_path / "errors").read_text().startswith("cfbench: stderr: it is no terminal")


def test_a_locale_without_utf_8_is_refused() -> None:
    with running(APP, {**PLAIN, "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}) as shown:
        code, written = shown.end()
    assert code == 2
    assert written.startswith(b"cfbench: locale: ")
