"""Users by items: what was rated, what is predicted, and the error, with a cursor on one cell."""

from __future__ import annotations

from cfbench.answers import Cell, PredictedTab
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line, cut, fit, text

USER, WIDE = 8, 15
"""Cells of a user's name, and of one item's three numbers."""

HELD_OUT = "*"
"""Stands beside a rating that training did not see."""

_LARGE = 99.5
"""A prediction from here on has one decimal: two would have no room."""


def picture(found: PredictedTab, row: int, column: int, lit: bool, width: int, height: int) -> list[Line]:
    """Return the items' titles, and under them a line for each user; the cursor's cell stands out."""
    shown = max(1, (width - USER - 2) // (WIDE + 2))
    first = max(0, min(column - shown + 1, len(found.titles) - shown))
    items = range(first, min(len(found.titles), first + shown))
    top = max(0, min(row - (height - 2), len(found.users) - (height - 1)))
    head: Line = [(" " * (USER + 2), "")]
    for n in items:
        head.append(("  " + fit(found.titles[n], WIDE, ">"), "b" if n == column else "dim"))
    drawn = [head]
    for n in range(top, min(len(found.users), top + height - 1)):
        here = n == row
        line: Line = [("▸ " if here else "  ", "b"), (fit(f"user {found.users[n]}", USER), "b" if here else "")]
        for item in items:
            line += _cell(found.cells[n][item], here and item == column, lit)
        drawn.append(line)
    return [cut(line, width) for line in drawn]


def _cell(cell: Cell, chosen: bool, lit: bool) -> Line:
    tone = (" cur" if lit else " sel") if chosen else ""
    rating = "·" if cell.rating is None else figures.plain(cell.rating)
    sign = ">" if chosen else " "
    places = 2 if abs(cell.prediction) < _LARGE else 1
    line: Line = [
        (" ", ""),
        (sign, f"b{tone}"),
        (fit(rating, 3, ">"), f"{'dim' if cell.rating is None else 'b'}{tone}"),
        (HELD_OUT if _held_out(cell) else " ", f"warn{tone}"),
        (fit(figures.metric(cell.prediction, places), 5, ">"), tone),
    ]
    if cell.error is None:
        line.append((" " * 6, tone))
    else:
        role = "s1" if cell.error >= 0 else "s2"
        line.append((fit(figures.signed(cell.error), 6, ">"), f"{role}{tone}"))
    return line


def _held_out(cell: Cell) -> bool:
    return cell.part not in ("", "train")


def notes(found: PredictedTab | None, room: int) -> Line:
    """Return what the numbers of a cell are, and what the mark beside some says: that alone where there is no room."""
    numbers = f"rating  {'score' if found and found.ranks else 'prediction  error'}"
    if found is None or not any(_held_out(cell) for cells in found.cells for cell in cells):
        return [(numbers, "dim")]
    mark = f"{HELD_OUT} not in training"
    both = f"{numbers}  {mark}"
    return [(both if len(both) <= room else mark, "dim")]


def answer(found: PredictedTab, row: int, column: int) -> Line:
    """Return what the cursor's cell says."""
    if not found.users or not found.items:
        return []
    cell = found.cells[row][column]
    predicted = ", score " if found.ranks else ", predicted "
    line: Line = [("user ", ""), text(found.users[row], "b")]
    if cell.rating is not None:
        line += [(" gave ", ""), text(found.titles[column], "b"), (f" {figures.plain(cell.rating)}", "b")]
        return [*line, (predicted, ""), (figures.metric(cell.prediction, 2), "b"), (f"  in {cell.part}", "dim")]
    return [
        *line,
        (" did not rate ", ""),
        text(found.titles[column], "b"),
        (predicted, ""),
        (figures.metric(cell.prediction, 2), "b"),
    ]
