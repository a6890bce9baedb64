"""Getting data sets whole or not at all: stopped and gone on with, by two at once, from files of every kind."""

from __future__ import annotations

import functools
import gzip
import os
import shutil
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cfbench.data import archives, sets
from cfbench.data.downloading import Stop, Stopped
from cfbench.data.fetching import fetch, fetch_from
from cfbench.errors import BadInput, DiskFull, WorkFailed
from cfbench.registry.declarations import Declaration

RATINGS = b"1,a,3\n"
TITLES = b"a,Alpha\n"


class Site:
    """A folder that a server on loopback offers, and which paths it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked = folder, list[str]()
        self.port = 0

    def offer(self, name: str, **members: bytes) -> None:
        """Offer a zip file; "__" in a member's name stands for its dot."""
        with zipfile.ZipFile(self.folder / name, "w") as archive:
            for member, content in members.items():
                archive.writestr(member.replace("__", "."), content)

    def url(self, name: str) -> str:
        """Return where a file is offered."""
        return f"http://127.0.0.1:{self.port}/{name}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    one = Site(folder)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            one.asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    one.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield one
    server.shutdown()
    thread.join()
    server.server_close()


def declared(*downloads: dict[str, Any], name: str = "tiny", **facts: Any) -> Declaration:
    found = [{"size": 0, "sha256": "", "members": {}, **one} for one in downloads]
    return Declaration("dataset", name, f"x:{name}", "Tiny", "rows", "built in", facts={"downloads": found, **facts})


@pytest.fixture
def packed(site: Site) -> Declaration:
    """A set of two files in one archive."""
    site.offer("tiny.zip", r__csv=RATINGS, i__csv=TITLES)
    return declared({"url": site.url("tiny.zip"), "members": {"r.csv": "r.csv", "i.csv": "i.csv"}})


@pytest.fixture
def loose(site: Site) -> Declaration:
    """A set of two files as they are."""
    (site.folder / "r.csv").write_bytes(RATINGS)
    (site.folder / "i.csv").write_bytes(TITLES)
    return declared({"url": site.url("r.csv")}, {"url": site.url("i.csv")})


def stop() -> Stop:
    return Stop(threading.Event())


def quiet(here: int, total: int) -> None:
    pass


def get(declaration: Declaration, **given: Any) -> Path:
    return fetch(declaration, quiet, stop(), waits=(), **given)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != sets.MARKER}


def leftovers(home: Path) -> list[str]:
    known = (".lock", ".sha256.json")
    return sorted(path.name for path in (home / "datasets").glob(".*") if not path.name.endswith(known))


def test_progress_counts_all_files_as_one(site: Site, loose: Declaration, home: Path) -> None:
    told: list[tuple[int, int]] = []
    facts = [{**one, "size": size} for one, size in zip(loose.facts["downloads"], (6, 8), strict=True)]
    folder = fetch(declared(*facts), lambda here, total: told.append((here, total)), stop())
    assert content(folder) == {"r.csv": RATINGS, "i.csv": TITLES}
    assert [here for here, _ in told] == sorted(here for here, _ in told)
    assert {total for _, total in told} == {14}
    assert told[-1] == (14, 14)
    assert leftovers(home) == []


def test_what_was_whole_when_it_stopped_is_not_fetched_again(
    site: Site, packed: Declaration, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any) -> None:
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(archives, "unpack", stopped)
        with pytest.raises(Stopped):
            get(packed)
    assert sets.card(packed).state == "partly here"
    assert len(leftovers(home)) == 1
    assert content(get(packed)) == {"r.csv": RATINGS, "i.csv": TITLES}
    assert site.asked == ["/tiny.zip"]
    assert leftovers(home) == []


def test_of_two_files_the_one_that_came_is_kept(site: Site, loose: Declaration) -> None:
    (site.folder / "i.csv").unlink()
    with pytest.raises(BadInput, match="the server answers 404"):
        get(loose)
    (site.folder / "i.csv").write_bytes(TITLES)
    assert content(get(loose)) == {"r.csv": RATINGS, "i.csv": TITLES}
    assert site.asked.count("/r.csv") == 1


