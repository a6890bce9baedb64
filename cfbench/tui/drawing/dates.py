"""Dates along an axis: whole years, months, days or hours, as close as there is room."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cfbench.tui.drawing import ticks

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MINUTE, _HOUR, _DAY, _MONTH = 60, 3600, 86_400, 2_629_746
_SECONDS = [
    *(n * _MINUTE for n in (1, 5, 15, 30)),
    *(n * _HOUR for n in (1, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 5, 10)),
]
_MONTHS_APART = (1, 3, 6, *(12 * n * 10**power for power in range(4) for n in (1, 2, 5)))


def dates(low: float, high: float, columns: int) -> list[tuple[float, str]]:
    """Return whole dates between two Unix times, in UTC, for `columns` cells; numbers where they are no dates."""
    try:
        first, last = (_EPOCH + timedelta(seconds=end) for end in (low, high))
    except (OverflowError, ValueError):
        return ticks.along(low, high, columns) if high > low else []
    least = (high - low) / columns  # seconds a cell
    for seconds in _SECONDS:
        if seconds >= least * (9 if seconds < _DAY else 11):
            numbers = range(math.ceil(low / seconds), math.floor(high / seconds) + 1)
            return [(n * seconds, _moment(_EPOCH + timedelta(seconds=n * seconds), seconds)) for n in numbers]
    for months in _MONTHS_APART:
        if months * _MONTH >= least * (12 if months < 12 else 9):
            return [
                ((moment - _EPOCH).total_seconds(), _moment(moment, months * _MONTH))
                for moment in _whole_months(first, last, months)
            ]
    return []


def _whole_months(first: datetime, last: datetime, apart: int) -> Iterator[datetime]:
    number = math.ceil((first.year * 12 + first.month - 1) / apart) * apart
    while number // 12 <= last.year:
        moment = datetime(max(1, number // 12), number % 12 + 1, 1, tzinfo=UTC)
        if first <= moment <= last:
            yield moment
        number += apart


def _moment(moment: datetime, apart: int) -> str:
    if apart < _DAY:
        return f"{moment:%H:%M}"
    month = _MONTHS[moment.month - 1]
    if apart < _MONTH:
        return f"{moment.day} {month}"
    return f"{moment.year}" if apart >= 12 * _MONTH else f"{month} {moment.year}"
