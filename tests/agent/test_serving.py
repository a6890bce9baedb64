"""A server and its lanes: who waits for whom, what is dropped, and when a server leaves."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from io import BufferedReader, FileIO
from typing import Any

import pytest

from cfbench.agent import main, serving
from cfbench.agent.serving import Server
from cfbench.answers import EventPage
from cfbench.bench.wire import methods


class Slow:
    """Describes when it is told to, and never has news."""

    def __init__(self) -> None:
        self.described: list[str] = []
        self.go_on = threading.Event()

    def template(self, data: Any, model: str = "") -> str:
        self.described.append(model)
        assert self.go_on.wait(20)
        return model

    def events(self, run: str, offset: int = 0, wait: float = 0.0, key: str = "") -> EventPage:
        return EventPage([], offset, not self.go_on.wait(wait), key)

    def runs(self) -> list[Any]:
        return []

    def log(self, run: str, lines: int = 200) -> list[str]:
        return ["x" * lines]

    def ping(self) -> float:
        return 1.0


class Client:
    """Speaks lines with a server in a thread of this process."""

    def __init__(self, bench: Slow, **options: Any) -> None:
        (questions, ask), (hear, answers) = os.pipe(), os.pipe()
        self._ask, self._sink = FileIO(ask, "w"), FileIO(answers, "w")
        self._source, self._hear = FileIO(questions), BufferedReader(FileIO(hear))
        server = Server(bench, self._source, self._sink, **options)
        self._others = set(threading.enumerate())
        self.thread = threading.Thread(target=server.serve)
        self.thread.start()
        assert self._hear.readline().startswith(b"CFBENCH/1 ")

    def send(self, method: str, number: int | None = None, **params: Any) -> None:
        request = {"method": method, "params": params} | ({} if number is None else {"id": number})
        self._ask.write(json.dumps(request).encode() + b"\n")

    def answered(self) -> int:
        return int(json.loads(self._hear.readline())["id"])

    def hang_up(self) -> None:
        self._ask.close()

    def close(self) -> None:
        self.hang_up()
        self.thread.join(20)
        assert not self.thread.is_alive()
        for late in set(threading.enumerate()) - self._others:
            late.join(20)
            assert not late.is_alive(), "it could write to a number that is somebody else's file by then"
        for end in (self._source, self._hear, self._sink):
            end.close()


@pytest.fixture
def served() -> Iterator[Callable[..., tuple[Slow, Client]]]:
    opened = []

    def serve(**options: Any) -> tuple[Slow, Client]:
        bench = Slow()
        opened.append((bench, Client(bench, apart=frozenset({"template"}), **options)))
        return opened[-1]

    yield serve
    for bench, client in opened:
        bench.go_on.set()
        client.close()


def test_a_question_that_is_cancelled_before_its_turn_is_never_put_to_the_bench(served: Any) -> None:
    bench, client = served()
    for number, model in enumerate(["first", "dropped", "third"], 1):
        client.send("template", number, data={}, model=model)
    client.send("cancel", id=2)
    client.send("ping", 9)
    assert client.answered() == 9
    bench.go_on.set()
    assert [client.answered(), client.answered()] == [1, 3]
    assert bench.described == ["first", "third"]


def test_an_answer_that_nobody_wants_any_more_is_not_sent(served: Any) -> None:
    bench, client = served()
    client.send("template", 1, data={}, model="x")
    while not bench.described:
        client.send("ping", 9)
        assert client.answered() == 9
    client.send("cancel", id=1)
    client.send("ping", 2)
    assert client.answered() == 2
    bench.go_on.set()
    client.send("template", 3, data={}, model="y")
    assert client.answered() == 3


def test_more_waits_than_threads_hold_nothing_else_up(served: Any) -> None:
    _, client = served()
    for number in range(1, 41):
        client.send("events", number, run="r", wait=60)
    client.send("template", 50, data={})
    client.send("runs", 51)
    client.send("ping", 52)
    assert {client.answered(), client.answered()} == {51, 52}


def test_waits_that_are_cancelled_make_room(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_SLICE", 0.05)
    _, client = served()
    for number in range(1, 41):
        client.send("events", number, run="r", wait=600)
    for number in range(1, 41):
        client.send("cancel", id=number)
    client.send("events", 41, run="r", wait=0.01)
    assert client.answered() == 41


def test_a_wait_lasts_as_long_as_asked(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_SLICE", 0.01)
    waits: list[float] = []
    bench, client = served()
    monkeypatch.setattr(bench, "events", lambda run, wait: waits.append(wait) or EventPage([], 0, len(waits) < 3, ""))
    client.send("events", 1, run="r", wait=30)
    assert client.answered() == 1
    assert waits == [0.01, 0.01, 0.01]


@pytest.mark.parametrize("bad", [{"id": []}, {"id": None}, {}])
def test_a_bad_cancellation_is_passed_over(served: Any, bad: dict[str, Any]) -> None:
    _, client = served()
    client.send("cancel", **bad)
    client.send("nonsense")
    client.send("runs", 1)
    assert client.answered() == 1


def test_a_server_that_was_pinged_leaves_when_nothing_more_is_heard(served: Any) -> None:
    _, client = served(silence=0.05)
    client.send("ping", 1)
    assert client.answered() == 1
    client.thread.join(20)
    assert not client.thread.is_alive()


def test_a_server_that_was_never_pinged_waits_for_its_client(served: Any) -> None:
    _, client = served(silence=0.0)
    for number in range(1, 4):
        client.send("runs", number)
        assert client.answered() == number


def test_silence_is_noticed_while_an_answer_is_stuck_in_the_pipe(served: Any) -> None:
    _, client = served(silence=0.05)
    client.send("log", 1, run="r", lines=1_000_000)
    client.send("ping", 2)
    client.thread.join(20)
    assert not client.thread.is_alive()
    assert {client.answered(), client.answered()} == {1, 2}


def test_a_server_leaves_at_the_end_of_its_input_while_it_computes_and_waits(served: Any) -> None:
    _, client = served()
    client.send("template", 1, data={})
    client.send("events", 2, run="r", wait=600)
    client.send("runs", 3)
    client.hang_up()
    client.thread.join(20)
    assert not client.thread.is_alive()
    assert client.answered() == 3


def test_every_method_has_its_lane() -> None:
    assert {name for name, signature in methods().items() if "wait" in signature.parameters} == set(serving._NEWS)
    assert set(methods()) > main.HEAVY
