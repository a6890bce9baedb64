"""The views of the Explore screen, and which panels stand in each."""

from __future__ import annotations

from cfbench.tui.shell.layout import Bands, Stack

RECOMMEND, MINE, ALIKE, MAP, TAB, STEP, FACTORS, ERRORS = range(8)

NAMES = ("recommended", "rate for me", "biases", "map", "cross-tab", "one step", "factors", "errors")

BANDS: tuple[Bands, ...] = (
    ((0, ((-5, (("recommended", -1), ("tab", -1))), (-6, (("why", -1), ("map", -1))))),),
    ((0, ((-5, (("mine", -1), ("recommended", -2))), (-6, (("why", -1), ("map", -1))))),),
    ((0, ((-5, (("biases", 0),)), (-6, (("nearest", 0),)))),),
    ((0, ((0, (("map", 0),)), (44, (("around", 0),)))),),
    ((0, ((-5, (("tab", 0),)), (-3, (("why", 0),)))),),
    ((0, ((0, (("step", 0),)),)),),
    ((0, ((-1, (("spectrum", 0),)), (-1, (("told", 0),)))),),
    ((0, ((-5, (("wrong", 0),)), (-6, (("calibration", 12), ("worst", 0))))),),
)
"""The wide form."""

PAGES: tuple[Stack, ...] = (
    (("recommended", -3), ("why", -2)),
    (("mine", 0),),
    (("biases", 0),),
    (("nearest", 0),),
    (("map", 0),),
    (("around", 0),),
    (("tab", 0),),
    (("step", 0),),
    (("spectrum", 0),),
    (("told", 0),),
    (("wrong", 0),),
    (("calibration", 12), ("worst", 0)),
)
"""The narrow form: a page of one or two panels."""

NEEDS = {
    "recommended": ("recommended",),
    "why": ("recommended", "why"),
    "mine": ("recommended",),
    "biases": ("biases",),
    "nearest": ("biases", "nearest"),
    "map": ("map",),
    "around": ("map", "nearest"),
    "tab": ("tab",),
    "step": ("step",),
    "spectrum": ("spectrum",),
    "told": ("spectrum",),
    "wrong": ("wrong",),
    "calibration": ("wrong",),
    "worst": ("wrong",),
}
"""Panel -> the answers that it is drawn from, in the order in which they are asked for."""

SAYS = {panel: needs[0] for panel, needs in NEEDS.items()} | {"why": "why", "nearest": "nearest"}
"""Panel -> the answer that the sentence above is taken from."""

SHOWS = {
    "recommended": ("recommended", "mine"),
    "why": ("why",),
    "biases": ("biases",),
    "nearest": ("nearest", "around"),
    "map": ("map", "around"),
    "tab": ("tab",),
    "step": ("step",),
    "spectrum": ("spectrum", "told"),
    "wrong": ("wrong", "calibration", "worst"),
}
"""Answer -> the panels that show it."""


def view_of(panel: str) -> int:
    """Return the wide view that is about a panel: the first one that begins with it, else that has it."""
    found = [n for n in range(len(BANDS)) if panel in panels(n)]
    return min(found, key=lambda n: panels(n)[0] != panel)


def panels(view: int) -> tuple[str, ...]:
    """Return the panels of a wide view, in reading order."""
    return tuple(name for _, columns in BANDS[view] for _, stack in columns for name, _ in stack)
