"""Where plugins come from: entry points of the group "cfbench", and single files in the folder of plugins."""

from __future__ import annotations

import hashlib
import os
import platform
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import Distribution, entry_points
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from cfbench import __version__, paths
from cfbench.registry.declarations import Broken, Origin

GROUP = "cfbench"

_FORMAT = 1
"""Of the cached declarations; another number makes every source be scanned again."""

_HERE = Path(__file__).parent


class Source(Struct, frozen=True):
    """A module that may hold plugins. `key` changes whenever a new scan could tell something else."""

    name: str
    origin: Origin
    module: str
    key: str
    package: str = ""
    version: str = ""
    path: str = ""
    sha256: str = ""

    def broken(self, reason: str) -> Broken:
        """Return that this source can't be used."""
        return Broken(self.name, self.origin, reason, self.path)


def sources() -> tuple[list[Source], list[Broken]]:
    """Return every source, built-in ones first and single files last, and those refused before any import."""
    found: list[Source] = []
    refused: list[Broken] = []
    for source in (*_packages(), *_files(paths.folder("plugins"))):
        if isinstance(source, Broken):
            refused.append(source)
        else:
            found.append(source)
    return sorted(found, key=lambda source: ("built in", "package", "file").index(source.origin)), refused


def _key(*parts: str) -> str:
    text = "\0".join([*_ours(), *parts])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _ours() -> list[str]:
    """Return what changes with cfbench itself, edits of this folder in a checkout too."""
    return [str(_FORMAT), __version__, platform.python_version(), *_stamps([_HERE, _HERE.parent / "plugin.py"])]


# -- packages ---------------------------------------------------------------------------------------------------------


def _packages() -> Iterator[Source | Broken]:
    modules: dict[Distribution, set[str]] = defaultdict(set)
    for entry in entry_points(group=GROUP):
        if entry.dist is not None:
            modules[entry.dist].add(entry.value)
    for distribution, names in modules.items():
        yield from _package(distribution, sorted(names))


def _package(distribution: Distribution, modules: list[str]) -> Iterator[Source | Broken]:
    metadata = distribution.metadata  # parsed anew at each access
    name, version = metadata["Name"], metadata["Version"]
    origin: Origin = "built in" if name == "cfbench" else "package"
    record = distribution.read_text("RECORD") or "no record"
    for module in modules:
        if all(part.isidentifier() for part in module.split(".")):
            key = _key(module, name, version, record, *_stamps(places(module.partition(".")[0])))
            yield Source(module, origin, module, key, name, version)
        else:
            yield Broken(name, origin, f"its entry point '{module}' is not the name of a module")


def places(package: str) -> list[Path]:
    """Return a top-level package's folders, or the file of a module, without importing it."""
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    return [Path(place) for place in spec.submodule_search_locations or [spec.origin or ""]]


def _stamps(places: Iterable[Path]) -> list[str]:
    """Return name, size and time of every file that a package may be declared in: an editable one has no record."""
    stamps = []
    for place in places:
        for file in _sources_below(place):
            with suppress(OSError):
                status = os.stat(file)
                stamps.append(f"{file}\0{status.st_size}\0{status.st_mtime_ns}")
    return stamps


def _sources_below(place: Path) -> list[str]:
    if place.is_file():
        return [str(place)]
    walk = os.walk(place)
    return sorted(f"{folder}/{file}" for folder, _, files in walk for file in files if file.endswith((".py", ".toml")))


# -- single files -----------------------------------------------------------------------------------------------------


def _files(folder: Path) -> Iterator[Source | Broken]:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".py" and path.name[0] not in "_.")
    except FileNotFoundError:
        return
    except OSError as error:
        yield Broken(str(folder), "file", f"the folder of plugins can't be read ({error.strerror})", str(folder))
        return
    yield from (_file(path) for path in files)


def _file(path: Path) -> Source | Broken:
    try:
        reason = distrust(path)
        content = b"" if reason else path.read_bytes()
    except OSError as error:
        reason = f"it can't be read ({error.strerror})"
    if not reason and not path.stem.isidentifier():
        reason = "its name is not one that Python can import; use letters, digits and _"
    if reason:
        return Broken(path.name, "file", reason, str(path))
    digest = hashlib.sha256(content).hexdigest()
    return Source(path.name, "file", path.stem, _key(str(path), digest), path=str(path), sha256=digest)


def distrust(path: Path) -> str:
    """Return why this file's code must not be run, or nothing: whoever can write to it could act as the user."""
    real = path.resolve(strict=True)
    if not real.is_file():
        return "it is not a file"
    for place in dict.fromkeys([path.parent, real.parent, real]):
        status = place.stat()
        if status.st_uid not in (0, os.getuid()):
            return f"{place} belongs to somebody else; copy the file to a folder of your own"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return f"others may write to {place}; chmod go-w {place}"
    return ""
