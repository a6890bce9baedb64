"""What happens to rows that lack a value, repeat a pair, or belong to the rarely seen; what a target means."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cfbench.data import coding, values
from cfbench.data.interactions import Interactions, MultiLabel
from cfbench.errors import BadInput
from cfbench.experiment import Data
from cfbench.plugin import NA

Place = Callable[[int], str]

_MOST_MERGED = 50


def apply(read: Interactions, data: Data, place: Place) -> Interactions:
    """Return the rows that the policies of `data` keep, items merged by title where it says so, and what happened.

    Args:
        read: all rows, code 0, NaN and `values.NO_TIME` where a value is missing.
        data: the policies.
        place: from a row's number to its file and line, for a message.

    Raises:
        BadInput: a value is missing or a pair repeats where the policy forbids it, or no row is left.
    """
    work = _Work(read, data, place)
    work.missing()
    work.too_low()
    work.titles()
    work.duplicates()
    work.targets()
    work.frequent()
    return work.result()


class _Work:
    """The rows kept so far.

    Attributes:
        rows: their numbers, ascending; None for all.
        item: the item of every row, merged by title where that is wished.
        target: the target of every row.
        time: the time of every row.
    """

    def __init__(self, read: Interactions, data: Data, place: Place) -> None:
        self.read, self.data, self.place = read, data, place
        self.rows: NDArray[np.int64] | None = None
        self.item, self.target, self.time = read.item, read.target, read.time
        self.dropped: dict[str, int] = {}
        self.facts: dict[str, Any] = {}

    # -- which rows are kept --

    def _of(self, column: NDArray[Any]) -> NDArray[Any]:
        return column if self.rows is None else column[self.rows]

    def _keep(self, kept: NDArray[np.bool_], reason: str) -> None:
        """Keep those of the rows kept so far; say why the others are not."""
        lost = len(kept) - int(np.count_nonzero(kept))
        if lost:
            self.rows = np.flatnonzero(kept) if self.rows is None else self.rows[kept]
            self.dropped[reason] = self.dropped.get(reason, 0) + lost

    def _number(self, row: int) -> int:
        return row if self.rows is None else int(self.rows[row])

    def missing(self) -> None:
        """Drop, or refuse, rows without a user, an item, a target or a time."""
        if self.data.zero == "missing":
            self._keep(self._of(self.target) != 0, "with a target of 0, which means that there is none")
        lacking: dict[str, NDArray[np.bool_]] = {
            "user": self.read.user == 0,
            "item": self.read.item == 0,
            "target": np.isnan(self.target),
        }
        if self.time is not None:
            lacking["time"] = self.time == values.NO_TIME
        for role, every in lacking.items():
            test = self._of(every)
            if not test.any():
                continue
            if self.data.missing == "error":
                raise BadInput(
                    f"the {role}{self._column(role)} is missing",
                    where=self.place(self._number(int(test.argmax()))),
                    mend='mend the row, or say missing = "drop" in [data]',
                )
            self._keep(~test, f"without a {role}")

    def _column(self, role: str) -> str:
        name = next((column.name for column in self.read.columns if column.role == role), "")
        return f" (column '{name}')" if name else ""

    def too_low(self) -> None:
        """Drop rows with a target below the least one that is wished."""
        least = self.data.at_least
        if least is not None:
            self._keep(self._of(self.target) >= least, f"with a target below {least:g}")

    # -- titles --

    def titles(self) -> None:
        """Count the titles that several items bear, and make each one item where that is wished."""
        titles, titled = self.read.classes["title"], self.read.titled
        bearers = Counter(titles[code] for code in np.flatnonzero(titled).tolist())
        shared = [(title, count) for title, count in bearers.most_common() if count > 1]
        self.facts |= {"shared_titles": len(shared), "merged": tuple(shared[:_MOST_MERGED])}
        if self.data.items.by != "title":
            return
        if not titled.any():
            raise BadInput(
                'by = "title" needs a table with titles', where="[data.items]", mend="name the file in source"
            )
        first: dict[str, int] = {}
        merged = np.arange(len(titles), dtype=np.int32)
        for code in np.flatnonzero(titled).tolist():
            merged[code] = first.setdefault(titles[code], code)
        self.facts["merged_items"] = len(titles) - len(np.unique(merged))
        if self.facts["merged_items"]:
            self.item = merged[self.item]

    # -- pairs that repeat --

    def duplicates(self) -> None:
        """Count the pairs that repeat, and do with them what is wished."""
        rows, starts = _repeats(self._of(self.read.user), self._of(self.item))
        policy = self.data.duplicates
        counted = np.ones_like(self.target) if policy == "count" else self.target
        if not len(starts):
            self.target = counted
            return
        numbers = rows if self.rows is None else self.rows[rows]
        sizes = np.diff(starts, append=len(rows))
        target = self.target[numbers].astype(np.float64)
        low, high = np.minimum.reduceat(target, starts), np.maximum.reduceat(target, starts)
        time = np.zeros(len(numbers), np.int64) if self.time is None else self.time[numbers]
        group = np.repeat(np.arange(len(starts)), sizes)
        self.facts |= {
            "duplicates": int(len(rows) - len(starts)),
            "conflicts": int(np.count_nonzero(low != high)),
            "repeats_exact": _equal_rows(group, target, time),
        }
        if policy == "keep":
            return
        if policy == "error":
            second = int(rows[starts + 1].min())
            raise BadInput(
                f"user '{self._label('user', second)}' has item '{self._label('item', second)}' again",
                where=self.place(self._number(second)),
                mend='say duplicates = "keep", "first", "last", "latest", "mean", "max", "sum" or "count" in [data]',
            )
        if policy == "latest" and self.time is None:
            raise BadInput(
                'duplicates = "latest" needs a time', where="[data]", mend='name its column, or say "last" for by row'
            )
        kept = starts
        if policy in ("last", "latest"):
            kept = starts + (sizes - 1 if policy == "last" else _latest(time, group, starts))
        sums = {"mean": np.add, "max": np.maximum, "sum": np.add}
        if policy in sums or policy == "count":
            self.target = counted.copy()
            made = sizes if policy == "count" else sums[policy].reduceat(target, starts)
            self.target[numbers[kept]] = made / sizes if policy == "mean" else made
            if self.time is not None:
                self.time = self.time.copy()
                self.time[numbers[kept]] = np.maximum.reduceat(time, starts)
        lost = np.ones(len(rows), bool)
        lost[kept] = False
        keep = np.ones(len(self.read) if self.rows is None else len(self.rows), bool)
        keep[rows[lost]] = False
        self._keep(keep, "repeats of a pair")

    def _label(self, role: str, row: int) -> str:
        codes = self.item if role == "item" else self.read.user
        return self.read.classes[role][int(self._of(codes)[row])]

    # -- targets --

    def targets(self) -> None:
        """Let targets be ratings, or count as 1, or become their logarithm."""
        if self.data.values == "one":
            self.target = np.ones_like(self.target)
        elif self.data.values == "log":
            low = self._of(self.target) <= -1
            if low.any():
                row = self._number(int(low.argmax()))
                raise BadInput(
                    f"log(1 + target) of {self.target[row]:g} is no number",
                    where=self.place(row),
                    mend='say values = "rating" in [data], or drop such rows with at_least',
                )
            self.target = np.log1p(self.target.astype(np.float64)).astype(np.float32)

    # -- the rarely seen --

    def frequent(self) -> None:
        """Drop users and items with too few rows, again and again, until all that are left have enough."""
        before = -1
        while (left := len(self.read) if self.rows is None else len(self.rows)) != before:
            before = left
            for role, least in (("user", self.data.min_user), ("item", self.data.min_item)):
                if least < 2:
                    continue
                codes = self._of(self.item if role == "item" else self.read.user)
                self._keep(np.bincount(codes)[codes] >= least, f"of {role}s with fewer than {least} rows")

    # -- all together --

    def result(self) -> Interactions:
        """Return the rows that are left, their labels by first appearance."""
        read = self.read
        counts = msgspec.structs.replace(read.counts, dropped={**read.counts.dropped, **self.dropped}, **self.facts)
        if self.rows is not None and not len(self.rows):
            raise BadInput(
                "no row is left",
                where=read.files[0].name if read.files else "",
                mend=f"of {read.counts.read:,} dropped: "
                + ", ".join(f"{rows:,} {reason}" for reason, rows in counts.dropped.items()),
            )
        as_read = self.rows is None and self.target is read.target and self.time is read.time
        if as_read and self.data.items.by == "id":
            return dataclasses.replace(read, counts=counts)
        classes = dict(read.classes)
        user, order = coding.dense(self._of(read.user), read.classes["user"])
        classes["user"] = _labels(read, "user", order)
        item, order = coding.dense(self._of(self.item), read.classes["item"])
        classes["title"] = _labels(read, "title", order)
        titled = read.titled[order]
        classes["item"] = _labels(read, "item", order)
        if self.data.items.by == "title":
            classes["item"] = classes["title"] = _by_title(classes["item"], classes["title"], titled)
        categorical = {}
        for name, codes in read.categorical.items():
            categorical[name], order = coding.dense(self._of(codes), read.classes[name])
            classes[name] = _labels(read, name, order)
        return dataclasses.replace(
            read,
            user=user,
            item=item,
            target=np.ascontiguousarray(self._of(self.target)),
            time=None if self.time is None else np.ascontiguousarray(self._of(self.time)),
            part=np.ascontiguousarray(self._of(read.part)),
            categorical=categorical,
            continuous={name: np.ascontiguousarray(self._of(column)) for name, column in read.continuous.items()},
            multilabel={name: MultiLabel(self._of(one.sets), one.members) for name, one in read.multilabel.items()},
            classes=classes,
            titled=titled,
            counts=counts,
            fingerprint="",
        )


def _repeats(user: NDArray[np.int32], item: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of the pairs that repeat, pair by pair and in their order, and where each pair's rows start."""
    ordered = _pairs(user, item)
    ordered.sort()
    again = ordered[1:][ordered[1:] == ordered[:-1]]
    none = np.empty(0, np.int64)
    if not len(again):
        return none, none
    again = again[np.flatnonzero(np.diff(again, prepend=-1))]
    pairs = _pairs(user, item)
    places = np.searchsorted(again, pairs).clip(max=len(again) - 1)
    rows = np.flatnonzero(again[places] == pairs)
    found = pairs[rows]
    order = np.argsort(found, kind="stable")
    return rows[order], np.flatnonzero(np.diff(found[order], prepend=-1))


