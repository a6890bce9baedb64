"""A server's process as an asyncio client sees it: its greeting, the lines that follow, and how it ended."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import cast

import msgspec

from cfbench.bench.wire import NOISE, Hello, Lines, Request, ended_early, greeting, too_noisy
from cfbench.errors import CfbenchError, WorkFailed

_GREETING_SECONDS = 15.0
_LAST_WORDS = 8 * 1024
"""Bytes of the newest standard error that are kept."""

_SSH_FAILED = 255
_NEEDS_SOMEBODY = re.compile(r"permission denied|host key|host identification|too many authentication", re.IGNORECASE)


class Refused(WorkFailed):
    """There is no server to be had until somebody mends something: trying again by itself would not help."""


class ServerProcess(asyncio.SubprocessProtocol):
    """A server in a child process: an agent here, or ssh with an agent at its other end.

    Attributes:
        ended: done when nothing more will be heard of it.
        heard: set to True by each byte of it.
    """

    def __init__(self, name: str, take: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.heard = False
        self._name, self._take = name, take
        self._greeted: asyncio.Future[Hello | CfbenchError] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._lines, self._skipped, self._errors = Lines(), 0, b""
        self._reason = ""

    @classmethod
    async def start(cls, command: Sequence[str], name: str, take: Callable[[bytes], None]) -> ServerProcess:
        """Start a server.

        Args:
            command: starts it.
            name: how messages call it.
            take: called with each line that follows the greeting.

        Raises:
            Refused: there is no such program.
        """
        loop = asyncio.get_running_loop()
        try:
            _, process = await loop.subprocess_exec(lambda: cls(name, take), *command, start_new_session=True)
        except OSError as error:
            raise Refused(f"'{command[0]}' can't be started ({error.strerror})", where=name) from error
        return process

    # -- what asyncio calls --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the process's transport."""
        self._transport = cast(asyncio.SubprocessTransport, transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Cut standard output into lines, keep the end of standard error."""
        if fd == 2:
            self._errors = (self._errors + data)[-_LAST_WORDS:]
            return
        self.heard = True
        for line in self._lines.cut(data):
            if self._greeted.done():
                self._take(line)
            else:
                self._greet(line)
        if not self._greeted.done():
            self._skipped += len(data)
            if self._skipped > NOISE:
                self._greeted.set_result(too_noisy(self._name))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Know that nothing more will be heard."""
        if fd == 1:
            self._end()

    def process_exited(self) -> None:
        """Leave what it still said a moment to arrive; a grandchild may hold the pipe open for ever."""
        asyncio.get_running_loop().call_later(0.2, self._end)

    def connection_lost(self, exc: Exception | None) -> None:
        """Know that the process and its pipes are gone."""
        self._end()
        if not self._gone.done():
            self._gone.set_result(None)

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _greet(self, line: bytes) -> None:
        try:
            hello = greeting(line, self._name)
        except CfbenchError as error:
            self._greeted.set_result(error)
        else:
            if hello:
                self._greeted.set_result(hello)
                self._errors = b""

    # -- what the client calls --

    async def hello(self) -> Hello:
        """Return what it says of itself.

        Raises:
            BadInput: it speaks another protocol.
            Refused: it is no server of ours, or lets nobody in.
            WorkFailed: it did not answer; it may when asked again.
        """
        await asyncio.wait((self._greeted, self.ended), timeout=_GREETING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if self._greeted.done():
            hello = self._greeted.result()
            if isinstance(hello, Hello):
                return hello
            raise Refused(hello.what, where=hello.where, mend=hello.mend) if isinstance(hello, WorkFailed) else hello
        if self.ended.done():
            raise self._early(await self.end(patience=0.5))
        raise WorkFailed(
            f"cfbench did not answer within {_GREETING_SECONDS:g} s",
            where=self._name,
            mend="where this lasts, look at what its shell's start-up files do",
        )

    def _early(self, code: int | None) -> WorkFailed:
        if code == _SSH_FAILED:
            said = "\n".join(self._last_words())
            kind = Refused if _NEEDS_SOMEBODY.search(said) else WorkFailed
            return kind(said or "ssh could not connect", where=self._name)
        error = ended_early(code, self._name, self._last_line())
        return error if code is None or code < 0 else Refused(error.what, where=error.where, mend=error.mend)

    async def broken(self) -> WorkFailed:
        """Return why the connection ended, once it did."""
        code = await self.end(patience=0.5)
        said = self._last_line() if code and code > 0 else ""
        reason = self._reason or f"exit code {code}" + (f": {said}" if said else "")
        return WorkFailed(f"the connection broke ({reason})", where=self._name, mend="runs there go on")

    def give_up(self, reason: str) -> None:
        """Count as ended, for a reason that is not its own."""
        self._reason = reason
        self._end()

    def send(self, request: Request) -> None:
        """Send a request; one that its end comes before is lost."""
        stdin = cast("asyncio.WriteTransport | None", self._transport.get_pipe_transport(0))
        if stdin and not stdin.is_closing():
            stdin.write(msgspec.json.encode(request) + b"\n")

    async def end(self, patience: float) -> int | None:
        """Hang up, wait up to `patience` seconds until it left, kill it where it did not; return its exit code."""
        if stdin := self._transport.get_pipe_transport(0):
            stdin.close()
        await asyncio.wait((self._gone,), timeout=patience)
        self._transport.close()
        await asyncio.wait((self._gone,), timeout=0.1)
        return self._transport.get_returncode()

    def _last_words(self) -> list[str]:
        return self._errors.decode("utf-8", "replace").strip().splitlines()

    def _last_line(self) -> str:
        return "".join(self._last_words()[-1:])
