"""The rows of all files as coded columns, in the files' order, before any policy drops one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.data import values
from cfbench.data.coding import Coder, Ids, prepared
from cfbench.data.reading import Opened, Stack
from cfbench.data.roles import Roles
from cfbench.experiment import Data
from cfbench.plugin import NA

_THREADS = 2
_AHEAD = 4
_GROWTH = 2**20


@dataclass(frozen=True)
class Gathered:
    """Coded columns of equal length n.

    Attributes:
        codes: "user", "item", where there is one "title", and each field of labels -> int32 (n,), 0 where missing.
        labels: the same names -> labels by code.
        numbers: "target" and each continuous field -> float32 (n,), NaN where missing.
        time: Unix seconds, int64 (n,), `values.NO_TIME` where missing; None where there is no such column.
        time_unit: what the file counts time in.
        part: for each row the number of its file, uint8 (n,).
        rows: the rows of each file.
    """

    codes: dict[str, NDArray[np.int32]]
    labels: dict[str, list[str]]
    numbers: dict[str, NDArray[np.float32]]
    time: NDArray[np.int64] | None
    time_unit: str
    part: NDArray[np.uint8]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class _Wanted:
    """Which columns of the files are read as what; names -> columns.

    Attributes:
        labels: names of what is coded.
        numbers: names of what is a number.
        time: the column of times, and whether its values are numbers.
    """

    labels: dict[str, str]
    numbers: dict[str, str]
    time: tuple[str, bool] | None

    @property
    def texts(self) -> list[str]:
        """The columns of which every character counts."""
        dates = [self.time[0]] if self.time and not self.time[1] else []
        return list(dict.fromkeys([*self.labels.values(), *dates]))

    @property
    def figures(self) -> list[str]:
        """The columns of which only the number counts."""
        seconds = [self.time[0]] if self.time and self.time[1] else []
        return [name for name in dict.fromkeys([*self.numbers.values(), *seconds]) if name not in self.texts]


def gather(stack: Stack, roles: Roles, data: Data, fields: Sequence[str], sample: pl.DataFrame) -> Gathered:
    """Return the rows of all files.

    Args:
        stack: the files.
        roles: the columns' roles.
        data: which further fields hold what.
        fields: those of them that are columns of these files.
        sample: the first rows, as text.

    Raises:
        BadInput: a row can't be read, or a value is no number or time; names its line.
    """
    wanted = _wanted(roles, data, fields, sample)
    coders = {name: Coder() for name in wanted.labels}
    codes = {name: _Column(np.int32) for name in wanted.labels}
    numbers = {name: _Column(np.float32) for name in wanted.numbers}
    times = _Column(np.int64)
    rows = []
    with ThreadPoolExecutor(_THREADS) as threads:
        for opened in stack.opened:
            count = 0
            for batch in _prepared(threads, opened, wanted):
                for name, ids in batch.labels.items():
                    coders[name].encode(ids, codes[name].more(batch.height))
                for name, column in batch.numbers.items():
                    numbers[name].more(batch.height)[:] = column
                if batch.time is not None:
                    times.more(batch.height)[:] = batch.time
                count += batch.height
            rows.append(count)
    n = sum(rows)

    def place(row: int) -> str:
        for opened, count in zip(stack.opened, rows, strict=True):
            if row < count:
                return opened.place(row)
            row -= count
        raise IndexError(row)

    time, unit = values.in_seconds(times.whole(), place) if wanted.time else (None, "")
    return Gathered(
        codes={name: column.whole() for name, column in codes.items()},
        labels={name: coder.labels() for name, coder in coders.items()},
        numbers={"target": np.ones(n, np.float32)} | {name: column.whole() for name, column in numbers.items()},
        time=time,
        time_unit=unit,
        part=np.repeat(np.arange(len(rows), dtype=np.uint8), rows),
        rows=tuple(rows),
    )


def _wanted(roles: Roles, data: Data, fields: Sequence[str], sample: pl.DataFrame) -> _Wanted:
    labels = {"user": roles.user, "item": roles.item}
    if roles.title is not None:
        labels["title"] = roles.title
    labels |= {f"field {name}": name for name in fields if name not in data.continuous}
    numbers = {} if roles.target is None else {"target": roles.target}
    numbers |= {f"field {name}": name for name in fields if name in data.continuous}
    time = None
    if roles.time is not None:
        time = roles.time, all(values.is_number(value) for value in sample[roles.time] if value)
    return _Wanted(labels, numbers, time)


@dataclass(frozen=True)
class _Batch:
    height: int
    labels: dict[str, Ids]
    numbers: dict[str, NDArray[np.float32]]
    time: NDArray[np.int64] | None


def _prepared(threads: ThreadPoolExecutor, opened: Opened, wanted: _Wanted) -> Iterator[_Batch]:
    """Yield a file's batches in order, made ready on several threads."""
    waiting: list[Any] = []
    start = 0
    for frame in opened.batches(wanted.texts, wanted.figures):
        waiting.append(threads.submit(_made_ready, frame, wanted, opened, start))
        start += frame.height
        if len(waiting) > _AHEAD:
            yield waiting.pop(0).result()
    for batch in waiting:
        yield batch.result()


def _made_ready(frame: pl.DataFrame, wanted: _Wanted, opened: Opened, start: int) -> _Batch:
    def place(row: int) -> str:
        return opened.place(start + row)

    labels = {name: prepared(frame[column]) for name, column in wanted.labels.items()}
    numbers = {
        name: values.numbers(
            frame[column], "a rating" if name == "target" else f"a number for '{column}'", place
        ).astype(np.float32)
        for name, column in wanted.numbers.items()
    }
    time = values.times(frame[wanted.time[0]], place) if wanted.time else None
    return _Batch(frame.height, labels, numbers, time)


class _Column:
    """An array that grows without being copied: the system moves its pages."""

    def __init__(self, kind: type[np.generic]) -> None:
        self._array: NDArray[Any] = np.empty(0, kind)
        self._length = 0

    def more(self, rows: int) -> NDArray[Any]:
        """Return room for so many more rows; to be filled before the next call."""
        start, self._length = self._length, self._length + rows
        if self._length > len(self._array):
            self._array.resize(max(self._length, len(self._array) + _GROWTH), refcheck=False)
        return self._array[start : self._length]

    def whole(self) -> NDArray[Any]:
        """Return all rows; the column is used up."""
        self._array.resize(self._length, refcheck=False)
        return self._array


def sets_of(texts: Sequence[str], separator: str) -> tuple[NDArray[np.int32], NDArray[np.bool_], list[str]]:
    """Return texts such as "Comedy|Drama" as sets of labels.

    Returns:
        For each text the number of its set, 0 for none, int32 (n,); which labels are in each set, bool (sets, labels);
        and the labels by code.
    """
    labels: dict[str, int] = {NA: 0}
    known: dict[tuple[int, ...], int] = {(): 0}
    found = np.empty(len(texts), np.int32)
    for n, text in enumerate(texts):
        parts = {part.strip() for part in text.split(separator)} if separator else {text.strip()}
        codes = tuple(sorted(labels.setdefault(part, len(labels)) for part in sorted(parts - {""})))
        found[n] = known.setdefault(codes, len(known))
    members = np.zeros((len(known), len(labels)), bool)
    for codes, number in known.items():
        members[number, list(codes)] = True
    return found, members, list(labels)
