"""Every plugin that is installed, as data: read from the cache, or scanned once in a child."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from cfbench.errors import BadInput, listing, nearest
from cfbench.registry import cache, supervising
from cfbench.registry.declarations import Broken, Declaration, Notice, Scan
from cfbench.registry.sources import Source, sources

_memo: dict[str, Scan] = {}


def catalogue(refresh: bool = False) -> Catalogue:
    """Return all plugins; `refresh` scans every source again.

    Listing imports no plugin, torch, polars or numpy here: what the cache lacks is imported in a child process.
    """
    found, refused = sources()
    scans = {} if refresh else {source.key: scan for source in found if (scan := _known(source.key))}
    scans |= _scanned([source for source in found if source.key not in scans])
    _memo.update(scans)
    return Catalogue([scans[source.key] for source in found], refused)


def _known(key: str) -> Scan | None:
    return _memo.get(key) or cache.read(key)


def _scanned(missing: list[Source]) -> dict[str, Scan]:
    scans = {source.key: scan for source, scan in zip(missing, supervising.scan(missing), strict=True)}
    for key, scan in scans.items():
        cache.write(key, scan)
    return scans


class Catalogue:
    """What can be used (`declarations`), what can't (`broken`), and what else is worth saying (`notices`)."""

    def __init__(self, scans: Iterable[Scan], refused: Iterable[Broken] = ()) -> None:
        scans = list(scans)
        self.declarations: list[Declaration] = []
        self.broken = [*refused, *(broken for scan in scans for broken in scan.broken)]
        self.notices = [notice for scan in scans for notice in scan.notices]
        taken: dict[tuple[str, str], Declaration] = {}
        for declaration in (declaration for scan in scans for declaration in scan.declarations):
            first = taken.setdefault((declaration.kind, declaration.full_name), declaration)
            if first is declaration:
                self.declarations.append(declaration)
            else:
                self.broken.append(_repeated(declaration, first))
        self.notices += _shared_names(self.declarations)

    def of_kind(self, kind: str) -> list[Declaration]:
        """Return the declarations of a kind, built-in ones first."""
        return [declaration for declaration in self.declarations if declaration.kind == kind]

    def find(self, kind: str, name: str) -> Declaration:
        """Return the declaration of that name: full, bare while it is unique, or an earlier one.

        A built-in plugin keeps its bare name whatever else is installed.

        Raises:
            BadInput: nothing has that name, or several plugins have.
        """
        known = self.of_kind(kind)
        for named in (
            [declaration for declaration in known if declaration.full_name == name],
            [declaration for declaration in known if declaration.name == name],
            [declaration for declaration in known if name in _earlier_names(declaration)],
        ):
            if named:
                return _only(named, kind, name)
        raise self._unknown(kind, name, known)

    def _unknown(self, kind: str, name: str, known: list[Declaration]) -> BadInput:
        names = [declaration.full_name if ":" in name else declaration.name for declaration in known]
        what = f"there is no {kind} '{name}'{nearest(name, names)}"
        holders = [str(broken) for broken in self.broken if _may_hold(broken, name)]
        mend = f"choose {listing(set(names))}" if names else f"no {kind} is installed"
        return BadInput("; ".join([what, *holders]), mend=mend)


def _only(named: list[Declaration], kind: str, name: str) -> Declaration:
    if len(named) == 1 or named[0].origin == "built in":
        return named[0]
    candidates = listing(declaration.full_name for declaration in named)
    raise BadInput(f"several plugins have a {kind} '{name}'", mend=f"write {candidates}")


def _earlier_names(declaration: Declaration) -> set[str]:
    return {*declaration.renamed_from, *(f"{declaration.prefix}:{name}" for name in declaration.renamed_from)}


def _may_hold(broken: Broken, name: str) -> bool:
    """Return whether a broken source may be the one that would declare the name."""
    prefix, colon, bare = name.rpartition(":")
    if broken.origin != "file":
        return prefix in ("", broken.source)
    if colon and prefix != "file":
        return False
    stem = Path(broken.source).stem
    try:
        return stem.replace("_", "-") == bare or bare in Path(broken.path).read_text("utf-8", "replace")
    except OSError:
        return False


def _repeated(second: Declaration, first: Declaration) -> Broken:
    source = Path(second.path).name or second.prefix
    holder = Path(first.path).name or first.prefix
    reason = f"{second.kind} '{second.name}': {holder} has one of that name too; rename one of them"
    return Broken(source, second.origin, reason, second.path)


def _shared_names(declarations: Iterable[Declaration]) -> list[Notice]:
    """Return, for each bare name that several plugins have, how to name those that don't get it."""
    named: dict[tuple[str, str], list[Declaration]] = defaultdict(list)
    for declaration in declarations:
        named[declaration.kind, declaration.name].append(declaration)
    notices = []
    for first, *others in named.values():
        for other in others:
            text = f"name taken by {first.full_name}, use {other.full_name}"
            notices.append(Notice(other.full_name, text, other.path))
    return notices
