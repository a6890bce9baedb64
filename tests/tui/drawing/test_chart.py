"""Charts: what a person reads off them, and that nothing makes them fail."""

import math
import random
from collections.abc import Sequence

import pytest

from cfbench.text import width
from cfbench.tui.drawing.chart import Frame, Mark, Series, at, draw
from cfbench.tui.drawing.lines import Line, cells


def series(y: Sequence[float | None], name: str = "valid", *, dashed: bool = False, fill: bool = False, end: str = ""):
    return Series(name, "s1", [float(n) for n in range(len(y))], y, y, dashed, fill, end)


def picture(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def roles(lines: list[Line], sign: str) -> set[str]:
    return {role for line in lines for text, role in line if sign in text}


def test_a_falling_line_falls_between_round_numbers() -> None:
    lines, _ = draw([series([1, 0.5, 0.25, 0.125, 0])], 32, 6)
    assert picture(lines) == [
        "1.00 ⠤⣀  ·   ·   ·   ·   ·   ·",
        "0.75 · ⠑⠢⢄   ·   ·   ·   ·   ·",
        "0.50 ·   ·⠉⠢⠤⢄⣀  ·   ·   ·   ·",
        "0.25 ·   ·   · ⠉⠉⠒⠤⠤⠤⠤⣀⣀⣀·   ·",
        "0.00 ·   ·   ·   ·   ·   ⠉⠉⠉⠑⠒⠒⠢",
        "     0            2            4",
    ]
    assert roles(lines, "·") == {"faint"}
    assert roles(lines, "⠤⣀") == {"s1"}


def test_a_steep_line_has_no_holes() -> None:
    assert picture(draw([series([4, 0, 4])], 24, 6, unit="")[0]) == [
        "4 ⠤⡀  ·   ·   ·   ·   ⢀⠤",
        "3 ·⠈⠑⢄⡀   ·   ·   ·⢀⡠⠊⠁",
        "2 ·   ⠈⠢⢄ ·   ·  ⡠⠔⠁  ·",
        "1 ·   ·  ⠑⠢⡀  ⢀⠔⠊ ·   ·",
        "0 ·   ·   ·⠈⠣⠊⠁   ·   ·",
        "  0          1         2",
    ]


def test_a_value_that_is_no_number_leaves_a_gap_and_a_sign_below() -> None:
    lines, _ = draw([series([1, 2, None, 3, math.nan, 4, 3])], 32, 6)
    assert picture(lines) == [
        "5 ·   ·   ·   ·   ·   ·   ·   ·",
        "4 ·   ·   ·   ·   ·   ·   ⠠⠤⣀⡀·",
        "3 ·   ·   ·   · ⠠ ·   ·   ·  ⠈⠑⠢",
        "2 · ⢀⣀⠤⠄  ·   ·   ·   ·   ·   ·",
        "1 ⠔⠊⠁ ·   · × ·   ·  ×·   ·   ·",
        "  0         2        4         6",
    ]
    assert roles(lines, "×") == {"bad"}


def test_an_area_reaches_down_to_zero() -> None:
    assert picture(draw([series([3, 1, 0, 2], fill=True)], 32, 6)[0]) == [
        "4 ·   ·   ·   ·   ·   ·   ·   ·",
        "3 ⣤⣄⡀ ·   ·   ·   ·   ·   ·   ·",
        "2 ⣿⣿⣿⣿⣶⣤⣄⡀·   ·   ·   ·   ·  ⢀⣠⣤",
        "1 ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣶⣤⣤⣄⣀⣀ ·   · ⢀⣠⣤⣶⣿⣿⣿⣿",
        "0 ⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠿⠷⠶⠦⠶⠿⠿⠿⠿⠿⠿⠿⠿⠿",
        "  0         1        2         3",
    ]


def test_with_a_log_scale_decades_are_equally_far_apart_and_negative_values_are_left_out() -> None:
    assert picture(draw([series([100, 10, 1, -1, 0.1])], 32, 6, log_y=True)[0]) == [
        "1,000 ·   ·   ·   ·   ·   ·   ·",
        "  100 ⠤⠤⣀⡀·   ·   ·   ·   ·   ·",
        "   10 ·  ⠈⠉⠒⠢⠤⣀⣀  ·   ·   ·   ·",
        "    1 ·   ·   · ⠉⠑⠢   ·   ·   ·",
        "  0.1 ·   ·   ·   ·   ·  ×·   ·⠠",
        "      0            2           4",
    ]


def test_a_live_run_shows_the_work_left_and_its_name_where_its_line_ends() -> None:
    lines, _ = draw([series([0.822], end="valid 0.822")], 40, 6, x_range=(0, 10))
    assert picture(lines) == [
        "1.25 ·   ·   ·   ·   ·   ·",
        "1.00 ·   ·   ·   ·   ·   ·",
        "0.75 ⠁ valid 0.822   ·   ·",
        "0.50 ·   ·   ·   ·   ·   ·",
        "0.25 ·   ·   ·   ·   ·   ·",
        "     0          5          10  epoch",
    ]


def test_labels_of_lines_that_end_together_stand_one_below_another_in_the_order_of_their_values() -> None:
    ends = {"a": 0.80, "b": 0.81, "c": 0.82, "d": 0.79, "e": 0.805}
    lines, _ = draw([series([2, end], end=f"{name} {end}") for name, end in ends.items()], 60, 12)
    shown = [row.split()[-2:] for row in picture(lines) if row.split()[-2:-1] and row.split()[-2] in ends]
    assert [name for name, _ in shown] == ["c", "b", "e", "a", "d"]


def test_a_label_keeps_clear_of_a_line_that_goes_on() -> None:
    short = Series("short", "s1", [0.0, 1.0], [1.0, 1.0], [1.0, 1.0], end="short 1.0")
    long = Series("long", "s2", [0.0, 4.0], [1.0, 1.0], [1.0, 1.0])
    row = next(row for row in picture(draw([short, long], 60, 9)[0]) if "short 1.0" in row)
    assert not any("⠁" <= char <= "⣿" for char in row)


def test_a_label_that_does_not_fit_is_cut_and_made_safe() -> None:
    lines, _ = draw([series([1, 2], end="a very long name \x1b[2J 2.0")], 30, 5)
    assert any("a very l…" in row for row in picture(lines))
    assert "\x1b" not in "".join(picture(lines))
    assert "␛" in "".join(picture(draw([series([1, 2], end="\x1b")], 30, 5)[0]))


def test_dashes_tell_a_series_apart_without_colour() -> None:
    solid = picture(draw([series([1, 1, 1, 1])], 40, 4)[0])[1]
    dashed = picture(draw([series([1, 1, 1, 1], dashed=True)], 40, 4)[0])[1]
    assert solid != dashed
    assert dashed.count(" ") + dashed.count("·") > 8
    only_point = picture(draw([series([1], dashed=True)], 40, 4, x_range=(-7.9, 7.9))[0])
    assert any("⠁" <= char <= "⣿" for char in "".join(only_point))


def test_marks_and_the_crosshair_stand_in_their_columns() -> None:
    lines, frame = draw([series([4, 2, 3])], 40, 9, marks=[Mark(1, 2, "◆", "b"), Mark(9, 2, "!", "b")], cross=3)
    rows = picture(lines)
    assert rows[-2][frame.left + frame.column(1)] == "◆"
    assert roles(lines, "◆") == {"b"}
    assert sum(row[frame.left + 3 :].startswith("│") for row in rows[:-1]) == 7  # the line covers it once
    assert "!" not in "".join(rows)


@pytest.mark.parametrize(
    ("given", "size", "says"),
    [([], (40, 5), "nothing to draw yet"), ([series([])], (40, 5), "nothing to draw yet"),
     ([series([1, 2])], (15, 9), "too small"), ([series([1, 2])], (40, 2), "too small")],
)  # fmt: skip
def test_says_why_there_is_no_picture(given: list[Series], size: tuple[int, int], says: str) -> None:
    lines, frame = draw(given, *size)
    assert "".join(picture(lines)).strip() == says
    assert frame.columns == 0
    assert frame.column(3) == 0


@pytest.mark.parametrize(
    ("y", "numbers"),
    [([0.822] * 5, "0.75"), ([0.0] * 3, "0.0"), ([1e300, 2e300], "2e300"), ([1e-300, 2e-300], "2e−300"),
     ([-3, -1], "−3.0"), ([1e6, 3e6], "2.0 M"), ([20_000, 40_000], "20 k"),
     ([1_000_000.1, 1_000_000.3], "1,000,000.20")],
)  # fmt: skip
def test_ordinary_and_extreme_values_have_their_numbers(y: list[float], numbers: str) -> None:
    lines, frame = draw([series(y)], 60, 10)
    assert numbers in [row[: frame.left].strip() for row in picture(lines)]


def test_a_run_without_a_finite_value_shows_that() -> None:
    lines, _ = draw([series([None, math.nan, math.inf])], 40, 6)
    assert picture(lines)[-2].count("×") == 3


def test_charts_of_one_range_have_one_axis() -> None:
    first, _ = draw([series([0.2, 0.4])], 40, 8, y_range=(0, 1), x_range=(0, 5))
    second, _ = draw([series([0.9, 0.7, 5])], 40, 8, y_range=(0, 1), x_range=(0, 5))
    assert [line[0] for line in first] == [line[0] for line in second]
    assert first[-1] == second[-1]


@pytest.mark.parametrize("log_y", [False, True])
def test_the_values_at_the_crosshair_are_those_of_the_data(log_y: bool) -> None:
    chance = random.Random(1)
    x = sorted(chance.uniform(0, 10) for _ in range(1000))
    y = [chance.uniform(0.5, 2) for _ in x]
    shown = Series("train", "s1", x, y, y)
    frame = draw([shown], 100, 20, x_range=(0, 10), log_y=log_y)[1]
    known = dict(zip(x, y, strict=True))
    for column in range(frame.columns):
        point = at(shown, frame.x(column))
        assert point is not None
        assert point.low == point.high == known[point.x]
        assert not [v for v in x if point.x < v <= frame.x(column)]
        assert frame.column(point.x) <= column
    assert at(shown, frame.x(frame.columns - 1)) == (x[-1], y[-1], y[-1])
    assert at(shown, -1) is None


def test_columns_and_x_are_each_others_inverse() -> None:
    frame = Frame(6, 40, 0.0, 10.0)
    assert [frame.column(frame.x(column) - 1e-9) for column in range(40)] == list(range(40))
    assert (frame.column(-5), frame.column(99), frame.x(-5), frame.x(99)) == (0, 39, frame.x(0), 10.0)


def test_a_column_keeps_its_lowest_and_its_highest_of_many_values() -> None:
    y = [1.0] * 100_000
    y[40_000], y[60_000] = 9.0, -7.0
    x = [n / 100_000 for n in range(100_000)]
    many = Series("train", "s1", x, y, y)
    plain = picture(draw([many], 80, 20)[0])
    marked = picture(draw([many], 80, 20, marks=[Mark(0.4, 9, "+", "b"), Mark(0.6, -7, "+", "b")])[0])
    dotted = [n for n, row in enumerate(plain) if any("⠁" <= char <= "⣿" for char in row)]
    assert [n for n, row in enumerate(marked) if "+" in row] == [dotted[0], dotted[-1]]


def _value(chance: random.Random) -> float | None:
    kind = chance.random()
    if kind < 0.15:
        return chance.choice([None, math.nan, math.inf, -math.inf])
    if kind < 0.3:
        return chance.choice([0.0, -0.0, 1.0, 1e300, -1e300, 1e-300, 5e-324, 1.7e308, -1.7e308])
    return chance.gauss(0, 1) * 10 ** chance.randint(-20, 20)


@pytest.mark.parametrize("seed", range(8))
def test_any_data_at_any_size_fills_exactly_its_cells(seed: int) -> None:
    chance = random.Random(seed)
    sizes = [(10, 2), (16, 3), (20, 5), (60, 12), (300, 80)] + [
        (chance.randint(0, 80), chance.randint(0, 30)) for _ in range(35)
    ]
    for wide, high in sizes:
        many = []
        for n in range(chance.randint(0, 4)):
            points = chance.choice([0, 1, 2, 5, 200])
            x = sorted(chance.uniform(-1, 1) * 10 ** chance.choice([-300, 0, 1, 300]) for _ in range(points))
            y = [_value(chance) for _ in range(points)]
            end = chance.choice(["", "valid 0.8", "訓練 0.1", "👩\u200d🚀 1", "long " * 12])
            many.append(Series(f"s{n}", "s1", x, y, y, chance.random() < 0.5, chance.random() < 0.3, end))
        lines, frame = draw(
            many,
            wide,
            high,
            log_y=chance.random() < 0.4,
            cross=chance.choice([None, 0, 7, 1000]),
            x_range=chance.choice([None, (0, 10), (5, 5)]),
            y_range=chance.choice([None, (0, 1), (-1, 1), (math.nan, 1)]),
            marks=[Mark(0.5, _value(chance) or 0.0, "◆", "b")],
            y_ticks=chance.randint(0, 8),
        )
        assert len(lines) == high
        assert all(cells(line) == width("".join(text for text, _ in line)) == wide for line in lines)
        assert frame.left + frame.columns <= max(0, wide)
