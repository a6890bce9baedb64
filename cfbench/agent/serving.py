"""Serving a bench on stdin and stdout, line by line."""

from __future__ import annotations

import os
import platform
import select
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from importlib import metadata
from typing import Any, BinaryIO, ParamSpec

import msgspec

from cfbench import __version__
from cfbench.bench.interface import Bench
from cfbench.bench.wire import (
    CANCEL,
    INVALID_PARAMS,
    LONGEST_LINE,
    MAGIC,
    METHOD_NOT_FOUND,
    NO_REQUEST,
    PROTOCOL,
    WORK,
    Fault,
    Hello,
    Lines,
    Request,
    Response,
    fault_of,
    methods,
)
from cfbench.errors import CfbenchError
from cfbench.runs.machine import boot_id, hostname

P = ParamSpec("P")


def private_stdout() -> BinaryIO:
    """Return stdout for the protocol alone: whatever prints from now on prints on stderr."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sink


_NEWS: dict[str, Callable[[dict[str, Any], Any], bool]] = {
    "events": lambda asked, page: bool(page.events) or not page.alive or page.offset != asked.get("offset", 0),
    "changes": lambda asked, changes: bool(changes.changed or changes.gone) or changes.token != asked.get("token", ""),
}
"""Methods that take `wait`, and whether an answer says something new, so that it must not wait any longer."""

_SLICE = 1.0
"""Seconds after which a wait looks whether anybody still wants its answer."""

_WAITS = 16
_LAST_ANSWERS = 1.0
"""Seconds that short answers have after the source ended, for who pipes requests into a server."""


class Server:
    """Answers requests from `source` on `sink` with a bench, in any order, until the source ends.

    Args:
        bench: what answers.
        source: lines of requests.
        sink: takes lines of responses.
        apart: methods that take long; they wait for one another, and nothing else waits for them.
        silence: a client that has pinged once, and then sends nothing for so many seconds, counts as gone.
    """

    def __init__(
        self,
        bench: Bench,
        source: BinaryIO,
        sink: BinaryIO,
        apart: frozenset[str] = frozenset(),
        silence: float = 60.0,
    ) -> None:
        self._bench, self._source, self._sink, self._apart, self._silence = bench, source, sink, apart, silence
        self._writing = threading.Lock()
        self._pinged = False
        self._wanted: set[int] = set()
        self._short_answers: set[Future[None]] = set()
        self._heavy, self._waiting = ThreadPoolExecutor(1), ThreadPoolExecutor(_WAITS)
        self._light, self._pings = ThreadPoolExecutor(4), ThreadPoolExecutor(1)

    def serve(self) -> None:
        """Greet, then answer until the source ends; threads may still be at work when this returns.

        This thread alone reads and never writes, so that it hears the end whatever the others are stuck in.
        """
        self._write(MAGIC + b"%d " % PROTOCOL + msgspec.json.encode(_hello()) + b"\n")
        lines = Lines()
        while chunk := self._read():
            for line in lines.cut(chunk):
                self._take(line)
        wait(self._short_answers.copy(), timeout=_LAST_ANSWERS)
        self._wanted.clear()

    def _read(self) -> bytes:
        """Return what comes next; nothing at the end of the source, or where the client fell silent."""
        ready, _, _ = select.select([self._source], [], [], self._silence if self._pinged else None)
        try:
            return os.read(self._source.fileno(), 2**16) if ready else b""
        except ConnectionError:
            return b""

    def _take(self, line: bytes) -> None:
        try:
            request = msgspec.json.decode(line, type=Request)
        except (msgspec.DecodeError, RecursionError) as error:
            refusal = Response(NO_REQUEST, error=Fault(INVALID_PARAMS, f"no request: {error}"))
            self._soon(self._pings, self._write, self._encoded(refusal))
            return
        if isinstance(request.id, int):
            self._wanted.add(request.id)
            self._submit(request.id, request)
        elif request.method == CANCEL and isinstance(number := request.params.get("id"), int):
            self._wanted.discard(number)

    def _submit(self, number: int, request: Request) -> None:
        if request.method in self._apart:
            self._heavy.submit(self._respond, number, request)
        elif request.method in _NEWS and request.params.get("wait"):
            self._waiting.submit(self._respond, number, request)
        elif request.method == "ping":
            self._pinged = True
            self._soon(self._pings, self._respond, number, request)
        else:
            self._soon(self._light, self._respond, number, request)

    def _soon(self, pool: ThreadPoolExecutor, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        answer = pool.submit(work, *args, **kwargs)
        self._short_answers.add(answer)
        answer.add_done_callback(self._short_answers.discard)

    def _respond(self, number: int, request: Request) -> None:
        """Answer, unless nobody wants it any more, before its turn came or after."""
        if number in self._wanted:
            encoded = self._encoded(self._response(number, request))
            if number in self._wanted:
                self._write(encoded)
        self._wanted.discard(number)

    def _encoded(self, response: Response) -> bytes:
        try:
            encoded = msgspec.json.encode(response) + b"\n"
            too_much = f"the answer of {len(encoded):,} bytes is longer than {LONGEST_LINE:,}"
        except TypeError as error:
            encoded, too_much = b"", f"the answer can't travel: {error}"
        if 0 < len(encoded) <= LONGEST_LINE:
            return encoded
        return msgspec.json.encode(Response(response.id, error=Fault(WORK, too_much))) + b"\n"

    def _answer(self, number: int, request: Request, params: dict[str, Any]) -> Any:
        """Ask the bench; a wait is cut into slices, so that one that nobody wants any more frees its thread."""
        method, left = getattr(self._bench, request.method), params.get("wait", 0.0)
        if request.method not in _NEWS or not left > 0:
            return method(**params)
        end = time.monotonic() + left
        while True:
            answer = method(**params | {"wait": min(left, _SLICE)})
            left = end - time.monotonic()
            if left <= 0 or number not in self._wanted or _NEWS[request.method](params, answer):
                return answer

    def _response(self, number: int, request: Request) -> Response:
        signature = methods().get(request.method)
        if signature is None:
            return Response(number, error=Fault(METHOD_NOT_FOUND, f"there is no method '{request.method}'"))
        try:
            params = {
                name: msgspec.convert(value, signature.parameters[name]) for name, value in request.params.items()
            }
            return Response(number, result=self._answer(number, request, params))
        except CfbenchError as error:
            return Response(number, error=fault_of(error))
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            traceback.print_exc()
            return Response(number, error=Fault(INVALID_PARAMS, f"{request.method}: {error}"))
        except Exception as error:
            traceback.print_exc()
            return Response(number, error=Fault(WORK, f"{type(error).__name__}: {error}"))

    def _write(self, line: bytes) -> None:
        with self._writing:
            self._sink.write(line)


def _hello() -> Hello:
    packages = {}
    for name in ("torch", "numpy", "polars"):
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            packages[name] = ""
    return Hello(__version__, platform.python_version(), packages, os.getpid(), hostname(), boot_id(), time.time())
