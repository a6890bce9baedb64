"""A program on a terminal: on a bare pty, where every byte is seen, or inside tmux, where the screen is."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 20.0
"""Seconds until what is waited for counts as never coming."""

# A session leader gets no controlling terminal by inheriting one; signals from the terminal need it.
_TAKE_TERMINAL = "import fcntl,os,sys,termios; fcntl.ioctl(0,termios.TIOCSCTTY,0); os.execvp(sys.argv[1],sys.argv[1:])"

PLAIN = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": os.environ.get("PATH", ""), "HOME": "/nonexistent"}
"""Environment variables for a program that shall not depend on who runs the tests."""


class Terminal:
    """Runs a command on a pty of its own, as the leader of a session.

    Attributes:
        written: (seconds since the start, bytes) for each read from the pty.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
        controlling: bool = True,
        **options: Any,
    ) -> None:
        self._master, slave = pty.openpty()
        self.resize(columns, rows)
        self.started = time.monotonic()
        self.written: list[tuple[float, bytes]] = []
        self._news = threading.Condition()
        streams = {"stdin": slave, "stdout": slave, "stderr": slave, **options}
        take = [sys.executable, "-ISc", _TAKE_TERMINAL] if controlling else []
        self.process = subprocess.Popen([*take, *command], env=dict(environ), start_new_session=True, **streams)
        self._slave = slave  # kept open, so that what was written last can be read and the modes can be asked
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65_536):
                with self._news:
                    self.written.append((time.monotonic() - self.started, data))
                    self._news.notify_all()

    @property
    def bytes(self) -> bytes:
        """Everything that was written so far."""
        return b"".join(data for _, data in list(self.written))

    def send(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for(self, wanted: bytes, start: int = 0) -> int:
        """Return where `wanted` ends in what was written, once it is there at or after `start`."""
        with self._news:
            came = self._news.wait_for(lambda: wanted in self.bytes[start:], PATIENCE)
        assert came, f"{wanted!r} is not in what came, which ends with {self.bytes[start:][-2000:]!r}"
        return self.bytes.index(wanted, start) + len(wanted)

    def modes(self) -> list[Any]:
        """Return the terminal's modes, as termios has them."""
        return termios.tcgetattr(self._slave)

    def end(self) -> tuple[int, bytes]:
        """Return the exit code of the program, once it has ended, and all that it wrote."""
        code = self.process.wait(PATIENCE)
        mark = b"<all that was written is read>"
        os.write(self._slave, mark)
        return code, self.bytes[: self.wait_for(mark) - len(mark)]

    def hang_up(self) -> None:
        """Take the terminal away, as a closed window does."""
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def close(self) -> None:
        """End the program and whatever it started on this terminal."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self._slave >= 0:
            os.close(self._slave)
            self._reader.join(PATIENCE)
            os.close(self._master)


@contextlib.contextmanager
def terminal(command: Sequence[str], environ: Mapping[str, str] = PLAIN, **options: Any) -> Iterator[Terminal]:
    """A command on a bare pty, ended when the block is left."""
    running = Terminal(command, environ, **options)
    try:
        yield running
    finally:
        running.close()


def wait_until(holds: Callable[[], object], what: Callable[[], object]) -> None:
    """Return once something holds; `what` is said if it never does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(0.02)


class Tmux:
    """A tmux server of the test's own; `command` starts it, or talks to it."""

    def __init__(self, socket: Path, environ: Mapping[str, str]) -> None:
        self.command = ["tmux", "-f", "/dev/null", "-S", str(socket)]
        self._environ = {**environ, "SHELL": "/bin/sh"}

    def __call__(self, *arguments: str) -> str:
        """Return what a command of tmux prints."""
        asked = subprocess.run(
            [*self.command, *arguments],
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return asked.stdout

    def wait_for(self, wanted: str) -> str:
        """Return what is on the screen, once `wanted` is."""
        wait_until(lambda: wanted in self("capture-pane", "-p"), lambda: self("capture-pane", "-p"))
        return self("capture-pane", "-p")

    def close(self) -> None:
        """End the server and what runs in it."""
        self("kill-server")


@contextlib.contextmanager
def tmux(
    command: Sequence[str], environ: Mapping[str, str] = PLAIN, columns: int = 80, rows: int = 24
) -> Iterator[Tmux]:
    """A command in tmux without a terminal around it, ended when the block is left."""
    if shutil.which("tmux") is None:
        pytest.skip("there is no tmux here")
    with tempfile.TemporaryDirectory(prefix="cfbench-tmux-") as folder:
        server = Tmux(Path(folder) / "socket", environ)
        server("new-session", "-d", "-x", str(columns), "-y", str(rows), shlex.join(command))
        try:
            yield server
        finally:
            server.close()
