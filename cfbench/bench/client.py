"""A bench in another process, here or on another machine, called as if it were in this one."""

from __future__ import annotations

import functools
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, cast

import msgspec

from cfbench.bench.interface import Bench
from cfbench.bench.wire import (
    LONGEST_LINE,
    NO_REQUEST,
    NOISE,
    Hello,
    Request,
    Response,
    ended_early,
    greeting,
    methods,
    packed,
    too_noisy,
    unpacked,
)
from cfbench.errors import WorkFailed


class Connection:
    """A server started as a child process; one request at a time.

    Args:
        command: starts the server: an agent here, ``ssh HOST … cfbench agent``, or a compute child.
        name: how messages call it.

    Raises:
        WorkFailed: it does not answer as a server of ours.
        BadInput: it speaks another protocol.
    """

    def __init__(self, command: Sequence[str], name: str) -> None:
        self.name = name
        self._lock = threading.Lock()
        self._next = 1
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        except OSError as error:
            raise WorkFailed(f"'{command[0]}' can't be started ({error.strerror})", where=name) from error
        try:
            self.hello = self._greeting()
        except BaseException:
            self.close()
            raise

    def _greeting(self) -> Hello:
        assert self._process.stdout is not None
        skipped = 0
        while skipped < NOISE:
            line = self._process.stdout.readline(NOISE)
            if hello := greeting(line, self.name):
                return hello
            if not line:
                raise ended_early(self._process.wait(), self.name)
            skipped += len(line)
        raise too_noisy(self.name)

    def call(self, method: str, params: dict[str, Any]) -> Any:
        """Return the answer to a method of the bench, in the type that the bench declares.

        An answer that nobody waits for any more, since its question was interrupted, is passed over.

        Raises:
            CfbenchError: what the bench raised there.
            WorkFailed: the connection broke.
        """
        with self._lock:
            self._next, number = self._next + 1, self._next
            response = self._ask(Request(method, params, number))
        return unpacked(method, response, self.name)

    def _ask(self, request: Request) -> Response:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            self._process.stdin.flush()
            while (line := self._process.stdout.readline(LONGEST_LINE + 1)).endswith(b"\n"):
                response = msgspec.json.decode(line, type=Response)
                if response.id in (request.id, NO_REQUEST):
                    return response
        except (OSError, ValueError) as error:
            raise self._broken() from error
        raise self._broken()

    def _broken(self) -> WorkFailed:
        self.close()
        return WorkFailed(
            f"the connection broke (exit code {self._process.returncode})", where=self.name, mend="runs there go on"
        )

    @property
    def alive(self) -> bool:
        """Whether the server's process lives."""
        return self._process.poll() is None

    def kill(self, patience: float = 0.0) -> None:
        """End the server's process, which may leave by itself for so many seconds, its input ended.

        Who waits for an answer hears that the connection broke.
        """
        if patience:
            assert self._process.stdin is not None
            with suppress(OSError):
                self._process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        self._process.kill()

    def close(self) -> None:
        """End the connection; the server leaves when its input ends."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    continue
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class _Proxy:
    """Has every method of the bench; each call goes over the connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __getattr__(self, method: str) -> Any:
        if method not in methods():
            raise AttributeError(method)

        @functools.wraps(getattr(Bench, method))
        def call(*args: Any, **kwargs: Any) -> Any:
            return self._connection.call(method, packed(method, args, kwargs))

        return call


def remote(connection: Connection) -> Bench:
    """Return the bench at the other end of a connection."""
    return cast(Bench, _Proxy(connection))
