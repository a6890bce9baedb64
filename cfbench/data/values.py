"""Text columns as numbers and times, where a value that is neither is named with its line."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from cfbench.errors import BadInput

LARGEST = 3e38
"""The largest number that a float32 column can hold, roughly."""

LATEST = 253_402_300_799
"""Unix seconds of the last second of the year 9999."""

Place = Callable[[int], str]
"""From a row's number to its file and line."""


def numbers(column: pl.Series, what: str, place: Place) -> pl.Series:
    """Return a text column as Float64, null where it is "".

    Raises:
        BadInput: a value is no number, not finite, or too large; names its line and the value.
    """
    parsed = column.cast(pl.Float64, strict=False)
    fine = parsed.is_finite() & (parsed.abs() < LARGEST)
    _refuse(column, fine, f"is not {what}", place, "mend it, or say which column holds the numbers")
    return parsed


def times(column: pl.Series, place: Place) -> pl.Series:
    """Return a text column as Int64 Unix seconds, null where it is "". ISO 8601 dates are taken as UTC.

    Raises:
        BadInput: a value is neither, or lies before 1970 or after the year 9999; names its line and the value.
    """
    parsed = column.cast(pl.Int64, strict=False)
    if parsed.null_count() > (column == "").sum():
        parsed = parsed.fill_null(column.cast(pl.Float64, strict=False).floor().cast(pl.Int64, strict=False))
    if parsed.null_count() > (column == "").sum():
        parsed = parsed.fill_null(_dates(column))
    mend = 'times are Unix seconds or ISO 8601 dates; mend it, or say time = "none" in [data]'
    _refuse(column, parsed.is_between(0, LATEST), "is not a time in seconds since 1970", place, mend)
    return parsed


def _dates(column: pl.Series) -> pl.Series:
    plain = column.str.replace("T", " ", literal=True).str.replace(r"(\.\d+)?(Z|\+00:?00)?$", "")
    seconds = pl.Series([None] * len(column), dtype=pl.Int64)
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        seconds = seconds.fill_null(plain.str.to_datetime(form, strict=False).dt.epoch("s"))
    return seconds.fill_null(plain.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.epoch("s"))


def _refuse(column: pl.Series, fine: pl.Series, fault: str, place: Place, mend: str) -> None:
    bad = (~fine.fill_null(False)) & (column != "")
    if bad.any():
        row = int(bad.arg_max() or 0)
        raise BadInput(f"'{column[row][:60]}' {fault}", where=place(row), mend=mend)
