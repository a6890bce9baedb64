"""What a person does on the first day, in a real terminal: ``python -m benchmarks.scenario FOLDER [--on HOST]``.

In tmux at 80x24, without a mouse, from an empty home: open ``u.data``, join ``u.item``, choose the bias model, train
five epochs, leave in the middle, come back, train another run, compare the two, read the best item by its title. Each
step waits for what the screen then shows; key presses are counted.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MOST_KEYS = 60


class Person:
    """Somebody at a terminal of tmux."""

    def __init__(self, home: Path, folder: Path, command: str, environ: dict[str, str]) -> None:
        self.keys = 0
        self._tmux = ["tmux", "-L", f"cfbench-{os.getpid()}", "-f", "/dev/null"]
        self._command = command
        settings = [f"{name}={value}" for name, value in {**environ, "CFBENCH_HOME": str(home)}.items()]
        shell = shlex.join(["env", *settings, "bash", "--noprofile", "--norc"])
        self._run("new-session", "-d", "-s", "person", "-x", "80", "-y", "24", "-c", str(folder), shell)
        self._run("set-option", "-g", "history-limit", "0")

    def _run(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], check=True, capture_output=True, text=True).stdout

    def screen(self) -> str:
        """Return what is on the terminal."""
        return self._run("capture-pane", "-p", "-t", "person")

    def open(self) -> None:
        """Start the workbench."""
        self.type(self._command)
        self._run("send-keys", "-t", "person", "Enter")
        self.see("1 Data")

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        for key in keys:
            self.keys += 1
            self._run("send-keys", "-t", "person", key)

    def type(self, text: str) -> None:
        """Type text; that is not counted."""
        self._run("send-keys", "-t", "person", "-l", text)

    def see(self, wanted: str | Callable[[str], bool], seconds: float = 60) -> str:
        """Return the screen once it shows what is wanted.

        Raises:
            TimeoutError: it did not.
        """
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            shown = self.screen()
            if wanted(shown) if callable(wanted) else wanted in shown:
                return shown
            time.sleep(0.05)
        raise TimeoutError(f"{wanted!r} was not seen within {seconds:g} s:\n{self.screen()}")

    def leave(self) -> None:
        """End the terminal."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)


def first_day(person: Person, folder: Path) -> list[str]:
    """Go through the first day; return what was read."""
    read = []
    person.open()
    person.see("no data yet")
    person.press("o")
    person.see("the folder above")
    person.type(f"{folder}/u.data")
    person.see(lambda shown: "u.data" in shown and "u.genre" not in shown)
    person.press("Enter")
    person.see("100,000 ratings by 943 users of 1,682 items")
    person.see(lambda shown: "196  242" in shown)
    person.press("i")
    person.see("the folder above")
    person.type(f"{folder}/u.item")
    person.see(lambda shown: "u.item" in shown and "u.genre" not in shown)
    person.press("Enter")
    person.see("Kolya (1996)")
    person.press("3")
    person.see("parameters")
    person.press("m")
    person.see("Embedding MLP")
    person.type("biases")
    person.see(lambda shown: "Embedding MLP" not in shown)
    person.press("Enter")
    person.see("t train")
    person.press("t")
    person.see("epoch 1")
    read.append(_line(person.screen(), "epoch"))
    started = time.monotonic()
    person.press("q")
    person.see(lambda shown: "$ " in shown.rstrip().splitlines()[-1] if shown.strip() else False)
    read.append(f"q gave the prompt back after {time.monotonic() - started:.2f} s")
    person.open()
    person.see("finished 5 of 5 epochs", 120)
    read.append(_line(person.screen(), "finished"))
    person.press("3")
    person.see("n_factors")
    person.press("Enter", "C-u")
    person.see("a whole number is needed")
    person.type("20")
    person.press("Enter")
    person.see("20 ")
    person.press("t")
    person.see("epoch 1")
    person.see("finished 5 of 5 epochs", 120)
    person.press("5")
    person.see("2 runs")
    person.press("Space", "Down", "Space", "=")
    shown = person.see("n_factors")
    read.append(_line(shown, "n_factors"))
    person.press("6")
    shown = person.see("best: ")
    read.append(_line(shown, "best: "))
    person.press("q")
    return read


def _line(shown: str, wanted: str) -> str:
    return next(line.strip() for line in shown.splitlines() if wanted in line)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of MovieLens 100K")
    parser.add_argument("--on", default="", help="a host, through ssh")
    arguments = parser.parse_args()
    command = f"{sys.executable} -m cfbench" + (f" --on {arguments.on}" if arguments.on else "")
    kept = {name: value for name, value in os.environ.items() if name.startswith("CFBENCH_")}
    with tempfile.TemporaryDirectory() as home:
        person = Person(Path(home), arguments.folder, command, {**kept, "PS1": "$ "})
        started = time.monotonic()
        try:
            for line in first_day(person, arguments.folder.absolute()):
                print(line)
        finally:
            person.leave()
    print(f"{person.keys} key presses besides typed text, limit {MOST_KEYS}; {time.monotonic() - started:.0f} s")
    return int(person.keys >= MOST_KEYS)


if __name__ == "__main__":
    sys.exit(main())
