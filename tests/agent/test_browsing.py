"""What is in a folder, for who looks for a file: whatever lies there, and wherever it is."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from cfbench.agent.browsing import MOST_ENTRIES, browse
from cfbench.answers import Folder
from cfbench.errors import BadInput


def names(folder: Folder) -> list[str]:
    return [entry.name for entry in folder.entries]


def test_folders_come_first_then_files_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Zoo", "attic", ".hidden"):
        (tmp_path / name).mkdir()
    for name in ("b.csv", "A.csv", ".bashrc"):
        (tmp_path / name).write_text("1,2,3\n")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "linked").symlink_to("Zoo")
    os.utime(tmp_path / "b.csv", (1_000_000_000, 1_500_000_000.5))
    found = browse(str(tmp_path))
    assert names(found) == ["attic", "linked", "Zoo", "A.csv", "b.csv"]
    assert (found.path, found.parent, found.left_out) == (str(tmp_path), str(tmp_path.parent), 0)
    last = found.entries[-1]
    assert (last.path, last.folder, last.size, last.modified) == (str(tmp_path / "b.csv"), False, 6, 1_500_000_000.5)
    assert [entry.folder for entry in found.entries] == [True, True, True, False, False]
    monkeypatch.chdir(tmp_path)
    assert browse() == browse(".") == browse("Zoo/..") == found
    monkeypatch.setenv("HOME", str(tmp_path))
    assert browse("~") == found
    assert browse("~/Zoo").parent == str(tmp_path)
    assert browse("/").parent == ""


def test_names_that_are_not_text_are_left_out(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.csv")).write_text("")
    (tmp_path / os.fsdecode(b"\xff")).mkdir()
    (tmp_path / "\x1b[2J\u202e.csv").write_text("")
    found = browse(str(tmp_path))
    assert names(found) == ["\x1b[2J\u202e.csv"]
    assert msgspec.json.decode(msgspec.json.encode(found), type=Folder) == found
    with pytest.raises(BadInput, match="not text in UTF-8"):
        browse(str(tmp_path / os.fsdecode(b"\xff")))


def test_a_crowded_folder_is_cut(tmp_path: Path) -> None:
    for number in range(MOST_ENTRIES + 3):
        (tmp_path / f"{number:05}").touch()
    (tmp_path / "z").mkdir()
    found = browse(str(tmp_path))
    assert (len(found.entries), found.left_out, names(found)[:2]) == (MOST_ENTRIES, 4, ["z", "00000"])


def test_what_can_not_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "gone").mkdir()
    for folder, words in (("nowhere", "no such folder"), ("file", "this is a file"), ("a\0b", "can't be read")):
        with pytest.raises(BadInput, match=words):
            browse(str(tmp_path / folder))
    with pytest.raises(BadInput, match="home"):
        browse("~nobody-of-that-name")
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(BadInput, match="working folder: there is no such folder"):
        browse()

    def refuse(_: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(BadInput, match=r"can't be read \(Permission denied\)"):
        browse(str(tmp_path))