def test_a_full_disk_keeps_what_came(site: Site, packed: Declaration, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(archives, "unpack", full)
        with pytest.raises(DiskFull, match="no space is left to unpack tiny"):
            get(packed)
    get(packed)
    assert site.asked == ["/tiny.zip"]


def test_a_damaged_archive_is_thrown_away(site: Site, packed: Declaration, home: Path) -> None:
    whole = (site.folder / "tiny.zip").read_bytes()
    (site.folder / "tiny.zip").write_bytes(whole[:-9])
    with pytest.raises(WorkFailed, match=r"it is no zip, tar or gzip file|damaged"):
        get(packed)
    assert leftovers(home) == []
    assert sets.card(packed).state == "not here"
    (site.folder / "tiny.zip").write_bytes(whole)
    assert content(get(packed))["r.csv"] == RATINGS


def test_a_file_with_another_hash_than_declared_is_thrown_away(site: Site, loose: Declaration, home: Path) -> None:
    wrong = declared({**loose.facts["downloads"][0], "sha256": "0" * 64})
    for any_version in (False, True):
        with pytest.raises(WorkFailed, match=r"is not what it was \(SHA-256 .* instead of 000000000000…\)"):
            get(wrong, any_version=any_version)
    assert leftovers(home) == []


def test_another_version_is_taken_when_it_is_asked_for(site: Site, packed: Declaration) -> None:
    get(packed)
    sets.remove(packed)
    site.offer("tiny.zip", r__csv=b"2,b,1\n", i__csv=TITLES)
    with pytest.raises(BadInput, match=r"r\.csv is not the file that is known .* to take it all the same"):
        get(packed)
    assert content(get(packed, any_version=True))["r.csv"] == b"2,b,1\n"
    sets.remove(packed)
    assert content(get(packed))["r.csv"] == b"2,b,1\n"


def test_the_second_of_two_waits_and_takes_what_the_first_fetched(site: Site, packed: Declaration) -> None:
    entered, told = threading.Event(), list[tuple[int, int]]()
    found: list[Path] = []

    def progress(here: int, total: int) -> None:
        told.append((here, total))
        entered.set()

    second = threading.Thread(target=lambda: found.append(fetch(packed, progress, stop())))
    with sets.alone(packed):
        second.start()
        assert entered.wait(20)
        assert not found
        with pytest.raises(BadInput, match="another process is fetching 'tiny'"):
            sets.remove(packed)
        (folder := sets.folder_of(packed)).mkdir()
        sets.Kept("x:tiny").write(folder)
    second.join(20)
    assert found == [folder]
    assert site.asked == []


def test_waiting_can_be_stopped(site: Site, packed: Declaration) -> None:
    asked = stop()
    with sets.alone(packed), pytest.raises(Stopped):
        fetch(packed, lambda here, total: asked.event.set(), asked)


def test_a_folder_that_is_not_ours_is_refused_before_anything_is_fetched(site: Site, packed: Declaration) -> None:
    get(packed)
    folder = sets.folder_of(packed)
    (folder / sets.MARKER).unlink()
    for ask in (get, lambda one: fetch_from(one, site.folder / "tiny.zip", stop())):
        with pytest.raises(BadInput, match="not a folder that cfbench made"):
            ask(packed)
    assert site.asked == ["/tiny.zip"]
    assert (folder / "r.csv").exists()


def test_a_folder_on_its_way_out_is_not_taken_for_a_whole_one(
    site: Site, packed: Declaration, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(packed)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # killed before the first file went
    sets.remove(packed)
    assert sets.card(packed).state == "not here"


@pytest.mark.parametrize("kind", ["archive", "folder of files", "folder with the archive"])
def test_a_set_is_taken_from_what_the_user_has(site: Site, packed: Declaration, tmp_path: Path, kind: str) -> None:
    source = site.folder / "tiny.zip" if kind == "archive" else site.folder
    if kind == "folder of files":
        source = tmp_path / "files"
        source.mkdir()
        (source / "r.csv").write_bytes(RATINGS)
        (source / "i.csv").write_bytes(TITLES)
    assert content(fetch_from(packed, source, stop())) == {"r.csv": RATINGS, "i.csv": TITLES}
    assert site.asked == []


def test_one_file_is_not_taken_for_several(packed: Declaration, loose: Declaration, tmp_path: Path, home: Path) -> None:
    alone, plain = tmp_path / "r.csv.gz", tmp_path / "r.csv"
    alone.write_bytes(gzip.compress(RATINGS))
    plain.write_bytes(RATINGS)
    os.mkfifo(tmp_path / "pipe")
    for declaration, path, message in (
        (packed, alone, "it is one packed file where several are wanted"),
        (packed, plain, "it is no zip, tar or gzip file"),
        (loose, plain, "the set has several files, and this is one"),
        (packed, tmp_path / "pipe", "this is neither a file nor a folder"),
        (packed, tmp_path / "none", "there is no such file or folder"),
    ):
        with pytest.raises(BadInput, match=message):
            fetch_from(declaration, path, stop())
        assert sets.card(declaration).state == "not here"
    assert leftovers(home) == []


def test_parts_of_one_set_are_not_those_of_another(site: Site, loose: Declaration, home: Path) -> None:
    longer = declared({"url": site.url("none")}, name="tiny-two")
    get(loose)
    sets.packed_as(sets.folder_of(longer), site.url("none")).with_suffix(".part").write_bytes(b"half")
    assert sets.card(longer).state == "partly here"
    sets.remove(loose)
    assert sets.card(longer).state == "partly here"
    assert sets.remove(longer) == 4
    assert leftovers(home) == []
