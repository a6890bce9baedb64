"""Running the workbench so that the terminal is left as it was found, whatever happens.

Only kill -9 leaves no chance for that; then ``reset`` mends the terminal.
"""

from __future__ import annotations

import asyncio
import io
import os
import platform
import select
import signal
import sys
import termios
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

import textual
from rich.console import Console
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from cfbench import __version__, durable, paths
from cfbench.errors import CfbenchError, WorkFailed
from cfbench.text import label

GRACE = 2.0
"""Seconds in which the workbench may leave by itself after a signal that ends it."""

MOST_LOGS = 10

BETWEEN_LOOKS = 5.0
"""Seconds between two looks whether the terminal is still there."""

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

RESET = (
    b"\x18"  # cancels an escape sequence that was cut off
    b"\x1b[?2026l"  # synchronized output
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse
    b"\x1b[?2004l"  # bracketed paste
    b"\x1b[?1004l"  # focus reports
    b"\x1b[?2048l"  # size reports
    b"\x1b[<u"  # keyboard of kitty, before the alternate screen is left
    b"\x1b[?7h"  # lines wrap
    b"\x1b[0m"
    b"\x1b[?1049l"  # main screen
    b"\x1b[?25h"  # cursor
)
"""Takes back all that Textual switches on."""


class Driver(LinuxDriver):
    """Textual's driver, and what it lacks: stopping as shells expect it, and leaving in a hurry.

    Attributes:
        drawing: the terminal is in the workbench's hands.
        asleep: a shell has stopped the workbench.
    """

    drawing = False
    asleep = False

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self.loop = asyncio.get_running_loop()
        # Not in the handler itself: it may have interrupted a write that holds the lock which stopping needs.
        signal.signal(signal.SIGTSTP, lambda *_: self.loop.call_soon_threadsafe(self._stop))
        signal.signal(signal.SIGCONT, lambda *_: self.loop.call_soon_threadsafe(self._continue))
        self._terminal = select.poll()
        self._terminal.register(self.fileno, 0)  # asked for nothing, it tells of a hang-up alone
        self._look()

    def _look(self) -> None:
        """End where the terminal is gone and no signal said so, as to a program without a shell's session."""
        if self._terminal.poll(0):
            signal.raise_signal(signal.SIGHUP)
        else:
            self.loop.call_later(BETWEEN_LOOKS, self._look)

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self.drawing = True
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def stop_application_mode(self) -> None:
        """Give the terminal back; that is done when `close` returns."""
        if self._mouse:
            self.write("\x1b[?1016l")  # Textual leaves it on
        super().stop_application_mode()

    def close(self) -> None:
        """Wait until all is written."""
        super().close()
        self.drawing = False

    def _stop(self) -> None:
        """Stop until the shell continues the workbench; where there is no shell, go on at once."""
        drawing, handlers = self.drawing, {sign: signal.getsignal(sign) for sign in (signal.SIGTSTP, signal.SIGCONT)}
        if drawing:
            self.suspend_application_mode()
        self.asleep = True
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        os.killpg(0, signal.SIGTSTP)  # what the shell started may be a wrapper around this process
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
        for sign, handler in handlers.items():
            signal.signal(sign, handler)
        if drawing:
            self._take_back()
        self.asleep = False

    def _continue(self) -> None:
        """Draw anew after a stop that gave no warning."""
        if self.drawing:
            self.suspend_application_mode()
            self._take_back()

    def _take_back(self) -> None:
        # Sleeps on while the shell keeps this process in the background.
        with suppress(termios.error):
            termios.tcsetattr(self.fileno, termios.TCSANOW, termios.tcgetattr(self.fileno))
        self.resume_application_mode()
        self.send_message(self.SignalResume())
        self._app.refresh(layout=True)

    def rescue(self) -> None:
        """Give the terminal back at once from any state, without Textual's help."""
        self.exit_event.set()  # else the thread that reads keys keeps the process alive
        if not self.drawing:
            return
        self.drawing = False
        with suppress(OSError, termios.error):
            if os.tcgetpgrp(self.fileno) != os.getpgrp():
                return  # it belongs to a shell by now
            _write(RESET)
            if self.attrs_before is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)


