"""Items drawn against those of training rows: many at once, never one of the user's own unless that is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Component, Experiment
from cfbench.loading import history
from cfbench.loading.components import Find, component
from cfbench.loading.loader import Loader
from cfbench.loading.streams import numpy_generator
from cfbench.plugin import SparseRows

_ROUNDS = 20
"""How often items are drawn again before a user's other items are listed one by one."""


class Negatives:
    """Draws items by a sampler's weights.

    Attributes:
        n: how many for each row.
        log_q: the logarithm of each item's chance, float32 (n_items,); -inf where it is never drawn.
    """

    def __init__(self, experiment: Experiment, find: Find, loader: Loader) -> None:
        assert experiment.sampler is not None
        _, params = component(find, "sampler", experiment.sampler)
        self.n: int = params.negatives
        self._experiment, self._loader = experiment, loader
        self._allow_positives: bool = params.allow_positives
        self._chance = chances(experiment.sampler, find, loader.encoder.counts["item"])
        self._cumulative = np.cumsum(self._chance)
        with np.errstate(divide="ignore"):
            self.log_q = np.log(self._chance).astype(np.float32)
        self._frozen: dict[str, NDArray[np.int32]] = {}
        self._train = _Own(loader.by_user("train"))

    def draw(self, users: NDArray[np.int64], step: int) -> NDArray[np.int32]:
        """Return items for the rows of a training step, int32 (B, n), the same ones for the same step.

        Raises:
            BadInput: a user has every item, so there is none to draw.
        """
        return self._draw(users, self._train, numpy_generator(self._experiment, "negatives", step))

    def frozen(self, users: NDArray[np.int64], part: str) -> NDArray[np.int32]:
        """Return items for the rows of a part to measure on, int32 (B, n), none of them the user's in either part."""
        if part not in self._frozen:
            own = _Own(self._loader.by_user("train", part))
            self._frozen[part] = self._draw(users, own, numpy_generator(self._experiment, f"negatives of {part}"))
        return self._frozen[part]

    def _draw(self, users: NDArray[np.int64], own: _Own, generator: np.random.Generator) -> NDArray[np.int32]:
        found = self._items(generator.random((len(users), self.n)))
        if self._allow_positives:
            return found
        wrong = own.pairs.has(users[:, None], found)
        for _ in range(_ROUNDS):
            if not wrong.any():
                return found
            rows, columns = np.nonzero(wrong)
            found[rows, columns] = self._items(generator.random(len(rows)))
            wrong[rows, columns] = own.pairs.has(users[rows], found[rows, columns])
        for row in np.flatnonzero(wrong.any(1)):
            found[row, wrong[row]] = self._others(int(users[row]), own.rows, int(wrong[row].sum()), generator)
        return found

    def _items(self, numbers: NDArray[np.float64]) -> NDArray[np.int32]:
        places = np.searchsorted(self._cumulative, numbers * self._cumulative[-1], "right")
        items: NDArray[np.int32] = places.astype(np.int32)
        return items

    def _others(self, user: int, own: SparseRows, n: int, generator: np.random.Generator) -> NDArray[np.int32]:
        chance = self._chance.copy()
        chance[own.items[own.starts[user] : own.starts[user + 1]]] = 0
        if not chance.sum():
            raise BadInput(
                f"user '{self._loader.classes['user'][user]}' has every item, so there is none to draw against",
                where="sampler",
                mend="set sampler.allow_positives = true, or leave such users out (data.at_least, splitter)",
            )
        return generator.choice(len(chance), n, p=chance / chance.sum()).astype(np.int32)


class _Own:
    def __init__(self, rows: SparseRows) -> None:
        self.rows, self.pairs = rows, history.Pairs(rows)


def chances(sampler: Component, find: Find, counts: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return how likely each item is drawn, float64 (n_items,); 0 where training did not see it.

    Args:
        sampler: by whose weights.
        find: finds it.
        counts: training rows of each item by code, int32 (n_items,).

    Raises:
        WorkFailed: its weights are no weights.
    """
    live, params = component(find, "sampler", sampler)
    weights = _checked(live.target(counts, params), counts, sampler.name)
    found: NDArray[np.float64] = np.where(counts > 0, weights, 0.0)
    found /= found.sum()
    return found


def _checked(weights: Any, counts: NDArray[np.int32], name: str) -> NDArray[np.float64]:
    found = np.asarray(weights, np.float64)
    if found.shape != counts.shape or not np.isfinite(found).all() or (found < 0).any() or not found[counts > 0].sum():
        raise WorkFailed(
            f"its weights are not {len(counts):,} numbers of at least 0, some above", where=f"sampler {name}"
        )
    return found
