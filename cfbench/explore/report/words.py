"""Numbers and text as every part of a report writes them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from xml.sax.saxutils import escape

from cfbench import text

_NOT_XML = {0xFFFE: "\N{REPLACEMENT CHARACTER}", 0xFFFF: "\N{REPLACEMENT CHARACTER}"}


def safe(words: str, cells: int = 500) -> str:
    """Return text from anywhere as it may stand in XML and HTML, between tags or in quotes."""
    return escape(text.label(words, cells).translate(_NOT_XML), {'"': "&quot;"})


def bare(name: str) -> str:
    """Return a plugin's name without its package's."""
    return name.rpartition(":")[2]


def figure(value: float | None) -> str:
    """Return a loss or metric in five significant digits, or a dash."""
    return "–" if value is None else signed(f"{value:.5g}")


def signed(number: str) -> str:
    """Return a written number with a minus that is as wide as a plus."""
    return number.replace("-", "−")


def sentence(words: str) -> str:
    """Return words that begin like a sentence and end with one full stop."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def listed(parts: Iterable[str]) -> str:
    """Return "a, b and c"."""
    *most, last = list(parts) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def code_lines(code: str) -> list[str]:
    """Return lines for a program, whole, with what could move a cursor or turn text round as a mark."""
    return [text.label(line, 8 * len(line) + 1) for line in homeless(code).rstrip("\n").split("\n")]


def homeless(words: str) -> str:
    """Return text without the name of the home folder, which is "~" to whoever reads it."""
    home = os.environ.get("HOME", "").rstrip("/")
    return words.replace(f"{home}/", "~/") if len(home) > 1 else words
