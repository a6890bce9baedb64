"""Text from files and plugins, made safe to draw."""

import pytest

from cfbench.text import label, pad, width


@pytest.mark.parametrize(
    ("given", "drawn"),
    [
        ("Amélie (2001)", "Amélie (2001)"),
        ("a\x1b[2Jb", "a␛[2Jb"),
        ("a\x9b2Jb\x7f", "a�2Jb␡"),
        ("two\nlines\r\nand\ttab", "two⏎lines⏎and tab"),
        ("abc\u202egpj.exe\u2066", "abc�gpj.exe�"),
        ("lone \ud800 surrogate", "lone � surrogate"),
        ("e\u0301", "é"),
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
        ("[b]bold[/b]", "[b]bold[/b]"),
        ("", ""),
    ],
)
def test_marks_what_a_terminal_would_obey(given: str, drawn: str) -> None:
    assert label(given) == drawn


def test_every_control_character_is_gone() -> None:
    drawn = label("".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)])))
    assert not [char for char in drawn if ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0]


@pytest.mark.parametrize("title", ["plain title", "映画のタイトル", "e\u0301" * 30, "👩\u200d🚀" * 20, "a\x1bb" * 20])
@pytest.mark.parametrize("cells", [1, 5, 8, 13, 40])
def test_pad_fills_exactly(title: str, cells: int) -> None:
    assert width(pad(title, cells)) == cells
    assert width(pad(title, cells, right=True)) == cells


def test_cut_text_ends_in_an_ellipsis() -> None:
    assert label("a long title", 6) == "a lon…"
    assert label("exact!", 6) == "exact!"
