"""Serving a bench on stdin and stdout, line by line."""

from __future__ import annotations

import os
import platform
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import BinaryIO

import msgspec

from cfbench import __version__
from cfbench.bench.interface import Bench
from cfbench.bench.wire import (
    INVALID_PARAMS,
    LONGEST_LINE,
    MAGIC,
    METHOD_NOT_FOUND,
    PROTOCOL,
    WORK,
    Fault,
    Hello,
    Request,
    Response,
    fault_of,
    methods,
)
from cfbench.errors import CfbenchError
from cfbench.runs.machine import boot_id, hostname


def private_stdout() -> BinaryIO:
    """Return stdout for the protocol alone: whatever prints from now on prints on stderr."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sink


class Server:
    """Answers requests from `source` on `sink` with a bench, until the source ends.

    Args:
        bench: what answers.
        source: lines of requests.
        sink: takes lines of responses.
        apart: methods that take long; they wait for one another, and nothing else waits for them.
    """

    def __init__(self, bench: Bench, source: BinaryIO, sink: BinaryIO, apart: frozenset[str] = frozenset()) -> None:
        self._bench, self._source, self._sink, self._apart = bench, source, sink, apart
        self._writing = threading.Lock()

    def serve(self) -> None:
        """Greet, then answer until the source ends."""
        self._write(MAGIC + b"%d " % PROTOCOL + msgspec.json.encode(_hello()) + b"\n")
        with ThreadPoolExecutor(1) as pool:
            while line := self._source.readline(LONGEST_LINE + 1):
                request = self._request(line)
                if request is None:
                    continue
                if request.method in self._apart:
                    pool.submit(self._respond, request)
                else:
                    self._respond(request)

    def _request(self, line: bytes) -> Request | None:
        try:
            return msgspec.json.decode(line, type=Request)
        except (msgspec.DecodeError, RecursionError) as error:
            self._write(msgspec.json.encode(Response(0, error=Fault(INVALID_PARAMS, f"no request: {error}"))) + b"\n")
            return None

    def _respond(self, request: Request) -> None:
        response = self._response(request)
        try:
            encoded = msgspec.json.encode(response) + b"\n"
            too_much = f"the answer of {len(encoded):,} bytes is longer than {LONGEST_LINE:,}"
        except TypeError as error:
            encoded, too_much = b"", f"the answer can't travel: {error}"
        if not 0 < len(encoded) <= LONGEST_LINE:
            encoded = msgspec.json.encode(Response(request.id, error=Fault(WORK, too_much))) + b"\n"
        self._write(encoded)

    def _response(self, request: Request) -> Response:
        signature = methods().get(request.method)
        if signature is None:
            return Response(request.id, error=Fault(METHOD_NOT_FOUND, f"there is no method '{request.method}'"))
        try:
            params = {
                name: msgspec.convert(value, signature.parameters[name]) for name, value in request.params.items()
            }
            return Response(request.id, result=getattr(self._bench, request.method)(**params))
        except CfbenchError as error:
            return Response(request.id, error=fault_of(error))
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            traceback.print_exc()
            return Response(request.id, error=Fault(INVALID_PARAMS, f"{request.method}: {error}"))
        except Exception as error:
            traceback.print_exc()
            return Response(request.id, error=Fault(WORK, f"{type(error).__name__}: {error}"))

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
