"""Time and memory against the number of ratings: the fused engine on 1, 5, 20 and 100 M invented ratings.

    python -m benchmarks.scaling [--quick] [--plot FILE.svg]

160 k users, 59 k items, k = 64, sgd, one thread, one order for all epochs, without blocks. Each size is a process of
its own whose columns and split lie in files, as a run's do. Memory is what the process keeps besides files (RssAnon),
its highest, less what it kept before there was any data, less the tables and a copy of them that is being written.
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
from typing import Any

import numpy as np

from benchmarks.measuring import judged, peer, versions

SIZES = (1, 5, 20, 100)
USERS, ITEMS, FACTORS = 160_000, 59_000, 64
BYTES = 16.0
VALID = 0.01


def kept_bytes() -> int:
    """Return what this process keeps besides files."""
    for row in Path("/proc/self/status").read_text().splitlines():
        if row.startswith("RssAnon"):
            return int(row.split()[1]) * 1024
    raise OSError("the kernel tells no RssAnon")


class Peak(threading.Thread):
    """The highest of `kept_bytes`, looked at again and again."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most, self.over = 0, False

    def run(self) -> None:
        """Look until it is over."""
        while not self.over:
            self.most = max(self.most, kept_bytes())
            time.sleep(0.005)


def write(folder: Path, n: int) -> None:
    """Write n rows' columns and their split as files."""
    rng = np.random.default_rng(1)
    chances = (1 / np.arange(10, ITEMS + 10)).cumsum()
    popular = (chances / chances[-1]).astype(np.float32)
    columns = {
        name: np.lib.format.open_memmap(str(folder / f"{name}.npy"), "w+", kind, (n,)) for name, kind in KINDS.items()
    }
    for start in range(0, n, 2**22):
        size = min(2**22, n - start)
        page = slice(start, start + size)
        columns["user"][page] = rng.integers(1, USERS + 1, size, np.int32)
        columns["item"][page] = np.searchsorted(popular, rng.random(size, np.float32)).clip(max=ITEMS - 1) + 1
        columns["target"][page] = rng.integers(1, 6, size, np.int8)
    valid = np.zeros(n, bool)
    valid[:: round(1 / VALID)] = True
    np.save(folder / "valid.npy", np.flatnonzero(valid))
    np.save(folder / "train.npy", np.flatnonzero(~valid))


KINDS: dict[str, Any] = {"user": np.int32, "item": np.int32, "target": np.float32}


def measured(folder: Path) -> dict[str, float]:
    """Train two epochs on what `write` wrote; return the seconds and the bytes."""
    from cfbench.data.interactions import Counts, Interactions
    from cfbench.experiment import parse
    from cfbench.loading.components import installed
    from cfbench.loading.loader import Loader
    from cfbench.plugin import Split
    from cfbench.runs.preparing import checked
    from cfbench.training.learner import Learner
    from cfbench.training.trying import Nobody

    made = checked(
        parse(
            {
                "data": {"source": "demo"},
                "loader": {"batch_size": 1, "reshuffle": False},
                "model": {"name": "biased-dot-product", "n_factors": FACTORS, "init_sd": 0.1},
                "optimizer": {"name": "sgd", "lr": 0.005},
                "schedule": {"name": "constant"},
                "training": {"engine": "fused", "epochs": 2, "device": "cpu"},
            }
        )
    )
    from cfbench.training.fused import kernels  # noqa: F401  what compiled code keeps is no rating's

    columns = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in (*KINDS, "train", "valid")}
    labels = {"user": _Labels(USERS + 1), "item": _Labels(ITEMS + 1), "title": _Labels(ITEMS + 1)}
    n = len(columns["user"])
    part = np.broadcast_to(np.uint8(0), (n,))
    data = Interactions(
        columns["user"], columns["item"], columns["target"], None, part, ["invented"], {}, {}, labels, Counts(n),
        fingerprint="invented",
    )  # fmt: skip
    peak, before = Peak(), kept_bytes()
    peak.start()
    began = time.perf_counter()
    learner = Learner(made, Loader(data, Split(columns["train"], columns["valid"]), made), installed, Nobody())
    learner.fused.put_in_order(0, reshuffled=False)  # type: ignore[union-attr]
    ready = time.perf_counter()
    learner.fit()
    over = time.perf_counter()
    peak.over = True
    peak.join()
    tables = sum(parameter.nbytes for parameter in learner.predictor.module.parameters())
    rows = learner.loader.train.n_rows
    return {
        "rows": rows,
        "order": ready - began,
        "epoch": (over - ready) / 2,
        "bytes": (peak.most - before - 2 * tables) / rows,
        "peak": peak.most / 2**20,
        "tables": tables / 2**20,
    }


class _Labels(Sequence[str]):
    """As many labels as are asked for, that take no room."""

    def __init__(self, n: int) -> None:
        self._n = n

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, at: Any) -> Any:
        return str(at)


def plot(found: list[dict[str, float]], file: Path) -> None:
    """Draw seconds and bytes against ratings as two lines."""
    if (pyplot := peer("matplotlib.pyplot")) is None:
        return
    rows = [one["rows"] / 1e6 for one in found]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2))
    left.plot(rows, [one["epoch"] for one in found], "o-", label="an epoch")
    left.plot(rows, [one["order"] for one in found], "s--", label="putting in order, once")
    left.set(xlabel="million ratings", ylabel="seconds")
    left.legend()
    right.plot(rows, [one["peak"] / 1024 for one in found], "o-", label="highest, with tables and libraries")
    right.set(xlabel="million ratings", ylabel="GiB besides files", ylim=(0, None))
    right.legend()
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 0, 1 where a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description="Time and memory by ratings.")
    parser.add_argument("--quick", action="store_true", help="the smallest size alone, nothing judged")
    parser.add_argument("--plot", metavar="FILE.svg", help="draw the table, by matplotlib")
    parser.add_argument("--child", metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(json.dumps(measured(Path(options.child))))
        return 0
    print(versions())
    print(f"\nsgd, k = {FACTORS}, {USERS:,} users, {ITEMS:,} items, 1 thread")
    titles = "order, once", "an epoch", "M ratings/s", "highest", "bytes a rating"
    print(f"  {'M ratings':>10}{titles[0]:>14}{titles[1]:>11}{titles[2]:>13}{titles[3]:>13}{titles[4]:>16}")
    found = []
    for millions in SIZES[:1] if options.quick else SIZES:
        with tempfile.TemporaryDirectory(prefix="cfbench-scaling-") as folder:
            write(Path(folder), millions * 1_000_000)
            command = [sys.executable, "-m", "benchmarks.scaling", "--child", folder]
            one = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        found.append(one)
        print(
            f"  {millions:>10}{one['order']:>12.2f} s{one['epoch']:>9.2f} s{one['rows'] / one['epoch'] / 1e6:>13.0f}"
            f"{one['peak']:>9,.0f} MiB{one['bytes']:>16.1f}",
            flush=True,
        )
    if options.quick:
        return 0
    verdict, kept = judged(found[-1]["bytes"], BYTES, "bytes a rating beyond the tables", unit="")
    print(f"  at {SIZES[-1]} M: {verdict}; tables {found[-1]['tables']:.0f} MiB")
    if options.plot:
        plot(found, Path(options.plot))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
