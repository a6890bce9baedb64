"""Columns as numbers and times, where a value that is neither is named with its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.errors import BadInput

LARGEST = 3e38
"""The largest number that a float32 column can hold, roughly."""

LATEST = 253_402_300_799
"""Unix seconds of the last second of the year 9999."""

LATEST_MICROSECONDS = LATEST * 10**6
"""Larger numbers are no times, in whatever unit they are counted."""

NO_TIME = np.iinfo(np.int64).min
"""Stands for a missing time."""

_LONG_AGO = 10**8
"""Unix seconds of 1973: where all times are a thousand times as large, they count milliseconds."""

Place = Callable[[int], str]
"""From a row's number to its file and line."""

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def is_number(text: str) -> bool:
    """Return whether the text is a plain decimal number."""
    return _NUMBER.fullmatch(text) is not None


def numbers(column: pl.Series, what: str, place: Place) -> NDArray[np.float64]:
    """Return a column as float64 (n,), NaN where it is missing.

    Raises:
        BadInput: a value is no number, not finite, or too large; names its line and the value.
    """
    if column.dtype.is_numeric() and not column.null_count():
        found = column.cast(pl.Float64).to_numpy()
        if _all_between(found, -LARGEST, LARGEST):
            return found
    parsed = _stripped(column).cast(pl.Float64, strict=False)
    fine = parsed.is_finite() & (parsed.abs() < LARGEST)
    _refuse(column, fine, f"is not {what}", place, "mend it, or say which column holds the numbers")
    return parsed.fill_null(float("nan")).to_numpy()


def times(column: pl.Series, place: Place) -> NDArray[np.int64]:
    """Return a column as int64 (n,), `NO_TIME` where it is missing. ISO 8601 dates become Unix seconds, taken as UTC.

    Raises:
        BadInput: a value is no date and no number from 0 on; names its line and the value.
    """
    if column.dtype.is_numeric() and not column.null_count():
        found = column.to_numpy()
        if _all_between(found, 0, LATEST_MICROSECONDS):
            return found.astype(np.int64)
    if column.dtype.is_temporal():
        parsed = column.cast(pl.Datetime("us")).dt.epoch("s")
    else:
        text = _stripped(column)
        missing = text.null_count() + (int((text == "").sum()) if text.dtype == pl.String else 0)
        parsed = (
            text.floor().cast(pl.Int64, strict=False) if text.dtype.is_float() else text.cast(pl.Int64, strict=False)
        )
        if parsed.null_count() > missing and text.dtype == pl.String:
            parsed = parsed.fill_null(text.cast(pl.Float64, strict=False).floor().cast(pl.Int64, strict=False))
            if parsed.null_count() > missing:
                parsed = parsed.fill_null(_dates(text))
    mend = 'times are Unix seconds or ISO 8601 dates; mend it, or say time = "none" in [data]'
    _refuse(column, parsed.is_between(0, LATEST_MICROSECONDS), "is not a time in seconds since 1970", place, mend)
    return parsed.fill_null(NO_TIME).to_numpy()


def _all_between(numbers: NDArray[np.floating[Any]], low: float, high: float) -> bool:
    """Whether none is NaN or outside."""
    return bool(len(numbers)) and bool(low <= numbers.min()) and bool(numbers.max() <= high)


def _stripped(column: pl.Series) -> pl.Series:
    return column.str.strip_chars() if column.dtype == pl.String else column


def in_seconds(found: NDArray[np.int64], place: Place) -> tuple[NDArray[np.int64], str]:
    """Return times in seconds, and what they were counted in: "seconds", "milliseconds" or "microseconds".

    Raises:
        BadInput: most are seconds and one lies after the year 9999; names its line.
    """
    most = int(found.max(initial=0))
    if most <= LATEST:
        return found, "seconds"
    missing = found == NO_TIME
    least = int(found[~missing].min())
    for unit, per_second in (("microseconds", 10**6), ("milliseconds", 1000)):
        if least >= _LONG_AGO * per_second:
            found = found // per_second
            found[missing] = NO_TIME
            return found, unit
    row = int(found.argmax())
    mend = 'times are Unix seconds or ISO 8601 dates; mend it, or say time = "none" in [data]'
    raise BadInput(f"'{most}' is not a time in seconds since 1970", where=place(row), mend=mend)


def _dates(column: pl.Series) -> pl.Series:
    plain = column.str.replace("T", " ", literal=True).str.replace(r"(\.\d+)?(Z|\+00:?00)?$", "")
    seconds = pl.Series([None] * len(column), dtype=pl.Int64)
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        seconds = seconds.fill_null(plain.str.to_datetime(form, strict=False).dt.epoch("s"))
    return seconds.fill_null(plain.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.epoch("s"))


def _refuse(column: pl.Series, fine: pl.Series, fault: str, place: Place, mend: str) -> None:
    if fine.null_count() == 0 and fine.all():
        return
    present = column.is_not_null()
    if column.dtype == pl.String:
        present &= column.str.strip_chars() != ""
    bad = (~fine.fill_null(False)) & present
    if bad.any():
        row = int(bad.arg_max() or 0)
        value = f"{column[row]:g}" if column.dtype.is_float() else str(column[row])[:60]
        raise BadInput(f"'{value}' {fault}", where=place(row), mend=mend)
