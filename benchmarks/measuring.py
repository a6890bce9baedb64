"""Timing in turn, medians with their ends, limits, and what the machine is."""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.metadata
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.textbook import home

MISSED = "MISSED"


def timed(work: Callable[[], Any], repeats: int) -> list[float]:
    """Return the seconds of some calls."""
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


def in_turn(works: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Return the seconds of some calls of each, taken in turn after one that is not counted."""
    for work in works.values():
        work()
    found: dict[str, list[float]] = {name: [] for name in works}
    gc.disable()
    for _ in range(repeats):
        for name, work in works.items():
            found[name] += timed(work, 1)
    gc.enable()
    return found


def told(seconds: Sequence[float]) -> str:
    """Return median [fastest-slowest], in milliseconds or, from a second on, in seconds."""
    low, mid, high = min(seconds), statistics.median(seconds), max(seconds)
    if mid >= 1:
        return f"{mid:.2f} s [{low:.2f}-{high:.2f}]"
    return f"{mid * 1e3:.2f} ms [{low * 1e3:.2f}-{high * 1e3:.2f}]"


def line(what: str, seconds: Sequence[float], note: str = "") -> None:
    """Print a line of a table."""
    print(f"  {what:<46}{told(seconds):<32}{note}", flush=True)


def threads_of(n: int) -> str:
    """Return a number of threads in words."""
    return f"{n} thread{'s' * (n > 1)}"


def judged(value: float, limit: float, of: str, most: bool = True, unit: str = "x") -> tuple[str, bool]:
    """Return a value with its limit in words, and whether it is kept; `most`: it may not be above, else not below."""
    kept = value <= limit if most else value >= limit
    return f"{value:.3g}{unit} {of}, {'<=' if most else '>='} {limit:g} {'ok' if kept else MISSED}", kept


def peer(module: str) -> Any | None:
    """Return a peer's module, or None with a word where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        print(f"  {module} is not installed: pip install -r benchmarks/requirements.txt")
        return None


def versions(*packages: str) -> str:
    """Return what is measured and where: packages, Python, processor."""
    found = []
    for package in ("cfbench", "torch", "numba", *packages):
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"{', '.join(found)}; Python {platform.python_version()}; {processor()}"


def processor() -> str:
    """Return the processor's name, its vector registers and caches, and how many CPUs there are."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.exists() else ""
    lines = {key.strip(): value.strip() for key, _, value in (row.partition(":") for row in text.splitlines())}
    flags = lines.get("flags", "").split()
    vectors = next((name for name in ("avx512f", "avx2", "neon") if name in flags), "")
    family = f"family {lines['cpu family']} model {lines['model']}" if "cpu family" in lines else ""
    name = lines.get("model name", platform.machine())
    caches = []
    for cache in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((cache / file).read_text().strip() for file in ("level", "type", "size"))
        if kind != "Instruction":
            caches.append(f"L{level} {size}")
    parts = [name, family, vectors, *caches, f"{os.cpu_count()} CPUs"]
    return ", ".join(part for part in parts if part)


def data_folder(name: str, given: str | None = None) -> Path:
    """Return where a data set is: under `given`, $CFBENCH_TEST_DATA, or ../shared/data by the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(given or os.environ.get("CFBENCH_TEST_DATA") or beside) / name


def run(
    name: str, what: str, needed: Sequence[str], check: Callable[[list[Path], bool], bool],
    arguments: Sequence[str] | None,
) -> int:  # fmt: skip
    """Run a script on data folders, cfbench's own folders being temporary.

    Args:
        name: the script's.
        what: it does.
        needed: names of data sets.
        check: from their folders, and whether it shall be quick, to whether every limit is kept.
        arguments: of the command line.

    Returns:
        0; 1 where a limit is missed, unless it was quick; 2 without the data.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=what)
    parser.add_argument("--quick", action="store_true", help="as short as it can, nothing judged")
    parser.add_argument("--data", metavar="FOLDER", help=f"holds {' and '.join(needed)}")
    options = parser.parse_args(arguments)
    folders = [data_folder(one, options.data) for one in needed]
    for folder in folders:
        if not folder.exists():
            print(f"there is no {folder.name} at {folder}; say where by --data or CFBENCH_TEST_DATA", file=sys.stderr)
            return 2
    with home():
        return 0 if check(folders, options.quick) or options.quick else 1
