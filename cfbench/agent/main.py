"""The agent: answers the bench on stdin and stdout; what is heavy is done by a child that it can lose.

``cfbench agent`` is what a client starts, here or through ssh. It imports no torch, polars or plugin: its compute
child (``python -m cfbench.agent.main compute``) does, is started when it is first needed, and again when it died.
Neither owns anything that must survive: workers have sessions of their own.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, NoReturn, cast

from cfbench.agent.local import LocalBench
from cfbench.agent.serving import Server, private_stdout
from cfbench.bench.client import Connection, remote
from cfbench.bench.interface import Bench
from cfbench.bench.wire import methods

HEAVY = frozenset(
    {
        "describe",
        "sample",
        "rows",
        "labels",
        "template",
        "check",
        "preview",
        "cost",
        "rates",
        "find_lr",
        "start",
        "compare",
    }
    | {"evaluate", "predict", "biases", "recommend", "ratings", "explain", "similar", "search"}
    | {"factor_map", "predicted_tab", "one_step", "dimensions", "sweep", "errors"}
)
"""Methods that read data, open models or run plugins' code."""

COMPUTE = (sys.executable, "-P", "-m", "cfbench.agent.main", "compute")
"""Starts the compute child."""


class AgentBench:
    """The bench of the agent: heavy methods go to the compute child, the others are answered here."""

    def __init__(self) -> None:
        self._light = LocalBench()
        self._child: Connection | None = None

    def __getattr__(self, method: str) -> Any:
        return getattr(remote(self._compute()) if method in HEAVY else self._light, method)

    def _compute(self) -> Connection:
        if self._child is None or not self._child.alive:
            self._child = Connection(COMPUTE, "compute child")
        return self._child

    def kill(self) -> None:
        """End the compute child, whatever it is at."""
        if self._child is not None:
            self._child.kill()


def serve() -> NoReturn:
    """Serve the agent's bench until the client hangs up, then end the process."""
    bench = AgentBench()
    try:
        Server(cast(Bench, bench), sys.stdin.buffer, private_stdout(), apart=HEAVY).serve()
    finally:
        bench.kill()
    _leave()


def compute() -> NoReturn:
    """Serve everything, one request at a time, as the agent's child."""
    _die_with_parent()
    Server(LocalBench(), sys.stdin.buffer, private_stdout(), apart=frozenset(methods())).serve()
    _leave()


def _leave() -> NoReturn:
    """End the process at once: threads that compute, or wait for a file to grow, hold nobody up."""
    os._exit(0)


def _die_with_parent() -> None:
    """Have the system end this process with its parent, even where native code lets no thread hear the input's end.

    Workers that this process starts do not inherit it.
    """
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    compute() if sys.argv[1:] == ["compute"] else serve()
