"""The newest picture of each run's map, kept in memory, so that the next one is turned to follow it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Side
from cfbench.explore.factors import factors_of, tables_of
from cfbench.explore.principal import Components, components, turned
from cfbench.explore.trained import Trained

_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Frame:
    """The components of one checkpoint.

    Attributes:
        step: the checkpoint's.
        codes: of the points, int32 (n,).
        found: their components.
        before: coordinates of the frame before, float64 (n, m), None where there is none of the same points.
        turned: it was turned to follow that one, so that its axes are others than the components.
    """

    step: int
    codes: NDArray[np.int32]
    found: Components
    before: _Floats | None
    turned: bool = False


_newest: dict[tuple[str, Side, int], Frame] = {}
_MOST = 8
_SAME = 1e-6
"""Share of the map's width below which a point lies where it lay, so that a mirrored map is not one that was turned."""


def frame(trained: Trained, side: Side, codes: NDArray[np.int32], count: int, follow: bool) -> Frame:
    """Return the first `count` components of some users' or items' factors.

    Args:
        trained: the model.
        side: whose factors.
        codes: whose, int32 (n,).
        count: how many components.
        follow: turn them to come nearest to the frame of the same run that was asked for before, unless that was of the
            untrained model, whose vectors have no direction of their own.
    """
    key = trained.run.id, side, count
    last = _newest.get(key)
    if follow and last is not None and last.step == trained.step and np.array_equal(last.codes, codes):
        return last
    found = components(factors_of(tables_of(trained), side)[codes], count)
    before, is_turned = None, False
    if follow and last is not None and last.step and np.array_equal(last.codes, codes):
        before = last.found.coordinates
        followed = turned(found.coordinates, before)
        is_turned = not np.allclose(np.abs(followed), np.abs(found.coordinates), atol=_SAME * np.ptp(found.coordinates))
        found = Components(followed, found.shares)
    made = Frame(trained.step, codes, found, before, is_turned)
    if follow:
        _newest.pop(key, None)
        _newest[key] = made
        while len(_newest) > _MOST:
            _newest.pop(next(iter(_newest)))
    return made
