"""The agent: answers the bench on stdin and stdout; what is heavy is done by a child that it can lose.

``cfbench agent`` is what a client starts, here or through ssh. It imports no torch, polars or plugin: its compute
child (``python -m cfbench.agent.main compute``) does, is started when it is first needed, and again when it died.
Neither owns anything that must survive: workers have sessions of their own.
"""

from __future__ import annotations

import sys
from typing import Any, cast

from cfbench.agent.local import LocalBench
from cfbench.agent.serving import Server, private_stdout
from cfbench.bench.client import Connection, remote
from cfbench.bench.interface import Bench

HEAVY = frozenset({"describe", "template", "check", "preview", "start", "evaluate", "predict"})
"""Methods that read data or run plugins' code."""


class AgentBench:
    """The bench of the agent: heavy methods go to the compute child, the others are answered here."""

    def __init__(self) -> None:
        self._light = LocalBench()
        self._child: Connection | None = None

    def __getattr__(self, method: str) -> Any:
        return getattr(remote(self._compute()) if method in HEAVY else self._light, method)

    def _compute(self) -> Connection:
        if self._child is None or not self._child.alive:
            self._child = Connection([sys.executable, "-P", "-m", "cfbench.agent.main", "compute"], "compute child")
        return self._child

    def close(self) -> None:
        """End the compute child."""
        if self._child is not None:
            self._child.close()


def serve() -> None:
    """Serve the agent's bench until the client hangs up."""
    sink = private_stdout()
    bench = AgentBench()
    try:
        Server(cast(Bench, bench), sys.stdin.buffer, sink, apart=HEAVY).serve()
    finally:
        bench.close()


def compute() -> None:
    """Serve everything, as the agent's child."""
    Server(LocalBench(), sys.stdin.buffer, private_stdout()).serve()


if __name__ == "__main__":
    compute() if sys.argv[1:] == ["compute"] else serve()
