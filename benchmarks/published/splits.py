"""What time does to splits of MovieLens 100K, as the reports of cfbench say it.

    python -m benchmarks.published.splits [--data FOLDER]

Why it matters: Meng et al.: Exploring data splitting strategies for the evaluation of recommendation models. RecSys
2020; Ji et al.: A critical study on data leakage in recommender system offline evaluation. ACM TOIS 41(3), 2023.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cfbench
from benchmarks.published.claims import Claim, report, run
from cfbench.loading.leaks import report as leaks


def percent(folder: Path, splitter: dict[str, Any], pattern: str) -> float:
    """Return the number that the leak report of a split gives, in percent."""
    loader = cfbench.loader({"data": {"source": str(folder / "u.data")}, "splitter": splitter})
    told = [f"{finding.what}; {finding.mend}" for finding in leaks(loader)]
    found = [match for line in told if (match := re.search(pattern, line))]
    assert len(found) == 1, told
    return float(found[0][1])


def check(folder: Path) -> bool:
    """Print the claims; return whether they hold."""
    last = {"name": "leave-one-out", "by": "time"}
    claims = [
        Claim(
            "rows that share their second with one of their user, %",
            75.8,
            percent(folder, last, r"([\d.]+) % of all rows share their second"),
            0.05,
            1,
        ),
        Claim(
            "leave last out: train rows later than the test row, %",
            41,
            percent(folder, last, r"([\d.]+) % of the train rows are later"),
            0.5,
            1,
        ),
        Claim(
            "cut at 80 % of time: test rows with unseen users, %",
            85,
            percent(folder, {"name": "time-cut"}, r"users new to training; ([\d.]+) %"),
            0.5,
            1,
        ),
    ]
    return report("MovieLens 100K and time", "Meng et al., RecSys 2020; Ji et al., TOIS 41(3), 2023", claims)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it."""
    return run("splits", "What time does to splits.", "ml-100k", check, arguments)


if __name__ == "__main__":
    sys.exit(main())
