"""What of one part of a split another part knows: the leak report."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import Finding
from cfbench.loading import history
from cfbench.loading.loader import Loader
from cfbench.loading.splits import GIVEN, PARTS, repeated_pairs

_ENOUGH = 2_000_000
"""Rows of which times are compared; of more, as many at even distances."""


def report(loader: Loader) -> tuple[Finding, ...]:
    """Return what to know of a split before a measurement on it is believed."""
    parts = [part for part in PARTS[1:] if len(loader.rows(part))]
    return (
        *_pairs(loader),
        *_dropped(loader),
        *_unseen(loader, parts),
        *_future(loader, parts),
        *_ties(loader),
        *_candidates(loader, parts),
    )


def later_share(loader: Loader, part: str) -> float | None:
    """Return the share of the training rows that are later than a row of a part, the mean over its rows.

    None where there is no time. Of more than 2 million rows as many are looked at.
    """
    time = loader.interactions.time
    if time is None:
        return None
    train = np.sort(time[_some(loader.rows("train"))])
    measured = time[_some(loader.rows(part))]
    return float(1 - np.searchsorted(train, measured, "right").mean() / len(train))


def tied_share(loader: Loader) -> float | None:
    """Return the share of all rows that share their second with another row of the same user; None without times."""
    data = loader.interactions
    if data.time is None:
        return None
    order = np.lexsort((data.time, data.user))
    same = (np.diff(data.user[order]) == 0) & (np.diff(data.time[order]) == 0)
    tied = np.zeros(len(order), bool)
    tied[1:] |= same
    tied[:-1] |= same
    return float(tied.mean())


def _some(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows if len(rows) <= _ENOUGH else rows[:: -(-len(rows) // _ENOUGH)]


def _pairs(loader: Loader) -> Iterator[Finding]:
    if repeated := repeated_pairs(loader.interactions, loader.split):
        stand = "stands" if repeated == 1 else "stand"
        yield Finding(
            "look",
            f"{_many(repeated, 'pair')} of train {stand} in another part too",
            "duplicates on the Data screen (data.duplicates) says which row of a pair counts",
        )
    else:
        yield Finding("fine", "no pair is in two parts", "what is measured was not trained on")


def _dropped(loader: Loader) -> Iterator[Finding]:
    for reason, rows in loader.split.dropped.items():
        yield Finding("look", f"{_many(rows, 'row')} dropped", reason)
    if not loader.split.dropped:
        counts = [len(loader.rows(part)) for part in (*PARTS, GIVEN)]
        total = f"{' + '.join(f'{count:,}' for count in counts if count)} = {sum(counts):,}"
        yield Finding("fine", "no row is left over", total)


def _unseen(loader: Loader, parts: list[str]) -> Iterator[Finding]:
    found = False
    for part in parts:
        rows = loader.rows(part)
        for owner in ("user", "item"):
            codes = getattr(loader.interactions, owner)[rows]
            new = codes[~loader.encoder.seen[owner][codes]]
            if len(new):
                found = True
                yield _new(loader, part, owner, len(new), len(np.unique(new)))
    if not found:
        yield Finding("fine", "training knows every user and item", "none becomes #na#")


def _new(loader: Loader, part: str, owner: str, rows: int, labels: int) -> Finding:
    share = f"{_share(rows, len(loader.rows(part)))} of {part}, {_many(labels, owner)}"
    what = f"{_many(rows, f'{part} row')} of {owner}s new to training"
    given = len(loader.rows(GIVEN))
    if owner == "user" and given:
        return Finding(
            "note", what, f"{share}; {_many(given, 'row')} of such users are shown to models that can use them"
        )
    return Finding("look", what, f"{share}; they become #na#")


def _future(loader: Loader, parts: list[str]) -> Iterator[Finding]:
    for part in parts:
        later = later_share(loader, part)
        if later:
            what = f"{_percent(later)} of the train rows are later than a {part} row, on average"
            yield Finding("look", what, "training sees the future; a cut in time (splitter time-cut) does not let it")
        elif later is not None:
            yield Finding("fine", f"no train row is later than a {part} row", "as when a model goes into service")


def _ties(loader: Loader) -> Iterator[Finding]:
    if loader.split.tied:
        share = tied_share(loader) or 0.0
        yield Finding(
            "look",
            f"{_many(loader.split.tied, 'row')} at a cut share their moment with a row on its other side",
            f"splitter.ties says where they fall; {_percent(share)} of all rows share their second with another one"
            " of the same user",
        )


def _candidates(loader: Loader, parts: list[str]) -> Iterator[Finding]:
    for part in parts:
        given = loader.candidates(part)
        if given is None:
            continue
        rows = loader.rows(part)
        users, items = loader.interactions.user[rows], loader.interactions.item[rows]
        own = int(np.count_nonzero((given == items[:, None]).any(1)))
        known = history.Pairs(loader.by_user("train")).has(users[:, None], given) & (given > 0)
        if own:
            what = f"{_many(own, f'{part} row')} with the item itself among the candidates given"
            yield Finding("look", what, "it is counted once; who counts it twice gets a lower number")
        if known.any():
            what = f"{_many(int(known.sum()), 'candidate')} of {part} rows are in the user's training rows"
            yield Finding("look", what, "the model knows them; they are ranked as the file says")
        if not own and not known.any():
            yield Finding("fine", f"no candidate of a {part} row is the user's own", f"{given.shape[1]} each, as given")


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def _share(count: int, total: int) -> str:
    return _percent(count / total) if count / total >= 0.001 else "less than 0.1 %"
