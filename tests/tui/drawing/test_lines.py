"""Lines are folded at blanks, with their roles, and lose no character."""

import pytest

from cfbench.tui.drawing.lines import cells, folded


def words(line) -> str:
    return "".join(text for text, _ in line)


def test_a_line_goes_on_below_where_it_is_told_to() -> None:
    line = [("  key  ", "b"), ("what it does in some words", "")]
    parts = folded(line, 20, 7)
    assert [words(part).rstrip() for part in parts] == ["  key  what it does", "       in some words"]
    assert parts[0][0] == ("  key  ", "b")


@pytest.mark.parametrize("size", [8, 13, 40])
def test_nothing_but_blanks_at_the_end_is_lost(size) -> None:
    content = "cfbench recommend 20261125T010000.000000Z-brave-ibis --where 'a  b'  日本語の題名  x   "
    parts = folded([(content, "b")], size, 4)
    assert all(cells(part) <= size for part in parts)
    assert words(parts[0]) + "".join(words(part)[4:] for part in parts[1:]) == content.rstrip()


def test_an_empty_line_stays_one() -> None:
    assert folded([], 10, 2) == [[]]
    assert folded([("   ", "")], 10, 2) == [[]]
