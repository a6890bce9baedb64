"""Colours and signs. Colour belongs to data and state, weight to focus; the frame is grey and never moves.

A role is a word; roles combine: "s1 b" is the first series in bold. Where there is no colour (NO_COLOR, the ANSI looks)
every role still differs by a sign, by weight, or by reversing.
"""

from __future__ import annotations

import functools

from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

LOOKS = ("dark", "light", "ansi-dark", "ansi-light")

# Okabe and Ito, "Color Universal Design", 2008: series that stay apart for colour-blind eyes.
INKS = {
    "dark": {
        "text": "#d9dfe5", "ground": "#0e1217", "dim": "#929ca6", "faint": "#3f4a55",
        "sel": "#1a2129", "cur": "#263341",
        "ok": "#2fb58a", "warn": "#e69f00", "bad": "#f37c50",
        "s1": "#56b4e9", "s2": "#e69f00", "s3": "#2fb58a", "s4": "#d384af", "s5": "#f0e442",
    },
    "light": {
        "text": "#1c2228", "ground": "#ffffff", "dim": "#5c6670", "faint": "#c3cad1",
        "sel": "#eef1f4", "cur": "#dbe3ea",
        "ok": "#00694d", "warn": "#8a5a00", "bad": "#b03a00",
        "s1": "#0066a1", "s2": "#8a5a00", "s3": "#00694d", "s4": "#9c3f72", "s5": "#6d6500",
    },
}  # fmt: skip

_ANSI = {
    "ok": "green", "bad": "red", "warn": "yellow",
    "s1": "cyan", "s2": "yellow", "s3": "green", "s4": "magenta", "s5": "blue",
}  # fmt: skip

_WEIGHTS = {"b": "bold", "u": "underline", "rev": "reverse"}
_BACKGROUNDS = {"sel", "cur"}
_WITHOUT_COLOUR = {"dim": "dim", "faint": "dim", "bad": "bold", "warn": "bold", "sel": "bold", "cur": "reverse"}

STATES = {
    "running": ("●", "ok"),
    "paused": ("‖", "warn"),
    "queued": ("○", "dim"),
    "finished": ("✓", "dim"),
    "failed": ("✗", "bad"),
    "stopped": ("■", "dim"),
    "lost": ("?", "bad"),
}
"""State of a run -> its sign and role."""


def theme(look: str) -> Theme:
    """Return the look as a theme of Textual, named ``cfbench-<look>``."""
    if look.startswith("ansi"):
        # Textual's own styles name variables that only its ANSI themes define.
        inherited = BUILTIN_THEMES[look].variables
        ground = "ansi_default"
        variables = {**inherited, "sel": ground, "cur": ground, "dim": ground, "faint": ground, "bad": "ansi_red"}
        return Theme(
            f"cfbench-{look}", primary="ansi_cyan", foreground=ground, background=ground, surface=ground, panel=ground,
            dark=look == "ansi-dark", ansi=True, variables=variables,
        )  # fmt: skip
    ink = INKS[look]
    return Theme(
        f"cfbench-{look}", primary=ink["s1"], foreground=ink["text"], background=ink["ground"], surface=ink["ground"],
        panel=ink["ground"], dark=look == "dark", variables=ink,
    )  # fmt: skip


@functools.cache
def style(look: str, roles: str) -> Style:
    """Return the style of roles in a look; `look` is "" where nothing may be coloured."""
    combined = Style()
    for role in roles.split():
        combined += _style(look, role)
    return combined


def _style(look: str, role: str) -> Style:
    if role in _WEIGHTS:
        return Style.parse(_WEIGHTS[role])
    if look in INKS:
        ink = INKS[look][role]
        return Style.parse(f"on {ink}" if role in _BACKGROUNDS else ink)
    weight = Style.parse(_WITHOUT_COLOUR.get(role, "none"))
    return weight + Style.parse(_ANSI[role]) if look and role in _ANSI else weight
