"""Words can be read in every look, with colour and without."""

import pytest

from cfbench.tui import looks

WORDS = ("text", "dim", "ok", "warn", "bad", "s1", "s2", "s3", "s4", "s5")


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("ground", ["ground", "sel", "cur"])
@pytest.mark.parametrize("look", looks.INKS)
def test_words_stand_out_from_what_is_behind_them(look: str, ground: str) -> None:
    ink = looks.INKS[look]
    behind = luminance(ink[ground])
    for role in WORDS:
        light, dark = sorted((luminance(ink[role]), behind), reverse=True)
        least = 4.5 if ground == "ground" else 4.0
        assert (light + 0.05) / (dark + 0.05) >= least, role


def test_without_colour_nothing_is_coloured_and_the_cursor_is_still_told() -> None:
    for role in (*WORDS[1:], "faint", "sel", "cur"):
        style = looks.style("", role)
        assert style.color is None
        assert style.bgcolor is None
    assert looks.style("", "cur").reverse
    assert looks.style("", "bad").bold
