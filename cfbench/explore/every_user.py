"""The first recommendations of every user, written as they are found, so that memory does not grow with users."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from polars.io.plugins import register_io_source

from cfbench.errors import BadInput
from cfbench.explore.exporting import aside, free_file, go_on
from cfbench.explore.factors import factorization
from cfbench.explore.ranking import known
from cfbench.explore.recommending import first
from cfbench.explore.trained import Trained
from cfbench.loading.loader import Loader
from cfbench.plugin import Factorization
from cfbench.training.scoring import in_threads

_CELLS = 2**19
"""Scores that a thread holds at a time: they stay in its nearest caches."""

_ROWS = 2**14
"""Rows of the file that are put together at a time, about."""

_PAGE = 2**20
"""Training rows that are looked at at a time."""

_SCHEMA = {"user": pl.String, "rank": pl.UInt32, "item": pl.String, "title": pl.String, "prediction": pl.Float64}


def export_recommendations(
    trained: Trained,
    path: Path,
    count: int = 10,
    least: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    stop: Callable[[], bool] = lambda: False,
    force: bool = False,
) -> Path:
    """Write the first `count` items of every user that training saw into a Parquet file; return the file.

    Its columns are user, rank (from 1), item, title and prediction; users are in the order of the data. Items that
    training saw with the user are left out; a user who has seen all has no row. What `recommend` gives for a user is
    the same but for rounding, by which scores that are almost equal may change places. The file is there when it is
    whole, and not before.

    Args:
        trained: the model.
        path: the file.
        count: items a user.
        least: training rows that an item has at least.
        progress: takes the users that are done and all of them.
        stop: says whether to stop; asked on other threads, many times a second with tables, once a user without.
        force: replace a file that is there.

    Raises:
        BadInput: `path` ends as another format does, can't be written or is taken; the model needs a field that
            belongs neither to users nor to items; or the ratings are gone.
        DiskFull: there is no room.
        Stopped: `stop` asked for it.
    """
    if count < 1:
        raise BadInput(f"{count} recommendations a user are none", mend="ask for 1 or more")
    path = free_file(path, force)
    users, tables, seen = known(trained, "user"), factorization(trained), _seen(trained, stop)
    hidden = trained.counts["item"] < max(least, 1)
    places = in_order(trained.classes["item"])
    if tables is None:
        found = _by_pairs(trained, seen, users, hidden, places, count, stop)
    else:
        found = by_tables(tables, seen, users, hidden, places, count, stop)
    labels = trained.classes["user"], trained.classes["item"], trained.classes["title"]
    with aside(path, force) as place:
        write(found, len(users), labels, place, progress)
        go_on(stop)
    return path


@dataclass(frozen=True, eq=False)
class Seen:
    """Items of each user in training, in no order: user u's are at ``starts[u]:starts[u + 1]``.

    Attributes:
        starts: int64 (n_users + 1,).
        items: item codes, int32 (m,).
    """

    starts: NDArray[np.int64]
    items: NDArray[np.int32]

    @classmethod
    def of(
        cls,
        user: NDArray[np.int32],
        item: NDArray[np.int32],
        rows: NDArray[np.int64],
        n_users: int,
        stop: Callable[[], bool] = lambda: False,
    ) -> Seen:
        """Return what some rows of the columns hold; no more than these rows' items is kept, a page at a time besides.

        Args:
            user: codes, int32 (n,).
            item: codes, int32 (n,).
            rows: numbers of rows, int64 (m,).
            n_users: codes that there are.
            stop: says whether to stop; asked once a page.

        Raises:
            Stopped: `stop` asked for it.
        """
        pages = [slice(at, at + _PAGE) for at in range(0, len(rows), _PAGE)]
        starts, items = np.zeros(n_users + 1, np.int64), np.empty(len(rows), np.int32)
        for page in pages:
            go_on(stop)
            starts[1:] += np.bincount(user[rows[page]], minlength=n_users)
        starts = starts.cumsum()
        free = starts[:-1].copy()
        for page in pages:
            go_on(stop)
            numbers = rows[page]
            owners = user[numbers]
            order = np.argsort(owners, kind="stable")
            owners = owners[order]
            own = np.bincount(owners, minlength=n_users)
            before = own.cumsum() - own
            items[free[owners] + np.arange(len(owners)) - before[owners]] = item[numbers[order]]
            free += own
        return cls(starts, items)

    def __getitem__(self, user: int) -> NDArray[np.int32]:
        return self.items[self.starts[user] : self.starts[user + 1]]


@dataclass(frozen=True, eq=False)
class Lists:
    """What is recommended to some users, a row an item, each user's from the first place on.

    Attributes:
        done: users that had their turn here.
        users: codes, int32 (n,).
        ranks: places from 1, uint32 (n,).
        items: codes, int32 (n,).
        values: predictions, float64 (n,).
    """

    done: int
    users: NDArray[np.int32]
    ranks: NDArray[np.uint32]
    items: NDArray[np.int32]
    values: NDArray[np.float64]


def in_order(labels: Sequence[str]) -> NDArray[np.int32]:
    """Return the place of each label among all of them in their order, int32 (n,)."""
    places = np.empty(len(labels), np.int32)
    places[sorted(range(len(labels)), key=labels.__getitem__)] = np.arange(len(labels), dtype=np.int32)
    return places


def by_tables(
    tables: Factorization,
    seen: Seen,
    users: NDArray[np.int32],
    hidden: NDArray[np.bool_],
    places: NDArray[np.int32],
    count: int,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Lists]:
    """Yield the first `count` items of users from a model's tables, in as many threads as torch may use.

    Args:
        tables: the model's.
        seen: what is left out for each user.
        users: codes, int32 (n,).
        hidden: items that are left out for all, bool (n_items,).
        places: of equal ones the lower comes first, int32 (n_items,).
        count: items a user.
        stop: says whether to stop; asked on these threads.

    Raises:
        Stopped: `stop` asked for it.
    """
    factors, bias = tables.user_factors.detach().cpu(), tables.user_bias
    across, item_bias = tables.item_factors.detach().cpu().T, tables.item_bias
    own = torch.zeros(len(factors)) if bias is None else bias.detach().cpu()
    own = (own.double() + tables.global_mean).to(factors.dtype)
    others = torch.zeros(1, dtype=factors.dtype) if item_bias is None else item_bias.detach().cpu()
    n_items, room = across.shape[1], threading.local()
    piece = max(1, _CELLS // n_items)

    def found(chosen: NDArray[np.int32]) -> Lists:
        go_on(stop)
        if not hasattr(room, "scores"):
            room.scores = torch.empty(piece, n_items, dtype=factors.dtype)
        codes = torch.from_numpy(chosen)
        scores = torch.addmm(others, factors.index_select(0, codes), across, out=room.scores[: len(chosen)])
        scores += own.index_select(0, codes)[:, None]
        rows = scores.float().numpy()
        return _lists(
            chosen,
            (
                first(tables, row, seen[user], hidden, count)[:2]
                for user, row in zip(chosen.tolist(), rows, strict=True)
            ),
            places,
            count,
        )

    size = max(1, _ROWS // count)
    for start in range(0, len(users), size):
        turn = users[start : start + size]
        pieces = (turn[at : at + piece] for at in range(0, len(turn), piece))
        yield _together(list(in_threads(found, pieces)))


def _by_pairs(
    trained: Trained,
    seen: Seen,
    users: NDArray[np.int32],
    hidden: NDArray[np.bool_],
    places: NDArray[np.int32],
    count: int,
    stop: Callable[[], bool],
) -> Iterator[Lists]:
    """Likewise by what the model itself predicts for every pair of a user and an item that training saw."""
    codes = np.flatnonzero(~hidden).astype(np.int32)
    size = max(1, min(_ROWS // count, _CELLS // max(1, len(codes))))
    for start in range(0, len(users), size):
        turn, best = users[start : start + size], []
        for user in turn.tolist():
            go_on(stop)
            scores = np.full(len(hidden), np.nan, np.float32)
            scores[codes] = trained.score({"user": np.full(len(codes), user, np.int32), "item": codes})
            best.append(first(None, scores, seen[user], hidden, count)[:2])
        yield _lists(turn, best, places, count)


def _lists(
    users: NDArray[np.int32],
    best: Iterable[tuple[NDArray[np.int32], NDArray[np.float64]]],
    places: NDArray[np.int32],
    count: int,
) -> Lists:
    """Return the lists of users of whom codes that may be on them, and predictions, are given, a pair a user."""
    pairs = list(best)
    owners = np.repeat(np.arange(len(users)), [len(codes) for codes, _ in pairs])
    codes, values = (np.concatenate(column) for column in zip(*pairs, strict=True))
    order = np.lexsort((places[codes], -values, owners))
    owners = owners[order]
    ranks = np.arange(len(owners)) - np.searchsorted(owners, owners)
    kept = ranks < count
    order = order[kept]
    return Lists(
        len(users),
        users[owners[kept]],
        (ranks[kept] + 1).astype(np.uint32),
        codes[order].astype(np.int32),
        values[order],
    )


def _together(pieces: Sequence[Lists]) -> Lists:
    return Lists(
        sum(piece.done for piece in pieces),
        np.concatenate([piece.users for piece in pieces]),
        np.concatenate([piece.ranks for piece in pieces]),
        np.concatenate([piece.items for piece in pieces]),
        np.concatenate([piece.values for piece in pieces]),
    )


def write(
    found: Iterator[Lists],
    total: int,
    labels: tuple[Sequence[str], Sequence[str], Sequence[str]],
    place: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write lists into a Parquet file as they come; what `found` or `progress` raises passes.

    Args:
        found: the lists.
        total: users that will have had their turn.
        labels: of users, of items, and titles of items, by code.
        place: the file.
        progress: takes the users that are done and all of them, after each of the lists.
    """
    users, items, titles = (pl.Series(list(column), dtype=pl.String) for column in labels)
    raised: list[BaseException] = []

    def frames(*_: object) -> Iterator[pl.DataFrame]:
        """Yield the frames; polars asks for them on threads of its own, and may say of an error its text alone."""
        done = 0
        try:
            for one in found:
                yield pl.DataFrame(
                    {
                        "user": users.gather(one.users),
                        "rank": one.ranks,
                        "item": items.gather(one.items),
                        "title": titles.gather(one.items),
                        "prediction": one.values,
                    },
                    schema=_SCHEMA,
                )
                done += one.done
                progress(done, total)
        except GeneratorExit:
            raise
        except BaseException as error:
            raised.append(error)
            raise

    try:
        register_io_source(frames, schema=_SCHEMA).sink_parquet(place, row_group_size=2**17)
    except Exception:
        if raised:
            raise raised[0] from None
        raise


def _seen(trained: Trained, stop: Callable[[], bool]) -> Seen:
    try:
        loader: Loader = trained.loader
    except BadInput as error:
        raise BadInput(
            f"what users rated can't be looked up, since the data of run {trained.run.id} are gone: {error.what}",
            where=error.where,
            mend="put the data back there",
        ) from error
    data = loader.interactions
    return Seen.of(data.user, data.item, loader.split.train, len(loader.classes["user"]), stop)
