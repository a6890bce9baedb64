"""How many lines each panel of the Data screen gets: as many as it has something to say."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.answers import DataProfile
from cfbench.tui.shell.layout import Bands, Stack

_LEFT, _RIGHT = 5, 3
_SETTINGS, _FEW_SETTINGS = 10, 7
_ROOMY = 27


def left(width: int) -> int:
    """Return the cells of the panels at the left, of `width` cells for all."""
    return (width - 3) * _LEFT // (_LEFT + _RIGHT)


def side_by_side(profile: DataProfile | None, told: int, height: int) -> Bands:
    """Return the panels' places in the wide form.

    Args:
        profile: of the data, if there are any.
        told: lines that the doctor has to say.
        height: lines for all panels; where they are few, what happened over time gives way.
    """
    columns = min(len(profile.columns) + 2 if profile else 6, max(5, height // 4))
    bars = min(len(profile.targets) + 1 if profile else 6, max(6, height // 3))
    charts: Stack = (("tail", -4), ("times", -3)) if height >= _ROOMY else (("tail", 0),)
    settings = _SETTINGS if height >= _ROOMY else _FEW_SETTINGS
    stack: Stack = (("rows", 0), ("doctor", max(3, min(told + 1, height // 4))), ("settings", settings))
    return ((0, ((-_LEFT, stack), (-_RIGHT, (("columns", columns), ("ratings", bars), *charts)))),)


def pages(profile: DataProfile | None) -> Sequence[Stack]:
    """Return the pages of the narrow form."""
    bars = min(len(profile.targets) + 1 if profile else 6, 7)
    return (
        (("rows", 0), ("ratings", bars)),
        (("columns", 0), ("doctor", 8)),
        (("tail", 0), ("times", 0)),
        (("settings", 0),),
    )
