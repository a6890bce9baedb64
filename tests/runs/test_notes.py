"""What people write about a run, and a deleted run that comes back."""

from __future__ import annotations

import errno
import json
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cfbench import paths
from cfbench.agent.local import LocalBench
from cfbench.errors import BadInput
from cfbench.runs.notes import LONGEST_NOTE


def test_a_note_and_a_pin_travel_with_the_folder(invented: Any, tmp_path: Path) -> None:
    run = invented.run("one")
    bench = LocalBench()
    assert (bench.run("one").note, bench.run("one").pinned) == ("", False)
    assert bench.annotate("one", note="  wd helps  ").note == "wd helps"
    noted = bench.annotate("one", pinned=True)
    assert (noted.note, noted.pinned) == ("wd helps", True)
    assert (bench.annotate("one", note="").note, bench.run("one").pinned) == ("", True)
    bench.annotate("one", note="again")
    assert stat.S_IMODE(run.annotations.stat().st_mode) == 0o600
    assert [path.name for path in run.path.iterdir() if path.name.startswith(".ann")] == []
    shutil.copytree(run.path, tmp_path / "elsewhere")
    moved = LocalBench().run(str(tmp_path / "elsewhere"))
    assert (moved.note, moved.pinned) == ("again", True)


def test_notes_of_a_newer_cfbench_keep_what_it_wrote(invented: Any) -> None:
    run = invented.run("one")
    run.annotations.write_text('{"note": "old", "colour": "red"}')
    LocalBench().annotate("one", pinned=True)
    assert json.loads(run.annotations.read_text()) == {"note": "old", "colour": "red", "pinned": True}


@pytest.mark.parametrize("content", ["", "[", "[1]", '{"note": 5, "pinned": "no"}', '{"note": "' + "x" * 100_000])
def test_a_damaged_file_counts_as_none_and_can_be_written_anew(invented: Any, content: str) -> None:
    run = invented.run("one")
    run.annotations.write_text(content)
    bench = LocalBench()
    assert (bench.run("one").note, bench.run("one").pinned) == ("", False)
    assert bench.annotate("one", note="fine").note == "fine"


def test_who_writes_at_once_undoes_nothing_of_the_others(invented: Any) -> None:
    invented.run("one")
    with ThreadPoolExecutor(8) as people:
        for n in range(20):
            note = people.submit(LocalBench().annotate, "one", note=f"note {n}")
            pin = people.submit(LocalBench().annotate, "one", pinned=bool(n % 2))
            note.result(), pin.result()
            found = LocalBench().run("one")
            assert (found.note, found.pinned) == (f"note {n}", bool(n % 2))


def test_a_note_too_long_is_refused(invented: Any) -> None:
    invented.run("one")
    with pytest.raises(BadInput, match="longer than 2,000"):
        LocalBench().annotate("one", note="x" * (LONGEST_NOTE + 1))


def test_a_deleted_run_comes_back_as_it_was(invented: Any) -> None:
    run = invented.run("one")
    bench = LocalBench()
    before = bench.run("one")
    place = bench.delete("one")
    assert bench.runs() == []
    assert bench.restore(place) == run.id
    assert bench.run("one") == before
    bench.delete("one")
    assert bench.restore(run.id) == run.id
    bench.delete("one")
    assert bench.restore("one") == run.id


def test_a_run_comes_back_from_a_trash_on_another_disk(invented: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    invented.run("one")
    bench = LocalBench()
    before, place, rename = bench.run("one"), Path(bench.delete("one")), Path.rename

    def other_disk(path: Path, target: Path) -> Path:
        if path.parent != target.parent:
            raise OSError(errno.EXDEV, "another disk")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", other_disk)
    bench.restore(str(place))
    assert bench.run("one") == before
    assert not place.exists()


def test_of_two_deleted_runs_of_one_id_each_comes_back_by_its_place(invented: Any) -> None:
    run = invented.run("one", epochs=1)
    bench = LocalBench()
    first = bench.delete("one")
    shutil.copytree(first, run.path)
    bench.annotate("one", note="the second")
    second = bench.delete("one")
    assert first != second
    assert bench.restore(second) == run.id
    assert bench.run("one").note == "the second"
    with pytest.raises(BadInput, match=r"there is a run .*-one already"):
        bench.restore(first)
    assert Path(first).is_dir()


def test_only_what_lies_right_in_this_users_trash_is_restored(invented: Any, tmp_path: Path) -> None:
    run = invented.run("one")
    bench = LocalBench()
    trash = paths.writable_folder("trash")
    shutil.copytree(run.path, tmp_path / "stranger")
    shutil.copytree(run.path, trash / "deep" / "below")
    (trash / "link").symlink_to(tmp_path / "stranger")
    (trash / "file").write_text("")
    shutil.rmtree(run.path)
    wanted = [tmp_path / "stranger", trash / "deep" / "below", trash / ".." / "trash", trash / "link", trash, "/"]
    for named in [*map(str, wanted), f"{trash}/../runs", "link", "file", "below", "deep", "..", ".", "", "a\0b"]:
        with pytest.raises(BadInput):
            bench.restore(named)
    assert bench.runs() == []
    assert (tmp_path / "stranger").is_dir()
