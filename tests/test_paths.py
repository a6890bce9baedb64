"""Where cfbench keeps things."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cfbench import paths
from cfbench.errors import BadInput
from cfbench.experiment import Data, Experiment, located
from cfbench.registry import cache
from cfbench.registry.declarations import Scan


def test_everything_is_under_cfbench_home(home: Path) -> None:
    assert all(paths.folder(kind).is_relative_to(home) for kind in paths._PLACES)


def test_xdg_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CFBENCH_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert paths.folder("runs") == tmp_path / "data" / "cfbench" / "runs"
    assert paths.folder("imported") == tmp_path / "cache" / "cfbench" / "imported"


@pytest.fixture
def fallback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the folders are when there is no home, in a place that anybody may write to."""
    for name in ("CFBENCH_HOME", "HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"cfbench-{os.getuid()}"


def test_without_a_home_a_temporary_folder_serves(fallback: Path) -> None:
    before = os.umask(0)
    try:
        assert paths.writable_folder("runs") == paths.folder("runs") == fallback / "runs"
    finally:
        os.umask(before)
    assert [place.stat().st_mode & 0o777 for place in (fallback, fallback / "runs")] == [0o700, 0o700]
    cache.write("key", Scan())
    assert cache.read("key") == Scan()


def _link(place: Path) -> None:
    place.symlink_to(place.parent.parent)


def _somebody_elses(place: Path) -> None:
    place.mkdir()
    os.chown(place, 12_345, 12_345)


def _open_to_all(place: Path) -> None:
    place.mkdir()
    place.chmod(0o777)


@pytest.mark.parametrize("plant", [_link, _somebody_elses, _open_to_all, Path.touch])
@pytest.mark.parametrize("below", ["", "declarations"])
def test_what_others_planted_in_its_place_is_refused(fallback: Path, plant: Callable[[Path], None], below: str) -> None:
    if plant is _somebody_elses and os.geteuid():
        pytest.skip("only root can make a folder that belongs to somebody else")
    if below:
        fallback.mkdir(mode=0o700)
    plant(fallback / below if below else fallback)
    asks: list[Callable[[], object]] = [
        lambda: paths.folder("declarations"),
        lambda: paths.writable_folder("declarations"),
        lambda: cache.read("key"),
    ]
    for ask in asks:
        with pytest.raises(BadInput, match=rf"{fallback / below}: .*not a folder of yours alone.*CFBENCH_HOME"):
            ask()
    cache.write("key", Scan())
    assert not list(fallback.parent.rglob("key.json"))


UNUSABLE = {
    "~nosuchuser/x.csv": "no home folder is known",
    "x" * 300 + ".csv": "File name too long",
    os.fsdecode(b"caf\xe9.csv"): "not text in UTF-8",
    "a\0b.csv": "null",
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_name_that_no_file_can_have_is_said(name: str, tmp_path: Path) -> None:
    for use in (lambda: paths.given(name), lambda: located(Experiment(data=Data(source=name)), tmp_path)):
        with pytest.raises(BadInput, match=UNUSABLE[name]) as refused:
            use()
        str(refused.value).encode()


def test_a_given_name_is_a_path_of_the_start_or_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.given("~/x.csv") == paths.given("x.csv", tmp_path) == tmp_path / "x.csv"
    assert paths.given("x.csv") == Path("x.csv")
    assert paths.given("/x.csv", tmp_path) == Path("/x.csv")
    assert paths.given(__file__ + "/x.csv") == Path(__file__) / "x.csv"


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
