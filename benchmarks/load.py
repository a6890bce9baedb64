"""How fast a large file becomes coded columns: ``python -m benchmarks.load [--rows 25e6] [--quick] [--screen]``.

Every measurement is a process of its own, so that its largest memory is its own too; the rounds go through all of them
in turn. The limits are for 25 M rows: coded columns, labels and content hash within twice of polars alone reading the
same four columns, at most 1.5 GB, reopened within 100 ms. With ``--screen`` the workbench opens the file on a
pseudo-terminal: its first rows within 2 s, the next page within 150 ms, the last within 300 ms, at most 150 MB.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.ptys import Terminal

LIMIT, LARGEST, REOPENED = 2.0, 1_500, 0.1
BEFORE = "import sys, time, json\nstart = 0.0\n"
AFTER = (
    "\nspent = time.perf_counter() - start\n"
    "peak = next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM')) / 1024\n"
    "print(json.dumps([spent, peak]))"
)
TIMED = {
    "polars scan, 4 columns": """
import polars as pl
start = time.perf_counter()
pl.scan_csv(sys.argv[1]).select("userId", "movieId", "rating", "timestamp").collect()""",
    "cfbench, columns + labels + hash": """
from cfbench.data import importing
from cfbench.data.contents import file_hash
from cfbench.experiment import Data
from pathlib import Path
start = time.perf_counter()
plan = importing.planned(Data(source=sys.argv[1]))
file_hash(Path(sys.argv[1]))
plan.read()""",
    "cfbench, the same and kept on disk": """
from cfbench.data.importing import open_interactions
from cfbench.experiment import Data
start = time.perf_counter()
open_interactions(Data(source=sys.argv[1]))""",
    "cfbench, reopened": """
from cfbench.data.importing import open_interactions
from cfbench.experiment import Data
import cfbench.registry.catalogue
start = time.perf_counter()
open_interactions(Data(source=sys.argv[1]))""",
    "cfbench, profile of what is kept": """
from cfbench.data.importing import open_interactions
from cfbench.data.profile import profile
from cfbench.experiment import Data
made = open_interactions(Data(source=sys.argv[1]))
start = time.perf_counter()
profile(made, Data())""",
    "pandas read_csv + factorize": """
import pandas as pd
start = time.perf_counter()
frame = pd.read_csv(sys.argv[1])
codes = [pd.factorize(frame[name]) for name in ("userId", "movieId")]""",
    "duckdb dense_rank": """
