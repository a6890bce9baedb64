"""Labels to codes 1..k by first appearance, a batch at a time, and codes made dense again when rows were dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.plugin import NA

LARGEST_NUMBER = 2**27
"""Numbers from here on are coded as text: a table indexed by the number itself takes 4 bytes for each up to it."""

Ids = NDArray[np.int64] | pl.Series
"""A batch of labels: numbers, -1 where missing, or text, "" where missing."""


def prepared(column: pl.Series) -> Ids:
    """Return a batch as numbers where each label is written as that number is, else as text without outer blanks.

    No two labels become one that way: "7", "07" and "7.0" stay three.
    """
    if column.dtype.is_integer():
        numbers: pl.Series | None = column.cast(pl.Int64, strict=False)
        written = None
    elif column.dtype == pl.String:
        numbers = column.cast(pl.Int64, strict=False)
        written = column
    else:
        numbers = None
    if numbers is not None and _all_fit(numbers, column):
        found = numbers.fill_null(-1).to_numpy()
        if written is None or int(written.str.len_bytes().sum() or 0) == _digits(found):
            return found
    return _text(column)


def _all_fit(numbers: pl.Series, column: pl.Series) -> bool:
    least, most = numbers.min(), numbers.max()
    if not (isinstance(least, int) and isinstance(most, int) and least >= 0 and most < LARGEST_NUMBER):
        return False
    nulls = numbers.null_count()
    return not nulls or nulls == column.null_count() + (int((column == "").sum()) if column.dtype == pl.String else 0)


def _digits(numbers: NDArray[np.int64]) -> int:
    """The characters that non-negative numbers take, written without ornament; none for -1."""
    total = int(np.count_nonzero(numbers >= 0))
    power = 10
    while power < LARGEST_NUMBER and (longer := int(np.count_nonzero(numbers >= power))):
        total += longer
        power *= 10
    return total


def _text(column: pl.Series) -> pl.Series:
    if column.dtype.is_temporal():
        column = column.dt.to_string("iso")
    if column.dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        if (whole.cast(column.dtype) == column).all():
            column = whole
    return column.cast(pl.String).fill_null("").str.strip_chars()


class Coder:
    """Gives each label its code, 1 for the first that appears; 0 stands for a missing one."""

    def __init__(self) -> None:
        self._codes = _NumberCodes()
        self._dictionary: pl.Categorical | None = None
        self._alive: list[pl.Series] = []  # polars forgets a dictionary once no Series uses it

    def encode(self, batch: Ids, out: NDArray[np.int32] | None = None) -> NDArray[np.int32]:
        """Return the codes of a batch, int32 (n,), in `out` where it is given."""
        out = np.empty(len(batch), np.int32) if out is None else out
        if isinstance(batch, np.ndarray):
            if self._dictionary is None:
                return self._codes.encode(batch, out)
            batch = pl.Series(batch).cast(pl.String).replace("-1", "")
        elif self._dictionary is None:
            self._into_text()
        return self._codes.encode(self._numbered(batch), out)

    def _into_text(self) -> None:
        """Go on with text: the numbers known so far are labels like others."""
        self._dictionary = pl.Categorical(pl.Categories.random())
        known = self._codes.known()
        self._codes = _NumberCodes()
        if len(known):
            texts = pl.Series(known).cast(pl.String)
            self._codes.encode(self._numbered(texts), np.empty(len(known), np.int32))

    def _numbered(self, texts: pl.Series) -> NDArray[np.int64]:
        """Each text's number in the dictionary, which need not follow first appearance; -1 for "" ."""
        assert self._dictionary is not None
        found = texts.cast(self._dictionary)
        if not self._alive:
            self._alive.append(found)
        numbers = found.to_physical().cast(pl.Int64).to_numpy()
        empty = (texts == "").to_numpy()
        return np.where(empty, -1, numbers) if empty.any() else numbers

    def labels(self) -> list[str]:
        """Return the labels by code, code 0 included."""
        known = self._codes.known()
        if self._dictionary is None:
            return [NA, *pl.Series(known).cast(pl.String)]
        numbers = pl.Series(known.astype(np.uint32))
        return [NA, *numbers.cat.to(self._dictionary).cast(pl.String)]


class _NumberCodes:
    """Numbers from -1 on to codes by first appearance, through a table; -1 is code 0."""

    def __init__(self) -> None:
        self._table = np.full(2**12, -1, np.int32)
        self._table[0] = 0
        self._known: list[NDArray[np.int64]] = []
        self._count = 0

    def encode(self, numbers: NDArray[np.int64], out: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return codes in `out`, int32 (n,)."""
        if not len(numbers):
            return out
        self._grow(int(numbers.max()) + 2)
        places = numbers + 1
        self._table.take(places, out=out, mode="clip")
        unknown = out < 0
        if unknown.any():
            new = places[unknown]
            changes = np.ones(len(new), bool)
            np.not_equal(new[1:], new[:-1], out=changes[1:])
            first = pl.Series(new[changes]).unique(maintain_order=True).to_numpy()
            self._table[first] = np.arange(self._count + 1, self._count + 1 + len(first), dtype=np.int32)
            self._count += len(first)
            self._known.append(first - 1)
            self._table.take(places, out=out, mode="clip")
        return out

    def _grow(self, size: int) -> None:
        if size > len(self._table):
            larger = np.full(max(size, 2 * len(self._table)), -1, np.int32)
            larger[: len(self._table)] = self._table
            self._table = larger

    def known(self) -> NDArray[np.int64]:
        """Return the numbers by code, from code 1 on."""
        return np.concatenate([np.empty(0, np.int64), *self._known])


def dense(codes: NDArray[np.int32], labels: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return codes 1..k by first appearance in these rows, and for each new code the one that it was.

    Args:
        codes: int32 (n,), 0 for missing.
        labels: as many as there are codes, code 0 included.
    """
    n = len(codes)
    first = np.full(len(labels), n, np.int64)
    first[codes[::-1]] = np.arange(n - 1, -1, -1)
    first[0] = n
    used = np.flatnonzero(first < n)
    order = used[np.argsort(first[used], kind="stable")]
    new = np.zeros(len(labels), np.int32)
    new[order] = np.arange(1, len(order) + 1, dtype=np.int32)
    return new[codes], np.concatenate([np.zeros(1, np.int64), order])
