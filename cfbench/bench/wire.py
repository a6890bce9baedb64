"""The bench over a pair of pipes: JSON-RPC 2.0, one object a line, after one line that says who is there.

What can be asked is exactly what `Bench` declares: methods, parameters and answers are read off its signatures, so the
interface is written down once.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

import msgspec
from msgspec import UNSET, Struct, UnsetType

from cfbench import __version__, errors
from cfbench.bench.interface import Bench
from cfbench.errors import BadInput, CfbenchError, WorkFailed

PROTOCOL = 1
"""One number; a server speaks this one, and a client refuses another with both versions named."""

MAGIC = b"CFBENCH/"
LONGEST_LINE = 4 * 2**20

NOISE = 64 * 1024
"""Bytes that a login shell may print before the server's first line."""

CANCEL = "cancel"
"""A notification, not a method: nobody waits for the answer to the request of that `id` any more."""

NO_REQUEST = 0
"""The id in the answer to a line that is no request; requests count from 1."""

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
    """A call of one method; without an `id` a notification, which is not answered."""

    method: str
    params: dict[str, Any] = {}
    id: int | UnsetType = UNSET
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


def packed(method: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a call's arguments as they travel, by name.

    Raises:
        TypeError: they do not fit the method's signature.
    """
    given = inspect.signature(getattr(Bench, method)).bind(None, *args, **kwargs).arguments
    return {name: msgspec.to_builtins(value) for name, value in given.items() if name != "self"}


def unpacked(method: str, response: Response, name: str) -> Any:
    """Return the answer of the server called `name`, in the type that the bench declares.

    Raises:
        CfbenchError: what the bench raised there.
        WorkFailed: the answer is of another form.
    """
    if response.error:
        raise error_of(response.error)
    try:
        return msgspec.convert(response.result, methods()[method].answer)
    except msgspec.ValidationError as error:
        raise WorkFailed(
            f"it answered {method} in an unknown form ({error})",
            where=name,
            mend="install the same version on both: pip install -U cfbench",
        ) from error


_GREETING = re.compile(rb"%s(\d{1,9}) (.*)" % MAGIC)


def greeting(line: bytes, name: str) -> Hello | None:
    """Return what the server called `name` says of itself, or None where the line is no greeting.

    Raises:
        BadInput: it speaks another protocol.
        WorkFailed: it greets in an unknown form.
    """
    found = _GREETING.search(line)
    if found is None:
        return None
    if int(found[1]) == PROTOCOL:
        try:
            return msgspec.json.decode(found[2], type=Hello)
        except msgspec.DecodeError as error:
            raise WorkFailed(f"it greets in an unknown form ({error})", where=name) from error
    theirs = re.search(rb'"version":"([^"]*)"', found[2])
    raise BadInput(
        f"cfbench {theirs[1].decode('utf-8', 'replace') if theirs else ''} there speaks protocol {int(found[1])}, "
        f"cfbench {__version__} here speaks {PROTOCOL}",
        where=name,
        mend="install the same version on both: pip install -U cfbench",
    )


def ended_early(code: int | None, name: str, said: str = "") -> WorkFailed:
    """Return the error for a server that ended before it greeted, with what it said last."""
    return WorkFailed(
        f"the connection ended before cfbench answered (exit code {code})" + (f": {said}" if said else ""),
        where=name,
        mend="is cfbench installed there, and found by a shell without a terminal?",
    )


def too_noisy(name: str) -> WorkFailed:
    """Return the error for a server that printed more than `NOISE` bytes before it greeted."""
    return WorkFailed(
        f"it printed more than {NOISE:,} bytes before cfbench answered",
        where=name,
        mend="look at what its shell's start-up files print",
    )


class Lines:
    """Cuts what comes in into lines; one longer than LONGEST_LINE comes in pieces, which no decoder takes."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def cut(self, chunk: bytes) -> list[bytes]:
        """Return the lines that are whole with this chunk, without their ends."""
        *lines, rest = chunk.split(b"\n")
        if lines:
            lines[0] = self._joined(lines[0])
        self._pieces.append(rest)
        self._length += len(rest)
        if self._length > LONGEST_LINE:
            lines.append(self._joined(b""))
        return lines

    def _joined(self, last: bytes) -> bytes:
        whole = b"".join([*self._pieces, last])
        self._pieces.clear()
        self._length = 0
        return whole


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
