"""What to know of data before training on them: likely mistakes first, each with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Bar, Finding
from cfbench.data.distributions import COUNTS_NOT_STARS
from cfbench.data.interactions import Interactions
from cfbench.experiment import Data

_FEW = 20
_DENSE = 0.5
_MOSTLY = 0.5
_STEPS = 10**6
"""Unix seconds of January 1970: times that all lie before are steps rather than seconds."""

_MOJIBAKE = re.compile("[ÃÂ][\u0080-\u00bf]|â€")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LOOKED_AT = 100_000
_ORDER = {"wrong": 0, "look": 1, "note": 2, "fine": 3}


@dataclass(frozen=True)
class Facts:
    """What was counted already.

    Attributes:
        targets: distinct targets, ascending, and their rows.
        bars: the histogram.
        rows_of_users: rows of each user, most first.
        rows_of_items: likewise.
        ties: the share of rows that share their second with another of the same user.
    """

    targets: tuple[NDArray[np.float32], NDArray[np.int64]]
    bars: tuple[Bar, ...]
    rows_of_users: NDArray[np.int64]
    rows_of_items: NDArray[np.int64]
    ties: float | None


def findings(data: Data, interactions: Interactions, facts: Facts) -> tuple[Finding, ...]:
    """Return what was found, what is most likely wrong first."""
    found = [finding for look in _LOOKS for finding in look(data, interactions, facts)]
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.level]))


Look = Callable[[Data, Interactions, Facts], Iterator[Finding]]


def _roles(data: Data, made: Interactions, facts: Facts) -> Iterator[Finding]:
    ratings = [column for column in made.columns if column.table == "ratings"]
    placed = [column.role for column in ratings if column.reason.startswith("by its place")]
    if made.counts.swapped:
        yield Finding(
            "wrong",
            "the item table's ids are the users rather than the items, so that the two columns may be swapped",
            "say user and item in [data], or --user and --item",
        )
    if placed:
        yield Finding(
            "look",
            f"{', '.join(placed)}: taken by the columns' places",
            f"if that is wrong, name the columns: {', '.join(placed)} in [data], or --{' --'.join(placed)}",
        )
    if data.target is None and all(column.role != "target" for column in ratings):
        yield Finding(
            "look",
            "no column of ratings was found, so every row counts as 1",
            "if there is one, name it: target in [data], or --target",
        )


def _sizes(data: Data, made: Interactions, facts: Facts) -> Iterator[Finding]:
    users, items = len(facts.rows_of_users), len(facts.rows_of_items)
    for name, count, other in (("users", users, items), ("items", items, users)):
        if count < _FEW and other > 10 * _FEW:
            yield Finding(
                "wrong" if count < 3 else "look",
                f"there are {count:,} {name} and {other:,} {'items' if name == 'users' else 'users'}",
                'check the columns; if the file is a matrix, say name = "matrix" in [data.read], or --reader matrix',
            )
    density = len(made) / (users * items)
    if density > _DENSE and users > _FEW and items > _FEW:
        yield Finding("note", f"{density:.0%} of all pairs are rated, far more than usual", "")
    for name, rows in (("users", facts.rows_of_users), ("items", facts.rows_of_items)):
        single = int(np.count_nonzero(rows == 1))
        if single > _MOSTLY * len(rows) and len(rows) > _FEW:
            key = f"min_{name[:-1]}"
            yield Finding(
                "look",
                f"{single:,} of {len(rows):,} {name} have a single row, from which nothing can be learned about them",
                f"{key} = 5 in [data], or --{key.replace('_', '-')} 5, leaves out the rarely seen",
            )


def _targets(data: Data, made: Interactions, facts: Facts) -> Iterator[Finding]:
    values, rows = facts.targets
    if data.values != "rating" or len(values) < 2:
        return
    low, high, total = float(values[0]), float(values[-1]), len(made)
    outside = _code_outside(values, rows)
    if outside is not None:
        yield Finding(
            "wrong",
            f"{outside:g} stands in {rows[values == outside][0] / total:.0%} of the rows, far outside of all other"
            f" targets: it may mean that there is no rating",
            "for a matrix say missing in [data.read]; else leave such rows out of the file",
        )
    elif low > 0 and high / low > COUNTS_NOT_STARS:
        yield Finding(
            "look",
            f"targets run from {low:g} to {high:g}, as counts do rather than ratings",
            'values = "one" or "log" in [data], or --values one, makes them feedback',
        )
    elif len(values) > _MOSTLY * total and total > 1000 and np.all(values == np.floor(values)):
        yield Finding(
            "wrong",
            f"{len(values):,} of {total:,} targets differ, as ids or times do",
            "name the column of ratings: target in [data], or --target",
        )
    zeros = made.counts.zero_targets
    if zeros and low == 0 and len(values) > 2 and data.zero == "rating" and zeros < 0.02 * total:
        yield Finding(
            "look",
            f"{zeros:,} of {total:,} targets are 0 while others run from {values[1]:g} to {high:g}",
            'if 0 means that there is no rating, say zero = "missing" in [data], or --zero missing',
        )


def _code_outside(values: NDArray[np.float32], rows: NDArray[np.int64]) -> float | None:
    """A target that comes often and lies farther from its neighbour than all the others do from one another."""
    if len(values) < 4:
        return None
    for code, beside, far in ((-1, -2, 0), (0, 1, -1)):
        often = rows[code] > 0.05 * rows.sum()
        if often and abs(values[code] - values[beside]) > 2 * abs(values[beside] - values[far]):
            return float(values[code])
    return None


def _repeats(data: Data, made: Interactions, facts: Facts) -> Iterator[Finding]:
    counts = made.counts
    if not counts.duplicates:
        yield Finding("fine", "no user rated an item twice")
    elif data.duplicates == "keep":
        yield Finding(
            "look",
            f"{counts.duplicates:,} rows repeat a pair of user and item, {counts.repeats_exact:,} of them with the same"
            f" target and time; {counts.conflicts:,} pairs have several targets",
            'duplicates = "last", "latest" or "mean" in [data], or --duplicates last, makes them one',
        )
    else:
        yield Finding(
            "note", f'{counts.duplicates:,} rows that repeat a pair became one by duplicates = "{data.duplicates}"'
        )


def _titles(data: Data, made: Interactions, facts: Facts) -> Iterator[Finding]:
    counts = made.counts
    if counts.shared_titles and data.items.by == "id":
        some = ", ".join(f"'{title}' by {ids}" for title, ids in counts.merged[:2])
        yield Finding(
            "look",
            f"{counts.shared_titles:,} titles are borne by several ids ({some})",
            'by = "title" in [data.items], or --by-title, makes each one item',
        )
    if counts.merged_items:
        yield Finding("note", f"{counts.merged_items:,} items became one with another by their title")
    if counts.untitled:
        yield Finding(
            "look",
            f"{counts.untitled:,} items are not in the item table and show their id",
            "check id in [data.items], or --item-id",
        )
    for name, rows in counts.side_repeats.items():
        yield Finding("note", f"{rows:,} rows of {name} repeat an id or lack one and are ignored", "mend that file")


def _labels(data: Data, made: Interactions, facts: Facts) -> Iterator[Finding]:
    for field in ("user", "item", "title"):
        labels = made.classes[field][1 : _LOOKED_AT + 1]
        if field == "title" and labels == made.classes["item"][1 : _LOOKED_AT + 1]:
            continue
        text = "\n".join(labels)
        folded = len({label.casefold() for label in labels})
        if folded < len(set(labels)) and field != "title":
            yield Finding(
                "look",
                f"{len(set(labels)) - folded:,} labels of {field} differ from another by upper and lower case alone",
                "if these are the same, mend the file",
            )
        broken = len(_MOJIBAKE.findall(text))
        if broken:
            yield Finding(
                "wrong",
                f"labels of {field} hold {broken:,} letters such as '{_MOJIBAKE.findall(text)[0]}', read in the wrong"
                " encoding once",
                "say encoding in [data.read] or [data.items.read], or --encoding",
            )
        if any(_CONTROL.search(label) for label in labels):
            yield Finding(
                "look", f"labels of {field} hold control characters, which are shown as marks", "mend the file"
            )


def _times(data: Data, made: Interactions, facts: Facts) -> Iterator[Finding]:
    time = made.time
    if time is None:
        return
    if made.counts.time_unit not in ("", "seconds"):
        yield Finding("note", f"times are counted in {made.counts.time_unit} and were turned into seconds")
    low, high = int(time.min()), int(time.max())
    if high < _STEPS:
        yield Finding(
            "look",
            f"times run from {low} to {high}: steps rather than seconds, so that their dates mean nothing",
            'time = "none" in [data], or --time none, leaves them out',
        )
    if facts.ties and facts.ties > 0.1:
        yield Finding(
            "look",
            f"{facts.ties:.1%} of rows share their second with another of the same user, so that what came last is not"
            " certain",
            "a split by time has to say how it breaks ties",
        )


def _dropped(data: Data, made: Interactions, facts: Facts) -> Iterator[Finding]:
    for reason, rows in made.counts.dropped.items():
        yield Finding("note", f"{rows:,} rows {reason} were dropped")
    if not made.counts.dropped:
        yield Finding("fine", f"every row is kept, {len(made):,}")


_LOOKS: tuple[Look, ...] = (_roles, _sizes, _targets, _repeats, _titles, _labels, _times, _dropped)
