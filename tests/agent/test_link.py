"""The screen's connection: many questions at once, and what it says and does when a process at the other end dies."""

import asyncio
import os
import re
import signal
import sys
import time
from typing import Any

import pytest

from cfbench.agent.local import LocalBench
from cfbench.bench.interface import Bench
from cfbench.errors import BadInput, CfbenchError, WorkFailed

AGENT = [sys.executable, "-P", "-m", "cfbench", "agent"]
SLEEPY = """
import os, sys, time
from cfbench.agent.serving import Server, private_stdout
from cfbench.answers import EventPage

class Sleepy:
    def log(self, run, lines=200): return [run * lines]
    def events(self, run, offset=0, wait=0.0, key=""): time.sleep(wait); return EventPage([], offset, True, "")
    def run(self, wanted): return wanted
    def ping(self): return time.time()

Server(Sleepy(), sys.stdin.buffer, private_stdout()).serve()
os._exit(0)
"""
SERVER = [sys.executable, "-c", SLEEPY]
"""A server in a process of its own that starts fast and has no news."""

HELLO = '{"version":"9.0","python":"","packages":{},"pid":1,"host":"","boot":"","clock":0}'


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


# -- asking --


def test_many_questions_are_under_way_at_once_while_one_waits(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        waiting = asyncio.create_task(trial.ask(Bench.events, "r", 7, wait=50.0))
        answers = await asyncio.gather(*(trial.ask(Bench.log, f"{n}.", lines=2) for n in range(300)))
        assert answers == [[f"{n}.{n}."] for n in range(300)]
        assert not waiting.done()
        waiting.cancel()
        assert [state.phase for state in trial.states] == ["connecting", "connected"]
        assert trial.link.state == trial.states[-1]

    through(scenario, SERVER)


def test_an_answer_of_a_million_bytes_arrives_whole_and_one_too_long_is_an_error(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        assert await trial.ask(Bench.log, "x", lines=1_000_000) == ["x" * 1_000_000]
        with pytest.raises(WorkFailed, match=r"answer of 5,000,\d+ bytes is longer than 4,194,304"):
            await trial.ask(Bench.log, "x", lines=5_000_000)
        with pytest.raises(WorkFailed, match="one side did not understand the other"):
            await trial.ask(Bench.log, "x" * 5_000_000)
        assert await trial.ask(Bench.log, "x", lines=1) == ["x"]

    through(scenario, SERVER)


def test_a_cancelled_question_is_forgotten_at_both_ends(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        waits = [asyncio.create_task(trial.ask(Bench.events, "r", wait=100.0)) for _ in range(40)]
        await trial.ask(Bench.log, "x")
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
        assert trial.link._asked == {}
        assert (await trial.ask(Bench.events, "r", 3, wait=0.01)).offset == 3  # there was a thread for it

    through(scenario, SERVER)


def test_an_answer_of_another_form_is_an_error_and_the_link_goes_on(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        with pytest.raises(WorkFailed, match=r"there: it answered run in an unknown form .*same version on both"):
            await trial.ask(Bench.run, "x")
        assert await trial.ask(Bench.log, "x", lines=1) == ["x"]

    through(scenario, SERVER)


def test_errors_of_the_bench_arrive_as_they_were_raised(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        with pytest.raises(BadInput) as there:
            await trial.ask(Bench.run, "nope")
        with pytest.raises(BadInput) as here:
            LocalBench().run("nope")
        assert str(there.value) == str(here.value)

    through(scenario, AGENT)


def test_a_question_waits_for_the_connection_but_not_for_ever(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        with pytest.raises(WorkFailed, match=r"there: there is no connection \(it does not answer\)"):
            await trial.ask(Bench.runs)

    through(scenario, ["sleep", "100"], patience=0.1)


def test_a_closed_link_says_so_at_once(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        waiting = asyncio.create_task(trial.ask(Bench.events, "r", wait=100.0))
        await trial.ask(Bench.log, "x")
        await trial.link.close()
        for question in (waiting, trial.ask(Bench.runs)):
            with pytest.raises(WorkFailed, match="the connection was closed"):
                await question

    through(scenario, SERVER)


# -- who is no server, or lets nobody in --


@pytest.mark.parametrize(
    ("command", "error", "sentence"),
    [
        (sh(f"echo welcome; echo 'CFBENCH/9 {HELLO}'; sleep 9"), BadInput, "9.0 there speaks protocol 9, cfbench .* 1"),
        (sh("yes noise"), WorkFailed, "printed more than 65,536 bytes .*start-up files"),
        (sh("exec /nowhere/cfbench agent"), WorkFailed, r"exit code 127\): .*not found; is cfbench installed there"),
        (["/nowhere/ssh"], WorkFailed, "'/nowhere/ssh' can't be started"),
        (sh("echo 'a@b: Permission denied (publickey).' >&2; exit 255"), WorkFailed, "there: a@b: Permission denied"),
    ],
)
def test_a_refusal_is_said_and_only_a_nudge_tries_again(
    through: Any, command: list[str], error: type[CfbenchError], sentence: str
) -> None:
    async def scenario(trial: Any) -> None:
        for _ in range(2):
            with pytest.raises(error, match=sentence):
                await trial.ask(Bench.runs)
        assert trial.phases == ["connecting", "refused"]
        trial.link.nudge()
        await trial.until(lambda: len(trial.states) == 4)
        assert trial.phases == ["connecting", "refused", "reconnecting", "refused"]
        assert re.search(sentence, trial.states[-1].reason)

    through(scenario, command)


def test_what_may_pass_is_tried_again_ever_more_slowly_or_when_nudged(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        await trial.link.start()
        await trial.until(lambda: trial.link.state.retry_in)
        tries = [state.attempt for state in trial.states if not state.retry_in]
        assert tries == [1, 1]  # the second at once
        assert (trial.link.state.attempt, trial.link.state.reason) == (
            2,
            "there: ssh: connect to host x: Connection refused",
        )
        assert 0.8 <= trial.link.state.retry_in <= 1.2
        await trial.until(lambda: trial.link.state.attempt == 3)
        assert 1.6 <= trial.link.state.retry_in <= 2.4
        began = time.monotonic()
        trial.link.nudge()
        await trial.until(lambda: trial.link.state.attempt == 2)
        assert time.monotonic() - began < 1.5
        assert {state.phase for state in trial.states[1:]} == {"reconnecting"}

    through(scenario, sh("echo 'ssh: connect to host x: Connection refused' >&2; exit 255"))


def test_noise_of_a_login_shell_is_skipped_even_without_an_end_of_line(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        assert await trial.ask(Bench.log, "x", lines=1) == ["x"]

    through(scenario, ["sh", "-c", 'seq 200; printf "ready> "; exec "$0" "$@"', *SERVER])


# -- what breaks --


def test_a_killed_server_is_back_at_once_and_what_was_asked_fails(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        waiting = asyncio.create_task(trial.ask(Bench.events, "r", wait=100.0))
        await trial.ask(Bench.log, "x")
        first = trial.server
        os.kill(first, signal.SIGKILL)
        with pytest.raises(WorkFailed, match=r"there: the connection broke \(exit code -9\); runs there go on"):
            await waiting
        assert trial.link.state.phase == "reconnecting"
        assert await trial.ask(Bench.log, "x", lines=1) == ["x"]
        assert trial.server != first
        assert trial.phases == ["connecting", "connected", "reconnecting", "connected"]
        assert trial.states[2].since + 3 > trial.states[-1].since

    through(scenario, SERVER)


def test_a_server_that_keeps_dying_is_started_ever_more_slowly(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        await trial.link.start()
        await trial.until(lambda: trial.link.state.retry_in)
        assert trial.phases == ["connecting", "connected", "reconnecting", "connected", "reconnecting"]
        assert (trial.link.state.attempt, "exit code 3: out of luck" in trial.link.state.reason) == (2, True)

    through(scenario, sh(f"echo 'CFBENCH/1 {HELLO}'; echo out of luck >&2; exit 3"))


def test_silence_is_stale_then_lost(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        await trial.ask(Bench.log, "x")
        first = trial.server
        os.kill(first, signal.SIGSTOP)
        await trial.until_phase("stale")
        os.kill(first, signal.SIGCONT)
        await trial.until_phase("connected")
        os.kill(first, signal.SIGSTOP)
        with pytest.raises(WorkFailed, match=r"nothing was heard for 1.6 s"):
            await trial.ask(Bench.events, "r", wait=100.0)
        assert await trial.ask(Bench.log, "x", lines=1) == ["x"]
        assert trial.server != first
        assert trial.phases[-4:] == ["connected", "stale", "reconnecting", "connected"]

    through(scenario, SERVER, beat=0.2)


def test_leaving_takes_no_time_even_where_the_server_does_not_hear(through: Any) -> None:
    async def scenario(trial: Any) -> None:
        await trial.link.start()
        await trial.until_phase("connected")

    through(scenario, sh(f"trap '' HUP TERM; echo 'CFBENCH/1 {HELLO}'; sleep 60 & wait"))
