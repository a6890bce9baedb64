"""The child that imports plugins and writes what they declare: ``python -m cfbench.registry.scanning RESULTS SECONDS``.

Sources come as JSON on stdin. Results go to a file, as plugins print: a line before each source and one after it,
so that the parent knows which one hung or died.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import msgspec

from cfbench.errors import CfbenchError, nearest
from cfbench.registry.declarations import Broken, Declaration, Notice, Scan
from cfbench.registry.describing import describe
from cfbench.registry.faults import sentence
from cfbench.registry.importing import HOOKS, Hook, hooks_of, import_file, import_package, place_of, strays_of
from cfbench.registry.sources import Source, places
from cfbench.registry.supervising import Line

GRACE = 10.0
"""Seconds beyond the parent's limit after which the child ends itself, lest it outlive a killed parent."""


def main(results: str, seconds: str) -> None:
    """Scan the sources given on stdin."""
    jobs = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Source])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    printed, process = os.dup(1), os.getpid()
    with open(results, "ab", buffering=0) as file:
        for number, source in enumerate(jobs):
            faulthandler.dump_traceback_later(float(seconds) + GRACE, exit=True)
            file.write(_encoded(Line(number)))
            scan = _scan(source, printed)
            if os.getpid() != process:
                os._exit(0)  # the plugin forked, and this is its copy of us
            file.write(_encoded(Line(number, scan)))
    os._exit(0)  # a thread or an exit handler of a plugin must not keep us


def _encoded(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def _scan(source: Source, printed: int) -> Scan:
    start = os.fstat(printed).st_size
    scan = Scan()
    try:
        _fill(scan, source)
        msgspec.json.encode(scan)
    except BaseException as error:
        scan = Scan(broken=[source.broken(_reason(error, _file_of(source)))])
    if text := _printed(printed, start):
        scan.notices.append(Notice(source.name, f"it prints when it is imported: {text}", source.path))
    return scan


def _fill(scan: Scan, source: Source) -> None:
    module = import_file(Path(source.path)) if source.path else import_package(source.module)
    scan.broken.extend(source.broken(reason) for reason in _strays(module))
    known: set[tuple[str, str]] = set()
    for name, hook in hooks_of(module):
        for result in _called(name, hook, source, place_of(module)):
            if isinstance(result, Broken):
                scan.broken.append(result)
            elif (result.kind, result.name) in known:
                scan.broken.append(source.broken(f"{result.kind} '{result.name}' is declared twice"))
            else:
                known.add((result.kind, result.name))
                scan.declarations.append(result)
    if not scan.declarations and not scan.broken:
        scan.notices.append(Notice(source.name, "it declares nothing", source.path))


def _strays(module: ModuleType) -> Iterator[str]:
    for name, unmarked in strays_of(module):
        if unmarked:
            yield f"{name} is not marked; write @hookimpl above it"
        else:
            yield f"{name} is not a hook{nearest(name, HOOKS)}"


def _called(name: str, hook: Hook, source: Source, place: Path | None) -> Iterator[Declaration | Broken]:
    try:
        returned = list(hook())
    except BaseException as error:
        yield source.broken(_reason(error, place))
        return
    for live in returned:
        try:
            yield describe(live, name, source)
        except BaseException as error:
            label = f"{HOOKS[name].kind} {getattr(live, 'name', '?')!r}"
            yield source.broken(f"{label}: {_reason(error, place)}")


def _reason(error: BaseException, place: Path | None) -> str:
    return str(error) if isinstance(error, CfbenchError) else sentence(error, place)


def _file_of(source: Source) -> Path | None:
    """Return where a source that can't be imported has its code."""
    if source.path:
        return Path(source.path)
    found = places(source.module.partition(".")[0])
    return found[0] if found else None


def _printed(output: int, start: int) -> str:
    """Return the first line that the plugin printed, through Python or beside it."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # the plugin may have closed or replaced it
            stream.flush()
    lines = os.pread(output, 1000, start).decode("utf-8", "replace").strip().splitlines()
    return lines[0][:100] if lines else ""


if __name__ == "__main__":
    main(*sys.argv[1:])
