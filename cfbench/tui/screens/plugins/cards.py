"""What the Plugins screen says of each plugin: a row of the list, and a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from cfbench.registry.catalogue import Catalogue
from cfbench.registry.declarations import Broken, Declaration, Notice
from cfbench.text import label, width
from cfbench.tui.drawing.lines import Line, Span, fit, text, wrapped
from cfbench.tui.settings import Setting, settings_of, show

KINDS = ("dataset", "splitter", "model", "loss", "sampler", "optimizer", "schedule", "metric")

_FACT = 13
_WIDEST = {"parameter": 16, "default": 12, "allowed": 22}
_MEANING_AT_LEAST = 24


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


def card(entry: Entry | None, size: int) -> list[Line]:
    """Return all there is to say of a plugin, or why it is broken, in lines of at most `size` cells."""
    if entry is None:
        return []
    if entry.broken:
        return _broken(entry.broken, size)
    plugin = entry.plugin
    assert plugin is not None
    lines: list[Line] = [
        [("  ", ""), text(plugin.title, "b"), text(f"   {plugin.kind}", "dim")],
        *_indented(wrapped(plugin.summary, size - 2)),
        [],
    ]
    for notice in entry.notices:
        lines += _indented(wrapped(notice.text, size - 4), ("  ! ", "warn"))
    lines += [*_parameters(plugin, size), []]
    lines += _fact("name", plugin.full_name, size)
    lines += _fact("from", f"{plugin.package} {plugin.version}".strip(), size)
    lines += _fact("file", plugin.path, size)
    for name, value in plugin.facts.items():
        lines += _fact(name.replace("_", " "), in_words(value), size)
    return lines


def in_words(value: Any, inside: bool = False) -> str:
    """Return a fact as a person says it: yes for true, nothing for false or empty, ``key value`` for tables."""
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, Mapping):
        parts = (f"{key} {words}" for key, part in value.items() if (words := in_words(part, inside=True)))
        return f"({', '.join(parts)})" if inside else " · ".join(parts)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(in_words, value))
    return str(value)


def _indented(lines: Sequence[Line], first: Span = ("  ", "")) -> list[Line]:
    blank = (" " * width(first[0]), "")
    return [[first if not number else blank, *line] for number, line in enumerate(lines)]


def _fact(name: str, value: str, size: int) -> list[Line]:
    """Return a name and its value, in as many lines as it takes; none where there is no value."""
    if not value:
        return []
    return _indented(wrapped(value, size - _FACT - 3), (f"  {fit(name, _FACT)} ", "dim"))


def _parameters(plugin: Declaration, size: int) -> list[Line]:
    """Return a table of parameters: name, default, what is allowed, meaning; narrow ones have the meaning below."""
    settings = settings_of(plugin, plugin.kind)
    if not settings:
        return [[("  it has no parameters", "dim")]]
    rows = [(setting.label, show(setting, setting.default), _allowed(setting)) for setting in settings]
    columns = list(zip(*rows, strict=True))
    sizes = [
        min(most, max(len(title), *(width(label(cell)) for cell in column)))
        for (title, most), column in zip(_WIDEST.items(), columns, strict=True)
    ]
    start = 2 + sum(sizes) + 2 * len(sizes)
    below = size - start < _MEANING_AT_LEAST
    title: Line = [("  ", ""), *((fit(name, cells) + "  ", "dim") for name, cells in zip(_WIDEST, sizes, strict=True))]
    lines = [title if below else [*title, ("meaning", "dim")]]
    for setting, row in zip(settings, rows, strict=True):
        cells = [f"{fit(cell, room)}  " for cell, room in zip(row, sizes, strict=True)]
        head: Line = [("  ", ""), (cells[0], "b"), (cells[1], ""), (cells[2], "dim")]
        if below:
            lines += [head, *([("      ", ""), *line] for line in wrapped(setting.help, size - 6, "dim"))]
            continue
        first, *rest = wrapped(setting.help, size - start, "dim")
        lines += [[*head, *first], *([(" " * start, ""), *line] for line in rest)]
    return lines


def _allowed(setting: Setting) -> str:
    return f"{setting.allowed} {setting.unit}".strip() or "any text"


def _broken(broken: Broken, size: int) -> list[Line]:
    return [
        [("  ", ""), text(broken.source, "b"), text(f"   {broken.origin}", "dim")],
        [],
        *_indented(wrapped(broken.reason, size - 4), ("  ✗ ", "bad")),
        [],
        *_fact("file", broken.path, size),
        [("  ", ""), ("r", "b"), (" looks again once it is mended", "dim")],
    ]
