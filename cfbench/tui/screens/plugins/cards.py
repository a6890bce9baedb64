"""What the Plugins screen says of each plugin: a row of the list, and a card."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from cfbench.registry import parameters
from cfbench.registry.catalogue import Catalogue
from cfbench.registry.declarations import Broken, Declaration, Notice
from cfbench.tui.drawing.lines import Line, Span, columns, pair, text

KINDS = ("dataset", "splitter", "model", "loss", "optimizer", "schedule", "metric")


class Entry(Struct, frozen=True):
    """A line of the list: a plugin, or a source that is broken."""

    plugin: Declaration | None = None
    broken: Broken | None = None
    notices: tuple[Notice, ...] = ()

    @property
    def name(self) -> str:
        """Its name as a command takes it."""
        return self.plugin.name if self.plugin else self.broken.source if self.broken else ""

    def row(self) -> Sequence[Span]:
        """Return its cells: sign, name, kind, origin, version."""
        if self.broken:
            return [("✗", "bad"), text(self.broken.source), ("broken", "bad"), (self.broken.origin, "dim"), ("", "")]
        plugin = self.plugin
        assert plugin is not None
        sign: Span = ("!", "warn") if self.notices else ("✓", "ok")
        version = "" if plugin.origin == "built in" else plugin.version
        return [sign, text(plugin.name), (plugin.kind, "dim"), text(plugin.origin, "dim"), text(version, "dim")]


def entries(catalogue: Catalogue | None, wanted: str) -> Sequence[Entry]:
    """Return the lines of the list: what is broken first, then kind by kind; those that have the wanted text."""
    if catalogue is None:
        return ()
    listed = [Entry(broken=broken) for broken in catalogue.broken]
    for kind in [*KINDS, *sorted({d.kind for d in catalogue.declarations} - set(KINDS))]:
        for plugin in catalogue.of_kind(kind):
            about = tuple(n for n in catalogue.notices if n.source in (plugin.full_name, plugin.prefix))
            listed.append(Entry(plugin, notices=about))
    return [entry for entry in listed if wanted.lower() in _words(entry)]


def _words(entry: Entry) -> str:
    if entry.plugin:
        plugin = entry.plugin
        return f"{plugin.full_name} {plugin.kind} {plugin.title} {plugin.summary} {plugin.package}".lower()
    return str(entry.broken).lower()


def card(entry: Entry | None, width: int) -> list[Line]:
    """Return all there is to say of a plugin, or why it is broken."""
    if entry is None:
        return []
    if entry.broken:
        return _broken(entry.broken)
    plugin = entry.plugin
    assert plugin is not None
    lines: list[Line] = [
        [("  ", ""), text(plugin.title, "b"), text(f"   {plugin.kind}", "dim")],
        [("  ", ""), text(plugin.summary)],
        [],
        *[[("  ! ", "warn"), text(notice.text)] for notice in entry.notices],
        *_parameters(plugin, width),
        _fact("name", plugin.full_name),
        _fact("from", f"{plugin.package} {plugin.version}".strip() or plugin.path),
    ]
    if plugin.path:
        lines.append(_fact("file", plugin.path))
    for name, value in plugin.facts.items():
        if value not in (None, "", False, [], {}):
            lines.append(_fact(name.replace("_", " "), "yes" if value is True else str(value)))
    return lines


def _fact(name: str, value: str) -> Line:
    return [("  ", ""), *pair(name, value, name_cells=13)]


def _parameters(plugin: Declaration, width: int) -> list[Line]:
    if not plugin.properties:
        return [[("  it has no parameters", "dim")], []]
    named = max(13, *(len(name) + 1 for name in plugin.properties))
    lines = [columns([("  parameter", named + 2, "<"), ("meaning, what is allowed, default", width, "<")], "dim", 1)]
    helps = [pair(name, parameters.help_of(plugin, name), name_cells=named) for name in plugin.properties]
    return [*lines, *([("  ", ""), *line] for line in helps), []]


def _broken(broken: Broken) -> list[Line]:
    lines: list[Line] = [
        [("  ", ""), text(broken.source, "b"), text(f"   {broken.origin}", "dim")],
        [],
        [("  ✗ ", "bad"), text(broken.reason)],
        [],
    ]
    if broken.path:
        lines.append(_fact("file", broken.path))
    return [*lines, [("  ", ""), ("r", "b"), (" looks again once it is mended", "dim")]]
