"""Copying out of the workbench, and reading a path that was pasted into it."""

from __future__ import annotations

import asyncio
import base64
import os
import stat
import sys
import time
from pathlib import Path

import pytest
from textual.app import App

from cfbench.tui import copying
from cfbench.tui.copying import copy, pasted_path

from .ptys import PLAIN, terminal, tmux

SMALL_APP = [sys.executable, str(Path(__file__).with_name("small_app.py"))]
TEXT = "Šrámek\t4.5\nJaws (1975)\t[/b]"
IN_BASE64 = base64.b64encode(TEXT.encode())


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)


def _copied(text: str) -> tuple[str, str]:
    """Return what is said, and what went to the terminal's clipboard."""

    async def run() -> tuple[str, str]:
        app: App[int] = App()
        async with app.run_test():
            said = await copy(app, text)
            return said, app.clipboard

    return asyncio.run(run())


def test_the_text_goes_to_the_clipboard_and_to_a_file(home: Path) -> None:
    path = home / "state" / "copied.txt"
    for text in ("the first", TEXT):
        assert _copied(text) == (f"copied {len(text)} characters to the clipboard; it is in {path}", text)
        assert path.read_text() == text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_too_long_goes_to_the_file_alone(home: Path) -> None:
    text = "x" * (copying.LONGEST + 1)
    said, clipboard = _copied(text)
    assert said == f"56 kB are too much for a clipboard behind a terminal; it is in {home}/state/copied.txt"
    assert clipboard == ""
    assert (home / "state" / "copied.txt").read_text() == text
    assert len(base64.b64encode(text[:-1].encode())) == 74_000
    assert _copied(text[:-1])[1] == text[:-1]


def test_text_that_no_encoding_takes_is_copied_still() -> None:
    assert _copied("caf\udce9")[1] == "caf?"
    assert _copied("")[0] == "there is nothing to copy"


def test_without_a_place_for_the_file_the_clipboard_has_it(home: Path) -> None:
    (home / "state").write_text("")
    said, clipboard = _copied("text")
    assert said.startswith(f"copied 4 characters to the clipboard; not kept in a file: {home}/state: ")
    assert clipboard == "text"


def _tmux_that(does: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "tmux").write_text(f"#!/bin/sh\n{does}\n")
    (folder / "tmux").chmod(0o755)
    monkeypatch.setenv("TMUX", "/somewhere,1,0")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.mark.parametrize("does", ["exec sleep 60", "exit 1"])
def test_a_tmux_that_does_not_answer_is_not_waited_for(
    does: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tmux_that(does, tmp_path, monkeypatch)
    monkeypatch.setattr(copying, "PATIENCE", 0.05)
    assert "tmux" not in _copied("text")[0]


def test_a_tmux_that_is_nowhere_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX", "/somewhere,1,0")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "tmux" not in _copied("text")[0]


def test_an_old_tmux_takes_the_text_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _tmux_that(f'[ "$2" = - ] && cat > {tmp_path}/buffer', tmp_path, monkeypatch)
    assert _copied(TEXT)[0].startswith(f"copied {len(TEXT)} characters to the clipboard and tmux's buffer; ")
    assert (tmp_path / "buffer").read_text() == TEXT
    said, _ = _copied("x" * 100_000)
    assert said.startswith("100 kB are too much for a clipboard behind a terminal, but they are in tmux's buffer; ")


def test_the_terminal_is_told(home: Path) -> None:
    environ = {**PLAIN, "CFBENCH_HOME": str(home), "TO_COPY": TEXT}
    with terminal(SMALL_APP, environ) as shown:
        start = shown.wait_for(b"counted 0")
        shown.send(b"c")
        shown.wait_for(b"\x1b]52;c;" + IN_BASE64 + b"\a", start)
        shown.wait_for(b"copied", start)
    with terminal(SMALL_APP, {**environ, "STY": "1.pts-0"}) as shown:
        start = shown.wait_for(b"counted 0")
        shown.send(b"c")
        shown.wait_for(b"\x1bP\x1b]52;c;" + IN_BASE64 + b"\a\x1b\\", start)


def test_tmux_has_it_in_its_buffer_and_hands_it_on(home: Path) -> None:
    """tmux as it is without a configuration, on a terminal that takes texts for its clipboard."""
    environ = {**PLAIN, "CFBENCH_HOME": str(home), "TO_COPY": TEXT}
    with tmux(SMALL_APP, environ) as server, terminal([*server.command, "attach"], environ) as shown:
        server.wait_for("counted 0")
        shown.send(b"c")
        server.wait_for("copied")
        assert server("show-buffer") == TEXT
        shown.wait_for(IN_BASE64)


PATHS = {
    "/data/u.data\n": "/data/u.data",
    "  /data/my ratings.csv  ": "/data/my ratings.csv",
    "'/data/my ratings.csv' ": "/data/my ratings.csv",
    '"/data/my ratings.csv"\r\n': "/data/my ratings.csv",
    "/data/my\\ ratings\\(1\\).csv": "/data/my ratings(1).csv",
    "/data/blank\\ ": "/data/blank ",
    "'/data/it'\\''s.csv'": "/data/it's.csv",
    "/data/it's.csv": "/data/it's.csv",
    "/data/it's\\ one.csv": "/data/it's one.csv",
    "~/ratings.csv": "~/ratings.csv",
    "file:///data/my%20ratings%23.csv\n": "/data/my ratings#.csv",
    "file://localhost/data/Kieślowski.csv": "/data/Kieślowski.csv",
    "'file:///data/a%20b.csv'": "/data/a b.csv",
    "FILE:///data/a.csv": "/data/a.csv",
    "\n\n/data/one.csv\n/data/two.csv\n": "/data/one.csv",
    "'/data/a one.csv' '/data/a two.csv'": "/data/a one.csv",
    "/data/a\\ one.csv /data/two.csv": "/data/a one.csv",
    "gpu-box:/data/u.data": "gpu-box:/data/u.data",
    "https://example.org/u.data": "https://example.org/u.data",
    "ml-100k": "ml-100k",
    "'": "'",
    "''": "",
    " \n ": "",
    "": "",
}


@pytest.mark.parametrize("pasted", PATHS)
def test_a_pasted_path(pasted: str) -> None:
    assert pasted_path(pasted) == PATHS[pasted]


@pytest.mark.parametrize(
    "pasted", ["x" * 1_000_000, "\n" * 1_000_000, "\\" * 1_000_000, "'" * 1_000_000, "' " * 500_000]
)
def test_a_long_paste_is_cut_at_once(pasted: str) -> None:
    started = time.process_time()
    assert len(pasted_path(pasted)) <= 16_384
    assert time.process_time() - started < 0.1
