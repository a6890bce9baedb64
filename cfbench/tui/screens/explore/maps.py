"""The map of factors as dots and titles, and what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.answers import Axis, FactorMap, Point, Scored
from cfbench.text import label
from cfbench.text import width as text_width
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.canvas import ACROSS, DOWN, Canvas
from cfbench.tui.drawing.lines import Line, cells, cut, fit, text, wrapped

GROUPS = (("●", "s1"), ("▲", "s2"), ("■", "s3"), ("◇", "s4"), ("·", "dim"))
"""Sign and role of each group, so that named points are told apart without colour."""

CHOSEN = "◆"
_TITLE, _LEAST_TITLE, _CELLS_A_NAME, _LABEL = 24, 6, 70, 14
_ARROWS = "→↗↑↖←↙↓↘"


def picture(found: FactorMap, chosen: str, width: int, height: int) -> list[Line]:
    """Return dots and titles in `width` x `height` cells; the map was asked for as many dots as these have."""
    if (found.columns, found.rows) != (width * ACROSS, height * DOWN):
        return [[("  drawing the map …", "dim")]]
    canvas = Canvas(height, width)
    grouped = len(found.groups) > 1
    for number, dots in enumerate(found.dots):
        role = GROUPS[min(number, len(GROUPS) - 1)][1] if grouped else "dim"
        if grouped and number == len(found.dots) - 1:
            role = "faint"
        for dot in dots:
            row, column = divmod(dot, found.columns)
            canvas.upright(column, row, row, role)
    taken: list[tuple[int, int, int]] = []
    left = max(4, width * height // _CELLS_A_NAME)
    for point in sorted(found.named, key=lambda point: point.label != chosen):
        if left and _named(canvas, taken, found, point, point.label == chosen, grouped):
            left -= 1
    return [canvas.line(row) for row in range(height)]


def cell(found: FactorMap, x: float, y: float, width: int, height: int) -> tuple[int, int]:
    """Return the row and column of cells of a place on the map; outside the picture where it is not in the window."""
    left, right, bottom, top = found.window
    column = round((x - left) / (right - left) * (width * ACROSS - 1)) // ACROSS
    row = round((top - y) / (top - bottom) * (height * DOWN - 1)) // DOWN
    return row, column


def _named(
    canvas: Canvas, taken: list[tuple[int, int, int]], found: FactorMap, point: Point, chosen: bool, grouped: bool
) -> bool:
    """Write a point's sign and title beside it where nothing else is written; return whether there was room."""
    row, column = cell(found, point.x, point.y, canvas.columns, canvas.rows)
    if not (0 <= row < canvas.rows and 0 <= column < canvas.columns):
        return False
    sign, role = "•", "s1"
    if grouped and point.group in found.groups:
        sign, role = _look(found, found.groups.index(point.group))
    if chosen:
        sign, role = CHOSEN, "warn"
    room = max(canvas.columns - column - 2, column - 1)
    title = label(point.title, min(_TITLE, room)) if room >= _LEAST_TITLE else ""
    size = text_width(title)
    for start in (column + 2, column - 1 - size) if title else ():
        first, last = min(start, column), max(start + size, column + 1)
        if first < 0 or last > canvas.columns:
            continue
        if any(row == y and first <= end and begin <= last for y, begin, end in taken):
            continue
        canvas.write(row, column, sign, f"{role} b" if chosen else role)
        canvas.write(row, column + 1 if start > column else column - 1, " ", "")
        canvas.write(row, start, title, "b" if chosen else "")
        taken.append((row, first - 1, last))
        return True
    return False


def notes(found: FactorMap, room: int) -> Line:
    """Return the axes with their shares, and what has which colour; in a small room the colours come first."""
    axes = f"PC{found.x.component} {found.x.share:.0%} × PC{found.y.component} {found.y.share:.0%}"
    turned = ("turned to follow", "turned") if found.turned else ()
    heads = [*(f"{axes}, {said}" for said in turned)] or [axes]
    if len(found.groups) > 1:
        heads += [*turned[-1:], ""]
    legends = [_legend(found, size) for size in (_LABEL, _LABEL // 2)]
    lines = [[(head, ""), *legend] if head else legend[1:] for legend in legends for head in heads]
    return next((line for line in lines if cells(line) <= room), lines[-1])


def _legend(found: FactorMap, size: int) -> Line:
    line: Line = []
    for number, group in enumerate(found.groups if len(found.groups) > 1 else ()):
        if found.dots[number]:
            line += [("  ", ""), _look(found, number), (" ", ""), text(label(group, size), "dim")]
    return line


def _look(found: FactorMap, number: int) -> tuple[str, str]:
    """Return a group's sign and role; the last one is what is in no other."""
    return GROUPS[-1] if number == len(found.groups) - 1 else GROUPS[number]


def around(found: FactorMap, chosen: Scored | None, nearest: Sequence[Scored], width: int, height: int) -> list[Line]:
    """Return what the axes mean, what moved, what is nearest to the chosen one, and what the map does not show."""
    drawn: list[Line] = []
    for name, axis in (("across", found.x), ("upwards", found.y)):
        drawn += _axis(name, axis, found.turned, width)
    counted = f"{figures.count(found.shown)} of {figures.count(found.total)} {found.of}s are in sight"
    if found.drawn < found.shown:
        counted += f", the {figures.count(found.drawn)} with most ratings drawn"
    drawn += [*([(line[0][0], "dim")] for line in wrapped(counted, width)), []]
    if found.median_move is not None:
        drawn.append([("moved most", "b"), (f"   median {found.median_move:.1%} of the width", "dim")])
        for one in found.moved:
            arrow = _ARROWS[round(one.angle / 45) % 8]
            drawn.append([(fit(one.title, width - 9), ""), (f" {arrow} {one.distance:6.1%}", "s1")])
        drawn.append([])
    if chosen is not None and found.of == "item" and nearest:
        drawn.append([(f"{CHOSEN} ", "warn"), text(chosen.title or chosen.label, "b")])
        drawn.append([("nearest in all factors", "dim")])
        for item in nearest[: max(3, height - len(drawn) - 6)]:
            drawn.append([(fit(item.title, width - 8), ""), (fit(figures.metric(item.value), 8, ">"), "b")])
        drawn.append([])
    drawn += [[(line[0][0], "dim")] for line in wrapped(found.sentence, width)]
    return [cut([("  ", ""), *line], width + 2) for line in drawn[:height]]


def answer(found: FactorMap) -> Line:
    """Return what lies at the ends of the axis across."""
    if not (found.x.low and found.x.high):
        return []
    line: Line = [text(found.x.low[0], "b"), (" and ", ""), text(found.x.high[0], "b")]
    along = "from left to right" if found.turned else f"along component {found.x.component}"
    return [*line, (f" are the farthest apart {along}", "")]


def _axis(name: str, axis: Axis, turned: bool, width: int) -> list[Line]:
    along = "turned" if turned else f"component {axis.component}"
    head: Line = [(name, "b"), (f"  {along}, {axis.share:.1%} of variance", "dim")]
    signs = ("←", "→") if name == "across" else ("↓", "↑")
    return [head, *([(f"{sign} ", "s1"), *cut([text(", ".join(titles))], width - 2)]
                    for sign, titles in zip(signs, (axis.low, axis.high), strict=True))]  # fmt: skip