def _pairs(user: NDArray[np.int32], item: NDArray[np.int32]) -> NDArray[np.int64]:
    """One number for each pair."""
    pairs = user.astype(np.int64)
    pairs *= int(item.max(initial=0)) + 1
    pairs += item
    return pairs


def _equal_rows(group: NDArray[np.int64], target: NDArray[np.float64], time: NDArray[np.int64]) -> int:
    """How many rows of the same pair, target and time have come before."""
    order = np.lexsort((time, target, group))
    same = [column[order][1:] == column[order][:-1] for column in (group, target, time)]
    return int(np.count_nonzero(same[0] & same[1] & same[2]))


def _latest(time: NDArray[np.int64], group: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each pair the place among its rows of the one with the latest time, the last of those with the same."""
    order = np.lexsort((np.arange(len(time)), time, group))
    last = np.append(starts[1:], len(time)) - 1
    found: NDArray[np.int64] = order[last] - starts
    return found


def _labels(read: Interactions, name: str, order: NDArray[np.int64]) -> list[str]:
    every = read.classes[name]
    return [every[code] for code in order.tolist()]


def _by_title(ids: Sequence[str], titles: Sequence[str], titled: NDArray[np.bool_]) -> list[str]:
    """The title as the item; an item without one keeps its id, marked where that is another's title."""
    taken = {title for title, own in zip(titles, titled.tolist(), strict=True) if own}
    return [NA] + [
        title if own else f"{label} (id)" if label in taken else label
        for label, title, own in zip(ids[1:], titles[1:], titled[1:].tolist(), strict=True)
    ]
