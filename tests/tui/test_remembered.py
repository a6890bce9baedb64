"""What a workbench remembers from one start to the next."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from cfbench.tui import remembered
from cfbench.tui.remembered import MOST_RECENT, Remembered

ALL = Remembered(
    screen="train",
    run="20260101T000000-brave-ibis",
    draft={"text": 'model = "dot" # mine', "undone": [1, None, {"lr": 0.005}]},
    recent={"/data/Kieślowski.csv": 3.0, os.fsdecode(b"caf\xc3\xa9"): 2.5},
    look="light",
    marks=("b", "a"),
    screens={"train": {"smoothing": 0.6, "log_y": True}, "runs": {"page": 1}},
)


def _file(home: Path, host: str = "local") -> Path:
    return home / "state" / f"workbench-{host}.json"


def test_what_was_saved_is_there_at_the_next_start(home: Path) -> None:
    assert remembered.load("local") == Remembered()
    assert remembered.save("local", ALL) == ""
    assert remembered.load("local") == ALL
    assert all(getattr(ALL, name) != getattr(Remembered(), name) for name in Remembered.__struct_fields__)
    assert _file(home).stat().st_mode & 0o777 == 0o600


def test_each_host_has_a_memory_of_its_own(home: Path) -> None:
    hosts = ["local", "ada@gpu-box:22", "../../etc", ".."]
    for host in hosts:
        assert remembered.save(host, Remembered(run=host)) == ""
    assert [remembered.load(host).run for host in hosts] == hosts
    assert len(list((home / "state").glob("workbench-*.json"))) == len(hosts)
    assert "File name too long" in remembered.save("x" * 300, ALL)
    assert remembered.load("x" * 300) == Remembered()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"format": 2, "workbench": {"screen": "train"}}',
        b'{"format": 2, "workbench": ["in", "another", "way"]}',
        b'{"workbench": {"screen": "train"}}',
        b'{"format": 1, "workbench": {"screen": 7}}',
        b'{"format": 1, "workbench": {"recent": {"/data": "yesterday"}}}',
    ],
)
def test_what_cant_be_read_is_as_nothing_and_is_replaced(content: bytes, home: Path) -> None:
    remembered.save("local", ALL)
    _file(home).write_bytes(content)
    assert remembered.load("local") == Remembered()
    assert remembered.save("local", ALL) == ""
    assert remembered.load("local") == ALL


def test_a_later_cfbench_of_the_same_format_may_know_more(home: Path) -> None:
    (home / "state").mkdir()
    _file(home).write_bytes(b'{"format": 1, "workbench": {"screen": "train", "voice": "alto"}, "more": 1}')
    assert remembered.load("local").screen == "train"


def test_nothing_is_written_when_nothing_changed(home: Path) -> None:
    remembered.save("local", ALL)
    before = _file(home).stat()
    remembered.save("local", ALL)
    remembered.save("local", msgspec.structs.replace(ALL, recent={}))
    assert _file(home).stat() == before
    remembered.save("local", msgspec.structs.replace(ALL, screen="runs"))
    assert _file(home).stat().st_ino != before.st_ino


def test_of_the_data_that_were_opened_the_newest_stay_once_each() -> None:
    memory = Remembered()
    for n in range(30):
        memory = memory.opened(f"/data/{n}", float(n))
    memory = memory.opened("/data/15", 31.0)
    assert memory.recent_paths[:3] == ["/data/15", "/data/29", "/data/28"]
    assert len(memory.recent) == MOST_RECENT


def test_of_two_workbenches_the_last_counts_and_both_ones_data_stay() -> None:
    one = two = remembered.load("local")
    two = two.opened("/data/two", 2.0).opened("/data/both", 3.0)
    assert remembered.save("local", two) == ""
    one = msgspec.structs.replace(one.opened("/data/both", 1.0).opened("/data/one", 4.0), screen="runs")
    assert remembered.save("local", one) == ""
    kept = remembered.load("local")
    assert (kept.screen, kept.recent_paths) == ("runs", ["/data/one", "/data/both", "/data/two"])


MANY = """
import sys
from cfbench.tui.remembered import load, save
memory = load("local")
for n in range(10):
    memory = memory.opened(f"/data/{sys.argv[1]}{n}", float(n))
    assert save("local", memory) == ""
"""


def test_saving_at_the_same_moment_loses_nothing() -> None:
    both = [subprocess.Popen([sys.executable, "-c", MANY, name]) for name in "ab"]
    assert [one.wait(30) for one in both] == [0, 0]
    assert set(remembered.load("local").recent) == {f"/data/{name}{n}" for name in "ab" for n in range(10)}


HELD = """
import os, signal
from pathlib import Path
from cfbench.tui import remembered
with remembered._alone(Path(os.environ["CFBENCH_HOME"]) / "state" / "workbench-local.json"):
    os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_a_workbench_that_was_stopped_while_saving_is_not_waited_for(home: Path) -> None:
    (home / "state").mkdir()
    with subprocess.Popen([sys.executable, "-c", HELD]) as stopped:
        os.waitpid(stopped.pid, os.WUNTRACED)
        assert remembered.save("local", ALL) == ""
        stopped.send_signal(signal.SIGKILL)
    assert remembered.load("local") == ALL


def test_a_full_disk_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered.save("local", ALL)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    said = remembered.save("local", Remembered(screen="data"))
    assert said == f"this workbench won't be remembered: {_file(home)}: no space is left on the disk; free some space"
    assert remembered.load("local") == ALL


def test_text_that_no_encoding_takes_is_said(home: Path) -> None:
    assert "surrogates not allowed" in remembered.save("local", Remembered(run="caf\udce9"))


def test_a_folder_that_cant_be_is_said(home: Path) -> None:
    (home / "state").write_text("")
    assert remembered.load("local") == Remembered()
    assert remembered.save("local", ALL).startswith(f"this workbench won't be remembered: {home}/state: ")
