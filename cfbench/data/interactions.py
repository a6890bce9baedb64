"""Interactions with classes: what splitters, loaders and models are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from blake3 import blake3
from msgspec import Struct
from numpy.typing import NDArray

from cfbench.answers import Column, SourceFile


class Counts(Struct, frozen=True):
    """What became of the rows on their way in.

    Attributes:
        read: rows in the files.
        dropped: reason -> rows that were left out.
        duplicates: rows that repeat a pair of user and item.
        conflicts: pairs that repeat with another target.
        shared_titles: titles that several items' ids bear.
        merged_items: items that became one with another by their title.
        untitled: items without a title in the item table.
        repeats_exact: rows that repeat a pair with the same target and time.
        zero_targets: rows read whose target is 0.
        merged: titles that several items' ids bear, and how many; most first, at most 50.
        missing: role -> rows read without it.
        swapped: the item table fits the users far better than the items.
        time_unit: what the files count time in: "seconds", "milliseconds", "microseconds", or "" where there is none.
        side_repeats: the name of a side table's file -> its rows that repeat an id or lack one.
    """

    read: int
    dropped: dict[str, int] = {}
    duplicates: int = 0
    conflicts: int = 0
    shared_titles: int = 0
    merged_items: int = 0
    untitled: int = 0
    repeats_exact: int = 0
    zero_targets: int = 0
    merged: tuple[tuple[str, int], ...] = ()
    missing: dict[str, int] = {}
    side_repeats: dict[str, int] = {}
    time_unit: str = ""
    swapped: bool = False


@dataclass(frozen=True, eq=False)
class MultiLabel:
    """A field of which a row has several labels at once, such as the genres of its film.

    Attributes:
        sets: for each row which set of labels it has, int32 (n,); 0 is the empty set.
        members: bool (sets, labels): which labels are in a set, by the codes of the field's classes.
    """

    sets: NDArray[np.int32]
    members: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Interactions:
    """Rows of (user, item, target[, time][, fields]) as columns of equal length n; may be memory-mapped, read-only.

    Codes 1..k stand for the k labels in order of first appearance; code 0 is ``#na#``.

    Attributes:
        user: int32 (n,).
        item: int32 (n,).
        target: float32 (n,), 1.0 where there is no target column.
        time: Unix seconds, int64 (n,), or None.
        part: for each row the number of its source file, uint8 (n,).
        sources: the source files' names, by that number.
        categorical: field -> codes, int32 (n,).
        continuous: field -> values, float32 (n,), NaN where missing.
        multilabel: field -> the set of labels of each row.
        classes: field -> labels by code; "user", "item", "title" (items in words), each categorical and multi-label
            field.
        titled: for each code of an item whether its title is in words, rather than its id, bool (items + 1,).
        counts: what was dropped, and what repeats.
        files: the files that were read, and how.
        columns: their columns and roles.
        key: the name under which they are kept in the cache, "" where they are not.
        fingerprint: a BLAKE2b hash, hex, over all coded columns and labels.
    """

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    target: NDArray[np.float32]
    time: NDArray[np.int64] | None
    part: NDArray[np.uint8]
    sources: Sequence[str]
    categorical: Mapping[str, NDArray[np.int32]]
    continuous: Mapping[str, NDArray[np.float32]]
    classes: Mapping[str, Sequence[str]]
    counts: Counts
    multilabel: Mapping[str, MultiLabel] = field(default_factory=dict)
    titled: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    files: tuple[SourceFile, ...] = ()
    columns: tuple[Column, ...] = ()
    key: str = ""
    fingerprint: str = field(default="")

    def __post_init__(self) -> None:
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", fingerprint(self))

    def __len__(self) -> int:
        return len(self.user)


def arrays(interactions: Interactions) -> dict[str, NDArray[np.generic]]:
    """Return every array by an unambiguous name: "user", "time", "categorical <field>", "sets <field>" and so on."""
    columns: dict[str, NDArray[np.generic]] = {
        "user": interactions.user,
        "item": interactions.item,
        "target": interactions.target,
        "part": interactions.part,
    }
    if interactions.time is not None:
        columns["time"] = interactions.time
    columns |= {f"categorical {name}": codes for name, codes in interactions.categorical.items()}
    columns |= {f"continuous {name}": values for name, values in interactions.continuous.items()}
    for name, labels in interactions.multilabel.items():
        columns |= {f"sets {name}": labels.sets, f"members {name}": labels.members}
    return columns


def fingerprint(interactions: Interactions) -> str:
    """Return a BLAKE3 hash, 32 hex digits, over all coded columns and labels; files' names are not in it."""
    total = blake3(max_threads=blake3.AUTO)
    for name, column in sorted(arrays(interactions).items()):
        total.update(f"{name}\0{column.dtype.str}\0{column.shape}\0".encode())
        total.update(np.ascontiguousarray(column).data.cast("B") if column.size else b"")
    for name, labels in sorted(interactions.classes.items()):
        total.update(f"{name}\0{len(labels)}\0".encode())
        encoded = [label.encode() for label in labels]
        total.update(np.fromiter(map(len, encoded), np.uint32, len(encoded)).tobytes())
        total.update(b"".join(encoded))
    return total.hexdigest(length=16)
