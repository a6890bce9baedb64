"""The bench over a pair of pipes: JSON-RPC 2.0, one object a line, after one line that says who is there.

What can be asked is exactly what `Bench` declares: methods, parameters and answers are read off its signatures, so the
interface is written down once.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any, get_type_hints

from msgspec import Struct

from cfbench import errors
from cfbench.bench.interface import Bench
from cfbench.errors import CfbenchError, WorkFailed

PROTOCOL = 1
"""One number; a server speaks this one, and a client refuses another with both versions named."""

MAGIC = b"CFBENCH/"
LONGEST_LINE = 4 * 2**20

METHOD_NOT_FOUND, INVALID_PARAMS, WORK = -32601, -32602, -32000
"""Codes of JSON-RPC 2.0, and the one for errors of ours."""


class Hello(Struct, frozen=True):
    """What a server says first, after ``CFBENCH/<protocol> ``."""

    version: str
    python: str
    packages: dict[str, str]
    pid: int
    host: str
    boot: str
    clock: float


class Request(Struct, frozen=True):
    """A call of one method."""

    id: int
    method: str
    params: dict[str, Any] = {}
    jsonrpc: str = "2.0"


class Fault(Struct, frozen=True):
    """Why there is no answer; `data` holds the parts of an error of ours."""

    code: int
    message: str
    data: dict[str, str] = {}


class Response(Struct, frozen=True, omit_defaults=True):
    """The answer to a request, or why there is none."""

    id: int
    result: Any = None
    error: Fault | None = None
    jsonrpc: str = "2.0"


class Signature(Struct, frozen=True):
    """A method of the bench: its parameters' types by name, and its answer's."""

    parameters: dict[str, Any]
    answer: Any


@functools.cache
def methods() -> dict[str, Signature]:
    """Return the bench's methods by name."""
    found = {}
    for name, function in vars(Bench).items():
        if inspect.isfunction(function) and not name.startswith("_"):
            hints = get_type_hints(function)
            found[name] = Signature({key: hint for key, hint in hints.items() if key != "return"}, hints["return"])
    return found


def fault_of(error: CfbenchError) -> Fault:
    """Return an error of ours as it travels."""
    parts = {"kind": type(error).__name__, "what": error.what, "where": error.where, "mend": error.mend}
    return Fault(WORK, str(error), parts)


def error_of(fault: Fault) -> CfbenchError:
    """Return the error that a fault tells of; an unknown kind is a failure of the work."""
    kind = getattr(errors, fault.data.get("kind", ""), WorkFailed)
    if not (isinstance(kind, type) and issubclass(kind, CfbenchError)):
        kind = WorkFailed
    return kind(
        fault.data.get("what", fault.message), where=fault.data.get("where", ""), mend=fault.data.get("mend", "")
    )
