"""A map of items or users: their factors along two principal components, as dots and names for a window of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Axis, FactorMap, Moved, Point, Side
from cfbench.errors import BadInput, listing, nearest
from cfbench.explore.factors import tables_of
from cfbench.explore.frames import Frame, frame
from cfbench.explore.naming import item_code, user_code
from cfbench.explore.offering import offered, to_train_with
from cfbench.explore.ranking import known
from cfbench.explore.trained import Trained
from cfbench.loading import kept

_Floats = NDArray[np.float64]
Window = tuple[float, float, float, float]
"""Left, right, bottom, top."""

DOTS = 2000
NAMED = 40
_ENDS, _MOVED, _GROUPS = 3, 5, 4
_MARGIN = 0.04
OTHER = "other"


def factor_map(
    trained: Trained,
    side: Side = "item",
    axes: tuple[int, int] = (1, 2),
    window: Window | None = None,
    columns: int = 120,
    rows: int = 60,
    least: int = 1,
    field: str = "",
    chosen: str = "",
    follow: bool = False,
) -> FactorMap:
    """Return a window of the map.

    Args:
        trained: the model.
        side: whose factors.
        axes: which two principal components, from 1: across, and upwards.
        window: left, right, bottom, top; None: all.
        columns: dots across.
        rows: dots upwards.
        least: training rows that each has at least.
        field: of items, that groups them: by quarters of all the map's values where it holds numbers, else by the four
            labels that most of the map's items have. One with several of these counts by the rarest of them. "" for
            none.
        chosen: title or label of a point that is named whatever its training rows.
        follow: turn it to follow the map that was asked for before, so that points drift while a run trains.

    Raises:
        BadInput: the model has no factors or not so many, there is no such field or label, or nothing to show.
    """
    if min(columns, rows) < 1:
        raise BadInput(f"{columns} x {rows} dots show nothing", mend="ask for one or more each way")
    codes = known(trained, side, least)
    if len(codes) < 2:
        ratings = f"{least} rating{'s' * (least != 1)}"
        mend = "make --least smaller" if least > 1 else f"train on more than one {side}"
        raise BadInput(f"there are not two {side}s with {ratings} or more", mend=mend)
    highest = max(axes)
    found = frame(trained, side, codes, highest, follow)
    if min(axes) < 1 or highest > found.found.coordinates.shape[1] or axes[0] == axes[1]:
        n = len(found.found.shares)
        if n < 2:
            raise BadInput("the model has 1 factor, and a map needs two", mend="train with more: model.n_factors")
        raise BadInput(f"{axes[0]},{axes[1]} are no two components of {n} factors", mend=f"name two from 1 to {n}")
    points = found.found.coordinates[:, [axis - 1 for axis in axes]]
    whole = _around(points)
    left, right, bottom, top = shown = window or whole
    if not (np.isfinite(shown).all() and right > left and top > bottom):
        raise BadInput(f"the window {left:g},{right:g},{bottom:g},{top:g} is empty", mend="left < right, bottom < top")
    inside = np.flatnonzero(
        (points[:, 0] >= left) & (points[:, 0] <= right) & (points[:, 1] >= bottom) & (points[:, 1] <= top)
    )
    counts = trained.counts[side][codes]
    inside = inside[np.argsort(-counts[inside], kind="stable")]
    groups, group_of = _grouped(trained, side, codes, field)
    drawn = inside[:DOTS]
    column = ((points[drawn, 0] - left) / (right - left) * (columns - 1)).round().astype(np.int64)
    row = ((top - points[drawn, 1]) / (top - bottom) * (rows - 1)).round().astype(np.int64)
    dots = row * columns + column
    named = inside[:NAMED]
    if chosen:
        code = item_code(trained, chosen) if side == "item" else user_code(trained, chosen)
        place = np.flatnonzero(codes == code)
        named = np.concatenate([place, named[named != place[0]]]) if len(place) else named
    names = [*groups, OTHER]
    moved, median = _moves(trained, side, found, axes)
    across, upwards = (_axis(trained, side, codes, points[:, n], axes[n], found) for n in (0, 1))
    return FactorMap(
        step=trained.step,
        of=side,
        x=across,
        y=upwards,
        window=shown,
        whole=whole,
        columns=columns,
        rows=rows,
        groups=tuple(names) if groups else ("",),
        dots=tuple(tuple(np.unique(dots[group_of[drawn] == n]).tolist()) for n in range(len(names) if groups else 1)),
        named=tuple(
            Point(
                trained.classes[side][codes[n]],
                _title(trained, side, codes[n]),
                float(points[n, 0]),
                float(points[n, 1]),
                int(counts[n]),
                names[group_of[n]] if groups else "",
            )
            for n in named.tolist()
        ),
        shown=len(inside),
        drawn=len(drawn),
        total=len(codes),
        moved=moved,
        median_move=median,
        sentence=_sentence(side, _biased(trained, side), 1 - across.share - upwards.share),
        turned=found.turned,
    )


def _around(points: _Floats) -> Window:
    """Return a window around points, float64 (n, 2), with a margin; never one without extent."""
    low, high = points.min(0), points.max(0)
    pad = np.maximum((high - low) * _MARGIN, 1e-9)
    return float(low[0] - pad[0]), float(high[0] + pad[0]), float(low[1] - pad[1]), float(high[1] + pad[1])


def _title(trained: Trained, side: Side, code: int) -> str:
    return trained.classes["title" if side == "item" else "user"][code]


def _axis(
    trained: Trained, side: Side, codes: NDArray[np.int32], values: _Floats, component: int, found: Frame
) -> Axis:
    order = np.argsort(values, kind="stable")
    total = found.found.shares.sum()
    everything = float((found.found.coordinates**2).sum())
    own = float(found.found.shares[: found.found.coordinates.shape[1]].sum())
    share = own * float((values**2).sum()) / everything if total and everything else 0.0
    low, high = order[:_ENDS].tolist(), order[::-1][:_ENDS].tolist()
    return Axis(
        component,
        share,
        tuple(_title(trained, side, codes[n]) for n in low),
        tuple(_title(trained, side, codes[n]) for n in high),
    )


def _grouped(trained: Trained, side: Side, codes: NDArray[np.int32], field: str) -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of at most four groups, and for each point its group: their number for others.

    They are quarters of a field of numbers, lowest first, else the labels that most of the points have, most first. Of
    several labels among these a point counts by the one that fewest have.
    """
    if not field:
        return [], np.zeros(len(codes), np.int64)
    if side != "item":
        raise BadInput("users' points have no field to be coloured by", mend="colour items")
    owned = kept.of_items(trained.run.data)
    members = sorted(name for name in owned if name.startswith(f"{field}: "))
    if field in owned and field in trained.classes:
        return _one_label(np.array(trained.classes[field]), np.asarray(owned[field][codes]))
    if field in owned:
        return _quarters(np.asarray(owned[field][codes], np.float64))
    if members:
        has = np.stack([np.asarray(owned[name][codes], np.float32) > 0 for name in members], 1)
        return _several_labels([name.partition(": ")[2] for name in members], has)
    fields = list(dict.fromkeys(name.partition(": ")[0] for name in owned))
    offers = offered(trained)
    use = f"use {listing(fields)}, or " if fields else ""
    near = "" if field in offers else nearest(field, [*fields, *offers])
    raise BadInput(f"the run's items have no field '{field}'{near}", mend=f"{use}{to_train_with(field, offers)}")


