"""Splits: made by a splitter, checked, hashed, kept in a run's folder as row numbers."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cfbench.data import arrays
from cfbench.data.interactions import Interactions
from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Experiment
from cfbench.loading.components import Find, component
from cfbench.loading.streams import numpy_generator
from cfbench.plugin import Split, Splitter
from cfbench.registry.faults import in_its_own_words
from cfbench.registry.importing import place_of

PARTS = ("train", "valid", "test")
"""The parts that are trained or measured on."""

GIVEN = "given"
"""Rows of users that training does not see, shown to the model when it ranks for them."""


def make_split(interactions: Interactions, experiment: Experiment, find: Find) -> Split:
    """Return the experiment's split of the interactions, checked.

    Raises:
        BadInput: the splitter refuses the data or its parameters, or they lack the time that it needs.
        WorkFailed: the splitter returned rows that are no split.
    """
    name = experiment.splitter.name
    splitter, params = component(find, "splitter", experiment.splitter)
    if isinstance(splitter, Splitter) and splitter.needs_time and interactions.time is None:
        raise BadInput(f"splitter {name} needs a time column", where="data.time", mend="name one or split otherwise")
    with in_its_own_words(f"splitter {name}", place_of(sys.modules[splitter.target.__module__])):
        split = splitter.target(interactions, params, numpy_generator(experiment, "split"))
    if not isinstance(split, Split):
        raise WorkFailed(f"it returned {type(split).__name__}, not Split", where=f"splitter {name}")
    train, valid, test = (np.asarray(rows(split, part), np.int64) for part in PARTS)
    split = Split(train, valid, test, split.dropped, np.asarray(rows(split, GIVEN), np.int64), split.tied)
    _check(split, len(interactions), name)
    return split


def rows(split: Split, part: str) -> NDArray[np.int64]:
    """Return the row numbers of "train", "valid", "test" or "given"; none where the split has no such part."""
    found: NDArray[np.int64] | None = getattr(split, part)
    return np.empty(0, np.int64) if found is None else found


def _check(split: Split, n: int, name: str) -> None:
    used = np.zeros(n, bool)
    for part in (*PARTS, GIVEN):
        numbers = rows(split, part)
        if numbers.size and (numbers.min() < 0 or numbers.max() >= n):
            raise WorkFailed(f"{part} has row numbers outside 0 to {n - 1}", where=f"splitter {name}")
        before = np.count_nonzero(used)
        used[numbers] = True
        if np.count_nonzero(used) - before < len(numbers):
            raise WorkFailed(f"a row of {part} stands twice in the split", where=f"splitter {name}")
    if not len(split.train):
        raise BadInput("no row is left to train on", where=f"splitter {name}", mend="change its parameters")


def repeated_pairs(interactions: Interactions, split: Split) -> int:
    """Return how many pairs of user and item stand in training and in another part too."""
    if not interactions.counts.duplicates:
        return 0
    pairs = interactions.user.astype(np.int64) * len(interactions.classes["item"]) + interactions.item
    train = np.sort(pairs[split.train])
    others = np.sort(pairs[np.concatenate([rows(split, "valid"), rows(split, "test")])])
    first = np.diff(others, prepend=-1) > 0
    places = np.searchsorted(train, others[first]).clip(max=len(train) - 1)
    return int(np.count_nonzero(train[places] == others[first]))


def split_hash(split: Split, fingerprint: str) -> str:
    """Return the hash, 16 hex digits, of the data's fingerprint and each part's rows: equal hash, equal split."""
    digest = hashlib.blake2b(fingerprint.encode(), digest_size=8)
    for part in PARTS:
        numbers = np.ascontiguousarray(rows(split, part))
        digest.update(f"{part}:{len(numbers)}:".encode() + numbers.tobytes())
    if len(given := np.ascontiguousarray(rows(split, GIVEN))):
        digest.update(f"{GIVEN}:{len(given)}:".encode() + given.tobytes())
    return digest.hexdigest()


def save(split: Split, folder: Path) -> None:
    """Write the row numbers into `folder`, one .npy a part."""
    for part in (*PARTS, GIVEN):
        arrays.save(folder / f"{part}.npy", rows(split, part))


def load(folder: Path) -> Split:
    """Return the split that `save` wrote."""
    train, valid, test = (np.load(folder / f"{part}.npy", mmap_mode="r") for part in PARTS)
    given = folder / f"{GIVEN}.npy"  # a run that is older has none
    return Split(train, valid, test, given=np.load(given, mmap_mode="r") if given.exists() else None)
