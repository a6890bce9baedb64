"""A line of a picture: spans of text with roles, cut and padded by terminal cells.

Roles are words that looks.py gives a style: "dim", "s1 b". Text from outside is made safe here, when it becomes a span.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter

from cfbench.text import label, pad, width

Span = tuple[str, str]
"""Text that is safe to draw, and its roles."""

Line = list[Span]

DOT = " · "
"""Between two clauses of a sentence; what does not fit goes, whole clauses from the end."""


def cells(line: Iterable[Span]) -> int:
    """Return the number of terminal cells that a line takes."""
    return sum(width(text) for text, _ in line)


def fit(text: str, size: int, align: str = "<") -> str:
    """Return text made safe in exactly `size` cells, cut with an ellipsis or padded on the side away from `align`."""
    return pad(text, size, right=align == ">") if size > 0 else ""


def text(value: str, roles: str = "") -> Span:
    """Return a span of text from outside, made safe to draw."""
    return label(value), roles


def cut(line: Line, size: int) -> Line:
    """Return a line in exactly `size` cells: cut at the end, or padded with blanks."""
    kept: Line = []
    room = size
    for content, roles in line:
        taken = width(content)
        if taken > room:
            content = pad(content, room) if room > 0 else ""
            taken = room
        if content:
            kept.append((content, roles))
        room -= taken
    return [*kept, (" " * room, "")] if room > 0 else kept


def sentence(clauses: Iterable[Line], size: int) -> Line:
    """Return clauses joined by dim dots, as many from the start as fit whole into `size` cells; the first is cut."""
    joined: Line = []
    for clause in clauses:
        if not clause:
            continue
        more: Line = [(" " + DOT + " ", "faint"), *clause] if joined else clause
        if joined and cells(joined) + cells(more) > size:
            break
        joined += more
    return cut(joined, size)


def ends(left: Line, right: Line, size: int) -> Line:
    """Return `left` and `right` at the two ends of `size` cells; what is left gives way."""
    room = max(0, size - cells(right))
    return cut([*cut(left, room), *right], size)


def columns(parts: Iterable[tuple[str, int, str]], roles: str = "", gap: int = 2) -> Line:
    """Return texts in columns, as (text, cells, "<" or ">"), with a gap between them."""
    return [
        ((" " * gap if n else "") + fit(content, size, align), roles) for n, (content, size, align) in enumerate(parts)
    ]


def pair(name: str, value: str, note: str = "", *, name_cells: int = 12, value_cells: int = 0, roles: str = "") -> Line:
    """Return a name, its value (right-aligned where it has a width of its own), and what to know about it."""
    shown = fit(value, value_cells, ">") if value_cells else label(value)
    return [(fit(name, name_cells) + " ", "dim"), (shown, roles), *([("   " + label(note), "dim")] if note else [])]


def inset(picture: Iterable[Line], blanks: int = 2) -> list[Line]:
    """Return a picture with a margin at its left, where marks stand in other panels."""
    return [[(" " * blanks, ""), *line] for line in picture]


def wrapped(value: str, size: int, roles: str = "") -> list[Line]:
    """Return text from outside in lines of at most `size` cells, parted at blanks; a longer word is parted anywhere."""
    lines, current = [], ""
    for word in label(value, 10_000).split():
        grown = f"{current} {word}" if current else word
        if current and width(grown) > size:
            lines.append(current)
            grown = word
        while width(grown) > max(size, 1):
            fitting = [n for n in range(1, size + 1) if width(grown[:n]) <= size]
            head = max(fitting, default=1)
            lines.append(grown[:head])
            grown = grown[head:]
        current = grown
    return [[(line, roles)] for line in (*lines, current)]


def folded(line: Line, size: int, hang: int) -> list[Line]:
    """Return a line in as many lines of at most `size` cells as it takes; all but the first have `hang` blanks before.

    It is parted after blanks, within a longer word anywhere; blanks at its end are left out.
    """
    drawn = [(char, roles) for content, roles in line for char in content]
    while drawn and drawn[-1][0] == " ":
        drawn.pop()
    parts: list[Line] = []
    while drawn:
        before: Line = [(" " * hang, "")] if parts else []
        end = _fitting(drawn, size - cells(before))
        if end < len(drawn):
            end = next((n for n in range(end, hang * (not parts), -1) if drawn[n - 1][0] == " "), end)
        spans = groupby(drawn[:end], key=itemgetter(1))
        parts.append([*before, *(("".join(char for char, _ in group), roles) for roles, group in spans)])
        drawn = drawn[end:]
    return parts or [[]]


def _fitting(drawn: list[Span], size: int) -> int:
    """Return how many characters from the start fit, one at least."""
    taken = 0
    for n, (char, _) in enumerate(drawn):
        taken += width(char)
        if taken > size and n:
            return n
    return len(drawn)
