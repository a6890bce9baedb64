"""The densest users by items, by name, as lines."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.answers import CrossTab
from cfbench.text import label, width
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.lines import Line, fit

_NAME, _USER = 44, 8


def lines(crosstab: CrossTab) -> Sequence[Line]:
    """Return a line an item, a column a user."""
    names = min(_NAME, max((width(label(item)) for item in crosstab.items), default=0))
    users = [label(user, _USER) for user in crosstab.users]
    wide = [max(4, width(user)) for user in users]
    head: Line = [(" " * names, ""), *((f"  {fit(user, w, '>')}", "dim") for user, w in zip(users, wide, strict=True))]
    found = [head]
    for n, item in enumerate(crosstab.items):
        cells = [crosstab.cells[user][n] for user in range(len(users))]
        line: Line = [(fit(item, names), "")]
        for cell, w in zip(cells, wide, strict=True):
            shown = "·" if cell is None else figures.plain(cell)
            line.append((f"  {fit(shown, w, '>')}", "dim" if cell is None else "b"))
        found.append(line)
    return found
