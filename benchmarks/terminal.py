"""What the workbench sends to a terminal, and how soon it answers: ``python -m benchmarks.terminal``.

Each measurement runs the workbench on a pseudo-terminal in a home of its own. Start-up is judged against an empty
Textual application, started in turn with it.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.invented import write_runs
from benchmarks.ptys import Terminal

COMMAND = [sys.executable, "-m", "cfbench"]
EMPTY = [
    sys.executable,
    "-c",
    "from textual.app import App\nfrom textual.widgets import Static\n"
    "class Empty(App):\n    def compose(self): yield Static('  1 Data')\nEmpty().run()",
]
SCREENS = ("Data", "Loader", "Model", "Train", "Runs", "Explore", "Plugins")
PAINTED, ANSWERED = b"Plugins", b"plugins"
LONG = "experiment.name=long training.epochs=100000 model.n_factors=8"

_rows: list[tuple[str, str, str, bool | None]] = []


def report(what: str, value: str, limit: str = "", ok: bool | None = None) -> None:
    """Print a line, and remember whether it kept its limit."""
    _rows.append((what, value, limit, ok))
    mark = "" if ok is None else "ok" if ok else "MISSED"
    print(f"{what:<52} {value:>24}  {limit:<16} {mark}", flush=True)


def judged(what: str, value: float, unit: str, limit: float, places: int = 0) -> None:
    """Print a value with the most that it may be."""
    report(what, f"{value:,.{places}f} {unit}", f"≤ {limit:,g} {unit}", value <= limit)


def environ(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a workbench on a 256-colour terminal."""
    left_out = ("NO_COLOR", "TMUX", "COLORTERM", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "CFBENCH_HOME": str(home), "TERM": "xterm-256color", "LANG": "C.UTF-8", **more}


@contextmanager
def workbench(home: Path, columns: int = 80, rows: int = 24, *options: str, **line: float) -> Iterator[Terminal]:
    """Run the workbench until it takes keys."""
    terminal = Terminal([*COMMAND, *options], columns, rows, environ(home), **line)
    try:
        terminal.wait(b"\x1b[?1049h")
        yield terminal
    finally:
        terminal.close()


@contextmanager
def training(home: Path, experiment: Path) -> Iterator[str]:
    """Train in the background, on all cores but for what the screen takes."""
    started = subprocess.run(
        [*COMMAND, "train", str(experiment), *[f"--set={s}" for s in LONG.split()], "--detach", "--json"],
        env=environ(home), check=True, capture_output=True, text=True,
    )  # fmt: skip
    wait_for_epoch(home)
    try:
        yield started.stdout
    finally:
        subprocess.run(
            [*COMMAND, "runs", "stop", "last", "--wait"], env=environ(home), check=False, capture_output=True
        )


