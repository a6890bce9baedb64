"""Panels fill the terminal without overlapping, at every size."""

import itertools

import pytest

from cfbench.tui.screens import WORK_SCREENS
from cfbench.tui.shell import layout
from cfbench.tui.shell.layout import Place

SIZES = [(140, 40), (100, 28), (99, 28), (200, 60), (80, 24), (79, 23), (60, 15), (40, 10)]


def cells(place: Place) -> set[tuple[int, int]]:
    return {(x, y) for x in range(place.x, place.x + place.width) for y in range(place.y, place.y + place.height)}


def test_shares_fill_what_there_is() -> None:
    assert layout.shares(100, [10, 0, -2], 5) == [10, 26, 54]
    assert sum(layout.shares(37, [0, 0, -3], 1)) == 35


@pytest.mark.parametrize("size", SIZES)
def test_what_stands_around_the_panels_is_on_the_terminal(size: tuple[int, int]) -> None:
    width, height = size
    around = layout.frame(width, height)
    places = [around.head, around.status, around.answer, around.foot, around.inner]
    assert all(not cells(a) & cells(b) for a, b in itertools.combinations(places, 2))
    assert all(0 <= x < width and 0 <= y < height for place in places for x, y in cells(place))


@pytest.mark.parametrize("screen", WORK_SCREENS, ids=lambda screen: screen.NAME)
@pytest.mark.parametrize("size", SIZES)
def test_each_panel_has_a_place_of_its_own(screen: type, size: tuple[int, int]) -> None:
    around = layout.frame(*size)
    if around.wide:
        placed = [layout.side_by_side(screen.WIDE, around.inner)]
    else:
        placed = [layout.one_page(stack, around.inner) for stack in layout.pages(screen.PAGES, size[1])]
    for places in placed:
        assert all(not cells(a) & cells(b) for a, b in itertools.combinations(places.values(), 2))
        assert all(cells(place) <= cells(around.inner) for place in places.values())
        assert all(place.width >= 8 and place.height >= 1 for place in places.values())
    named = {name for stack in screen.PAGES for name, _ in stack}
    assert {name for places in placed for name in places} <= named, "a narrow terminal shows every panel too"
