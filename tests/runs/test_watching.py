"""What changed among the runs: each change told once, soon, to each of those who wait, and at little cost."""

from __future__ import annotations

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cfbench.agent.local import LocalBench
from cfbench.answers import RunChanges, RunSummary
from cfbench.runs import watching

LONG = 30.0
SOON = 3.0
"""Seconds within which a change has to be told."""


def apply(known: dict[str, RunSummary], changes: RunChanges) -> None:
    """What a client does with an answer."""
    if changes.whole:
        known.clear()
    known.update({run.id: run for run in changes.changed})
    for gone in changes.gone:
        known.pop(gone, None)


def test_a_client_that_applies_each_answer_knows_what_a_listing_says(invented: Any) -> None:
    bench = LocalBench()
    known: dict[str, RunSummary] = {}
    answer = bench.changes()
    assert (answer.whole, answer.changed, answer.gone) == (True, (), ())

    def hear() -> list[str]:
        nonlocal answer
        answer = bench.changes(answer.token, LONG)
        assert not answer.whole
        apply(known, answer)
        return [run.id for run in answer.changed]

    one = invented.run("one")
    assert hear() == [one.id]
    two = invented.run("two")
    assert hear() == [two.id]
    bench.annotate("two", note="the better one")
    assert hear() == [two.id]
    assert known[two.id].note == "the better one"
    trashed = bench.delete("one")
    assert hear() == []
    assert answer.gone == (one.id,)
    assert bench.restore(trashed) == one.id
    assert hear() == [one.id]
    assert list(known.values()) == [bench.run(two.id), bench.run(one.id)]
    assert bench.changes(answer.token).changed == ()


def test_a_token_of_another_process_is_answered_with_everything(invented: Any) -> None:
    run = invented.run("one")
    for token in ("", LocalBench().changes().token, "nonsense", "a.b", "a.9"):
        bench = LocalBench()
        answer = bench.changes(token, LONG)
        assert (answer.whole, [found.id for found in answer.changed]) == (True, [run.id])
        assert bench.changes(answer.token.replace(".", ".9")).whole


def test_what_was_forgotten_to_be_gone_is_told_as_a_whole(invented: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_MOST_GONE", 2)
    runs = [invented.run(f"run-{n}") for n in range(5)]
    bench = LocalBench()
    before = bench.changes()
    for run in runs[:2]:
        bench.delete(run.id)
    bench._watch.look_again()
    assert set(bench.changes(before.token).gone) == {run.id for run in runs[:2]}
    bench.delete(runs[2].id)
    bench._watch.look_again()
    answer = bench.changes(before.token)
    assert answer.whole
    assert [run.id for run in answer.changed] == [run.id for run in runs[3:]]


def test_many_changes_come_in_several_answers(invented: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MOST_CHANGES", 4)
    runs = [invented.run(f"run-{n}") for n in range(10)]
    bench = LocalBench()
    answer = bench.changes()
    assert answer.whole
    found = [run.id for run in answer.changed]
    while answer.changed:
        answer = bench.changes(answer.token)
        assert not answer.whole
        found += [run.id for run in answer.changed]
    assert found == [run.id for run in runs]


def test_a_killed_worker_is_told_to_everybody_who_waits(workshop: Any) -> None:
    run = workshop.long()
    bench = LocalBench()
    worker = workshop.launch(run)
    workshop.until_event(run, "step")
    heard: list[float] = []

    def listen() -> None:
        answer = bench.changes()
        while answer.changed[-1:] == () or answer.changed[-1].state != "lost":
            answer = bench.changes(answer.token, LONG)
        heard.append(time.monotonic())

    listeners = [threading.Thread(target=listen) for _ in range(3)]
    for listener in listeners:
        listener.start()
    workshop.until_event(run, "step", len(workshop.events(run, "step")) + 50)
    killed = time.monotonic()
    worker.kill()
    worker.wait()
    for listener in listeners:
        listener.join(LONG)
    assert len(heard) == 3
    assert max(heard) - killed < SOON


def test_progress_is_told_but_not_with_every_step(workshop: Any) -> None:
    run = workshop.long()
    bench = LocalBench()
    workshop.launch(run)
    workshop.until_event(run, "step")
    answer = bench.changes()
    steps = [answer.changed[0].step]
    started = time.monotonic()
    while len(steps) < 4:
        answer = bench.changes(answer.token, LONG)
        steps += [found.step for found in answer.changed]
    assert steps == sorted(set(steps))
    assert time.monotonic() - started > 2.0


def test_waiting_beside_a_thousand_runs_costs_next_to_nothing(invented: Any) -> None:
    first = invented.run("run-0000")
    for n in range(1, 1000):
        shutil.copytree(first.path, invented.root / f"20250101T000000.000000Z-run-{n:04}")
    bench = LocalBench()
    token = bench.changes().token
    before, started = time.process_time(), time.monotonic()
    with ThreadPoolExecutor(3) as clients:
        answers = [clients.submit(bench.changes, token, 1.0) for _ in range(3)]
        assert [answer.result().changed for answer in answers] == [(), (), ()]
    taken = time.monotonic() - started
    assert 1.0 <= taken < 5.0
    assert time.process_time() - before < 0.05 * taken
