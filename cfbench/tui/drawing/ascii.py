"""Pictures for a terminal that knows ASCII alone: every sign of ours has a stand-in of the same width."""

from __future__ import annotations

from cfbench.text import width
from cfbench.tui.drawing.lines import Line

_UPPER, _LOWER = 0x01 | 0x02 | 0x08 | 0x10, 0x04 | 0x20 | 0x40 | 0x80  # braille dots of a cell's two halves

_SIGNS = {
    ord(sign): stand_in
    for signs, stand_in in (
        ("·•", "."), ("│┃┆╎▏▎▍▌", "|"), ("─−–╌┄‖", "-"), ("━", "="), ("×✗", "x"), ("◆", "*"), ("▸", ">"), ("…", "~"),
        ("█▋▊▉▓", "#"), ("▒", "%"), ("░", ":"), ("●■", "o"), ("✓", "+"),
    )
    for sign in signs
}  # fmt: skip


def _dots(bits: int) -> str:
    if bits.bit_count() > 5:
        return "#"
    return ":" if bits & _UPPER and bits & _LOWER else "'" if bits & _UPPER else "." if bits else " "


_SIGNS |= {0x2800 + bits: _dots(bits) for bits in range(256)}


def in_ascii(lines: list[Line]) -> list[Line]:
    """Return a picture in ASCII, cell for cell; a letter that has no stand-in becomes a question mark."""
    return [[(_plain(text), roles) for text, roles in line] for line in lines]


def _plain(text: str) -> str:
    text = text.translate(_SIGNS)
    if text.isascii():
        return text
    plain = "".join(char if char.isascii() else "?" * width(char) for char in text)
    # Joined letters, such as an emoji of several, take fewer cells than their parts.
    return plain[: width(text)].ljust(width(text))
