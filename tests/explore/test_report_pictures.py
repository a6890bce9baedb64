"""Pictures, parsed: what is drawn stands where the numbers say, and text stays text."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from cfbench.answers import CalibrationBin
from cfbench.explore.report import axes, marks, pictures
from cfbench.tui import looks

Element = ElementTree.Element
_SPACE = "{http://www.w3.org/2000/svg}"
NASTY = '<script>alert("&")</script> [bold]\x1b[31m\u202eevil\ufffe\ud800 \U0001f600'


def read(picture: str) -> Element:
    """The picture as a tree, after checks that every picture passes."""
    root = ElementTree.fromstring(picture.encode())  # noqa: S314
    assert root.tag == f"{_SPACE}svg"
    assert root.get("role") == "img"
    assert root[0].tag == f"{_SPACE}title"
    assert root[0].text
    assert root[1].tag == f"{_SPACE}desc"
    _, _, width, height = map(float, root.get("viewBox", "").split())
    assert (root.get("width"), root.get("height")) == (f"{width:g}", f"{height:g}")
    for element in root.iter():
        assert element.tag.removeprefix(_SPACE) in {"svg", "title", "desc", "g", "path", "rect", "circle", "text"}
        assert not [name for name in element.attrib if name.startswith("on") or "href" in name]
        for name in ("x", "cx"):
            assert -1 <= float(element.get(name, 0)) <= width + 1
        for name in ("y", "cy"):
            assert -1 <= float(element.get(name, 0)) <= height + 1
        assert "nan" not in " ".join(element.attrib.values()).lower()
    return root


def parts(root: Element, kind: str, role: str = "") -> list[Element]:
    groups = [group for group in root.iter(f"{_SPACE}g") if not role or group.get("class") == role]
    return list({id(one): one for group in groups for one in group.iter(f"{_SPACE}{kind}")}.values())


def words(root: Element, role: str = "") -> list[str]:
    return [element.text or "" for element in parts(root, "text", role)]


def test_the_inks_are_those_of_the_workbench() -> None:
    for look, inks in marks.INKS.items():
        assert inks == {role: looks.INKS[look][role] for role in inks}
        assert set(marks.INKS["light"]) == set(inks)


@pytest.mark.parametrize(
    ("low", "high", "most", "whole", "expected"),
    [
        (0, 1, 5, False, 0.2),
        (0, 1, 4, False, 0.25),
        (0, 10, 10, False, 1),
        (0, 99, 5, False, 20),
        (0, 101, 5, False, 25),
        (0, 0.003, 6, False, 0.0005),
        (1, 3, 10, True, 1),
        (1, 30, 10, True, 5),
        (1, 25, 10, True, 5),
        (1, 250, 10, True, 25),
    ],
)
def test_ticks_are_round(low: float, high: float, most: int, whole: bool, expected: float) -> None:
    assert axes.step(low, high, most, whole) == pytest.approx(expected)


def test_lines_carry_their_names_at_their_ends_and_leave_gaps() -> None:
    train = pictures.Line("train", [1, 2, 3, 4], [1.0, 0.6, 0.4, 0.3])
    valid = pictures.Line("valid", [1, 2, 3, 4], [0.9, math.nan, None, 0.31])
    root = read(pictures.lines([train, valid], "epoch", "loss", "Loss", [(3, "best, epoch 3")]))
    assert root[0].text == "Loss"
    assert words(root, "s1") == ["train"]
    assert words(root, "s2") == ["valid"]
    assert {"epoch", "loss", "1", "2", "3", "4", "◆ best, epoch 3"} <= set(words(root, "dim"))
    first, second = (parts(root, "circle", role) for role in ("s1", "s2"))
    assert [float(dot.get("cx", 0)) for dot in second] == [float(first[at].get("cx", 0)) for at in (0, 3)]
    heights = [float(dot.get("cy", 0)) for dot in first]
    assert heights == sorted(heights), "falling values go down"
    assert len(parts(root, "path", "s1")) == 1
    assert not parts(root, "path", "s2"), "two points that stand alone make no line"
    one, other = (float(parts(root, "text", role)[0].get("y", 0)) for role in ("s1", "s2"))
    assert abs(one - other) >= 15, "names do not lie over each other"
    assert root[1].text == "loss by epoch: train from 1 to 0.3; valid from 0.9 to 0.31."


def test_values_stand_at_their_ticks() -> None:
    root = read(pictures.lines([pictures.Line("a", [0, 10], [-0.4, 0.5])], "x", "y", "t"))
    ticks = {element.text: element for element in parts(root, "text", "dim")}
    low, high = parts(root, "circle", "s1")
    assert float(low.get("cy", 0)) == pytest.approx(float(ticks["−0.4"].get("y", 0)) - 4, abs=0.2)
    assert float(high.get("cx", 0)) == pytest.approx(float(ticks["10"].get("x", 0)), abs=0.2)


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5], [0.0], [1e30, 2e30], [1e-9, 2e-9], [-3.0, 1e7]])
def test_any_numbers_make_an_axis(values: list[float]) -> None:
    root = read(pictures.lines([pictures.Line("a", list(range(1, len(values) + 1)), values)], "epoch", "loss", "t"))
    assert len(parts(root, "circle", "s1")) == len(values)
    assert len(words(root, "dim")) < 25


def test_many_points_have_no_markers() -> None:
    root = read(pictures.lines([pictures.Line("a", range(1000), [float(n % 7) for n in range(1000)])], "x", "y", "t"))
    assert not parts(root, "circle")
    assert len(parts(root, "path", "s1")) == 1


def test_bars_go_both_ways_from_zero() -> None:
    rows = [pictures.Bar("up", 0.5, 0.1, "54 ratings"), pictures.Bar("down", -0.25), pictures.Bar("none", math.nan)]
    root = read(pictures.bars(rows, "Biases", "+.2f"))
    (up,), (down,) = parts(root, "rect", "s1"), parts(root, "rect", "s2")
    assert float(up.get("x", 0)) == pytest.approx(float(down.get("x", 0)) + float(down.get("width", 0)), abs=0.2)
    assert float(up.get("width", 0)) == pytest.approx(2 * float(down.get("width", 0)), abs=0.3)
    assert words(root, "text") == ["up", "+0.50", "down", "−0.25"]
    assert words(root, "dim") == ["54 ratings"]
    (whisker,) = parts(root, "path", "text")
    left, right = map(float, re.findall(r"[\d.]+", whisker.get("d", ""))[::2])
    end = float(up.get("x", 0)) + float(up.get("width", 0))
    assert (right + left) / 2 == pytest.approx(end, abs=0.2)
    assert right - left == pytest.approx(0.4 * float(up.get("width", 0)), abs=0.3)


def test_a_map_names_what_has_room() -> None:
    clouds = [pictures.Cloud("Drama", [(0, 0), (1, 1)]), pictures.Cloud("Crime", [(0.5, 0.2), (math.nan, 0)])]
    named = [("first", 0.5, 0.5), *(("crowded", 0.5, 0.5) for _ in range(9)), ("apart", 0.1, 0.9)]
    root = read(pictures.scatter(clouds, named, "component 1", "component 2", "Map", (0, 1, 0, 1)))
    assert words(root, "s1") == ["● Drama"]
    assert words(root, "s2") == ["● Crime"]
    assert parts(root, "path", "s1")[0].get("d", "").count("M") == 2
    assert parts(root, "path", "s2")[0].get("d", "").count("M") == 1
    written = words(root, "text")
    assert {"first", "apart"} <= set(written)
    assert written.count("crowded") <= 3
    assert len(parts(root, "circle", "text")) == len(named), "what has no room for its name has its point"
    without = read(pictures.scatter([pictures.Cloud("", [(1, 2)])], [], "x", "y", "t"))
    assert not words(without, "s1")


def test_calibration_stands_by_its_diagonal() -> None:
    bins = [
        CalibrationBin(10, 1.0, 1.0, 0.5),
        CalibrationBin(10, 3.0, 4.0, 0.0),
        CalibrationBin(10, 2.0, 2.0, math.nan),
    ]
    root = read(pictures.calibration(bins))
    (diagonal,) = parts(root, "path", "dim")
    x1, y1, x2, y2 = map(float, re.findall(r"[\d.]+", diagonal.get("d", "")))
    dots = [(float(dot.get("cx", 0)), float(dot.get("cy", 0))) for dot in parts(root, "circle", "s1")]

    def above(x: float, y: float) -> float:
        return y1 + (x - x1) / (x2 - x1) * (y2 - y1) - y

    assert [above(*dot) for dot in dots] == [
        pytest.approx(0, abs=0.3), pytest.approx(above(*dots[1])), pytest.approx(0, abs=0.3)
    ]  # fmt: skip
    assert above(*dots[1]) > 20
    assert len(parts(root, "path", "s1")) == 3
    assert "predicted 3.00, rated 4.00 ± 0.00" in (root[1].text or "")


def test_text_from_anywhere_stays_text() -> None:
    drawn = [
        pictures.lines([pictures.Line(NASTY, [1], [1])], NASTY, NASTY, NASTY, [(1, NASTY)]),
        pictures.bars([pictures.Bar(NASTY, 1, None, NASTY)], NASTY),
        pictures.scatter([pictures.Cloud(NASTY, [(0, 0)])], [(NASTY, 0, 0)], NASTY, NASTY, NASTY),
        pictures.calibration([CalibrationBin(1, 1, 1, 1)], NASTY),
    ]
    for picture in drawn:
        root = read(picture)
        assert "<script" not in picture
        assert not re.search("[\x00-\x1f\u202e\ufffe\ud800]", picture)
        assert (root[0].text or "").startswith('<script>alert("&")</script> [bold]␛[31m�evil')


def test_nothing_is_drawn_as_a_sentence() -> None:
    nothing = [
        pictures.lines([pictures.Line("a", [1], [None])], "x", "y", "t"),
        pictures.lines([], "x", "y", "t"),
        pictures.bars([], "t"),
        pictures.scatter([], [], "x", "y", "t"),
        pictures.calibration([]),
    ]
    for picture in nothing:
        assert words(read(picture)) == ["there is no number to draw"]
