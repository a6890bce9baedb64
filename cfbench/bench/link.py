"""A bench in another process, kept at hand: many questions at once, and a connection that comes back by itself."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import SystemRandom
from typing import Concatenate, Literal, NoReturn, ParamSpec, TypeVar

import msgspec
from msgspec import Struct

from cfbench.bench.interface import Bench
from cfbench.bench.process import Refused, ServerProcess
from cfbench.bench.wire import CANCEL, NO_REQUEST, Hello, Request, Response, packed, unpacked
from cfbench.errors import BadInput, CfbenchError, WorkFailed

P = ParamSpec("P")
T = TypeVar("T")

Phase = Literal["connecting", "connected", "stale", "reconnecting", "refused"]
"""Of a link. "stale": connected, but nothing is heard. "refused": somebody must mend something, then `nudge`."""

_STALE, _LOST = 2, 8
"""Beats without a byte from the server until it counts as stale, and until the connection is given up."""

_STEADY = 10.0
"""Seconds that a connection must last for the next break to be the first one again."""

_LONGEST_PAUSE = 30.0
_ASLEEP = 5.0
"""Seconds by which a second of waiting is too long for a machine that did not sleep."""

_random = SystemRandom()


class LinkState(Struct, frozen=True):
    """How a link is.

    Attributes:
        phase: in one word.
        since: when this state began, on the monotonic clock.
        attempt: which try to connect is under way or comes next, from 1 after a break; 0 while connected.
        retry_in: seconds from `since` to the next try; 0 while one is under way, or none will be made.
        reason: why there is no connection, as its end or ssh said it, in one or more lines.
    """

    phase: Phase
    since: float
    attempt: int = 0
    retry_in: float = 0.0
    reason: str = ""


class Link:
    """Asks a bench in another process.

    A server that ends is started again, at once and then ever more slowly; what was asked meanwhile waits.

    Args:
        command: starts the server: an agent here, or ``ssh HOST … cfbench agent``.
        name: how messages call it.
        on_state: called in the event loop with each new state.
        patience: seconds that a question waits for a connection.
        beat: seconds between two pings.

    Attributes:
        state: how it is now.
        hello: what the server said of itself when it was last connected.
        on_state: as given; may be set later.
    """

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        *,
        on_state: Callable[[LinkState], None] = lambda state: None,
        patience: float = 30.0,
        beat: float = 2.0,
    ) -> None:
        self.name = name
        self.state = LinkState("connecting", time.monotonic(), 1)
        self.hello: Hello | None = None
        self.on_state = on_state
        self._command, self._patience, self._beat = command, patience, beat
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Response]] = {}
        self._process: ServerProcess | None = None
        self._refusal: CfbenchError | None = None
        self._failures = 0
        self._settled, self._nudged = asyncio.Event(), asyncio.Event()
        self._keeper: asyncio.Task[NoReturn] | None = None

    # -- for the screen --

    async def start(self) -> None:
        """Start to connect, and wait for nothing; the first question does so too."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())

    async def ask(self, method: Callable[Concatenate[Bench, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the answer of a method of `Bench`: ``await link.ask(Bench.describe, data)``.

        It takes as long as it takes. A cancelled question is forgotten here, and there too where its turn has not come.

        Raises:
            CfbenchError: what the bench raised there.
            WorkFailed: the connection broke, or there was none within the patience.
            BadInput: the server speaks another protocol.
        """
        params = packed(method.__name__, args, kwargs)
        await self._connected()
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        self._send(Request(method.__name__, params, number))
        try:
            result: T = unpacked(method.__name__, await answer, self.name)
        except asyncio.CancelledError:
            self._send(Request(CANCEL, {"id": number}))
            raise
        finally:
            self._asked.pop(number, None)
        return result

    def nudge(self) -> None:
        """Try to connect now, where the next try is due later or waits for somebody."""
        self._nudged.set()

    async def close(self) -> None:
        """End the connection for good, and the server's process within half a second."""
        self._refuse(WorkFailed("the connection was closed", where=self.name))
        if self._keeper:
            self._keeper.cancel()
            await asyncio.wait((self._keeper,), timeout=0.5)

    # -- the connection --

    async def _connected(self) -> None:
        await self.start()
        try:
            async with asyncio.timeout(self._patience):
                while self._process is None:
                    await self._settled.wait()
                    if self._refusal:
                        raise _again(self._refusal)
        except TimeoutError:
            reason = self.state.reason or "it does not answer"
            raise WorkFailed(f"there is no connection ({reason})", where=self.name) from None

    async def _keep(self) -> NoReturn:
        """Hold a connection, one after another, until cancelled."""
        reason = ""
        while True:
            self._say("reconnecting" if reason else "connecting", max(self._failures, 1), reason=reason)
            try:
                await self._session()
            except (BadInput, Refused) as error:
                reason = str(error)
                self._refuse(error)
                self._say("refused", reason=reason)
                self._nudged.clear()
                await self._nudged.wait()
                self._refusal, self._failures = None, 0
                self._settled.clear()
            except WorkFailed as error:
                reason = str(error)
                self._failures += 1
                if self._failures > 1:
                    await self._pause(reason)

    def _refuse(self, error: CfbenchError) -> None:
        self._refusal = error
        self._settled.set()

    async def _session(self) -> NoReturn:
        """Connect, and stay until the connection ends; every end is an error."""
        process = await ServerProcess.start(self._command, self.name, self._take)
        error = WorkFailed("the connection was closed", where=self.name)
        try:
            self.hello = await process.hello()
            self._process = process
            self._settled.set()
            self._say("connected")
            await self._stay(process)
            error = await process.broken()
            raise error
        finally:
            self._process = None
            if not self._refusal:
                self._settled.clear()
            await process.end(patience=0.3)
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(_again(error))

    async def _stay(self, process: ServerProcess) -> None:
        """Ping until the connection ends or is silent for too long.

        Silence is counted in beats, not read off a clock: after a sleep of this process no answer is late.
        """
        began, silent = time.monotonic(), 0
        while not process.ended.done():
            process.heard = False
            process.send(Request("ping", id=next(self._numbers)))
            await asyncio.wait((process.ended,), timeout=self._beat)
            silent = 0 if process.heard else silent + 1
            if silent == _LOST:
                process.give_up(f"nothing was heard for {_LOST * self._beat:g} s")
            elif silent >= _STALE and self.state.phase == "connected":
                self._say("stale")
            elif not silent and self.state.phase == "stale":
                self._say("connected")
            if time.monotonic() - began > _STEADY:
                self._failures = 0

    async def _pause(self, reason: str) -> None:
        """Wait for the next try, no longer once nudged or woken from sleep."""
        seconds = min(2.0 ** min(self._failures - 2, 5), _LONGEST_PAUSE) * _random.uniform(0.8, 1.2)
        self._say("reconnecting", self._failures, retry_in=seconds, reason=reason)
        self._nudged.clear()
        end, slept = time.monotonic() + seconds, False
        while (left := end - time.monotonic()) > 0 and not (slept or self._nudged.is_set()):
            clock = time.time()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), min(left, 1.0))
            slept = time.time() - clock > _ASLEEP
        if left > 0:
            self._failures = 1

    def _take(self, line: bytes) -> None:
        try:
            response = msgspec.json.decode(line, type=Response)
        except (msgspec.DecodeError, RecursionError):
            response = Response(NO_REQUEST)
        if response.id == NO_REQUEST and self._process:
            self._process.give_up("one side did not understand the other")
        answer = self._asked.get(response.id)
        if answer and not answer.done():
            answer.set_result(response)

    def _send(self, request: Request) -> None:
        if self._process:
            self._process.send(request)

    def _say(self, phase: Phase, attempt: int = 0, retry_in: float = 0.0, reason: str = "") -> None:
        self.state = LinkState(phase, time.monotonic(), attempt, retry_in, reason)
        self.on_state(self.state)


def _again(error: CfbenchError) -> CfbenchError:
    """Return an error of its own for each who is told, since each raising adds to an error's traceback."""
    return type(error)(error.what, where=error.where, mend=error.mend)