import duckdb
start = time.perf_counter()
duckdb.sql("select dense_rank() over (order by userId), dense_rank() over (order by movieId), rating, timestamp "
           f"from read_csv('{sys.argv[1]}')").fetchnumpy()""",
}


def write(path: Path, rows: int) -> None:
    """Write distinct pairs, sorted by user, popular items more often, as published sets are."""
    chance = np.random.default_rng(1)
    n_users, n_items = max(10, rows // 154), max(10, min(59_047, rows // 10))
    share = chance.lognormal(0, 1.1, n_users)
    counts = np.maximum(1, share / share.sum() * rows * 1.2).astype(np.int64)
    user = np.repeat(np.arange(n_users), counts)
    popularity = np.cumsum(1 / np.arange(20, n_items + 20) ** 0.9)
    item = np.searchsorted(popularity / popularity[-1], chance.random(len(user))).clip(max=n_items - 1)
    pairs = np.unique(user * n_items + item)
    pairs = np.sort(chance.permutation(pairs)[:rows])
    user, item = np.divmod(pairs, n_items)
    ids = np.sort(chance.permutation(200_000)[:n_items])
    frame = {"userId": user + 1, "movieId": ids[item] + 1, "rating": chance.integers(1, 11, len(user)) / 2}
    frame["timestamp"] = chance.integers(8 * 10**8, 16 * 10**8, len(user))
    pl.DataFrame(frame).write_csv(path, float_precision=1)


def measured(code: str, path: Path, home: Path) -> tuple[float, float] | None:
    """Return seconds and MiB of a piece of code in a process of its own; None where its library is absent."""
    answer = subprocess.run(
        [sys.executable, "-c", BEFORE + code + AFTER, str(path)],
        env={**os.environ, "CFBENCH_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    if "ModuleNotFoundError" in answer.stderr:
        return None
    if answer.returncode:
        raise SystemExit(answer.stderr)
    seconds, memory = json.loads(answer.stdout.splitlines()[-1])
    return seconds, memory


def load(path: Path, rounds: int, folder: Path, judged: bool) -> None:
    """Print the table."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in TIMED}
    for turn in range(rounds):
        home = folder / f"home-{turn}"
        for name, code in TIMED.items():
            if (one := measured(code, path, home)) is not None:
                found[name].append(one)
    base = statistics.median(seconds for seconds, _ in found["polars scan, 4 columns"])
    print(f"{'':<38} {'median s':>9} {'min–max':>15} {'ratio':>7} {'MiB':>7}  limit")
    limits = {
        "cfbench, columns + labels + hash": lambda s, m: (s / base <= LIMIT and m <= LARGEST, "≤ 2x, ≤ 1,500 MiB"),
        "cfbench, the same and kept on disk": lambda s, m: (m <= LARGEST, "≤ 1,500 MiB"),
        "cfbench, reopened": lambda s, m: (s <= REOPENED, "≤ .1 s"),
    }
    for name, runs in found.items():
        if not runs:
            print(f"{name:<38} not installed")
            continue
        seconds = [one for one, _ in runs]
        middle, memory = statistics.median(seconds), max(one for _, one in runs)
        span = f"[{min(seconds):.2f}–{max(seconds):.2f}]"
        ok, limit = limits[name](middle, memory) if judged and name in limits else (True, "")
        mark = "" if not limit else "ok" if ok else "MISSED"
        print(f"{name:<38} {middle:>9.3f} {span:>15} {middle / base:>6.2f}x {memory:>7,.0f}  {limit} {mark}")


def screen(path: Path, folder: Path, rows: int) -> None:
    """Open the file in the workbench, and page through it."""
    environ = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TMUX", "COLORTERM")}
    environ |= {"CFBENCH_HOME": str(folder / "screen"), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    listing = [sys.executable, "-m", "cfbench", "plugins", "list"]  # looked at once, at the very first start
    subprocess.run(listing, env=environ, stdout=subprocess.DEVNULL, check=True)
    terminal = Terminal([sys.executable, "-m", "cfbench", str(path)], 140, 40, environ)
    try:
        started = terminal.wait(b"\x1b[?1049h")
        first = terminal.wait(b"by its name", started, 60) - started
        print(f"{'screen: first rows and columns':<38} {first:>9.2f} s   ≤ 2 s")
        whole = terminal.wait(f"of {rows:,}".encode(), started, 120) - started
        print(f"{'screen: all imported and profiled':<38} {whole:>9.2f} s")
        terminal.settle()
        for name, keys, limit in (("next page", b"\x1b[6~" * 15, 0.15), ("last page", b"\x1b[F", 0.3)):
            spans = []
            for _ in range(5):
                terminal.send(b"\x1b[H")
                terminal.settle(0.4)
                pressed = terminal.send(keys)
                terminal.settle(0.5)
                spans.append(terminal.writes[-1][0] - pressed)
            shown = f"{statistics.median(spans) * 1000:>9.0f} ms"
            print(f"{'screen: ' + name + ', drawn whole':<38} {shown}  ≤ {limit * 1000:.0f} ms")
        with open(f"/proc/{terminal.process.pid}/status", encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
        print(f"{'screen: memory of its process':<38} {peak:>9.0f} MiB ≤ 150 MiB")
    finally:
        terminal.close()


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=25e6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few rows: that it runs, not how fast")
    parser.add_argument("--screen", action="store_true", help="measure the Data screen too")
    given = parser.parse_args()
    rows = 200_000 if given.quick else int(given.rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "ratings.csv"
        write(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB, {os.cpu_count()} cores, polars {pl.__version__}")
        load(path, 1 if given.quick else given.rounds, folder, judged=not given.quick)
        if given.screen:
            screen(path, folder, rows)


if __name__ == "__main__":
    main()
