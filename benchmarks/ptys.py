"""A program on a pseudo-terminal: its bytes with the times at which they came, keys for it, and its size."""

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Sequence


class Terminal:
    """Runs a command on a terminal of its own.

    Args:
        command: what to run.
        columns: of the terminal.
        rows: of the terminal.
        environ: the program's environment.
        rate: bytes a second that a slow line carries; None: as fast as they come.
        delay: seconds that a byte is on its way, in either direction.
    """

    def __init__(
        self,
        command: Sequence[str],
        columns: int,
        rows: int,
        environ: dict[str, str],
        *,
        rate: float | None = None,
        delay: float = 0.0,
    ) -> None:
        self.started = time.monotonic()
        self._rate, self._delay = rate, delay
        self._master, slave = pty.openpty()
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True, close_fds=True
        )
        os.close(slave)
        self.writes: list[tuple[float, bytes]] = []
        self._came = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 4096 if self._rate else 65_536)
            except OSError:
                return
            if not data:
                return
            if self._rate:
                time.sleep(len(data) / self._rate)
            with self._came:
                self.writes.append((time.monotonic() + self._delay, data))
                self._came.notify_all()

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys: bytes) -> float:
        """Press keys; return when."""
        now = time.monotonic()
        if self._delay:
            time.sleep(self._delay)
        os.write(self._master, keys)
        return now

    def wait(self, wanted: bytes, after: float = 0.0, seconds: float = 30.0) -> float:
        """Return when the bytes that came after a moment held what is wanted.

        Raises:
            TimeoutError: they did not within so many seconds.
        """
        end = time.monotonic() + seconds
        with self._came:
            while True:
                held = b""
                for at, data in self.writes:
                    if at >= after:
                        held += data
                        if wanted in held:
                            return at
                if time.monotonic() > end or not self._came.wait(max(0.0, end - time.monotonic())):
                    raise TimeoutError(f"{wanted!r} did not come; the last bytes were {held[-300:]!r}")

    def settle(self, quiet: float = 1.0, most: float = 4.0) -> None:
        """Return when nothing has come for a while, or after `most` seconds where something always does."""
        end = time.monotonic() + most
        with self._came:
            while time.monotonic() < end and self._came.wait(quiet):
                continue

    def between(self, start: float, end: float) -> tuple[int, int]:
        """Return how many bytes came in a span of time, and in how many writes."""
        with self._came:
            sizes = [len(data) for at, data in self.writes if start <= at < end]
        return sum(sizes), len(sizes)

    def cpu(self) -> float:
        """Return the CPU seconds that the program has used, without its children."""
        with open(f"/proc/{self.process.pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the program."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._master)
