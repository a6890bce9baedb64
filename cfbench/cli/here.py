"""Which bench a command speaks to: this machine's."""

from __future__ import annotations

from cfbench.agent.local import LocalBench
from cfbench.bench.interface import Bench


def bench() -> Bench:
    """Return the bench."""
    return LocalBench()
