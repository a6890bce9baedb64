"""The first ten recommendations of every user of a catalogue of MovieLens 20M's size: seconds, memory, and stopping.

    python -m benchmarks.recommend_all [--quick]

138,493 users, 27,278 items, k = 64, biases, random tables; 20 M invented training rows, whose columns lie in files as a
run's do. A process of its own sorts them by user and writes the Parquet file. Its memory is the highest that is
resident (VmHWM: ru_maxrss also counts what the parent had), the interpreter, torch, polars and mapped files included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.measuring import judged, versions

USERS, ITEMS, FACTORS, ROWS, COUNT = 138_493, 27_278, 64, 20_000_000, 10
BYTES, STOPPING = 1.0, 2.0


def write_columns(folder: Path, users: int, n: int) -> None:
    """Write n rows' columns and the numbers of those in training as files."""
    rng = np.random.default_rng(1)
    chances = (1 / np.arange(10, ITEMS + 10)).cumsum()
    popular = (chances / chances[-1]).astype(np.float32)
    names = ("user", "item")
    columns = {name: np.lib.format.open_memmap(str(folder / f"{name}.npy"), "w+", np.int32, (n,)) for name in names}
    for start in range(0, n, 2**22):
        size = min(2**22, n - start)
        page = slice(start, start + size)
        columns["user"][page] = rng.integers(1, users + 1, size, np.int32)
        columns["item"][page] = np.searchsorted(popular, rng.random(size, np.float32)).clip(max=ITEMS - 1) + 1
    np.save(folder / "train.npy", np.arange(n))


def measured(folder: Path, users: int) -> dict[str, float]:
    """Recommend to everybody from what `write_columns` wrote; return seconds, bytes and rows."""
    import polars as pl
    import torch

    from cfbench.explore.every_user import Seen, by_tables, in_order, write
    from cfbench.explore.exporting import Stopped, aside
    from cfbench.plugin import Factorization

    started = highest()
    labels = [["#na#", *(f"{kind}{n}" for n in range(1, size + 1))] for kind, size in (("u", users), ("i", ITEMS))]
    titles = ["#na#", *(f"The Film with the Number {n} (1999)" for n in range(1, ITEMS + 1))]
    generator = torch.Generator().manual_seed(1)

    def table(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) * 0.3

    tables = Factorization(
        table(users + 1, FACTORS), table(ITEMS + 1, FACTORS), table(users + 1), table(ITEMS + 1), 0.2, (0.5, 5.5)
    )
    hidden = np.zeros(ITEMS + 1, bool)
    hidden[0] = True
    began = time.perf_counter()
    user, item, train = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("user", "item", "train"))
    seen, places = Seen.of(user, item, train, users + 1), in_order(labels[1])
    sorted_at = time.perf_counter()
    everybody = np.arange(1, users + 1, dtype=np.int32)
    file, words = folder / "recommended.parquet", (labels[0], labels[1], titles)
    with aside(file) as place:
        write(by_tables(tables, seen, everybody, hidden, places, COUNT), users, words, place)
    over = time.perf_counter()
    most = highest()
    asked = threading.Event()
    when: list[float] = []

    def ask() -> None:
        when.append(time.perf_counter())
        asked.set()

    timer = threading.Timer(min(1.0, (over - sorted_at) / 3), ask)
    timer.start()
    try:
        with aside(folder / "never.parquet") as place:
            write(by_tables(tables, seen, everybody, hidden, places, COUNT, asked.is_set), users, words, place)
        stopping = -1.0
    except Stopped:
        stopping = time.perf_counter() - when[0]
    left = [entry.name for entry in folder.iterdir() if "never" in entry.name]
    return {
        "sorting": sorted_at - began,
        "writing": over - sorted_at,
        "started": started,
        "most": most,
        "file": file.stat().st_size,
        "rows": pl.scan_parquet(file).select(pl.len()).collect().item(),
        "stopping": stopping,
        "left": len(left),
    }


def highest() -> float:
    """Return the most memory that was resident in this process, in bytes."""
    for row in Path("/proc/self/status").read_text().splitlines():
        if row.startswith("VmHWM"):
            return int(row.split()[1]) * 1024
    raise OSError("the kernel tells no VmHWM")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was measured; return 0, 1 where a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recommend_all", description="Recommending to all.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the users, nothing judged")
    parser.add_argument("--child", nargs=2, metavar=("FOLDER", "USERS"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(json.dumps(measured(Path(options.child[0]), int(options.child[1]))))
        return 0
    users, rows = (USERS // 10, ROWS // 10) if options.quick else (USERS, ROWS)
    print(versions("polars"))
    print(f"\nthe first {COUNT} for {users:,} users of {ITEMS:,} items, k = {FACTORS}, {rows:,} rows seen")
    with tempfile.TemporaryDirectory(prefix="cfbench-recommend-") as folder:
        write_columns(Path(folder), users, rows)
        command = [sys.executable, "-m", "benchmarks.recommend_all", "--child", folder, str(users)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    print(f"  sorting the rows by user      {found['sorting']:8.2f} s")
    print(f"  scoring and writing           {found['writing']:8.2f} s   {users / found['writing']:,.0f} users a second")
    print(f"  the file                      {found['file'] / 2**20:8.1f} MiB, {found['rows']:,.0f} rows")
    print(f"  resident after the imports    {found['started'] / 2**20:8.0f} MiB")
    memory, small = judged(found["most"] / 2**30, BYTES, "resident at most", unit=" GiB")
    stopped, soon = judged(found["stopping"], STOPPING, "from asking to stop until it has", unit=" s")
    print(f"  {memory}\n  {stopped}, {found['left']:.0f} files left")
    kept = small and soon and found["stopping"] >= 0 and not found["left"]
    return 0 if kept or options.quick else 1


if __name__ == "__main__":
    sys.exit(main())
