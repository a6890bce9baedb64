"""What is in the data, for people who consider training on them."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Bar, DataProfile, Row
from cfbench.data.importing import open_interactions
from cfbench.data.interactions import Interactions
from cfbench.experiment import Data
from cfbench.text import label, pad, width

MOST_BARS = 12
WIDTH = 80
"""Cells; no line of `lines` is wider."""

_FIRST_ROWS = 5
_COUNTS_NOT_STARS = 1000


def describe(data: Data) -> DataProfile:
    """Return what an experiment's [data] holds.

    Raises:
        BadInput: the files or the settings can't be used.
    """
    return profile(open_interactions(data))


def profile(interactions: Interactions) -> DataProfile:
    """Return what interactions hold."""
    users, items = (len(interactions.classes[field]) - 1 for field in ("user", "item"))
    target = interactions.target
    bars = _bars(target)
    spread = _spread(interactions.time)
    fields = {name: len(interactions.classes[name]) - 1 for name in interactions.categorical}
    counts = interactions.counts
    return DataProfile(
        key=interactions.key,
        fingerprint=interactions.fingerprint,
        files=interactions.files,
        columns=interactions.columns,
        read=counts.read,
        kept=len(interactions),
        dropped=counts.dropped,
        users=users,
        items=items,
        density=len(interactions) / (users * items),
        feedback="implicit" if target.min() == target.max() else "explicit",
        targets=bars,
        target_mean=float(target.mean(dtype=np.float64)),
        time_first=spread[0],
        time_last=spread[1],
        duplicates=counts.duplicates,
        conflicts=counts.conflicts,
        shared_titles=counts.shared_titles,
        merged_items=counts.merged_items,
        fields=fields | dict.fromkeys(interactions.continuous, 0),
        first=tuple(_row(interactions, number) for number in range(min(_FIRST_ROWS, len(interactions)))),
        notes=(*interactions.notes, *_notes(bars)),
    )


def lines(profile: DataProfile) -> list[str]:
    """Return the profile as lines of plain text, safe to draw and at most 80 cells wide."""
    blocks = [
        _file_lines(profile),
        _column_lines(profile),
        _figure_lines(profile),
        _target_lines(profile),
        _row_lines(profile),
        [line for note in profile.notes for line in _wrapped("note: " + note)],
    ]
    return [line for number, block in enumerate(filter(None, blocks)) for line in ([""] * (number > 0) + block)]


# -- figures -----------------------------------------------------------------------------------------------------------


def _bars(target: NDArray[np.float32]) -> tuple[Bar, ...]:
    distinct, counts = np.unique(target, return_counts=True)
    if len(distinct) <= MOST_BARS:
        return tuple(Bar(float(f"{v:.6g}"), float(f"{v:.6g}"), int(n)) for v, n in zip(distinct, counts, strict=True))
    if distinct[0] > 0 and distinct[-1] / distinct[0] > _COUNTS_NOT_STARS:
        edges = np.geomspace(distinct[0], distinct[-1], MOST_BARS + 1)
    else:
        edges = np.linspace(distinct[0], distinct[-1], MOST_BARS + 1)
    bins = np.clip(np.searchsorted(edges, distinct, side="right") - 1, 0, MOST_BARS - 1)
    heights = np.bincount(bins, weights=counts, minlength=MOST_BARS)
    return tuple(Bar(float(edges[n]), float(edges[n + 1]), int(heights[n])) for n in range(MOST_BARS))


def _spread(time: NDArray[np.int64] | None) -> tuple[str | None, str | None]:
    return (None, None) if time is None else (_iso(time.min()), _iso(time.max()))


def _iso(seconds: np.int64) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _row(interactions: Interactions, number: int) -> Row:
    return Row(
        interactions.classes["user"][interactions.user[number]],
        interactions.classes["title"][interactions.item[number]],
        float(f"{interactions.target[number]:.6g}"),
        None if interactions.time is None else _iso(interactions.time[number]),
    )


def _notes(bars: tuple[Bar, ...]) -> list[str]:
    if bars[0].low > 0 and bars[-1].high / bars[0].low > _COUNTS_NOT_STARS:
        return [
            f"targets run from {bars[0].low:g} to {bars[-1].high:g}, as counts do rather than ratings;"
            ' target = "none" in [data] lets every row count as 1'
        ]
    return []


# -- plain text --------------------------------------------------------------------------------------------------------


def _file_lines(profile: DataProfile) -> list[str]:
    found = []
    for file in profile.files:
        found.append(f"{file.table:8} {label(file.name, 50)}  {file.rows:,} rows")
        for word, guessed in (("given", False), ("guessed", True)):
            parts = [f"{part.name} {part.value}" for part in file.layout if part.guessed == guessed]
            found += _wrapped(f"{word}: {', '.join(parts)}", " " * 9) if parts else []
    return found


def _column_lines(profile: DataProfile) -> list[str]:
    used = [column for column in profile.columns if column.role]
    found = _aligned([(column.table, column.name, column.role, column.reason) for column in used], (8, 14, 11, 41))
    for table in ("ratings", "items", "users"):
        unused = [label(column.name, 40) for column in profile.columns if column.table == table and not column.role]
        found += _wrapped(f"{table}, not used: {', '.join(unused)}") if unused else []
    return found


def _figure_lines(profile: DataProfile) -> list[str]:
    figures = {
        "rows": f"{profile.kept:,} of {profile.read:,} read",
        **{f"  {reason}": f"{count:,} dropped" for reason, count in profile.dropped.items()},
        "users": f"{profile.users:,}",
        "items": f"{profile.items:,}",
        "density": f"{profile.density:.3%}",
        "feedback": profile.feedback,
        "mean": f"{profile.target_mean:.4f}",
        "time": f"{profile.time_first} to {profile.time_last}" if profile.time_first else "none",
        "repeats": f"{profile.duplicates:,} rows, {profile.conflicts:,} pairs with another target",
        "titles": f"{profile.shared_titles:,} borne by several ids, {profile.merged_items:,} items merged",
        **{f"field {name}": f"{count:,} labels" if count else "numbers" for name, count in profile.fields.items()},
    }
    return _aligned(list(figures.items()), (34, 44))


def _target_lines(profile: DataProfile) -> list[str]:
    most = max(bar.count for bar in profile.targets)
    names = [
        f"{bar.low:g}" if bar.low == bar.high else f"{_short(bar.low)} to {_short(bar.high)}" for bar in profile.targets
    ]
    wide = max(map(len, names))
    return [
        f"{name:>{wide}}  {bar.count:>11,}  {'#' * round(bar.count / most * (WIDTH - wide - 15))}".rstrip()
        for name, bar in zip(names, profile.targets, strict=True)
    ]


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def _row_lines(profile: DataProfile) -> list[str]:
    rows = [(row.user, row.item, f"{row.target:g}", row.time or "") for row in profile.first]
    return _aligned([("user", "item", "target", "time" if profile.time_first else ""), *rows], (12, 34, 8, 20))


def _aligned(rows: list[tuple[str, ...]], most: tuple[int, ...]) -> list[str]:
    """Rows as columns two blanks apart, each as wide as its widest value and never wider than `most`."""
    widths = [min(limit, max(width(label(row[number], limit)) for row in rows)) for number, limit in enumerate(most)]
    return ["  ".join(map(pad, row, widths)).rstrip() for row in rows]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        label(text, 2000), WIDTH, initial_indent=indent, subsequent_indent=indent or "  ", break_on_hyphens=False
    )
