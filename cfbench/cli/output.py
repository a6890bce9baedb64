"""How answers are printed: lines and tables for people, documents for programs, narration on stderr.

No other module prints, so that no text of a plugin, a file or a host reaches a terminal as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click
import msgspec

from cfbench import text


def print_json(answer: Any) -> None:
    """Print an answer as one JSON document; text in it stays whole."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer)))


def print_document(content: str) -> None:
    """Print TOML or CSV for programs; text in it stays whole."""
    click.echo(content, nl=False, color=True)  # else click drops what looks like a colour from a pipe


def show(*lines: str) -> None:
    """Print lines of the answer for people; control characters in them are drawn, not obeyed."""
    for line in lines:
        click.echo(text.label(line, 2000))


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> None:
    """Print rows under a head, columns aligned; those numbered in `right` to the right."""
    drawn = [[text.label(cell, 100) for cell in row] for row in [head, *rows]]
    widths = [max(map(text.width, column)) for column in zip(*drawn, strict=True)]
    right = set(right)
    for row in drawn:
        cells = [
            text.pad(cell, width, right=n in right) for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        show("  ".join(cells).rstrip())


def say(sentence: str) -> None:
    """Print a line of narration as `show` does, but on stderr, so that stdout is the answer alone."""
    click.echo(text.label(sentence, 2000), err=True)


def say_again(sentence: str, *, last: bool = False) -> None:
    """Print a line of narration over the one before, where stderr is a terminal; the `last` one stays."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[2K{text.label(sentence, 78)}", nl=last, err=True)


def number(value: float | None) -> str:
    """Return a figure of a metric or loss in five significant digits, or a dash."""
    return "–" if value is None else f"{float(value):z.5g}"
