"""Where cfbench keeps things."""

import os
from pathlib import Path

import pytest

from cfbench import paths
from cfbench.errors import BadInput


def test_everything_is_under_cfbench_home(home: Path) -> None:
    assert all(paths.folder(kind).is_relative_to(home) for kind in paths._PLACES)


def test_xdg_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CFBENCH_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert paths.folder("runs") == tmp_path / "data" / "cfbench" / "runs"
    assert paths.folder("imported") == tmp_path / "cache" / "cfbench" / "imported"


def test_without_a_home_a_temporary_folder_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CFBENCH_HOME", "HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert f"cfbench-{os.getuid()}" in str(paths.folder("runs"))


def test_folders_are_made_for_their_owner_alone(home: Path) -> None:
    before = os.umask(0)
    try:
        assert paths.writable_folder("runs").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)


def test_a_file_in_the_way_is_said(home: Path) -> None:
    (home / "runs").write_text("")
    with pytest.raises(BadInput, match=r"runs: cfbench can't write to this folder .*; .*CFBENCH_HOME"):
        paths.writable_folder("runs")
