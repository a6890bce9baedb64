"""Where panels stand: one table for wide terminals, pages of a few panels for narrow ones. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Stack = Sequence[tuple[str, int]]
"""Panels one above the other, as (id, rows): 0 or -n asks for a share of what is left."""

Columns = Sequence[tuple[int, Stack]]
"""Stacks side by side, as (cells, stack), with shares likewise."""

Bands = Sequence[tuple[int, Columns]]
"""Rows of stacks, as (rows, columns): the wide form of a screen."""

WIDE, HIGH = 100, 28
"""From this size on panels stand side by side."""

LOW = 20
"""Below this height a page has one panel."""


@dataclass(frozen=True)
class Place:
    """A panel's place on the terminal, in cells."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Frame:
    """The places of what stands around the panels, and the room for these."""

    head: Place
    status: Place
    answer: Place
    foot: Place
    inner: Place
    wide: bool


def frame(width: int, height: int) -> Frame:
    """Return the places around the panels for a terminal of that size."""
    wide = width >= WIDE and height >= HIGH
    margin = 1 if width >= 80 else 0
    status = 36 if width >= 110 else 10
    room = width - 2 * margin
    top, low = (5, 2) if wide else (2, 1)
    return Frame(
        head=Place(margin, 0, room - status, 1),
        status=Place(width - margin - status, 0, status, 1),
        answer=Place(margin, 2 if wide else 1, room, 2 if wide else 1),
        foot=Place(margin, height - 1, room, 1),
        inner=Place(margin, top, room, max(1, height - low - top)),
        wide=wide,
    )


def shares(total: int, wants: Sequence[int], gap: int) -> list[int]:
    """Return sizes that fill `total`: positive wants as asked, 0 and -n as one and n shares of the rest."""
    left = total - gap * (len(wants) - 1) - sum(want for want in wants if want > 0)
    parts = sum(max(1, -want) for want in wants if want <= 0)
    sizes = []
    for want in wants:
        size = want
        if want <= 0:
            part = max(1, -want)
            size = left * part // parts
            left, parts = left - size, parts - part
        sizes.append(max(0, size))
    return sizes


def side_by_side(bands: Bands, room: Place) -> dict[str, Place]:
    """Return each panel's place in the wide form."""
    places: dict[str, Place] = {}
    y = room.y
    for height, (_, columns) in zip(shares(room.height, [rows for rows, _ in bands], 1), bands, strict=True):
        x = room.x
        for width, (_, stack) in zip(shares(room.width, [cells for cells, _ in columns], 3), columns, strict=True):
            places |= _stacked(stack, Place(x, y, width, height), 1)
            x += width + 3
        y += height + 1
    return places


def one_page(stack: Stack, room: Place) -> dict[str, Place]:
    """Return each panel's place on a page of the narrow form."""
    return _stacked(stack, room, 0)


def pages(stacks: Sequence[Stack], height: int) -> list[Stack]:
    """Return the pages that a terminal of that height turns through."""
    return list(stacks) if height >= LOW else [[(panel, 0)] for stack in stacks for panel, _ in stack]


def _stacked(stack: Stack, room: Place, gap: int) -> dict[str, Place]:
    places: dict[str, Place] = {}
    y = room.y
    for height, (panel, _) in zip(shares(room.height, [rows for _, rows in stack], gap), stack, strict=True):
        places[panel] = Place(room.x, y, room.width, height)
        y += height + gap
    return places
