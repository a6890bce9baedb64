"""A small app that runs as the workbench does, for tests of the terminal: each key does what its name says."""

import os
import sys
import time

from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.widgets import Static

from cfbench.errors import CfbenchError, WorkFailed
from cfbench.tui import guard, looks, terminal
from cfbench.tui.copying import copy


class SmallApp(App[int]):
    BINDINGS = [  # noqa: RUF012
        Binding("q", "leave"),
        Binding("z", "suspend_process"),
        Binding("b", "break"),
        Binding("f", "fail"),
        Binding("x", "exit_python"),
        Binding("h", "hang"),
        Binding("e", "edit"),
        Binding("c", "copy"),
        Binding("u", "upwards"),
        Binding("p", "pid"),
    ]

    def __init__(self, look: str) -> None:
        super().__init__(ansi_color=None if look else True)
        for name in looks.LOOKS:
            self.register_theme(looks.theme(name))
        self.theme = f"cfbench-{look or 'ansi-dark'}"
        self.count = 0

    def compose(self) -> ComposeResult:
        yield Static("ready", id="title", markup=False)
        yield Static("counted 0", id="count", markup=False)

    def action_upwards(self) -> None:
        self.count += 1
        self.query_one("#count", Static).update(f"counted {self.count}")

    def action_pid(self) -> None:
        self.query_one("#title", Static).update(f"ready, pid {os.getpid()} is known")

    def action_leave(self) -> None:
        self.exit(0, message="the run goes on")

    def action_break(self) -> None:
        raise ZeroDivisionError("odd \x1b[31m")

    def action_fail(self) -> None:
        raise WorkFailed("the bench is gone", mend="start it again")

    def action_exit_python(self) -> None:
        sys.exit(7)

    def action_hang(self) -> None:
        self.query_one("#title", Static).update("hanging")
        self.call_after_refresh(lambda: time.sleep(60))

    def action_edit(self) -> None:
        with self.suspend():
            os.system("sh -c 'trap : INT; echo editing; read line'")
        self.query_one("#title", Static).update("edited")

    async def action_copy(self) -> None:
        self.query_one("#title", Static).update(await copy(self, os.environ["TO_COPY"]))


def main() -> int:
    guard.GRACE = float(os.environ.get("GRACE", guard.GRACE))
    guard.BETWEEN_LOOKS = float(os.environ.get("BETWEEN_LOOKS", guard.BETWEEN_LOOKS))
    try:
        terminal.check(os.environ, sys.stdin, sys.stdout, sys.stderr)
        app = SmallApp(terminal.look(os.environ, "dark"))
        return guard.run(app, mouse=terminal.mouse(os.environ, "--no-mouse" not in sys.argv))
    except CfbenchError as error:
        os.write(2, f"cfbench: {error}\n".encode())
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
