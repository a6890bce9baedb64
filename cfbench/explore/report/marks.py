"""What pictures are drawn with: inks, and the SVG of text, dots and the sheet that they lie on.

A mark takes its colour from the group that it stands in, through ``currentColor``. The group has the ink of a light
ground, so a picture can be read alone; a page gives its groups other inks by their classes, as in the dark.
"""

from __future__ import annotations

from cfbench import text
from cfbench.explore.report.words import safe

# Okabe and Ito, "Color Universal Design", 2008: series that stay apart for colour-blind eyes.
INKS = {
    "light": {
        "text": "#1c2228", "ground": "#ffffff", "dim": "#5c6670", "faint": "#c3cad1",
        "s1": "#0066a1", "s2": "#8a5a00", "s3": "#00694d", "s4": "#9c3f72", "s5": "#6d6500",
    },
    "dark": {
        "text": "#d9dfe5", "ground": "#0e1217", "dim": "#929ca6", "faint": "#3f4a55",
        "s1": "#56b4e9", "s2": "#e69f00", "s3": "#2fb58a", "s4": "#d384af", "s5": "#f0e442",
    },
}  # fmt: skip
"""Look -> role -> colour, the same as in the workbench."""

WIDE = 720
"""Of a picture, in its own units."""

_LETTER = 12


def picture(width: int, height: int, title: str, body: str, told: str) -> str:
    """Return a whole picture; `title` says what is to be seen, `told` the same as the picture in words."""
    ground = ink("ground", f'<rect width="{width}" height="{height}" fill="currentColor"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="system-ui, -apple-system, \'Segoe UI\', sans-serif" font-size="{_LETTER}" '
        f'fill="none"><title>{safe(title)}</title><desc>{safe(told, 2000)}</desc>{ground}{body}</svg>'
    )


def nothing(title: str) -> str:
    """Return the picture of no numbers."""
    return picture(WIDE, 48, title, ink("dim", say(8, 28, "there is no number to draw")), "It is empty.")


def ink(role: str, body: str) -> str:
    """Return marks in the colour of a role."""
    return f'<g class="{role}" color="{INKS["light"][role]}">{body}</g>'


def say(x: float, y: float, words: str, anchor: str = "start", cells: int = 60, bold: bool = False) -> str:
    """Return text from anywhere, its `anchor` (start, middle, end) at a place on its base line."""
    weight = ' font-weight="600"' if bold else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place}{weight} fill="currentColor">{safe(words, cells)}</text>'


def dot(x: float, y: float, radius: float) -> str:
    """Return a filled circle."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="currentColor"/>'


def wide(words: str, cells: int = 60) -> float:
    """Return about how wide text is, in the units of a picture."""
    return text.width(text.label(words, cells)) * _LETTER * 0.58
