"""Ticks: round numbers, equally many rows apart, and all that is shown between the ends."""

import math
import random
from itertools import pairwise

import pytest

from cfbench.tui.drawing.dates import dates
from cfbench.tui.drawing.ticks import Scale, along, linear, logarithmic


def gaps(scale: Scale) -> set[int]:
    return {abs(a - b) for a, b in pairwise(scale.ticks)}


def _round(text: str) -> float:
    number = float(text.replace("−", "-").replace(",", "").removesuffix(" M").removesuffix(" k"))
    return number * (1e6 if text.endswith("M") else 1e3 if text.endswith("k") else 1)


@pytest.mark.parametrize("seed", range(5))
def test_a_linear_axis_holds_its_values_between_ticks_at_equal_distances(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        middle, room, rows = chance.gauss(0, 10), 10 ** chance.uniform(-5, 5), chance.randint(3, 40)
        low, high = middle - room, middle + room * chance.random()
        scale = linear(low, high, rows, chance.randint(2, 8))
        assert -0.5 <= scale.dot(high) <= scale.dot(low) <= rows * 4
        assert len(gaps(scale)) <= 1
        steps = {round(b - a, 12) for a, b in pairwise(map(_round, scale.ticks.values()))}
        for step in steps:
            first = step / 10 ** math.floor(math.log10(step) + 1e-9)
            assert min(abs(first - m) for m in (1, 2, 2.5, 5)) < 1e-4
        for row, text in scale.ticks.items():
            assert scale.row(_round(text)) == row
            assert scale.dot(_round(text)) == pytest.approx(row * 4 + 1.5, abs=0.01)


def test_numbers_of_an_axis_have_equally_many_decimals() -> None:
    assert list(linear(0.65, 1.38, 13, 7).ticks.values()) == ["0.6", "0.8", "1.0", "1.2", "1.4"]
    assert list(linear(0, 9500, 5, 3).ticks.values()) == ["0", "5 k", "10 k"]


@pytest.mark.parametrize(("low", "high"), [(1, 583), (1e-5, 0.1), (1e-300, 1e300), (0.02, 7)])
def test_decades_are_equally_many_rows_apart(low: float, high: float) -> None:
    for rows in range(4, 30):
        scale = logarithmic(low, high, rows, 4)
        assert len(gaps(scale)) <= 1
        assert 0 <= scale.row(high) <= scale.row(low) < rows
        assert 0 <= scale.dot(high) <= scale.dot(low) <= rows * 4


@pytest.mark.parametrize(("low", "high"), [(0.66, 1.4), (0.82, 0.84), (1, 1), (3, 40)])
def test_less_than_two_decades_have_round_numbers_in_the_rows_nearest_to_them(low: float, high: float) -> None:
    scale = logarithmic(low, high, 12, 6)
    assert len(scale.ticks) >= 3
    assert all(scale.row(_round(text)) == row for row, text in scale.ticks.items())


def test_numbers_along_leave_room_between_them() -> None:
    assert [text for _, text in along(0, 10, 64)] == ["0", "2", "4", "6", "8", "10"]
    assert along(1, 1682, 42) == [(500, "500"), (1000, "1,000"), (1500, "1,500")]
    assert [text for _, text in along(0, 12_500, 40)] == ["0", "5 k", "10 k"]


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [(874_724_710, 893_286_638, ["Oct 1997", "Jan 1998", "Apr 1998"]),
     (800_000_000, 1_100_000_000, ["1996", "1998", "2000", "2002", "2004"]),
     (874_724_710, 875_724_710, ["21 Sep", "26 Sep", "1 Oct"]),
     (874_724_710, 874_764_710, ["06:00", "09:00", "12:00"]),
     (0, 1e15, None), (-1e11, 1e11, None), (5, 5, None)],
)  # fmt: skip
def test_dates_are_whole_months_years_days_or_hours(low: float, high: float, texts: list[str] | None) -> None:
    shown = dates(low, high, 50)
    assert all(low <= x <= high for x, _ in shown)
    if texts is not None:
        assert [text for _, text in shown] == texts
