"""Fetching, against a real server on loopback that breaks off, lies and redirects."""

from __future__ import annotations

import hashlib
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from cfbench.data import downloading
from cfbench.data.downloading import Stop, Stopped, allowed, download, shown
from cfbench.errors import BadInput, DiskFull, WorkFailed

CONTENT = bytes(range(256)) * 4096  # 1 MiB
NO_WAIT = (0.0, 0.0, 0.0)


class Site:
    """What the server does, and what it was asked."""

    def __init__(self) -> None:
        self.content, self.etag = CONTENT, '"one"'
        self.modified = "Wed, 01 Jan 2020 00:00:00 GMT"
        self.asked: list[dict[str, str]] = []
        self.break_after: list[int] = []
        self.answers: list[int] = []
        self.redirect = ""
        self.says_length = True
        self.ranges = True
        self.lies: list[tuple[int, str]] = []
        self.url = ""


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            one.asked.append(dict(self.headers))
            if one.answers:
                self.send_response(one.answers.pop(0))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if one.redirect:
                self.send_response(302)
                self.send_header("Location", one.redirect)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start = 0
            wanted = self.headers.get("Range", "")
            if one.ranges and wanted and self.headers.get("If-Range") in (one.etag, one.modified):
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(one.content):
                    self.send_response(416)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                shift, etag = one.lies.pop(0) if one.lies else (0, one.etag)
                start += shift
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(one.content) - 1}/{len(one.content)}")
            else:
                etag = one.etag
                self.send_response(200)
            self.send_header("ETag", etag)
            self.send_header("Last-Modified", one.modified)
            if one.says_length:
                self.send_header("Content-Length", str(len(one.content) - start))
            self.send_header("Connection", "close")
            self.end_headers()
            end = one.break_after.pop(0) if one.break_after else len(one.content)
            with suppress(ConnectionError):
                self.wfile.write(one.content[start:end])
            self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    one.url = f"http://127.0.0.1:{server.server_port}/set.zip"
    yield one
    server.shutdown()
    thread.join()
    server.server_close()


def stop() -> Stop:
    return Stop(threading.Event())


Fetch = Callable[..., list[tuple[int, int]]]


@pytest.fixture
def fetch(site: Site, tmp_path: Path) -> Fetch:
    def fetch(size: int = 0, url: str = "", waits: tuple[float, ...] = NO_WAIT) -> list[tuple[int, int]]:
        told: list[tuple[int, int]] = []
        download(
            url or site.url, tmp_path / "set.zip", size, lambda here, total: told.append((here, total)), stop(), waits
        )
        return told

    return fetch


def test_a_file_comes_whole_with_progress(site: Site, fetch: Fetch, tmp_path: Path) -> None:
    told = fetch()
    assert (tmp_path / "set.zip").read_bytes() == CONTENT
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [path.name for path in tmp_path.iterdir()] == ["set.zip"]


def test_what_broke_off_is_gone_on_with(site: Site, fetch: Fetch, tmp_path: Path) -> None:
    site.break_after = [300_000, 700_000]
    fetch()
    assert (tmp_path / "set.zip").read_bytes() == CONTENT
    assert [asked.get("Range") for asked in site.asked] == [None, "bytes=300000-", "bytes=700000-"]
    assert site.asked[1]["If-Range"] == '"one"'


@pytest.mark.parametrize("lie", [(1000, '"one"'), (0, '"two"')])
def test_a_part_that_does_not_fit_is_not_joined_on(
    site: Site, fetch: Fetch, tmp_path: Path, lie: tuple[int, str]
) -> None:
    """Neither one that starts elsewhere, nor one of another version, though the server was told which is wanted."""
    site.break_after, site.lies = [300_000], [lie]
    fetch()
    assert (tmp_path / "set.zip").read_bytes() == CONTENT
    assert [asked.get("Range") for asked in site.asked] == [None, "bytes=300000-", None]


def test_a_server_that_lies_about_parts_for_ever_is_given_up(site: Site, fetch: Fetch, tmp_path: Path) -> None:
    site.break_after, site.lies = [300_000, len(CONTENT)] * 9, [(1000, '"one"')] * 9
    with pytest.raises(WorkFailed, match="it can't be fetched"):
        fetch()
    assert len(site.asked) < 9
    assert not (tmp_path / "set.zip").exists()


def test_where_the_etag_is_weak_the_date_tells_versions_apart(site: Site, fetch: Fetch, tmp_path: Path) -> None:
    site.etag, site.break_after = 'W/"one"', [300_000]
    fetch()
    assert (tmp_path / "set.zip").read_bytes() == CONTENT
    assert site.asked[1]["If-Range"] == site.modified


