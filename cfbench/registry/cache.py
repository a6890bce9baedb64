"""Scans kept between calls: one JSON file a key. Without a folder to write to, everything still works."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from cfbench import durable, paths
from cfbench.errors import CfbenchError
from cfbench.registry.declarations import Scan
from cfbench.registry.supervising import limit

BELIEVED = 600.0
"""Seconds for which a broken source stays so: what mends it may leave no trace in its key."""

KEPT = 30 * 86400.0
"""Seconds after which a scan is thrown away; in use it is made anew."""


class Entry(Struct, frozen=True):
    """A scan, and the surroundings that it was made in."""

    scan: Scan
    surroundings: str = ""


def read(key: str) -> Scan | None:
    """Return the scan with this key, or None where there is none to believe."""
    path = paths.folder("declarations") / f"{key}.json"  # refused where somebody else made that folder
    try:
        entry = msgspec.json.decode(path.read_bytes(), type=Entry)
        age = time.time() - path.stat().st_mtime
    except (OSError, msgspec.DecodeError):
        return None
    if entry.scan.broken and (age > BELIEVED or entry.surroundings != _surroundings()):
        return None
    return entry.scan


def write(key: str, scan: Scan) -> None:
    """Keep a scan, built aside and renamed; that it can't be kept is no reason to fail."""
    with contextlib.suppress(OSError, CfbenchError):
        folder = paths.writable_folder("declarations")
        entry = Entry(scan, _surroundings() if scan.broken else "")
        durable.replace(folder / f"{key}.json", msgspec.json.encode(entry))
        _forget_old(folder)


def _forget_old(folder: Path) -> None:
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > KEPT:
            path.unlink(missing_ok=True)


def _surroundings() -> str:
    """Return a text that changes when something is installed or the limit is, either of which may mend a plugin."""
    installed = [Path(place) for place in sys.path if place.endswith(("site-packages", "dist-packages"))]
    stamps = [f"{place}@{place.stat().st_mtime_ns}" for place in installed if place.exists()]
    return " ".join([f"{limit():g} s", *stamps])
