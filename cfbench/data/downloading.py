"""Fetching a file over HTTPS: resumed where it broke off, tried again, measured, never larger than it may be."""

from __future__ import annotations

import http.client
import shutil
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import msgspec

from cfbench import __version__, durable
from cfbench.errors import BadInput, DiskFull, WorkFailed

LARGEST = 20 * 10**9
"""Bytes; and never more than ten times what is listed."""

_PIECE = 2**18
_TIMEOUT = 30.0
_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between tries; they start anew whenever it came farther than before."""

_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_PARTIAL, _RANGE_NOT_SATISFIABLE = 206, 416

Progress = Callable[[int, int], None]
"""Takes the bytes that are here, and all of them, 0 where that is not known."""


class Stopped(Exception):
    """Somebody asked to stop; what came stays in the .part file."""


@dataclass(frozen=True)
class Stop:
    """Tells a download to stop."""

    event: threading.Event

    def check(self) -> None:
        """Raise `Stopped` where it was asked for."""
        if self.event.is_set():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Wait, unless it is asked for; then raise `Stopped`."""
        if self.event.wait(seconds):
            raise Stopped


class _Known(msgspec.Struct):
    """What is known of a .part file: where it comes from, and the mark by which the server tells versions apart."""

    url: str
    mark: str


def allowed(url: str) -> bool:
    """Return whether a URL may be fetched: HTTPS, or plain HTTP from this very machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return True
    if parts.scheme != "http" or not parts.hostname:
        return False
    with suppress(ValueError):
        return ip_address(parts.hostname).is_loopback
    return parts.hostname == "localhost"


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect to plain HTTP; from HTTPS not even to this machine."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if not allowed(newurl) or (req.type == "https" and urlsplit(newurl).scheme != "https"):
            raise BadInput(f"it redirects to {shown(newurl)}, which is not HTTPS", where=shown(req.full_url))
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def shown(url: str) -> str:
    """Return a URL for people, without a name and password in it."""
    parts = urlsplit(url)
    return url.replace(f"{parts.netloc}", parts.netloc.rpartition("@")[2], 1)


def download(
    url: str, target: Path, size: int, progress: Progress, stop: Stop, waits: tuple[float, ...] = _WAITS
) -> None:
    """Fetch a URL into `target`; what comes before it is whole lies in "<target>.part", and is gone on with next time.

    Args:
        url: HTTPS.
        target: the file to make, in a folder that exists.
        size: bytes as listed, 0 where that is not known.
        progress: is told what has come.
        stop: asks to stop.
        waits: seconds between tries.

    Raises:
        BadInput: the URL may not be fetched, or the server says that there is no such file.
        WorkFailed: it can't be reached, breaks off again and again, or sends more than it may.
        DiskFull: there is no room.
        Stopped: `stop` asked for it.
    """
    if not allowed(url):
        raise BadInput("only HTTPS is fetched", where=shown(url), mend="give a file that you have: --from PATH")
    one = _Download(url, target, size, progress, stop)
    tries, farthest = 0, one.here
    while True:
        try:
            with durable.disk_full(target):
                if one.attempt():
                    return
            reason = "the connection broke off"
        except urllib.error.HTTPError as error:
            with error:
                if error.code not in _AGAIN:
                    raise BadInput(
                        f"the server answers {error.code} {error.reason}",
                        where=shown(url),
                        mend="is the page still there?",
                    ) from error
                reason = f"the server answers {error.code}"
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError) as error:
            reason = str(getattr(error, "reason", None) or error) or type(error).__name__
        tries = 0 if one.here > farthest else tries + 1
        farthest = max(farthest, one.here)
        if tries >= len(waits):
            raise WorkFailed(
                f"it can't be fetched ({reason})", where=shown(url), mend="try again: it goes on where it broke off"
            )
        stop.wait(waits[tries])


class _Download:
    def __init__(self, url: str, target: Path, size: int, progress: Progress, stop: Stop) -> None:
        self.url, self.target, self.size, self.progress, self.stop = url, target, size, progress, stop
        self.part = target.with_name(f"{target.name}.part")
        self.known = target.with_name(f"{target.name}.part.json")
        self.largest = min(LARGEST, 10 * size) if size else LARGEST
        self.opener = urllib.request.build_opener(_SafeRedirects)

    @property
    def here(self) -> int:
        """Bytes that have come."""
        return self.part.stat().st_size if self.part.exists() else 0

    def attempt(self) -> bool:
        """Fetch what is missing; return whether all is here now."""
        self.stop.check()
        start, mark = self.here, self._mark()
        if start and not mark:
            self._start_anew()
            start = 0
        headers = {"User-Agent": f"cfbench/{__version__}", "Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": mark}
        request = urllib.request.Request(self.url, headers=headers)  # noqa: S310 - `allowed` looked at the scheme
        try:
            answer = self.opener.open(request, timeout=_TIMEOUT)
        except urllib.error.HTTPError as error:
            if error.code != _RANGE_NOT_SATISFIABLE:
                raise
            error.close()
            self._start_anew()
            return False
        with answer:
            return self._take(answer, start)

    def _take(self, answer: Any, start: int) -> bool:
        if answer.status == _PARTIAL and not (start and self._goes_on(answer.headers, start)):
            self._start_anew()
            return False
        if start and answer.status != _PARTIAL:
            self._start_anew()
            start = 0
        length = answer.headers.get("Content-Length")
        total = start + int(length) if length and length.isdecimal() else 0
        self._refuse_too_much(total)
        if not start:
            durable.replace(self.known, msgspec.json.encode(_Known(self.url, _mark_of(answer.headers))))
        here = start
        with self.part.open("ab", buffering=0) as file:
            self.progress(here, total)
            while piece := answer.read1(_PIECE):
                file.write(piece)
                here += len(piece)
                self._refuse_too_much(here)
                self.progress(here, total)
                self.stop.check()
        if total and here < total:
            return False
        durable.sync(self.part)
        self.part.replace(self.target)
        self.known.unlink(missing_ok=True)
        return True

    def _goes_on(self, headers: Message, start: int) -> bool:
        """Return whether a part of a file starts where ours ends, and is of the same version."""
        version = _mark_of(headers)
        return headers.get("Content-Range", "").startswith(f"bytes {start}-") and version in ("", self._mark())

    def _refuse_too_much(self, size: int) -> None:
        if size > self.largest:
            self._start_anew()
            raise WorkFailed(
                f"it sends {size:,} bytes, more than {self.largest:,} that it may be", where=shown(self.url),
                mend="fetch it yourself, look at it, and give it with --from PATH",
            )  # fmt: skip
        free = shutil.disk_usage(self.target.parent).free
        if size - self.here > free:
            raise DiskFull(f"{size:,} bytes do not fit on the disk", where=str(self.target), mend="free some space")

    def _mark(self) -> str:
        with suppress(OSError, msgspec.MsgspecError):
            known = msgspec.json.decode(self.known.read_bytes(), type=_Known)
            return known.mark if known.url == self.url else ""
        return ""

    def _start_anew(self) -> None:
        self.part.unlink(missing_ok=True)
        self.known.unlink(missing_ok=True)


def _mark_of(headers: Message) -> str:
    """What tells versions of a file apart byte for byte: a strong ETag, else when it was modified, else nothing."""
    etag: str = headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else str(headers.get("Last-Modified", ""))
