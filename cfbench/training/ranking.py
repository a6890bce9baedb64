"""Where relevant items stand among all candidates of a user: the pass that every ranking metric reads.

Ties are kept as ties: an item's place is known by how many candidates score higher and how many score the same, so that
metrics can take the mean over all orders of equal items, and the order in which items happen to lie never counts.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.loading import history
from cfbench.loading.loader import Loader
from cfbench.plugin import Exposure, Groups, ScoreRequest, SparseRows
from cfbench.training.compiled import compiles
from cfbench.training.components import Predictor
from cfbench.training.scoring import evaluating, from_tables, in_threads, scores_of

MISSED = 2**40
"""How many candidates stand above a relevant item that is none itself: more than any list is long."""

_CELLS, _NEAR = 2**22, 2**19
"""Scores that are held at a time, and by one of several threads: these stay in its nearest caches."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """`cfbench.plugin.Ranking`, as arrays.

    Attributes:
        users: user codes, int32 (n,).
        n_candidates: int64 (n,).
        query: of each relevant item whose it is, ascending, int64 (r,).
        item: of each relevant item its code, int32 (r,).
        target: likewise its target, float32 (r,).
        above: candidates with a higher score, int64 (r,); `MISSED` where it is no candidate.
        equal: candidates with the same score, itself included, int64 (r,).
        counts: training rows of each item, int32 (n_items,).
        exposures: k -> who stands among the first k.
    """

    users: NDArray[np.int32]
    n_candidates: NDArray[np.int64]
    query: NDArray[np.int64]
    item: NDArray[np.int32]
    target: NDArray[np.float32]
    above: NDArray[np.int64]
    equal: NDArray[np.int64]
    counts: NDArray[np.int32]
    exposures: Mapping[int, Exposure] = field(default_factory=dict)

    @cached_property
    def n_relevant(self) -> NDArray[np.int64]:
        """Relevant items of each, int64 (n,)."""
        return np.bincount(self.query, minlength=len(self.users)).astype(np.int64)

    @property
    def targets(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """All relevant items: whose, and the target."""
        return self.query, self.target

    @cached_property
    def groups(self) -> Groups:
        """The relevant candidates by groups of equal score."""
        there = np.flatnonzero(self.above < MISSED)
        place = self.query[there] * (int(self.above[there].max(initial=0)) + 1) + self.above[there]
        order = there[np.argsort(place, kind="stable")]
        query, above = self.query[order], self.above[order]
        first = np.flatnonzero(np.diff(query, prepend=-1) | np.diff(above, prepend=-1)) if len(order) else order
        relevant = np.diff(np.append(first, len(order)))
        before = np.cumsum(relevant) - relevant
        of_user = np.searchsorted(query[first], query[first])  # the user's first group
        member = np.repeat(np.arange(len(first)), relevant)
        size = self.equal[order][first]
        return Groups(query[first], above[first], size, relevant, before - before[of_user], member, self.target[order])

    def exposure(self, k: int) -> Exposure:
        """Return how often items stand among the first k."""
        return self.exposures[k]

    def among(self, wanted: NDArray[np.bool_]) -> Ranked:
        """Return the ranking in which the relevant items outside of `wanted`, bool (r,), are no candidates at all."""
        above, equal, candidates = self.above.copy(), self.equal.copy(), self.n_candidates.copy()
        others = np.flatnonzero(~wanted & (self.above < MISSED))
        np.subtract.at(candidates, self.query[others], 1)
        step = MISSED + 1
        keys = np.sort(self.query[others] * step + self.above[others])
        low = np.searchsorted(keys, self.query * step)
        left = np.searchsorted(keys, self.query * step + self.above, "left")
        right = np.searchsorted(keys, self.query * step + self.above, "right")
        here = self.above < MISSED
        above[here] -= (left - low)[here]
        equal[here] -= (right - left)[here]
        return dataclasses.replace(self, n_candidates=candidates, above=above, equal=equal).only(wanted)

    def only(self, wanted: NDArray[np.bool_]) -> Ranked:
        """Return the ranking in which the relevant items outside of `wanted`, bool (r,), are candidates like others."""
        return dataclasses.replace(
            self,
            query=self.query[wanted],
            item=self.item[wanted],
            target=self.target[wanted],
            above=self.above[wanted],
            equal=self.equal[wanted],
        )


def rank(predictor: Predictor, loader: Loader, part: str, lists: Iterable[int] = ()) -> Ranked:
    """Rank all items for every user of a part.

    Candidates are the items that training saw, without the user's own in training, in what was given of them and, where
    the part is "test", in valid. A row of the part whose item is known in this way is left out.

    Args:
        predictor: the model.
        loader: the data.
        part: "valid" or "test".
        lists: lengths of lists of which to keep who stands in them.

    Raises:
        WorkFailed: the model gives a score that is no number.
    """
    known, asked = loader.known_before(part), loader.asked(part)
    users = np.flatnonzero(np.diff(asked.starts)).astype(np.int64)
    catalogue = loader.encoder.seen["item"]
    refused = np.flatnonzero(~catalogue)
    tallies = {k: _Tally(k, len(catalogue)) for k in lists}
    room, nothing = threading.local(), history.rows_of(known, users[:0])

    def placed(start: int) -> tuple[NDArray[np.generic], ...]:
        chosen = users[start : start + size]
        if apart and not hasattr(room, "scores"):
            room.scores = torch.empty(size, len(catalogue))
        request = ScoreRequest(_trained(loader, chosen), nothing if apart else history.rows_of(known, chosen))
        scores = scores_of(predictor, loader, request, getattr(room, "scores", None))
        found = _places(scores, refused, known, chosen, history.rows_of(asked, chosen), start)
        for tally in tallies.values():
            tally.add(scores)
        return found

    apart = not tallies and from_tables(predictor)
    size = max(1, (_NEAR if apart else _CELLS) // len(catalogue))
    each = in_threads if apart else map
    with evaluating(predictor):
        pieces = list(each(placed, range(0, len(users), size)))
    n_candidates, query, item, target, above, equal = (np.concatenate(column) for column in zip(*pieces, strict=True))
    exposures = {k: tally.exposure() for k, tally in tallies.items()}
    return Ranked(
        users.astype(np.int32),
        n_candidates,
        query,
        item,
        target,
        above,
        equal,
        loader.encoder.counts["item"],
        exposures,
    )


def _trained(loader: Loader, users: NDArray[np.int64]) -> NDArray[np.int64]:
    return loader.encoder.known("user", users.astype(np.int32)).astype(np.int64)


def _places(
    scores: torch.Tensor,
    refused: NDArray[np.int64],
    known: SparseRows,
    users: NDArray[np.int64],
    relevant: SparseRows,
    start: int,
) -> tuple[NDArray[np.generic], ...]:
    """Return candidates of each user, and of each relevant item whose, which, target, above and equal.

    Scores of what is no candidate become -inf.
    """
    count = _counted if compiles() else _sorted
    candidates, above, equal = count(scores, refused, known, users, relevant)
    return candidates, history.owners(relevant) + start, relevant.items, relevant.values, above, equal


def _counted(
    scores: torch.Tensor, refused: NDArray[np.int64], known: SparseRows, users: NDArray[np.int64], relevant: SparseRows
) -> tuple[NDArray[np.int64], ...]:
    """Return candidates, above and equal by compiled loops."""
    from cfbench.training.counting import count_places

    candidates = np.empty(len(scores), np.int64)
    above, equal = (np.empty(len(relevant.items), np.int64) for _ in range(2))
    wanted = relevant.starts, relevant.items, candidates, above, equal, MISSED
    count_places(scores.numpy(), refused, known.starts, known.items, users, *wanted)
    return candidates, above, equal


def _sorted(
    scores: torch.Tensor, refused: NDArray[np.int64], known: SparseRows, users: NDArray[np.int64], relevant: SparseRows
) -> tuple[NDArray[np.int64], ...]:
    """Likewise by putting all scores in order, where nothing can be compiled."""
    scores[:, torch.from_numpy(refused)] = -torch.inf
    own = history.rows_of(known, users)
    scores[torch.from_numpy(history.owners(own)), torch.from_numpy(own.items.astype(np.int64))] = -torch.inf
    ordered = scores.sort(dim=1).values.contiguous()
    n_refused = (ordered == -torch.inf).sum(1)
    lengths = np.diff(relevant.starts)
    column = np.arange(len(relevant.items)) - np.repeat(relevant.starts[:-1], lengths)
    wanted = torch.full((len(relevant), max(1, lengths.max(initial=1))), torch.inf, dtype=scores.dtype)
    items = torch.from_numpy(relevant.items.astype(np.int64))
    rows, columns = torch.from_numpy(history.owners(relevant)), torch.from_numpy(column)
    mine = scores[rows, items]
    wanted[rows, columns] = mine
    right = torch.searchsorted(ordered, wanted, right=True)[rows, columns]
    left = torch.searchsorted(ordered, wanted)[rows, columns]
    above = torch.where(mine > -torch.inf, scores.shape[1] - right, MISSED)
    return (scores.shape[1] - n_refused).numpy(), above.numpy(), (right - left).numpy()


class _Tally:
    """Who stands among the first k of lists, added up."""

    def __init__(self, k: int, n_items: int) -> None:
        self._k, self._lists = k, 0
        self._expected, self._missed = np.zeros(n_items), np.ones(n_items)

    def add(self, scores: torch.Tensor) -> None:
        """Count the lists of scores (users, n_items); equal ones at the end of a list share its last places."""
        least = scores.topk(min(self._k, scores.shape[1]), dim=1).values[:, -1:]
        above, level = scores > least, (scores == least) & (scores > -torch.inf)
        share = (self._k - above.sum(1, keepdim=True)) / level.sum(1, keepdim=True).clamp(min=1)
        chance = above.double() + level * share.clamp(max=1)
        self._expected += chance.sum(0).numpy()
        self._missed *= (1 - chance).prod(0).numpy()
        self._lists += len(scores)

    def exposure(self) -> Exposure:
        """Return what was counted."""
        return Exposure(self._expected, self._missed, self._lists, self._k)


def rank_among(predictor: Predictor, loader: Loader, part: str, candidates: NDArray[np.int32]) -> Ranked:
    """Rank each row's item of a part among its candidates, int32 (rows, n), alone; 0 is none.

    The item itself counts once, though it stand among its candidates too.
    """
    rows = loader.rows(part)
    users, items = loader.interactions.user[rows], loader.interactions.item[rows]
    above, equal, there = (np.zeros(len(rows), np.int64) for _ in range(3))
    unseen = np.flatnonzero(~loader.encoder.seen["item"])
    rivals = (candidates > 0) & (candidates != items[:, None])
    known = loader.known_before(part)
    order = np.argsort(users, kind="stable")
    size = max(1, _CELLS // len(loader.encoder.seen["item"]))
    with evaluating(predictor):
        for chunk in _user_chunks(users[order], size):
            numbers = order[chunk]
            chosen, at = np.unique(users[numbers], return_inverse=True)
            own = history.rows_of(known, chosen.astype(np.int64))
            scores = scores_of(predictor, loader, ScoreRequest(_trained(loader, chosen.astype(np.int64)), own)).numpy()
            scores[:, unseen] = scores[:, :1]  # scored as code 0
            mine = scores[at, items[numbers]][:, None]
            theirs = scores[at[:, None], candidates[numbers]]
            above[numbers] = ((theirs > mine) & rivals[numbers]).sum(1)
            equal[numbers] = 1 + ((theirs == mine) & rivals[numbers]).sum(1)
            there[numbers] = 1 + rivals[numbers].sum(1)
    return Ranked(
        users, there, np.arange(len(rows)), items, loader.interactions.target[rows], above, equal,
        loader.encoder.counts["item"],
    )  # fmt: skip


def _user_chunks(users: NDArray[np.int32], size: int) -> Iterator[slice]:
    """Yield slices of ascending `users` with at most `size` different ones each."""
    first = np.flatnonzero(np.diff(users, prepend=-1))
    for start in range(0, len(first), size):
        end = first[start + size] if start + size < len(first) else len(users)
        yield slice(int(first[start]), int(end))
