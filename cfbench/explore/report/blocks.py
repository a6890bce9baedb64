"""What a report is made of, before it is written in any form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """An SVG with what is to be seen."""

    title: str
    drawn: str


@dataclass(frozen=True)
class Table:
    """Rows under a head; columns from `right` on hold numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: int = 1
    title: str = ""


@dataclass(frozen=True)
class Code:
    """Lines for a program."""

    lines: str
    language: str = ""


Block = str | Picture | Table | Code
"""A paragraph, or one of the others."""


@dataclass(frozen=True)
class Section:
    """Blocks under a title."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """All of a report: sections under a headline and a sentence or two that matter most, and a line below them."""

    title: str
    lead: str
    sections: Sequence[Section]
    foot: str