def test_another_version_is_fetched_from_its_start(site: Site, fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "set.zip.part").write_bytes(b"old" * 1000)
    (tmp_path / "set.zip.part.json").write_text(f'{{"url": "{site.url}", "mark": "\\"zero\\""}}')
    fetch()
    assert (tmp_path / "set.zip").read_bytes() == CONTENT


def test_a_server_without_ranges_starts_anew(site: Site, fetch: Fetch, tmp_path: Path) -> None:
    site.ranges, site.break_after = False, [300_000]
    fetch()
    assert (tmp_path / "set.zip").read_bytes() == CONTENT


def test_a_part_that_is_longer_than_the_file_is_thrown_away(site: Site, fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "set.zip.part").write_bytes(CONTENT + b"more")
    (tmp_path / "set.zip.part.json").write_text(f'{{"url": "{site.url}", "mark": "\\"one\\""}}')
    fetch()
    assert (tmp_path / "set.zip").read_bytes() == CONTENT


@pytest.mark.parametrize("answers", [[503, 429], [500]])
def test_busy_servers_are_asked_again(site: Site, fetch: Fetch, tmp_path: Path, answers: list[int]) -> None:
    site.answers = list(answers)
    fetch()
    assert hashlib.sha256((tmp_path / "set.zip").read_bytes()).digest() == hashlib.sha256(CONTENT).digest()


def test_what_is_not_there_is_not_asked_for_again(site: Site, fetch: Fetch) -> None:
    site.answers = [404]
    with pytest.raises(BadInput, match="the server answers 404"):
        fetch()
    assert len(site.asked) == 1


def test_a_server_that_never_goes_on_is_given_up(site: Site, fetch: Fetch, tmp_path: Path) -> None:
    site.answers = [503] * 9
    with pytest.raises(WorkFailed, match=r"it can't be fetched \(the server answers 503\).*goes on where it broke off"):
        fetch()
    with pytest.raises(WorkFailed, match="it can't be fetched"):
        fetch(url="http://127.0.0.1:1/set.zip")


@pytest.mark.parametrize("says_length", [True, False])
def test_more_than_ten_times_what_is_listed_is_refused(
    site: Site, fetch: Fetch, tmp_path: Path, says_length: bool
) -> None:
    site.says_length = says_length
    with pytest.raises(WorkFailed, match="more than 10,000 that it may be"):
        fetch(size=1_000)
    assert not list(tmp_path.iterdir())


def test_too_little_room_is_said_before_anything_is_written(
    site: Site, fetch: Fetch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = downloading.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(downloading.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(DiskFull, match="no space is left on the disk"):
        fetch()


def test_only_https_and_this_machine_are_fetched_from(site: Site, fetch: Fetch) -> None:
    assert allowed("https://example.org/x")
    assert allowed("http://[::1]:80/x")
    for url in ("http://example.org/x", "ftp://example.org/x", "file:///etc/passwd", "http:///x", "http://10.0.0.1/x"):
        assert not allowed(url)
        with pytest.raises(BadInput, match="only HTTPS is fetched"):
            fetch(url=url)
    site.redirect = "http://example.org/x"
    with pytest.raises(BadInput, match=r"it redirects to http://example\.org/x, which is not HTTPS"):
        fetch()
    from_https, redirects = urllib.request.Request("https://example.org/x"), downloading._SafeRedirects()
    with pytest.raises(BadInput, match="which is not HTTPS"):
        redirects.redirect_request(from_https, BytesIO(), 302, "", Message(), "http://127.0.0.1/x")
    assert redirects.redirect_request(from_https, BytesIO(), 302, "", Message(), "https://example.com/x")
    assert shown("https://me:secret@example.org/x") == "https://example.org/x"


def test_stopping_leaves_a_part_to_go_on_with(site: Site, tmp_path: Path, fetch: Fetch) -> None:
    asked = stop()

    def progress(here: int, total: int) -> None:
        if here > 200_000:
            asked.event.set()

    with pytest.raises(Stopped):
        download(site.url, tmp_path / "set.zip", 0, progress, asked, NO_WAIT)
    part = (tmp_path / "set.zip.part").stat().st_size
    assert 200_000 < part < len(CONTENT)
    assert not (tmp_path / "set.zip").exists()
    fetch()
    assert (tmp_path / "set.zip").read_bytes() == CONTENT
    assert site.asked[-1]["Range"] == f"bytes={part}-"
