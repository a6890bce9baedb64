"""Bars and areas: exact pictures, and exact widths for any data."""

import math
import random

import pytest

from cfbench.answers import Bar
from cfbench.text import width
from cfbench.tui.drawing.areas import tail, times
from cfbench.tui.drawing.bars import Item, Part, bar, diverging, histogram, meter, split_bar
from cfbench.tui.drawing.lines import Line, cells

RATINGS = [Bar(1, 1, 6110), Bar(2, 2, 11370), Bar(3, 3, 27145), Bar(4, 4, 34174), Bar(5, 5, 21201)]
PARTS: list[Part] = [("train", 80_000, "s1", "█"), ("valid", 20_000, "s2", "▒"), ("test", 5, "s3", "░")]
BIASES: list[Item] = [
    ("Schindler's List", 1.25, 298),
    ("Casablanca", 1.24, 243),
    ("A Very Brady Sequel", -0.52, 13),
    ("McHale's Navy", -0.65, 69),
]


def picture(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def test_a_bar_counts_in_eighths_and_shows_whatever_there_is() -> None:
    assert [bar(share, 4) for share in (0, 1e-9, 0.5, 0.53, 1, 7, -1, math.nan)] == [
        "    ", "▏   ", "██  ", "██▏ ", "████", "████", "    ", "    ",
    ]  # fmt: skip


def test_a_histogram_has_label_bar_count_and_share() -> None:
    assert picture(histogram(RATINGS, 48, 6)) == [
        "1  █████                          6,110    6.1 %",
        "2  █████████▍                    11,370   11.4 %",
        "3  ██████████████████████▎       27,145   27.1 %",
        "4  ████████████████████████████  34,174   34.2 %",
        "5  █████████████████▍            21,201   21.2 %",
    ]


def test_a_low_histogram_puts_neighbours_together_and_a_narrow_one_lacks_shares() -> None:
    assert picture(histogram(RATINGS, 24, 3)) == [
        "1–2  ███▏         17,480",
        "3–4  ███████████  61,319",
        "  5  ███▊         21,201",
    ]
    assert picture(histogram(RATINGS[:2], 10, 3)) == ["1   6,110", "2  11,370"]


def test_labels_of_a_histogram_have_equally_many_decimals() -> None:
    halves = [Bar(0.5, 0.5, 3), Bar(1, 1, 0), Bar(1.5, 10, 90_000)]
    assert [row[:8] for row in picture(histogram(halves, 50, 6))] == ["     0.5", "     1.0", "1.5–10.0"]


def test_each_part_of_a_split_has_a_texture_a_name_and_at_least_a_cell() -> None:
    assert picture(split_bar(PARTS, 70)) == [
        "train 80,000  80.0 %               valid 20,000  20.0 %  test 5  0.0 %",
        "█████████████████████████████████████████████████████ ▒▒▒▒▒▒▒▒▒▒▒▒▒▒ ░",
    ]
    assert picture(split_bar([*PARTS[:2], ("test", 0, "s3", "░")], 40)) == [
        "train 80,000        valid 20,000  test 0",
        "███████████████████████████████ ▒▒▒▒▒▒▒▒",
    ]


def test_biases_go_to_either_side_of_an_axis() -> None:
    assert picture(diverging(BIASES, 60, 5)) == [
        "Schindler's List           298  +1.25         │█████████████",
        "Casablanca                 243  +1.24         │████████████▉",
        "",
        "A Very Brady Sequel         13  −0.52   ▒▒▒▒▒▒│",
        "McHale's Navy               69  −0.65  ▒▒▒▒▒▒▒│",
    ]


def test_of_too_many_biases_the_first_and_the_last_are_shown() -> None:
    assert [row.split("  ")[0] for row in picture(diverging(BIASES, 40, 3))] == [
        "Schindler's List", "Casablanca", "McHale's Navy",
    ]  # fmt: skip
    assert picture(diverging([("A", math.nan, 1)], 20, 3)) == ["A                NaN"]


@pytest.mark.parametrize(("share", "done"), [(0, 0), (0.64, 6), (0.999, 9), (1, 10), (math.nan, 0), (9, 10)])
def test_a_meter_is_full_only_at_the_end(share: float, done: int) -> None:
    assert picture([meter(share, 10)]) == ["━" * done + "─" * (10 - done)]


def test_the_long_tail_falls_over_both_axes() -> None:
    assert picture(tail([1000, 100, 10, 1], 1682, 40, 8)) == [
        "1,000 ⣤⣄⣀ ·   ·   ·   ·   ·   ·   ·   ·",
        "      ⣿⣿⣿⣿⣷⣶⣤⣀⡀",
        "  100 ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣶⣤⣤⣀  ·   ·   ·   ·   ·",
        "      ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣷⣶⣤⣄⣀",
        "   10 ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣶⣦⣤⣀⡀  ·   ·",
        "      ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣶⣤⣄⣀",
        "    1 ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣷⣦",
        "               500      1,000     1,500",
    ]


def test_items_that_nobody_rated_are_the_empty_end_of_the_tail() -> None:
    rows = picture(tail([100, 10, 1, 0, 0], 500, 40, 8))
    assert "×" not in "".join(rows)
    assert "⣿" in rows[-2][:22]
    assert "⣿" not in rows[-2][22:]


def test_rows_over_time_stand_over_dates() -> None:
    month = 2_629_746
    rows = picture(times([Bar(n * month, (n + 1) * month, 100 * (n % 2)) for n in range(24)], 50, 6))
    assert rows == [
        "100 · ⣤⣤⡄⢠⣤⣤·⢠⣤⣤·⢠⣤⡄·⣤⣤⡄·⣤⣤ ⢠⣤⣤ ⢠⣤⣤ ⣤⣤⡄ ⣤⣤⡄ ⣤⣤ ⢠⣤⣤",
        "      ⣿⣿⡇⢸⣿⣿ ⢸⣿⣿ ⢸⣿⡇ ⣿⣿⡇ ⣿⣿ ⢸⣿⣿ ⢸⣿⣿ ⣿⣿⡇ ⣿⣿⡇ ⣿⣿ ⢸⣿⣿",
        " 50 · ⣿⣿⡇⢸⣿⣿·⢸⣿⣿·⢸⣿⡇·⣿⣿⡇·⣿⣿ ⢸⣿⣿ ⢸⣿⣿ ⣿⣿⡇ ⣿⣿⡇ ⣿⣿ ⢸⣿⣿",
        "      ⣿⣿⡇⢸⣿⣿ ⢸⣿⣿ ⢸⣿⡇ ⣿⣿⡇ ⣿⣿ ⢸⣿⣿ ⢸⣿⣿ ⣿⣿⡇ ⣿⣿⡇ ⣿⣿ ⢸⣿⣿",
        "  0 ⠤⠤⠿⠿⠧⠼⠿⠿⠤⠼⠿⠿⠤⠼⠿⠧⠤⠿⠿⠧⠤⠿⠿⠤⠼⠿⠿⠤⠼⠿⠿⠤⠿⠿⠧⠤⠿⠿⠧⠤⠿⠿⠤⠼⠿⠿",
        "   1970                  1971                 1972",
    ]


@pytest.mark.parametrize("seed", range(4))
def test_any_data_at_any_size_fill_exactly_their_cells(seed: int) -> None:
    chance = random.Random(seed)
    odd = [math.nan, math.inf, -math.inf, 0.0, 1e300, -1e300, 5e-324, 1.7e308]
    for _ in range(60):
        wide, high, many = chance.randint(0, 90), chance.randint(0, 20), chance.randint(0, 15)
        values = [chance.choice(odd) if chance.random() < 0.3 else chance.gauss(0, 2) for _ in range(many)]
        counts = [chance.choice([0, 1, chance.randint(0, 10**9)]) for _ in range(many)]
        names = [chance.choice(["train", "訓練", "👩\u200d🚀", "\x1b[2J", ""]) for _ in range(many)]
        start, span = chance.choice([0.0, 8e8, 1e15, -1e11]), 10.0 ** chance.randint(0, 9)
        spans = [Bar(start + n * span, start + (n + 1) * span, count) for n, count in enumerate(counts)]
        for lines in (
            histogram([Bar(value, value, count) for value, count in zip(values, counts, strict=True)], wide, high),
            histogram(spans, wide, high),
            split_bar([(name, count, "s1", "█") for name, count in zip(names, counts, strict=True)][:4], wide),
            diverging(list(zip(names, values, counts, strict=True)), wide, high),
            tail(sorted(counts, reverse=True), chance.randint(0, 2000), wide, high),
            times(spans, wide, high),
        ):
            assert len(lines) <= max(2, high)
            assert all(cells(line) == width("".join(text for text, _ in line)) == wide for line in lines)
