"""Labels where lines end: near their last values, none over another, over a line only where there is no room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cfbench.text import width
from cfbench.tui.drawing.canvas import Canvas
from cfbench.tui.drawing.lines import fit

_FARTHEST = 4  # rows from where a label belongs, to keep it clear of lines


@dataclass(frozen=True)
class Ending:
    """A label: its line ends in `row` and `column`, `dot` dots below the upper edge."""

    text: str
    role: str
    row: int
    column: int
    dot: float

    @property
    def start(self) -> int:
        """Its first column: a blank stays between it and its line."""
        return self.column + 2


def write(canvas: Canvas, endings: list[Ending]) -> None:
    """Write the labels, cut where they don't fit; what has no room at all is left out."""
    taken: list[tuple[int, int, int]] = []
    for group in _side_by_side(endings):
        for ending, wanted in zip(group, _spread(group, canvas.rows), strict=True):
            start = ending.start
            end = min(start + width(ending.text), canvas.columns)
            if end - start < min(2, width(ending.text)):  # a single letter of more says nothing
                continue
            rows = sorted(range(canvas.rows), key=lambda row: abs(row - wanted))
            rows = [row for row in rows if not any(row == r and start <= b and a <= end for r, a, b in taken)]
            clear = [r for r in rows if abs(r - wanted) <= _FARTHEST and canvas.free(r, start - 1, end - start + 1)]
            for row in [*clear, *rows][:1]:
                taken.append((row, start, end))
                canvas.write(row, start, fit(ending.text, end - start), ending.role)


def _side_by_side(endings: list[Ending]) -> Iterator[list[Ending]]:
    """Yield groups of labels that would cover one another in an equal row, each from above."""
    group: list[Ending] = []
    reach = 0
    for ending in sorted(endings, key=lambda ending: ending.start):
        if group and ending.start > reach:
            yield sorted(group, key=lambda ending: ending.dot)
            group = []
        group.append(ending)
        reach = max(reach, ending.start + width(ending.text))
    yield sorted(group, key=lambda ending: ending.dot)


def _spread(group: list[Ending], rows: int) -> list[int]:
    """Return a row for each label, near to where it belongs, such that they keep their order and share no row."""
    heaps: list[tuple[float, int]] = []  # first row, labels
    for ending in group:
        heaps.append((ending.row, 1))
        while len(heaps) > 1 and heaps[-2][0] + heaps[-2][1] > heaps[-1][0]:
            (above, n), (below, m) = heaps[-2:]
            heaps[-2:] = [((above * n + (below - n) * m) / (n + m), n + m)]
    spread: list[int] = []
    for first, n in heaps:
        top = max(0, min(rows - n, round(first)))
        spread += range(top, top + n)
    return spread
