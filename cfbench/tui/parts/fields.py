"""How a form draws its settings: label, value, what is allowed, help; in the help's place why a value is refused."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cfbench.text import label, width
from cfbench.tui.draft import Draft
from cfbench.tui.drawing.lines import Line, cells, cut, fit, text
from cfbench.tui.settings import Setting, show

_MARKS, _INDENT = 2, 4
_ALLOWED_BESIDE, _BESIDE_AT_LEAST = 20, 24
_FOOT = 2


@dataclass(frozen=True)
class Heading:
    """A line between two groups of settings, with a note at its right end."""

    title: str
    note: str = ""


@dataclass(frozen=True)
class Field:
    """A setting and what is shown of it now.

    Attributes:
        setting: which.
        label: its name.
        value: as its field shows it.
        allowed: what may be typed, with the unit.
        help: one line, that of the default first where the value is another.
        reason: why the value is refused, or nothing.
        changed: the value is not the default.
    """

    setting: Setting
    label: str
    value: str
    allowed: str
    help: str
    reason: str
    changed: bool


Entry = Field | Heading


@dataclass(frozen=True)
class Picture:
    """A form's lines.

    Attributes:
        lines: to draw.
        owners: for each line the number of the field that it belongs to, or None.
        top: the first line in sight, of all there are.
        x: where values start.
        cells: how wide a value's field is.
        row: the line of the chosen field's value, or None.
    """

    lines: list[Line]
    owners: list[int | None]
    top: int
    x: int
    cells: int
    row: int | None


def entries(items: Sequence[Setting | Heading], draft: Draft) -> list[Entry]:
    """Return what a form lists: the advanced settings last, under a heading of their own."""
    advanced = [item for item in items if isinstance(item, Setting) and item.advanced]
    listed: list[Entry] = [
        item if isinstance(item, Heading) else _field(item, draft) for item in items if item not in advanced
    ]
    if advanced:
        listed += [Heading("more"), *(_field(setting, draft) for setting in advanced)]
    return listed


def _field(setting: Setting, draft: Draft) -> Field:
    value, default = draft.shown(setting), show(setting, setting.default)
    changed = value != default
    help = f"default {default or 'nothing'} · {setting.help}" if changed else setting.help
    return Field(
        setting,
        setting.label,
        label(value),
        f"{setting.allowed} {setting.unit}".strip(),
        help.removesuffix(" · "),
        draft.reason(setting),
        changed,
    )


def choices(setting: Setting) -> list[Any]:
    """Return the values to go through, none among them where it is allowed; empty where anything may be typed."""
    values = [True, False] if setting.kind == "boolean" else list(setting.choices)
    return [*values, None] if values and setting.optional else values


@dataclass(frozen=True)
class _Shape:
    """Cells of the columns; rows a field takes; where its help starts; rows of the foot; blank lines above headings."""

    label: int
    value: int
    allowed: int
    rows: int
    help: int
    beside: bool
    foot: int
    airy: bool

    @property
    def x(self) -> int:
        return _MARKS + self.label + 1


def draw(
    listed: Sequence[Entry], chosen: int, top: int, size: tuple[int, int], *, lit: bool, underlined: bool
) -> Picture:
    """Return a form's lines.

    Args:
        listed: fields and headings.
        chosen: number of the field that has the cursor, counted among fields alone.
        top: the first line that was in sight before.
        size: cells and lines.
        lit: the form has the focus.
        underlined: fields are told from other text by a line, where there are no colours.
    """
    wide, high = size[0] - 1, size[1]  # the last cells tell that there is more above or below
    fields = [entry for entry in listed if isinstance(entry, Field)]
    shape = _shape(listed, wide, high)
    lines: list[Line] = []
    owners: list[int | None] = []
    rows: list[int] = []
    for entry in listed:
        if isinstance(entry, Heading):
            drawn, owner = [*[[]] * (shape.airy and bool(lines)), _heading(entry, wide)], None
        else:
            owner = len(rows)
            drawn = _drawn(entry, shape, wide, owner == chosen and lit, underlined)
            rows.append(len(lines))
        lines += drawn
        owners += [owner] * len(drawn)
    room = max(1, high - shape.foot)
    top = _top(top, chosen, owners, room)
    shown = [cut(line, wide) for line in lines[top : top + room]]
    if shown and top:
        shown[0] = [*shown[0], ("↑", "dim")]
    if shown and top + room < len(lines):
        shown[-1] = [*shown[-1], ("↓", "dim")]
    if shape.foot:
        foot = _foot(fields[chosen], shape, wide) if chosen < len(fields) else []
        shown += [[]] * (high - shape.foot - len(shown)) + foot
    row = rows[chosen] - top if chosen < len(rows) else -1
    return Picture(shown, owners[top : top + room], top, shape.x, shape.value, row if 0 <= row < room else None)


def _top(top: int, chosen: int, owners: Sequence[int | None], room: int) -> int:
    """Return the first line in sight, so that the chosen field is, and the heading above it where there is room."""
    here = [n for n, owner in enumerate(owners) if owner == chosen]
    if here:
        first = here[0]
        while first and owners[first - 1] is None:
            first -= 1
        top = min(max(top, here[-1] - room + 1), first if here[-1] - first < room else here[0])
    return max(0, min(top, len(owners) - room))


def _shape(listed: Sequence[Entry], wide: int, high: int) -> _Shape:
    fields = [entry for entry in listed if isinstance(entry, Field)]
    headings = len(listed) - len(fields)
    names = 1 + min(20, _widest([field.label for field in fields]))
    values = max(12, min(24, 2 + _widest([field.value for field in fields])))
    values = max(6, min(values, wide - _MARKS - names - 1))
    left = max(0, wide - _MARKS - names - values - 3)
    allowed, helps = _widest([field.allowed for field in fields]), _widest([field.help for field in fields])
    beside = min(allowed, _ALLOWED_BESIDE)
    if left - beside - 2 >= _BESIDE_AT_LEAST:
        whole = helps <= left - beside - 2 and allowed == beside
        airy = 2 * headings + len(fields) + (not whole) <= high
        return _Shape(names, values, beside, 1, wide - left + beside + 2, True, 0 if whole else 1, airy)
    under = wide - _MARKS - names - 2
    indent = _MARKS + names + 2 if helps <= 2 * under else _INDENT
    for rows in (3, 2):
        needed = 2 * headings + rows * len(fields)
        whole = helps <= (rows - 1) * (wide - indent - 8) and allowed <= left
        foot = 0 if whole else _FOOT
        if needed + foot <= high:
            return _Shape(names, values, left, rows, indent, False, foot, True)
    foot = min(1 if helps + allowed + 14 <= wide else _FOOT, max(0, high - 3))
    return _Shape(names, values, left, 1, 0, False, foot, 2 * headings + len(fields) + foot <= high)


def _widest(texts: Sequence[str]) -> int:
    return max(map(width, texts), default=0)


def _drawn(field: Field, shape: _Shape, wide: int, chosen: bool, underlined: bool) -> list[Line]:
    tone = "cur b" if chosen else "sel"
    line: Line = [
        ("▸" if chosen else " ", "bad b" if field.reason else "b"),
        ("~" if field.changed else " ", "warn"),
        (fit(field.label, shape.label), "bad" + " b" * chosen if field.reason else "b" if chosen else "dim"),
        (" ", ""),
        (fit(f" {field.value}", shape.value), f"{tone} u" if underlined else tone),
        ("  ", ""),
        (fit(field.allowed, shape.allowed), ""),
    ]
    if shape.beside:
        line += [("  ", ""), (fit(field.help, wide - shape.help), "dim")]
    below: list[Line] = []
    if field.reason:
        start = shape.help if shape.rows > 1 else shape.x + 1
        below = [[(" " * start, ""), ("✗ ", "bad"), (fit(field.reason, wide - start - 2), "bad")]]
    elif shape.rows > 1:
        below = [[(" " * shape.help, ""), *part] for part in _wrapped(field.help, wide - shape.help, shape.rows - 1)]
    return [line, *(below + [[]] * shape.rows)[: max(shape.rows - 1, len(below))]]


def _heading(heading: Heading, wide: int) -> Line:
    title = [("  ", ""), text(heading.title, "b")]
    note = label(heading.note)
    return [*title, (" " * max(2, wide - cells(title) - width(note) - 2), ""), (note, "dim")]


def _foot(field: Field, shape: _Shape, wide: int) -> list[Line]:
    """Return what of the chosen field may be cut above: its whole help, and what is allowed."""
    said = [field.help] if width(field.allowed) <= shape.allowed else [field.help, f"allowed {field.allowed}"]
    drawn: list[Line] = [[("  ", ""), *part] for part in _wrapped(" · ".join(said), wide - 2, shape.foot)]
    return (drawn + [[]] * shape.foot)[: shape.foot]


def _wrapped(said: str, size: int, most: int) -> list[Line]:
    parts = textwrap.wrap(label(said), max(8, size))
    if len(parts) > most:
        parts = [*parts[: most - 1], " ".join(parts[most - 1 :])]
    return [[(fit(part, size), "dim")] for part in parts]
