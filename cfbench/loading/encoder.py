"""What training saw: which codes occur in the training rows, and how continuous fields are standardised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cfbench.data.interactions import Interactions
from cfbench.plugin import DataInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of a continuous field over the training rows."""

    mean: float
    sd: float

    def __call__(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return standardised values; a missing one becomes 0, the mean."""
        standard = ((values.astype(np.float64) - self.mean) / self.sd).astype(np.float32)
        return np.where(np.isnan(standard), np.float32(0), standard)


@dataclass(frozen=True)
class Encoder:
    """Turns codes of the data into codes that a model may look up, and values into standardised ones.

    Attributes:
        classes: field -> labels by code.
        counts: "user", "item" and each categorical field -> int32 (codes,): its training rows; 0 for code 0.
        scales: continuous field, and each label of a multi-label one as "genres: Drama" -> its scale.
        n_rows: training rows.
        target: mean, smallest and largest target of the training rows.
    """

    classes: Mapping[str, Sequence[str]]
    counts: Mapping[str, NDArray[np.int32]]
    scales: Mapping[str, Scale]
    n_rows: int
    target: tuple[float, float, float]

    @classmethod
    def of(cls, interactions: Interactions, train: NDArray[np.int64]) -> Encoder:
        """Return the encoder that the training rows of `interactions` define."""
        columns = {"user": interactions.user, "item": interactions.item, **interactions.categorical}
        counts = {name: _counts(codes[train], len(interactions.classes[name])) for name, codes in columns.items()}
        scales = {name: _scale(values[train]) for name, values in interactions.continuous.items()}
        scales |= dict.fromkeys(indicators(interactions), Scale(0.0, 1.0))
        target = np.asarray(interactions.target[train], np.float64)
        figures = float(target.mean()), float(target.min()), float(target.max())
        return cls(interactions.classes, counts, scales, len(train), figures)

    @cached_property
    def seen(self) -> Mapping[str, NDArray[np.bool_]]:
        """The fields of `counts` -> bool (codes,): it occurs in a training row."""
        return {name: counts > 0 for name, counts in self.counts.items()}

    @property
    def categorical(self) -> list[str]:
        """The categorical fields, in the order of a batch's columns."""
        return [name for name in self.counts if name not in ("user", "item")]

    def known(self, field: str, codes: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return `codes`, 0 where training did not see them."""
        return np.where(self.seen[field][codes], codes, 0).astype(np.int32)

    def info(self, generator: Callable[[str], torch.Generator]) -> DataInfo:
        """Return what a model may know of the data."""
        mean, low, high = self.target
        return DataInfo(
            n_users=len(self.classes["user"]),
            n_items=len(self.classes["item"]),
            n_rows=self.n_rows,
            target_mean=mean,
            target_min=low,
            target_max=high,
            categorical={name: len(self.classes[name]) for name in self.categorical},
            continuous=list(self.scales),
            generator=generator,
        )


def indicators(interactions: Interactions) -> dict[str, tuple[str, int]]:
    """Return "genres: Drama" -> ("genres", code) for each label of the multi-label fields: columns of 0 and 1."""
    return {
        f"{field}: {label}": (field, code)
        for field in interactions.multilabel
        for code, label in enumerate(interactions.classes[field])
        if code
    }


def numbers_of(interactions: Interactions, field: str, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
    """Return a continuous field's values, or an indicator's, of some rows, float32 (n,)."""
    if field in interactions.continuous:
        return interactions.continuous[field][rows]
    name, code = indicators(interactions)[field]
    labels = interactions.multilabel[name]
    return labels.members[:, code].astype(np.float32)[labels.sets[rows]]


def _counts(codes: NDArray[np.int32], n: int) -> NDArray[np.int32]:
    counts = np.bincount(codes, minlength=n).astype(np.int32)
    counts[0] = 0
    return counts


def _scale(values: NDArray[np.float32]) -> Scale:
    present = values[~np.isnan(values)].astype(np.float64)
    if not len(present):
        return Scale(0.0, 1.0)
    return Scale(float(present.mean()), float(present.std()) or 1.0)