def _write(content: bytes) -> None:
    """Write to the terminal, but don't hang where it takes nothing any more."""
    descriptor = os.open(os.ttyname(2), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        if select.select([], [descriptor], [], 0.5)[1]:
            os.write(descriptor, content)
    finally:
        os.close(descriptor)


class Guard:
    """Ends an app in good order when a signal asks for it, and by force where the app does not follow.

    Attributes:
        ending: number of the signal that ends the app, or 0.
    """

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._driver: Driver | None = None
        self.ending = 0

    def drive(self, app: App[Any], **options: Any) -> Driver:
        """Return the driver of the app, and keep an eye on it."""
        self._driver = Driver(app, **options)
        return self._driver

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch over the terminal in the block."""
        before = {number: signal.signal(number, self._end) for number in ENDING}
        try:
            yield
        finally:
            if self._driver is not None:
                self._driver.rescue()
            for number, handler in before.items():
                signal.signal(number, handler)
            try:
                sys.stderr.flush()
            except OSError:  # the terminal is gone, and so is whoever could read more
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    def _end(self, number: int, frame: object) -> None:
        driver = self._driver
        if driver is None or driver.loop.is_closed():
            raise SystemExit(128 + number)
        if self.ending or (number == signal.SIGINT and not driver.drawing):
            return  # a ctrl+c while another program has the terminal is meant for that one
        self.ending = number
        signal.signal(signal.SIGCONT, signal.SIG_IGN)  # sent along to wake what is stopped; drawing is over
        if driver.asleep:
            os._exit(128 + number)  # the terminal is the shell's
        timer = threading.Timer(GRACE, self._force)
        timer.daemon = True
        timer.start()
        driver.loop.call_soon_threadsafe(self._app.exit, None, 128 + number)

    def _force(self) -> NoReturn:
        assert self._driver is not None
        self._driver.rescue()
        os._exit(128 + self.ending)


def run(app: App[Any], *, mouse: bool = True) -> int:
    """Run an app until it ends; return its return code, or 128 and the number of the signal that ended it.

    A message given to ``app.exit`` is printed when the terminal is back.

    Raises:
        CfbenchError: the app raised it.
        WorkFailed: the app broke; what is known about that is in a file.
    """
    guard, said = Guard(app), io.StringIO()
    if app.driver_class is LinuxDriver:
        app.driver_class = guard.drive  # type: ignore[assignment]
    # Textual prints here, when the app has ended, messages and the tracebacks of what went wrong.
    app.error_console = Console(file=said, markup=False, highlight=False, color_system=None, width=500)
    with guard.watching():
        app.run(mouse=mouse)
    if guard.ending:
        return 128 + guard.ending
    error = app._exception
    if isinstance(error, CfbenchError):
        raise error
    if error is not None:
        reason = f" ({type(error).__name__}: {error})"
        raise broken(reason, "".join(traceback.format_exception(error))) from error
    code = app.return_code
    if code is None:
        raise broken("", said.getvalue())
    for line in said.getvalue().splitlines():
        sys.stderr.write(label(line.rstrip(), 2000) + "\n")
    return code


def broken(reason: str, account: str) -> WorkFailed:
    """Return what to say of an app that broke, and keep the account of it in a file."""
    what = f"the workbench broke by a mistake of its own{label(reason, 200)}, runs go on"
    try:
        path = log_crash(account)
    except (CfbenchError, OSError) as error:
        return WorkFailed(what, mend=f"its log can't be written: {getattr(error, 'strerror', None) or error}")
    return WorkFailed(what, mend=f"what is known is in {path}")


def log_crash(account: str) -> Path:
    """Write an account of what went wrong to a new file in the state folder, and return the file's path.

    Raises:
        CfbenchError: the folder can't be made, or the disk is full.
        OSError: the file can't be written.
    """
    folder = paths.writable_folder("state")
    for old in sorted(folder.glob("crash-*.log"))[: -MOST_LOGS + 1]:
        old.unlink(missing_ok=True)
    path = folder / f"crash-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}.log"
    head = (
        f"cfbench {__version__}, Python {platform.python_version()}, Textual {textual.__version__}, "
        f"{platform.platform()}, TERM={os.environ.get('TERM', '')}"
    )
    lines = [head, "", *account.splitlines(), ""]
    with durable.disk_full(path):
        durable.write_synced(path, "\n".join(label(line, 2000) for line in lines).encode())
    return path