def wait_for_epoch(home: Path) -> None:
    """Return once the newest run has done an epoch."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if any(b'"event":"epoch"' in path.read_bytes() for path in home.glob("runs/*/events.jsonl")):
            return
        time.sleep(0.1)
    raise TimeoutError("the run did not get through an epoch")


# -- the measurements --


def start(home: Path, runs: int) -> None:
    """First paint against an empty Textual application; when keys are taken."""
    paints, peers, keys = [], [], []
    for _ in range(runs):
        for command, wanted, times in ((COMMAND, b"1 Data", paints), (EMPTY, b"1 Data", peers)):
            terminal = Terminal(command, 80, 24, environ(home))
            painted = terminal.wait(wanted.split()[1]) - terminal.started
            times.append(painted)
            if command is COMMAND:
                terminal.send(b"7")
                keys.append(terminal.wait(b"is broken") - terminal.started)
            terminal.close()
    paint, peer = statistics.median(paints), statistics.median(peers)
    judged("first paint, median", 1000 * paint, "ms", 600)
    report("the same of an empty Textual application", f"{1000 * peer:.0f} ms")
    judged("ratio", paint / peer, "x", 2, 2)
    judged("another screen after a key pressed at first paint", 1000 * statistics.median(keys), "ms", 1000)


def idle(home: Path, seconds: float) -> None:
    """Bytes and CPU of each screen while nothing runs."""
    with workbench(home) as terminal:
        terminal.settle()
        for number, name in enumerate(SCREENS, 1):
            terminal.send(str(number).encode())
            terminal.settle()
            began, used = time.monotonic(), terminal.cpu()
            time.sleep(seconds)
            sent, _ = terminal.between(began, time.monotonic())
            share = 100 * (terminal.cpu() - used) / seconds
            judged(f"idle on {name}, {seconds:g} s: bytes", sent, "B", 0)
            judged(f"idle on {name}: CPU", share, "%", 0.5, 2)


def live(home: Path, seconds: float) -> None:
    """Bytes and writes while a run trains."""
    for columns, rows, options, limit in ((80, 24, (), 8_000), (140, 40, (), 20_000), (80, 24, ("--slow",), 2_000)):
        with workbench(home, columns, rows, *options) as terminal:
            terminal.settle()
            terminal.send(b"4")
            terminal.settle()
            began = time.monotonic()
            time.sleep(seconds)
            sent, writes = terminal.between(began, time.monotonic())
            name = " ".join((f"Train {columns}x{rows}", *options))
            judged(f"{name}: bytes a second", sent / seconds, "B/s", limit)
            if columns == 80 and not options:
                judged(f"{name}: writes a second", writes / seconds, "/s", 4, 1)
    with workbench(home) as terminal:
        terminal.settle()
        for number, name in enumerate(SCREENS, 1):
            if name == "Train":
                continue
            terminal.send(str(number).encode())
            terminal.settle()
            began = time.monotonic()
            time.sleep(seconds)
            sent, _ = terminal.between(began, time.monotonic())
            judged(f"{name} while a run trains: bytes a second", sent / seconds, "B/s", 300)


def latency(home: Path, keys: int) -> None:
    """From a key to its picture while a run with two threads takes the CPU."""
    with workbench(home) as terminal:
        judged("key to picture, 95 of 100", 1000 * _percentile(_pressed(terminal, keys), 95), "ms", 100)


def relay(home: Path, keys: int, seconds: float) -> None:
    """The same behind a line of 150 ms and 16 kB/s, after a minute of training."""
    with workbench(home, rate=16_000, delay=0.15) as terminal:
        terminal.settle()
        terminal.send(b"4")
        time.sleep(seconds)
        judged("behind 150 ms and 16 kB/s, slowest key", 1000 * max(_pressed(terminal, keys)), "ms", 1000)


def _pressed(terminal: Terminal, keys: int) -> list[float]:
    terminal.send(b"7")
    terminal.wait(b"\xe2\x96\xb8")
    terminal.settle()
    times = []
    for n in range(keys):
        pressed = terminal.send(b"\x1b[B" if n % 10 < 5 else b"\x1b[A")
        times.append(terminal.wait(b"\xe2\x96\xb8", after=pressed) - pressed)
        time.sleep(0.05)
    return times


def _percentile(values: list[float], per_cent: int) -> float:
    return statistics.quantiles(values, n=100)[per_cent - 1]


def thousand(home: Path) -> None:
    """The Runs screen with 1,000 runs: opened, and narrowed key by key."""
    write_runs(home / "runs", 1000)
    subprocess.run([*COMMAND, "runs", "list"], env=environ(home), check=True, capture_output=True)
    with workbench(home, 140, 40) as terminal:
        terminal.settle()
        pressed = terminal.send(b"5")
        judged("1,000 runs: Runs opens", 1000 * (terminal.wait(b"\xe2\x96\xb8", after=pressed) - pressed), "ms", 500)
        terminal.settle()
        terminal.send(b"/")
        terminal.settle()
        times = []
        for key in b"finished"[:6]:
            pressed = terminal.send(bytes([key]))
            times.append(_next_write(terminal, pressed) - pressed)
            time.sleep(0.3)
        judged("1,000 runs: filter, slowest key", 1000 * max(times), "ms", 100)


def _next_write(terminal: Terminal, after: float) -> float:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        came = [at for at, _ in terminal.writes if at >= after]
        if came:
            return came[0]
        time.sleep(0.001)
    raise TimeoutError("nothing was painted")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short spans: that it works, not how fast")
    parser.add_argument("only", nargs="*", help="start, idle, live, latency, relay, thousand; all where none is named")
    arguments = parser.parse_args()
    quick = arguments.quick
    cases: dict[str, Callable[[Path], None]] = {
        "start": lambda home: start(home, 1 if quick else 5),
        "idle": lambda home: idle(home, 2 if quick else 30),
        "thousand": thousand,
        "live": lambda home: live(home, 3 if quick else 20),
        "latency": lambda home: latency(home, 10 if quick else 100),
        "relay": lambda home: relay(home, 5 if quick else 30, 5 if quick else 60),
    }
    print(f"python {sys.version.split()[0]}, {os.cpu_count()} cores; screens at 80x24 unless said")
    for name, case in cases.items():
        if arguments.only and name not in arguments.only:
            continue
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            if name in ("live", "latency", "relay"):
                experiment = home / "long.toml"
                made = subprocess.run(
                    [*COMMAND, "experiment", "new"], env=environ(home), check=True, capture_output=True, text=True
                )
                experiment.write_text(made.stdout)
                with training(home, experiment):
                    case(home)
            else:
                case(home)
    return 0 if quick else sum(ok is False for *_, ok in _rows) > 0


if __name__ == "__main__":
    sys.exit(main())
