"""How long commands take to start, against the least that Python and click need: ``python -m benchmarks.start``.

Each command runs as a whole process, in turn with its peer, so that a machine that slows down slows both.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEER = [sys.executable, "-c", "import click"]
COMMAND = [sys.executable, "-m", "cfbench"]
CASES = {
    "cfbench --help": ([*COMMAND, "--help"], 2.5),
    "cfbench plugins list (warm)": ([*COMMAND, "plugins", "list"], None),
    "cfbench runs list": ([*COMMAND, "runs", "list"], None),
    "cfbench experiment new": ([*COMMAND, "experiment", "new"], None),
}
SECOND_RUN = 1.0
"""Seconds from asking for a run on data that are in the cache to its first step."""


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def second_run(home: str) -> dict[str, float]:
    """Return seconds from asking for a run to each of its first events, a run of the same experiment before it."""
    file = Path(home) / "second.toml"
    file.write_text("[data]\nsource = 'demo'\n[training]\nepochs = 1\n")
    train = [*COMMAND, "train", str(file), "--detach", "--json"]
    found: dict[str, float] = {}
    for _ in range(2):
        asked = time.time()
        seconds(train)
        seconds([*COMMAND, "runs", "wait", "last"])
        folder = max((Path(home) / "runs").glob("2*"))
        found = {}
        for line in (folder / "events.jsonl").read_text().splitlines():
            event = json.loads(line)
            found.setdefault(event["event"], event["time"] - asked)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--quick", action="store_true", help="three runs: that it works, not how fast")
    arguments = parser.parse_args()
    runs = 3 if arguments.quick else arguments.runs
    missed = 0
    with tempfile.TemporaryDirectory() as home:
        os.environ["CFBENCH_HOME"] = home
        print(f"python {sys.version.split()[0]}, {runs} runs each; peer: python -c 'import click'")
        print(f"{'command':<30} {'ms, median [min-max]':>24} {'peer':>8} {'ratio':>6} {'limit':>6}")
        for name, (command, limit) in CASES.items():
            seconds(command)
            pairs = [(seconds(command), seconds(PEER)) for _ in range(runs)]
            ours, peers = zip(*pairs, strict=True)
            ratio = statistics.median(our / peer for our, peer in pairs)
            spread = f"{statistics.median(ours) * 1e3:.0f} [{min(ours) * 1e3:.0f}-{max(ours) * 1e3:.0f}]"
            peer = statistics.median(peers) * 1e3
            print(f"{name:<30} {spread:>24} {peer:>8.0f} {ratio:>6.2f} {limit or '':>6}")
            missed += limit is not None and ratio > limit
        moments = second_run(home)
        kept = moments["step"] <= SECOND_RUN
        missed += not kept
        told = ", ".join(f"{name} {moments[name]:.2f}" for name in ("created", "starting", "started", "step"))
        print(f"a second run on the same data, seconds: {told}; <= {SECOND_RUN:g} {'ok' if kept else 'MISSED'}")
    return 0 if arguments.quick else missed


if __name__ == "__main__":
    sys.exit(main())
