"""The loader: training and validation rows as batches.

Columns are contiguous arrays; an epoch's order is one seeded permutation, applied once; a batch is a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.data.interactions import Interactions
from cfbench.experiment import Experiment
from cfbench.loading import candidates, history, kept
from cfbench.loading.encoder import Encoder, numbers_of
from cfbench.loading.splits import rows, split_hash
from cfbench.loading.streams import numpy_generator
from cfbench.paths import given
from cfbench.plugin import FitData, SparseRows, Split

_GATHERED = 2**20


@dataclass(frozen=True)
class Batch:
    """B rows: `x` int64 (B, 2) as (user, item); `categorical` int64 (B, C); `continuous` and `target` float32."""

    x: torch.Tensor
    categorical: torch.Tensor
    continuous: torch.Tensor
    target: torch.Tensor

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, rows: slice) -> Batch:
        return Batch(self.x[rows], self.categorical[rows], self.continuous[rows], self.target[rows])

    def take(self, rows: torch.Tensor) -> Batch:
        """Return the rows of these numbers, int32 or int64 (n,), in their order."""
        return Batch(
            *(column.index_select(0, rows) for column in (self.x, self.categorical, self.continuous, self.target))
        )

    def to(self, device: torch.device, dtype: torch.dtype) -> Batch:
        """Return it on a device, its real numbers in `dtype`."""
        return Batch(
            self.x.to(device),
            self.categorical.to(device),
            self.continuous.to(device, dtype),
            self.target.to(device, dtype),
        )


class Part:
    """The rows of train, valid or test, encoded when they are needed; iterating gives its batches of epoch 0.

    Args:
        numbers: its rows' numbers in the data.
        encoded: from such numbers to a batch of these rows.
        batch_size: rows a batch.
        order: epoch -> permutation of the rows, or None for the order of the data.
        drop_last: leave out a short last batch.
    """

    def __init__(
        self,
        numbers: NDArray[np.int64],
        encoded: Callable[[NDArray[np.int64]], Batch],
        batch_size: int,
        order: Callable[[int], NDArray[np.int32]] | None = None,
        drop_last: bool = False,
    ) -> None:
        self.batch_size = batch_size
        self._numbers, self._encoded, self._order, self._drop_last = numbers, encoded, order, drop_last

    @cached_property
    def all(self) -> Batch:
        """All rows as one batch, in the order of the data."""
        return self._encoded(self._numbers)

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(self._numbers)

    def __len__(self) -> int:
        """Return the number of batches an epoch."""
        return self.n_rows // self.batch_size if self._drop_last else -(-self.n_rows // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return self.batches()

    def batches(self, epoch: int = 0, start: int = 0) -> Iterator[Batch]:
        """Yield an epoch's batches from number `start` on; none before it is made."""
        ordered = self.all
        if self._order is not None:
            ordered = ordered.take(torch.from_numpy(self._order(epoch)))
        for number in range(start, len(self)):
            yield ordered[number * self.batch_size : (number + 1) * self.batch_size]

    def batch(self, number: int, epoch: int = 0) -> Batch:
        """Return one batch of an epoch, from number 0 on, without encoding the others."""
        page = slice(number * self.batch_size, (number + 1) * self.batch_size)
        return self._encoded(self._numbers[page if self._order is None else self._order(epoch)[page]])

    def order(self, epoch: int) -> NDArray[np.int32] | None:
        """Return the permutation of the rows in an epoch, int32 (n,); None where they keep their order."""
        return None if self._order is None else self._order(epoch)

    def chunks(self, size: int = 16_384) -> Iterator[Batch]:
        """Yield all rows in the order of the data, `size` at a time."""
        for start in range(0, self.n_rows, size):
            yield self.all[start : start + size]


