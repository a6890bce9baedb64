"""events.jsonl: what readers make of torn, bad and unknown lines, and what the effective history is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cfbench.runs import events, launching
from cfbench.runs.events import EventLog, effective, measurements, read


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_lines_are_numbered_and_carry_clocks_and_the_first_one_the_format(workshop: Any) -> None:
    run = workshop.trained()
    found = lines(run.events)
    assert [event["seq"] for event in found] == list(range(1, len(found) + 1))
    assert found[0]["format"] == 1
    assert len(found[0]["run"]) == 16
    monotonic = [event["mono"] for event in found]
    assert monotonic == sorted(monotonic)
    kinds = [event["event"] for event in found]
    assert kinds[:2] == ["created", "starting"]
    assert kinds[-3:] == ["epoch", "checkpoint", "finished"]
    assert [event["epoch"] for event in found if event["event"] == "epoch"] == [1, 2, 3]
    assert [event["step"] for event in found if event["event"] == "step"] == list(range(1, 115))


def test_a_torn_last_line_is_ignored_and_cut_when_the_run_goes_on(workshop: Any) -> None:
    straight, run = workshop.trained(), workshop.make()
    workshop.stop_after(run, 50)
    whole = read(run.events)
    with run.events.open("ab") as file:
        file.write(b'{"seq":999,"event":"step","step":51,"lo')
    torn = read(run.events)
    assert (torn.events, torn.bad_lines, torn.offset) == (whole.events, [], whole.offset)
    assert workshop.summary(run).state == "stopped"
    assert launching.train_here(run) == 0
    assert b'"lo' not in run.events.read_bytes().replace(b'"loss"', b"")
    assert [event["seq"] for event in lines(run.events)] == list(range(1, len(lines(run.events)) + 1))
    workshop.assert_same(run, straight)


def test_a_torn_line_that_is_all_there_is_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"x" * 100)
    log = EventLog(path)
    log.write("created")
    log.close()
    assert [event["event"] for event in lines(path)] == ["created"]


def test_a_bad_line_in_the_middle_is_told_with_its_number_and_the_rest_shown(workshop: Any) -> None:
    run = workshop.trained()
    content = run.events.read_bytes().splitlines(keepends=True)
    content[4] = b"\x00\xff broken\n"
    content[6] = b"[1, 2]\n"
    run.events.write_bytes(b"".join(content))
    shown = workshop.summary(run)
    assert shown.damaged_lines == (5, 7)
    assert (shown.state, shown.epochs_done, shown.step) == ("finished", 3, 114)
    assert len(read(run.events).events) == len(content) - 2


def test_unknown_kinds_and_keys_of_a_newer_writer_are_kept_and_skipped(workshop: Any) -> None:
    run = workshop.trained()
    before = workshop.measurements(run), workshop.summary(run)
    content = run.events.read_bytes().splitlines(keepends=True)
    new = b'{"seq":4,"event":"entangled","step":7,"qubits":[1]}\n'
    content.insert(3, new)
    content[1] = content[1].replace(b'"event":"starting"', b'"event":"starting","mood":"keen"')
    run.events.write_bytes(b"".join(content))
    assert (workshop.measurements(run), workshop.summary(run)) == before
    assert {"entangled"} <= {event["event"] for event in read(run.events).events}
    assert read(run.events).events[1]["mood"] == "keen"


def test_reading_on_from_an_offset_sees_each_event_once(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log, seen, offset = EventLog(path), [], 0
    assert read(path).events == []
    for step in range(5):
        log.write("step", step=step)
        page = read(path, offset)
        seen += [event["step"] for event in page.events]
        offset = page.offset
    log.close()
    assert seen == [0, 1, 2, 3, 4]
    assert read(path, 1 << 40).events == []


def test_a_line_too_long_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    with pytest.raises(ValueError, match="longer than 65536"):
        log.write("step", note="x" * 70_000)
    log.write("step", step=1)
    log.close()
    assert [event["seq"] for event in lines(tmp_path / "events.jsonl")] == [1]


def test_the_effective_history_drops_what_a_resumption_went_back_behind() -> None:
    def event(kind: str, **fields: Any) -> dict[str, Any]:
        return {"event": kind, "seq": 0, "time": 0, "boot": "", "mono": 0, **fields}

    told = [
        event("created"),
        event("started"),
        event("step", step=1, loss=1.0),
        event("checkpoint", step=1),
        event("step", step=2, loss=9.0),
        event("epoch", step=2, epoch=1, rows_per_second=5),
        event("started"),
        event("resumed", from_step=1),
        event("step", step=2, loss=2.0),
        event("epoch", step=2, epoch=1, rows_per_second=7),
        event("step", step=3, loss=9.0),
        event("started"),
        event("resumed", from_step=2),
        event("step", step=3, loss=3.0),
    ]
    assert [(e["event"], e.get("loss")) for e in effective(told) if e["event"] in ("step", "epoch")] == [
        ("step", 1.0),
        ("step", 2.0),
        ("epoch", None),
        ("step", 3.0),
    ]
    assert list(measurements(told))[2] == {"event": "epoch", "step": 2, "epoch": 1}
    assert len([e for e in effective(told) if e["event"] == "started"]) == 3


def test_no_event_is_half_written_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.write("created")
    whole, write = path.read_bytes(), os.write
    with monkeypatch.context() as patch:
        patch.setattr(events.os, "write", lambda file, content: write(file, content[:20]))
        with pytest.raises(events.DiskFull, match=r"events.jsonl: no space is left for an event of \d+ bytes"):
            log.write("step", step=1)
    assert path.read_bytes() == whole
    log.write("step", step=1)
    log.close()
    assert [event["seq"] for event in lines(path)] == [1, 2]
