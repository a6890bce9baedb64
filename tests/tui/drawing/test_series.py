"""Series in words: legend, crosshair, smoothing."""

import math

import pytest

from cfbench.answers import Curve
from cfbench.tui.drawing.lines import Line
from cfbench.tui.drawing.series import Series, at, notes, reading, smoothed


def series(name: str, y: list[float | None], *, dashed: bool = False, fill: bool = False) -> Series:
    return Series(name, "s1", [float(n + 1) for n in range(len(y))], y, y, dashed, fill)


def plain(line: Line) -> str:
    return "".join(text for text, _ in line)


def test_the_legend_shows_each_texture() -> None:
    shown = [series("train", [1]), series("valid", [1], dashed=True), series("items", [1], fill=True)]
    assert plain(notes(shown)) == "train ──  valid ╌╌  items ██"


def test_the_crosshair_shows_each_value_as_it_is_in_the_data() -> None:
    shown = [series("train", [1, 0.5, 0.25]), series("NDCG@10", [0.0351]), series("lr", [0.00234]), series("x", [None])]
    assert plain(notes(shown, 2.5)) == "epoch 2.50  train 0.500  NDCG@10 0.0351  lr 0.00234  x NaN"
    assert ("NaN", "bad") in notes(shown, 2.5)
    assert plain(notes(shown[:1], 0.5, "step")) == "step 0.50  train –"


def test_a_point_of_several_values_shows_its_lowest_and_highest() -> None:
    curve = Curve(name="train", x=[1.0, 2.0], low=[0.6, 0.5], high=[0.7, 0.5])
    shown = Series.of(curve, "s1")
    assert plain(notes([shown], 1.0)).endswith("train 0.600 … 0.700")
    assert shown.labelled().end == "train 0.500"
    assert Series.of(curve, "s1", name="a", dashed=True).labelled().end == "a 0.500"


def test_the_end_label_is_of_the_last_finite_value() -> None:
    assert series("valid", [0.9, 0.8, None, math.nan]).labelled().end == "valid 0.800"
    assert series("valid", [None]).labelled().end == ""


def test_names_from_outside_are_made_safe() -> None:
    assert plain(notes([series("\x1b[2J", [1])])) == "␛[2J ──"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8216, "0.822"), (0, "0.000"), (-0.5, "−0.500"), (1234.5, "1,234.500"), (0.05, "0.0500"), (0.000012, "1.2e−5"),
     (1e300, "1e300"), (None, "–"), (math.inf, "NaN")],
)  # fmt: skip
def test_values_have_three_digits_at_least(value: float | None, text: str) -> None:
    assert reading(value, value) == text


def test_smoothing_starts_at_the_first_value_and_keeps_what_is_constant() -> None:
    assert smoothed(series("a", [3.0, 3, 3]), 0.9).low == pytest.approx([3, 3, 3])
    assert smoothed(series("a", [1.0, 2]), 0.6).low == pytest.approx([1, (0.6 * 0.4 * 1 + 0.4 * 2) / (1 - 0.36)])


def test_smoothing_keeps_gaps_and_goes_on_behind_them() -> None:
    result = smoothed(series("a", [None, 2.0, math.nan, 2.0]), 0.6)
    assert result.low == [None, pytest.approx(2), None, pytest.approx(2)]
    assert result.low == result.high


def test_smoothing_follows_the_middle_of_a_point_and_changes_nothing_at_weight_0() -> None:
    shown = Series("a", "s1", [1.0], [1.0], [3.0])
    assert smoothed(shown, 0.9).low == pytest.approx([2])
    assert smoothed(shown, 0) is shown
    assert at(shown, 1.0) == (1.0, 1.0, 3.0)
