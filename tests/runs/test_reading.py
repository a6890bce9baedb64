"""Reading a run from afar: pages of events, its past in one answer, the end of its log."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

import pytest

from cfbench.agent.local import LocalBench
from cfbench.curves import RunHistory
from cfbench.runs import events
from cfbench.runs.events import LONGEST_LINE, EventLog
from cfbench.runs.reading import PAGE_BYTES

LONG = 30.0


def paged(bench: LocalBench, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page = bench.events(run)
    while True:
        found += page.events
        if not page.alive:
            return found
        page = bench.events(run, page.offset, key=page.key)


def test_pages_are_small_and_together_hold_every_event_once(invented: Any) -> None:
    run = invented.run("one", epochs=1500)
    bench = LocalBench()
    assert run.events.stat().st_size > 3 * PAGE_BYTES
    page = bench.events("one")
    assert 0 < page.offset <= PAGE_BYTES
    assert page.alive, "there is more to read"
    assert paged(bench, "one") == events.read(run.events).events
    content = run.events.read_bytes()
    run.events.write_bytes(content[:500_000] + b"x" * (2 * PAGE_BYTES) + b"\n" + content[500_000:] + b'{"torn')
    assert paged(bench, "one") == events.read(run.events).events


def test_a_wait_ends_with_the_next_event_or_the_end(workshop: Any) -> None:
    run = workshop.make()
    bench = LocalBench()
    page = bench.events(run.id)
    assert not bench.events(run.id, page.offset, LONG).alive, "nothing is waited for where nobody is at work"
    workshop.launch(run)
    found = []
    while not found or page.alive:
        page = bench.events(run.id, page.offset, LONG, page.key)
        found += page.events
    assert found[-1]["event"] == "finished"
    assert found == events.read(run.events).events[1:]


def test_a_wait_for_what_does_not_come_ends_in_time(workshop: Any) -> None:
    run = workshop.long()
    bench = LocalBench()
    workshop.launch(run)
    workshop.until_event(run, "step")
    bench.command(run.id, "pause")
    workshop.until_state(run, "paused")
    page = bench.events(run.id, run.events.stat().st_size)
    started = time.monotonic()
    assert bench.events(run.id, page.offset, 0.3, page.key).events == []
    assert 0.3 <= time.monotonic() - started < 5
    threading.Timer(0.2, bench.command, (run.id, "resume")).start()
    assert bench.events(run.id, page.offset, LONG, page.key).events[0]["event"] == "continued"


def test_another_runs_events_in_the_same_place_are_read_from_the_start(invented: Any) -> None:
    run, other = invented.run("one"), invented.run("other", epochs=3)
    bench = LocalBench()
    page = bench.events("one")
    run.events.write_bytes(other.events.read_bytes())
    again = bench.events("one", page.offset, key=page.key)
    assert again.events == bench.events("other").events
    assert again.key != page.key
    run.events.write_bytes(b"".join(other.events.read_bytes().splitlines(keepends=True)[:3]))
    shorter = bench.events("one", again.offset, key=again.key)
    assert shorter.offset < again.offset
    assert len(shorter.events) == 3


def test_a_history_is_all_its_events_and_what_came_since(workshop: Any) -> None:
    run = workshop.make()
    bench = LocalBench()
    workshop.stop_after(run, 50)
    first = bench.history(run.id)
    assert workshop.finish(run) == 0
    second = bench.history(run.id)
    assert second == LocalBench().history(run.id)
    assert [event["epoch"] for event in second.epochs] == [1, 2, 3]
    assert second.steps_an_epoch == 38
    assert (second.key, second.offset) == (first.key, run.events.stat().st_size)
    assert {"created", "started", "resumed", "finished", "checkpoint"} <= set(second.last)
    curves = {curve.name: curve for curve in second.curves}
    measured = workshop.measurements(run)
    steps = [event for event in measured if event["event"] == "step"]
    assert curves["train"].low == [event["loss"] for event in steps]
    assert curves["lr"].high == [event["lr"] for event in steps]
    assert curves["valid"].x == [1, 2, 3]
    assert {"rmse", "mae", "train_epoch"} <= set(curves)
    live = RunHistory.of(first)
    for event in bench.events(run.id, first.offset, key=first.key).events:
        live.add(event)
    assert live.answer(run.id, second.key, second.offset) == second
    run.events.write_bytes(b"".join(run.events.read_bytes().splitlines(keepends=True)[:5]))
    assert bench.history(run.id) == LocalBench().history(run.id), "a file that was replaced is read anew"


def test_a_log_is_read_from_its_end(invented: Any) -> None:
    run = invented.run("one")
    bench = LocalBench()
    assert bench.log("one") == []
    run.log.write_text("first\r\nsecond\rthird\n\nlast é")
    assert bench.log("one") == ["first", "second\rthird", "", "last é"]
    assert bench.log("one", 2) == ["", "last é"]
    assert bench.log("one", 0) == []
    run.log.write_bytes(b"\n".join(b"line %d" % n for n in range(300_000)) + b"\n")
    assert bench.log("one", 3) == ["line 299997", "line 299998", "line 299999"]
    os.truncate(run.log, 1 << 36)  # a hole of 64 GiB: nobody may read all of it
    assert len("".join(bench.log("one", 5))) <= 2 << 20


def test_what_is_no_folder_of_events_spoils_no_listing(invented: Any) -> None:
    good, odd = invented.run("good"), invented.run("odd")
    odd.events.unlink()
    odd.events.mkdir()
    states = {run.id: run.state for run in LocalBench().runs()}
    assert states == {good.id: "finished", odd.id: "lost"}


@pytest.mark.parametrize("line", ['{"event":"step","seq":3,"step":"x"}', '{"event":"step","seq":3,"step":1,"loss":[]}'])
def test_a_step_that_is_none_is_a_damaged_line(invented: Any, line: str) -> None:
    run = invented.run("one")
    before = LocalBench().history("one")
    with run.events.open("a") as file:
        file.write(line + "\n")
    assert LocalBench().run("one").damaged_lines == (len(run.events.read_text().splitlines()),)
    assert LocalBench().history("one").curves == before.curves


def test_the_longest_line_fits_into_a_page(tmp_path: Any) -> None:
    assert PAGE_BYTES >= 2 * LONGEST_LINE
    log = EventLog(tmp_path / "events.jsonl")
    log.write("note", text="x" * (LONGEST_LINE - 500))
    log.close()
    assert json.loads((tmp_path / "events.jsonl").read_text())["event"] == "note"
