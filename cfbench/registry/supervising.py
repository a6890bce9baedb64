"""The parent of the scanning child: a source that hangs or dies costs one line, and the rest is still scanned."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec import Struct

from cfbench.registry.declarations import Scan
from cfbench.registry.sources import Source

_POLL = 0.02


class Line(Struct, frozen=True, omit_defaults=True):
    """One line of the child's results: source number `source` starts, or gave this scan."""

    source: int
    scan: Scan | None = None


def limit() -> float:
    """Return how many seconds a source may take to be imported."""
    try:
        return max(0.1, float(os.environ.get("CFBENCH_SCAN_SECONDS", "")))
    except ValueError:
        return 20.0


def scan(sources: list[Source]) -> list[Scan]:
    """Return what each source declares, imported in child processes."""
    scans: list[Scan] = []
    while len(scans) < len(sources):
        rest = sources[len(scans) :]
        done, reason = _child(rest)
        scans += done
        if len(done) < len(rest):
            scans.append(Scan(broken=[rest[len(done)].broken(reason)]))
    return scans


def _child(sources: list[Source]) -> tuple[list[Scan], str]:
    """Return the scans of the first sources, and why the next one has none."""
    with TemporaryDirectory(prefix="cfbench-scan-") as name:
        jobs, results, output = (Path(name) / part for part in ("jobs", "results", "output"))
        jobs.write_bytes(msgspec.json.encode(sources))
        results.touch()
        with jobs.open("rb") as stdin, output.open("w+b") as stdout:
            child = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", "-m", "cfbench.registry.scanning", str(results), str(limit())],
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
            try:
                hung = _wait(child, results)
            finally:
                _end(child)
        started, scans = _read(results)
        return scans, _fate(child.returncode, hung, started > len(scans), output)


def _wait(child: subprocess.Popen[bytes], results: Path) -> bool:
    """Wait for the child's end, and return whether it made no progress for too long instead."""
    size, deadline = 0, time.monotonic() + limit()
    while time.monotonic() < deadline:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_POLL)
            return False
        if (grown := results.stat().st_size) != size:
            size, deadline = grown, time.monotonic() + limit()
    return True


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and whatever a plugin started in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _read(results: Path) -> tuple[int, list[Scan]]:
    started, scans = 0, []
    for text in results.read_bytes().splitlines():
        line = msgspec.json.decode(text, type=Line)
        if line.scan is None:
            started += 1
        else:
            scans.append(line.scan)
    return started, scans


def _fate(code: int, hung: bool, started: bool, output: Path) -> str:
    if not started:
        lines = output.read_text("utf-8", "replace").strip().splitlines()
        return f"the process that imports plugins did not start: {lines[-1][:200] if lines else 'it said nothing'}"
    if hung:
        return f"still not imported after {limit():g} s; CFBENCH_SCAN_SECONDS sets another limit"
    if code < 0:
        return f"it crashed Python while it was imported ({signal.Signals(-code).name})"
    return f"it ended Python while it was imported (exit code {code})"
