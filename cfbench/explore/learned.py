"""A trained model as one works with it from Python: what was learned, and what it says, by label and title."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.answers import Checkpoint, Ends, Explanation, Measure, Recommendations, Scored, Side
from cfbench.explore import biases, explaining, folding, likeness, recommending
from cfbench.explore.factors import tables_of
from cfbench.explore.folding import Folded
from cfbench.explore.ranking import known
from cfbench.explore.trained import Trained
from cfbench.runs.folder import find

_Floats = NDArray[np.float32]


def load(run: str | os.PathLike[str], checkpoint: Checkpoint = "auto") -> Learned:
    """Return the trained model of a run.

    Args:
        run: its id, the start or end of one, "last", or its folder's path.
        checkpoint: "last", "best" (by valid loss), or "auto": the best where the run stops early, else the last.

    Raises:
        BadInput: there is no such run, or it has no whole checkpoint.
    """
    return Learned(find(os.fspath(run)), checkpoint)


@dataclass(frozen=True, eq=False)
class Factors:
    """What a model learned of the users and items that training saw.

    The score of user u and item i is ``users[u] @ items[i] + user_bias[u] + item_bias[i] + global_mean``; with a
    `y_range` of low and high the prediction is low + (high - low) * sigmoid(score).

    Attributes:
        users: float32 (n_users, k).
        items: float32 (n_items, k).
        user_labels: of each row of `users`.
        item_labels: of each row of `items`.
        titles: of each row of `items`.
        user_bias: float32 (n_users,), or None where the model has none.
        item_bias: float32 (n_items,), or None.
        global_mean: what is added to every score.
        y_range: what scores are squashed into, or None.
    """

    users: _Floats
    items: _Floats
    user_labels: tuple[str, ...]
    item_labels: tuple[str, ...]
    titles: tuple[str, ...]
    user_bias: _Floats | None
    item_bias: _Floats | None
    global_mean: float
    y_range: tuple[float, float] | None


class Learned(Trained):
    """A trained model that is asked what it learned. Labels that are whole numbers may be given as such.

    Every method raises BadInput where it names a user or item that training did not see, or the model can't answer.
    """

    def recommend(
        self,
        user: str | int = "",
        count: int = 10,
        *,
        least: int = 1,
        where: Sequence[str] = (),
        diversity: float = 0.0,
        seen: bool = False,
        ratings: Mapping[str, float] | None = None,
    ) -> Recommendations:
        """Return the items with the highest predictions for a user, or for somebody new.

        Args:
            user: label; "" for somebody new, who gave `ratings`.
            count: how many.
            least: training rows that an item has at least.
            where: conditions on items such as "genre=Drama", "year>=1990", "title~war".
            diversity: from 0 to 1; how much an item loses for being like one above it.
            seen: rank what was rated too.
            ratings: title or label -> rating.
        """
        return recommending.recommend(
            self, str(user), count, least, where=where, diversity=diversity, seen=seen, ratings=ratings
        )

    def similar(
        self, name: str | int, count: int = 10, *, least: int = 1, measure: Measure = "cosine", side: Side = "item"
    ) -> list[Scored]:
        """Return the items, or users, whose factors are most like those of one, the most like first.

        Args:
            name: an item's title that it alone bears, or its label; a user's label.
            count: how many.
            least: training rows that each has at least.
            measure: "cosine", "dot", or "euclid": the distance, least first.
            side: whose.
        """
        return likeness.similar(self, str(name), count, least, measure, side)

    def explain(
        self,
        user: str | int,
        item: str | int,
        ratings: Mapping[str, float] | None = None,
        *,
        supports: int = explaining.SUPPORTS,
    ) -> Explanation:
        """Return the score of an item as a sum, and the rated titles that move it most.

        Args:
            user: label; "" for somebody new, who gave `ratings`.
            item: title that it alone bears, or label.
            ratings: title or label -> rating.
            supports: how many rated titles at most.
        """
        return explaining.explain(self, str(user), str(item), ratings, supports=supports)

    def fold_in(self, ratings: Mapping[str, float]) -> Folded:
        """Return factors and bias of somebody who gave ratings, title or label -> rating; the model stays as it is."""
        return folding.fold_in(self, ratings)

    def biases(self, side: Side = "item", count: int = 10, least: int = 1) -> Ends:
        """Return the `count` highest and lowest biases of labels with at least `least` training rows."""
        return biases.biases(self, side, count, least)

    @cached_property
    def factors(self) -> Factors:
        """The tables of factors and biases, rows by label."""
        tables = tables_of(self)
        users, items = (known(self, side) for side in ("user", "item"))
        return Factors(
            users=_float32(tables.user_factors)[users],
            items=_float32(tables.item_factors)[items],
            user_labels=self._words("user", users),
            item_labels=self._words("item", items),
            titles=self._words("title", items),
            user_bias=None if tables.user_bias is None else _float32(tables.user_bias)[users],
            item_bias=None if tables.item_bias is None else _float32(tables.item_bias)[items],
            global_mean=float(tables.global_mean),
            y_range=tables.y_range,
        )

    def _words(self, field: str, codes: NDArray[np.int32]) -> tuple[str, ...]:
        labels = self.classes[field]
        return tuple(labels[code] for code in codes.tolist())


def _float32(table: torch.Tensor) -> _Floats:
    found: _Floats = table.detach().float().cpu().numpy()
    return found
