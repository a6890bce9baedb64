"""All benchmarks of speed, one after the other, into docs/performance.md.

    python -m benchmarks all [--quick] [--data FOLDER]

`--quick` runs each as short as it can and writes nothing: that they work, not how fast.
"""

from __future__ import annotations

import argparse
import datetime
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measuring import MISSED, processor

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "pictures" / "scaling.svg"
SCRIPTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("fused", "The fused engine", ()),
    ("to_rmse", "The time to an equal error", ()),
    ("autograd", "The autograd engine", ()),
    ("als", "Alternating least squares", ()),
    ("ranking", "Rankings", ()),
    ("recommend_all", "Recommendations of every user", ()),
    ("explored", "What was learned", ()),
    ("scaling", "Time and memory by ratings", ("--plot", str(PLOT))),
    ("start", "Start", ()),
)
NEEDS_DATA = ("fused", "to_rmse", "autograd", "als", "ranking", "explored")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run them; return how many failed to run, or with the whole length also how many missed a limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("all", choices=["all"], help="run all of them")
    parser.add_argument("--quick", action="store_true", help="that they work, not how fast; writes no page")
    parser.add_argument("--data", metavar="FOLDER", help="holds ml-100k and ml-1m")
    options = parser.parse_args(arguments)
    if options.data:
        os.environ["CFBENCH_TEST_DATA"] = options.data
    sections, failed = [], 0
    for name, title, extra in SCRIPTS:
        began = time.monotonic()
        command = [sys.executable, "-m", f"benchmarks.{name}", *(["--quick"] if options.quick else extra)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        known = done.returncode == 0 or (done.returncode == 1 and MISSED in done.stdout)
        missing = done.returncode == 2 and name in NEEDS_DATA
        failed += (not known and not missing) or (done.returncode == 1 and not options.quick)
        said = done.stdout if known else done.stdout + done.stderr
        print(f"== {name}, {time.monotonic() - began:.0f} s, exit code {done.returncode}\n{said}", flush=True)
        sections.append(f"## {title}\n\n`python -m benchmarks.{name}`\n\n```text\n{said.strip()}\n```\n")
    if not options.quick:
        PAGE.write_text(page(sections))
        print(f"written: {PAGE.relative_to(ROOT)}")
    return failed


def page(sections: Sequence[str]) -> str:
    """Return the page."""
    head = (
        "# Performance\n\n"
        f"Written by `python -m benchmarks all` on {datetime.date.today():%Y-%m-%d}: {processor()}, "
        f"{memory():.0f} GiB of memory, Linux, a virtual machine with neighbours. Times are medians [fastest-slowest]; "
        "each peer is measured in the same run as ours; a limit that was not kept says MISSED. What each script does "
        "is in [`benchmarks/README.md`](../benchmarks/README.md).\n\n"
        "![seconds and memory against millions of ratings](pictures/scaling.svg)\n"
    )
    return "\n".join([head, *sections])


def memory() -> float:
    """Return the machine's memory in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


if __name__ == "__main__":
    sys.exit(main())
