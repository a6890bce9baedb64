"""The one function through which text from files, hosts and plugins goes when it is drawn."""

from __future__ import annotations

import unicodedata

import wcwidth

_BIDI = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C], "\N{REPLACEMENT CHARACTER}"
)
_C0 = {code: chr(0x2400 + code) for code in range(0x20)}
_MARKS: dict[int, str] = {
    **_C0,
    **dict.fromkeys(range(0x80, 0xA0), "\N{REPLACEMENT CHARACTER}"),
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),
    **_BIDI,
    0x7F: "\N{SYMBOL FOR DELETE}",
    0x2028: "\N{RETURN SYMBOL}",
    0x2029: "\N{RETURN SYMBOL}",
    ord("\t"): " ",
    ord("\n"): "\N{RETURN SYMBOL}",
    ord("\r"): "\N{RETURN SYMBOL}",
}


def label(text: str, cells: int = 500) -> str:
    """Return `text` safe to draw in at most `cells` terminal cells.

    Control characters (C0, C1, DEL), bidirectional overrides and lone surrogates become visible marks, line ends
    become a return symbol, tabs a blank; joiners stay, so emoji and Indic scripts draw as they should. The result
    is in NFC. Use it where text is drawn only: on the wire and in exports text stays whole.
    """
    if text.isascii() and text.isprintable() and len(text) <= cells:
        return text
    drawn = unicodedata.normalize("NFC", text[: cells * 8].replace("\r\n", "\n").translate(_MARKS))
    if width(drawn) <= cells:
        return drawn
    kept = drawn[:cells]
    while width(kept) > cells - 1:
        kept = kept[:-1]
    return kept + "\N{HORIZONTAL ELLIPSIS}"


def width(text: str) -> int:
    """Return the number of terminal cells that drawn text takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    return max(0, wcwidth.wcswidth(text))


def pad(text: str, cells: int, *, right: bool = False) -> str:
    """Return `text` as a `label` that fills exactly `cells` cells, aligned left or `right`."""
    drawn = label(text, cells)
    blanks = " " * (cells - width(drawn))
    return blanks + drawn if right else drawn + blanks
