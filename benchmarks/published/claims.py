"""A published figure, what cfbench gives, and how far they may be apart."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import data_folder
from benchmarks.textbook import home


@dataclass(frozen=True)
class Claim:
    """One figure.

    Attributes:
        what: of what.
        published: the figure; with `to` the ends of a range.
        ours: what cfbench gives.
        tolerance: how far `ours` may be off.
        digits: to print.
        to: the other end.
    """

    what: str
    published: float
    ours: float
    tolerance: float
    digits: int = 4
    to: float | None = None

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        low, high = sorted([self.published, self.published if self.to is None else self.to])
        return low - self.tolerance <= self.ours <= high + self.tolerance


def report(title: str, source: str, claims: Sequence[Claim]) -> bool:
    """Print claims under a title with their source; return whether all hold."""
    print(f"{title}\n  {source}")
    print(f"  {'':<52}{'published':>18}{'cfbench':>12}{'tolerance':>11}")
    for one in claims:
        said = f"{one.published:.{one.digits}f}" + ("" if one.to is None else f" to {one.to:.{one.digits}f}")
        verdict = "ok" if one.ok else "MISSED"
        print(f"  {one.what:<52}{said:>18}{one.ours:>12.{one.digits}f}{one.tolerance:>11.2g}   {verdict}", flush=True)
    print()
    return all(one.ok for one in claims)


def run(name: str, what: str, needed: str, check: Callable[[Path], bool], arguments: Sequence[str] | None) -> int:
    """Run a script's check on a data folder; return 0, 1 when a claim is missed, 2 without the data."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.published.{name}", description=what)
    parser.add_argument("--data", metavar="FOLDER", help=f"holds {needed}")
    folder = data_folder(needed, parser.parse_args(arguments).data)
    if not folder.exists():
        print(f"there is no {needed} at {folder}; say where by --data or CFBENCH_TEST_DATA", file=sys.stderr)
        return 2
    with home():
        return 0 if check(folder) else 1
