"""Files that last, and a full disk said in a sentence."""

import errno
import os
import time
from pathlib import Path

import pytest

from cfbench import durable
from cfbench.errors import BadInput, DiskFull


def test_a_synced_file_is_new_whole_and_its_owners(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        durable.write_synced(tmp_path / "file", b"content")
    finally:
        os.umask(before)
    assert (tmp_path / "file").read_bytes() == b"content"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        durable.write_synced(tmp_path / "file", b"other")
    durable.sync(tmp_path)


def test_replacing_leaves_the_new_or_the_old_and_no_scraps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    for content in (b"old", b"new"):
        durable.replace(path, content)
        assert path.read_bytes() == content

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        durable.replace(path, b"newer")
    assert [(left.name, left.read_bytes()) for left in tmp_path.iterdir()] == [("file", b"new")]


FULL = [
    OSError(errno.ENOSPC, "x"),
    OSError(errno.EDQUOT, "x"),
    RuntimeError("parquet: underlying IO error: No space left on device (os error 28)"),
    DiskFull("of something inside", where="inside"),
]
OTHER = [OSError(errno.EACCES, "x"), ValueError("x"), BadInput("No space left on device (os error 28)"), KeyError("x")]


@pytest.mark.parametrize("error", FULL)
def test_a_full_disk_is_said_with_the_place(error: Exception) -> None:
    with pytest.raises(DiskFull) as refused, durable.disk_full(Path("/place"), mend="make room"):
        raise error
    assert str(refused.value) == "/place: no space is left on the disk; make room"


@pytest.mark.parametrize("error", OTHER)
def test_other_errors_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as passed, durable.disk_full(Path("/place")):
        raise error
    assert passed.value is error


def test_old_leftovers_are_swept_and_young_ones_stay(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (".new-old", ".new-young", "old"))
    for folder in (old, young, other):
        folder.mkdir()
        (folder / "file").touch()
    for folder in (old, other):
        os.utime(folder, (0, time.time() - 25 * 3600))
    durable.sweep(tmp_path, ".new-*")
    assert sorted(tmp_path.iterdir()) == [young, other]


def test_a_document_takes_nothing_away_and_has_the_rights_of_any_file(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    before = os.umask(0o027)
    try:
        assert durable.write_document(path, "é") == 2
    finally:
        os.umask(before)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == ("é".encode(), 0o640)
    for force, mend in ((None, "choose another name"), (False, "choose another name, or add --force")):
        with pytest.raises(BadInput) as refused:
            durable.write_document(path, "new", force)
        assert str(refused.value) == f"{path}: this file exists already; {mend}"
    assert durable.write_document(path, "new", force=True) == 3
    for taken, what in ((tmp_path, "this is no file"), (tmp_path / "no" / "x", "there is no such folder")):
        with pytest.raises(BadInput, match=what):
            durable.refuse_taken(taken, force=True)
    assert [left.name for left in tmp_path.iterdir()] == ["page.md"]
