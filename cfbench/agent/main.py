"""The agent: answers the bench on stdin and stdout; what is heavy is done by a child that it can lose.

``cfbench agent`` is what a client starts, here or through ssh. It imports no torch, polars or plugin: its compute
child (``python -m cfbench.agent.main compute``) does, is started when it is first needed, and again when it died. A
second one writes exports, which may take minutes. None owns anything that must survive: workers have sessions of their
own, and an export ends with the agent.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any, NoReturn, cast

from cfbench.agent.exports import Exports
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
    | {"factor_map", "predicted_tab", "one_step", "dimensions", "sweep", "errors", "report"}
)
"""Methods that read data, open models or run plugins' code."""

EXPORTS = frozenset({"export", "exporting", "stop_exporting"})
"""Methods that open models too, in a child of their own: asked how far it is, an export waits for no other question."""

_LAST_EXPORTS = 2.0
"""Seconds that exports have to remove what they wrote aside when the client hung up."""

COMPUTE = (sys.executable, "-P", "-m", "cfbench.agent.main", "compute")
"""Starts the compute child."""


class AgentBench:
    """The bench of the agent: heavy methods and exports go to a child each, the others are answered here."""

    def __init__(self) -> None:
        self._light = LocalBench()
        self._compute, self._exports = _Child("compute child"), _Child("export child")

    def __getattr__(self, method: str) -> Any:
        if method in EXPORTS:
            return getattr(remote(self._exports.connection()), method)
        return getattr(remote(self._compute.connection()) if method in HEAVY else self._light, method)

    def leave(self) -> None:
        """End the compute child, whatever it is at, and let exports remove what they wrote aside."""
        self._compute.leave()
        self._exports.leave(_LAST_EXPORTS + 1)


class _Child:
    """A process that is started when it is first needed, and again when it died."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._starting = threading.Lock()
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        """Return the connection to it."""
        with self._starting:
            if self._connection is None or not self._connection.alive:
                self._connection = Connection(COMPUTE, self._name)
            return self._connection

    def leave(self, patience: float = 0.0) -> None:
        """End it, whatever it is at, after so many seconds at the latest."""
        if self._connection is not None:
            self._connection.kill(patience)


def serve() -> NoReturn:
    """Serve the agent's bench until the client hangs up, then end the process."""
    bench = AgentBench()
    server = Server(cast(Bench, bench), sys.stdin.buffer, private_stdout(), apart=HEAVY)
    try:
        server.serve()
    finally:  # the server is kept: children die with the thread of its that started them
        bench.leave()
    _leave()


def compute() -> NoReturn:
    """Serve everything, one request at a time, as the agent's child."""
    _die_with_parent()
    exports = Exports()
    Server(LocalBench(exports), sys.stdin.buffer, private_stdout(), apart=frozenset(methods())).serve()
    exports.leave(_LAST_EXPORTS)
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