def _one_label(labels: NDArray[np.str_], of: NDArray[np.integer]) -> tuple[list[str], NDArray[np.int64]]:
    """Group points by the label that each has, int (n,); 0 is none."""
    counts = np.bincount(of, minlength=len(labels))
    counts[0] = 0
    found = [n for n in np.lexsort((labels, -counts))[:_GROUPS] if counts[n]]
    group = np.full(len(labels), len(found))
    group[found] = np.arange(len(found))
    return [str(labels[n]) for n in found], group[of]


def _several_labels(labels: list[str], has: NDArray[np.bool_]) -> tuple[list[str], NDArray[np.int64]]:
    """Group points by the labels that each has, bool (n, labels)."""
    counts = has.sum(0)
    found = [n for n in np.argsort(-counts, kind="stable")[:_GROUPS] if counts[n]]
    group = np.full(len(has), len(found))
    for at, n in enumerate(found):  # the rarest comes last, and stays
        group[has[:, n]] = at
    return [labels[n] for n in found], group


def _quarters(values: _Floats) -> tuple[list[str], NDArray[np.int64]]:
    """Group points by the quarter of all finite values, float64 (n,), that each is in."""
    finite = np.isfinite(values)
    if not finite.any():
        return [], np.zeros(len(values), np.int64)
    cuts = np.unique(np.quantile(values[finite], [0, 0.25, 0.5, 0.75, 1]))
    digits = next(n for n in range(6, 18) if len({f"{cut:.{n}g}" for cut in cuts}) == len(cuts))
    ends = [f"{cut:.{digits}g}" for cut in cuts]
    names = [f"{low}–{high}" for low, high in itertools.pairwise(ends)] or ends
    return names, np.where(finite, np.searchsorted(cuts[1:-1], values, side="right"), len(names))


def _moves(trained: Trained, side: Side, found: Frame, axes: Sequence[int]) -> tuple[tuple[Moved, ...], float | None]:
    if found.before is None:
        return (), None
    across = [axis - 1 for axis in axes]
    now = found.found.coordinates[:, across]
    steps = now - found.before[:, across]
    width = float(np.ptp(now[:, 0])) or 1.0
    distances = np.linalg.norm(steps, axis=1) / width
    furthest = np.argsort(-distances, kind="stable")[:_MOVED]
    angles = np.degrees(np.arctan2(steps[:, 1], steps[:, 0]))
    return (
        tuple(
            Moved(
                trained.classes[side][found.codes[n]],
                _title(trained, side, found.codes[n]),
                float(distances[n]),
                float(angles[n]),
            )
            for n in furthest.tolist()
        ),
        float(np.median(distances)),
    )


def _biased(trained: Trained, side: Side) -> bool:
    tables = tables_of(trained)
    return (tables.item_bias if side == "item" else tables.user_bias) is not None


def _sentence(side: Side, biased: bool, rest: float) -> str:
    if side == "item":
        near, bias = "items that lie together are liked by the same users", "how good an item is"
    else:
        near, bias = "users who lie together like the same items", "how high a user rates"
    left_out = f"{max(0.0, rest):.0%} of the factors' spread along other axes"
    return f"{near}; not shown: {f'{bias}, which is in its bias, and ' if biased else ''}{left_out}"