class Loader:
    """Train, valid and test rows of an experiment as batches.

    Attributes:
        train: a `Part`; shuffled if the experiment says so.
        valid: a `Part`, in the order of the data.
        test: a `Part`, in the order of the data.
        classes: field -> labels by code; "user", "item" and "title" are always there.
        encoder: what training saw.
        interactions: what the rows are taken from.
        split: their numbers in each part.
        split_hash: equal for equal data and equal rows in each part.
    """

    def __init__(self, interactions: Interactions, split: Split, experiment: Experiment) -> None:
        self.interactions, self.encoder = interactions, Encoder.of(interactions, split.train)
        self.split, self.split_hash = split, split_hash(split, interactions.fingerprint)
        settings = experiment.loader
        self._given = experiment.data.candidates
        self._asked: dict[str, SparseRows] = {}
        self._drawn: dict[tuple[str, int], NDArray[np.int32]] = {}
        cells = _cells(interactions, split.train, settings.blocks) if settings.blocks else None

        def order(epoch: int) -> NDArray[np.int32]:
            drawn = epoch if settings.reshuffle else 0
            permutation = np.arange(len(split.train), dtype=np.int32)
            numpy_generator(experiment, "shuffle", drawn).shuffle(permutation)
            return permutation if cells is None else permutation[np.argsort(cells[permutation], kind="stable")]

        def encoded(numbers: NDArray[np.int64]) -> Batch:
            return encode(interactions, numbers, self.encoder)

        shuffled = order if settings.shuffle else None
        self.train = Part(split.train, encoded, settings.batch_size, shuffled, settings.drop_last)
        self.valid = Part(rows(split, "valid"), encoded, settings.batch_size)
        self.test = Part(rows(split, "test"), encoded, settings.batch_size)

    @property
    def classes(self) -> Mapping[str, Sequence[str]]:
        """Field -> labels by code."""
        return self.encoder.classes

    def rows(self, part: str) -> NDArray[np.int64]:
        """Return the row numbers of "train", "valid", "test" or "given"."""
        return rows(self.split, part)

    def part_of(self, numbers: NDArray[np.int64]) -> list[str]:
        """Return the part that each of some row numbers is in: train, valid, test, given, or else "dropped"."""
        found = np.full(len(numbers), "dropped")
        for part in ("train", "valid", "test", "given"):
            found[np.isin(numbers, self.rows(part))] = part
        return [str(part) for part in found]

    def train_columns(self, order: NDArray[np.integer[Any]] | None) -> tuple[NDArray[Any], ...]:
        """Return users int32, items int32 and targets float32 of the training rows, each (n,), in an order of them.

        They are gathered piece by piece, so that nothing of their size is held besides.
        """
        data, numbers = self.interactions, self.split.train
        columns = data.user, data.item, data.target
        gathered = tuple(np.empty(len(numbers), kind) for kind in (np.int32, np.int32, np.float32))
        for start in range(0, len(numbers), _GATHERED):
            page = slice(start, start + _GATHERED)
            chosen = numbers[page] if order is None else numbers[order[page]]
            for column, into in zip(columns, gathered, strict=True):
                into[page] = column[chosen]
        return gathered

    def by_user(self, *parts: str) -> SparseRows:
        """Return the rows of some parts by user code."""
        numbers = np.concatenate([self.rows(part) for part in parts])
        data = self.interactions
        columns = data.user[numbers], data.item[numbers], data.target[numbers]
        return history.by_user(*columns, len(self.classes["user"]))

    @cached_property
    def history(self) -> SparseRows:
        """What a model may know of each user: training rows, and what is given of users that it did not see."""
        return self.by_user("train", "given")

    def known_before(self, part: str) -> SparseRows:
        """Return what is known of each user when a part is measured: for test the valid rows too."""
        return self.history if part == "valid" else self.by_user("train", "given", "valid")

    def asked(self, part: str) -> SparseRows:
        """Return the rows of a part by user code, without pairs that are known before."""
        if part not in self._asked:
            self._asked[part] = self._new_pairs(part)
        return self._asked[part]

    def _new_pairs(self, part: str) -> SparseRows:
        rows_of_part = self.by_user(part)
        owners = history.owners(rows_of_part)
        new = ~history.Pairs(self.known_before(part)).has(owners, rows_of_part.items)
        users = owners[new].astype(np.int32)
        return history.by_user(users, rows_of_part.items[new], rows_of_part.values[new], len(rows_of_part))

    def candidates(self, part: str) -> NDArray[np.int32] | None:
        """Return the items that a file gives each row of a part, int32 (rows, n); None where there is no such file.

        Raises:
            BadInput: the file can't be read, or is of other rows.
        """
        return self._candidates[part] if self._given else None

    def among(self, part: str, n: int) -> NDArray[np.int32]:
        """Return `n` items for each row of a part, int32 (rows, n): the file's where it has so many, else drawn."""
        listed = self.candidates(part)
        if listed is not None and listed.shape[1] == n:
            return listed
        if (part, n) not in self._drawn:
            self._drawn[part, n] = candidates.drawn(self.interactions, self.split, part, n)
        return self._drawn[part, n]

    @cached_property
    def _candidates(self) -> Mapping[str, NDArray[np.int32]]:
        return candidates.given(self.interactions, self.split, given(self._given))

    def fit_data(self) -> FitData:
        """Return the training rows for a model that trains itself."""
        data, numbers = self.interactions, self.split.train
        time = None if data.time is None else data.time[numbers]
        return FitData(data.user[numbers], data.item[numbers], data.target[numbers], time, self.by_user("train"))

    def owned_field(self, field: str) -> tuple[int, NDArray[np.generic]] | None:
        """Return whose field it is (0 users, 1 items) and its values by code as a batch has them; None: nobody's."""
        for owner, name in enumerate(("user", "item")):
            if (values := self._owned.get(f"{name}/{field}")) is not None:
                scale = self.encoder.scales.get(field)
                return owner, self.encoder.known(field, values) if scale is None else scale(values)
        return None

    @cached_property
    def _owned(self) -> Mapping[str, Any]:
        return kept.owned_fields(self.interactions)

    def training_rows(self, user: int) -> NDArray[np.int64]:
        """Return the numbers of a user's training rows in the data, int64 (n,); `user` is a code."""
        numbers: NDArray[np.int64] = np.flatnonzero(self.interactions.user == user)
        return numbers[self._in_train[numbers]]

    @cached_property
    def _in_train(self) -> NDArray[np.bool_]:
        mask = np.zeros(len(self.interactions), bool)
        mask[self.split.train] = True
        return mask

    def unseen(self, part: Part) -> dict[str, int]:
        """Return how many rows of a part have a user, or an item, that training did not see."""
        zero = (part.all.x == 0).sum(0)
        return {"user": int(zero[0]), "item": int(zero[1])}


