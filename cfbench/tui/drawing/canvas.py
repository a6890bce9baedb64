"""A grid of cells to draw on: braille dots, two across and four down in a cell, and text over them."""

from __future__ import annotations

from cfbench.text import width
from cfbench.tui.drawing.lines import Line

ACROSS, DOWN = 2, 4
"""Dots in a cell."""

BRAILLE = [chr(0x2800 + bits) for bits in range(256)]

GRID, CROSSHAIR = "·", "│"

_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BETWEEN = [
    [[sum(bits[first : final + 1]) for final in range(DOWN)] for first in range(DOWN)] for bits in _BITS
]  # side, first dot, final dot -> bits


class Canvas:
    """Cells that are blank at first."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self._text = [[" "] * columns for _ in range(rows)]
        self._roles = [[""] * columns for _ in range(rows)]
        self._dots = [bytearray(columns) for _ in range(rows)]

    def upright(self, dot: int, top: int, bottom: int, role: str) -> None:
        """Draw a column of dots from `top` to `bottom`, counted from the upper edge; what lies outside is left out."""
        top, bottom = max(0, top), min(self.rows * DOWN - 1, bottom)
        column, between = dot // ACROSS, _BETWEEN[dot % ACROSS]
        for row in range(top // DOWN, bottom // DOWN + 1):
            first = row * DOWN
            bits = self._dots[row][column] | between[max(0, top - first)][min(DOWN - 1, bottom - first)]
            self._dots[row][column] = bits
            self._text[row][column] = BRAILLE[bits]
            self._roles[row][column] = role

    def write(self, row: int, column: int, text: str, role: str) -> None:
        """Write text that is safe to draw over whatever is there; it must have room."""
        self._text[row][column] = text
        self._roles[row][column] = role
        for n in range(column + 1, column + width(text)):
            self._text[row][n] = ""
            self._roles[row][n] = role

    def free(self, row: int, column: int, cells: int) -> bool:
        """Return whether nothing but the grid and the crosshair would be covered."""
        return all(text in (" ", GRID, CROSSHAIR) for text in self._text[row][column : column + cells])

    def line(self, row: int) -> Line:
        """Return a row as spans."""
        line: Line = []
        start, roles, text = 0, self._roles[row], self._text[row]
        for n in range(1, self.columns + 1):
            if n == self.columns or roles[n] != roles[start]:
                line.append(("".join(text[start:n]), roles[start]))
                start = n
        return line