def _cells(interactions: Interactions, train: NDArray[np.int64], blocks: int) -> NDArray[np.int32]:
    """Return for each training row its cell of `blocks` ranges of users by half as many of items, of like weight.

    Rows of a cell touch few rows of the tables, so that these stay in a near cache while they are trained on.
    """
    parts = blocks, max(1, blocks // 2)
    found = []
    for field, n in zip(("user", "item"), parts, strict=True):
        codes = getattr(interactions, field)[train]
        weight = np.cumsum(np.bincount(codes))
        cuts = np.searchsorted(weight, weight[-1] * np.arange(1, n) / n)
        found.append(np.searchsorted(cuts, np.arange(len(weight)), side="right")[codes])
    cells: NDArray[np.int32] = (found[0] * parts[1] + found[1]).astype(np.int32)
    return cells


def encode(interactions: Interactions, numbers: NDArray[np.int64], encoder: Encoder) -> Batch:
    """Return rows of the interactions as one batch, in the encoder's codes and scales."""
    x = [encoder.known(field, getattr(interactions, field)[numbers]) for field in ("user", "item")]
    categorical = [encoder.known(field, interactions.categorical[field][numbers]) for field in encoder.categorical]
    continuous = [scale(numbers_of(interactions, field, numbers)) for field, scale in encoder.scales.items()]
    return Batch(
        torch.from_numpy(_side_by_side(x, len(numbers), np.int64)),
        torch.from_numpy(_side_by_side(categorical, len(numbers), np.int64)),
        torch.from_numpy(_side_by_side(continuous, len(numbers), np.float32)),
        torch.from_numpy(np.array(interactions.target[numbers], np.float32)),
    )


def _side_by_side(columns: Sequence[NDArray[np.generic]], n: int, dtype: type) -> NDArray[np.generic]:
    table: NDArray[np.generic] = np.empty((n, len(columns)), dtype)
    for number, column in enumerate(columns):
        table[:, number] = column
    return table
