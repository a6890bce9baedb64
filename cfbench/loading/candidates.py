"""Items drawn to rank a relevant one among: the same ones for every run on a split, which alone seeds the draw."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cfbench.data.files import RatingFile
from cfbench.data.interactions import Interactions
from cfbench.errors import BadInput
from cfbench.loading import history
from cfbench.loading.splits import PARTS, rows, split_hash
from cfbench.plugin import SparseRows, Split
from cfbench.text import label

_LINE = re.compile(r"[\s,;]+")
_CHUNK = 2**16


def drawn(interactions: Interactions, split: Split, part: str, n: int) -> NDArray[np.int32]:
    """Return for each row of a part `n` distinct items that its user has no row of, int32 (rows, n), 0 where too few.

    They are drawn uniformly among the items that training saw, by a generator that is seeded with the split's hash.
    """
    seed = [int(split_hash(split, interactions.fingerprint), 16), n, *part.encode()]
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    numbers = rows(split, part)
    users = interactions.user[numbers].astype(np.int64)
    catalogue = np.unique(interactions.item[split.train])
    taken = history.by_user(
        interactions.user, interactions.item, interactions.target, len(interactions.classes["user"])
    )
    pairs = history.Pairs(taken)
    found = np.zeros((len(numbers), n), np.int32)
    for start in range(0, len(numbers), _CHUNK):
        _fill(found[start : start + _CHUNK], users[start : start + _CHUNK], catalogue, taken, pairs, generator)
    return found


def _fill(
    found: NDArray[np.int32],
    users: NDArray[np.int64],
    catalogue: NDArray[np.int32],
    taken: SparseRows,
    pairs: history.Pairs,
    generator: np.random.Generator,
) -> None:
    """Draw again whatever is the user's own or stands there twice; where a user has too few others, take them all."""
    own = np.diff(taken.starts)[users]
    scarce = len(catalogue) - own < 2 * found.shape[1]
    for row in np.flatnonzero(scarce):
        start, end = taken.starts[users[row] : users[row] + 2]
        others = generator.permutation(np.setdiff1d(catalogue, taken.items[start:end]))[: found.shape[1]]
        found[row, : len(others)] = others
    open_rows = np.flatnonzero(~scarce)
    while len(open_rows):
        empty = found[open_rows] == 0
        proposed = np.where(
            empty, catalogue[generator.integers(0, len(catalogue), empty.shape)], found[open_rows]
        ).astype(np.int32)
        proposed.sort(1)
        twice = np.zeros(proposed.shape, bool)
        twice[:, 1:] = proposed[:, 1:] == proposed[:, :-1]
        wrong = twice | pairs.has(users[open_rows, None], proposed)
        found[open_rows] = np.where(wrong, 0, proposed)
        open_rows = open_rows[wrong.any(1)]


def given(interactions: Interactions, split: Split, path: Path) -> dict[str, NDArray[np.int32]]:
    """Return the candidates that a file gives for valid and test rows, int32 (rows, n) each, 0 where it has fewer.

    A line is a user's test item and its candidates, ``(user,item)`` and then items, as published with He et al.: Neural
    collaborative filtering, WWW 2017; labels as in the ratings.

    Raises:
        BadInput: it can't be read, or lacks a row.
    """
    items = {text: code for code, text in enumerate(interactions.classes["item"]) if code}
    users = {text: code for code, text in enumerate(interactions.classes["user"]) if code}
    known: dict[tuple[int, int], list[int]] = {}
    for number, line in enumerate(_lines(path), 1):
        fields = [field for field in _LINE.split(line.replace("(", " ").replace(")", " ")) if field]
        if not fields:
            continue
        if len(fields) < 3 or fields[0] not in users or fields[1] not in items:
            raise BadInput(
                f"'{label(line[:40])}' is not a pair of the ratings and its candidates",
                where=f"{path}, line {number}",
                mend="write (user,item) and then the items, with labels as in the ratings",
            )
        known[users[fields[0]], items[fields[1]]] = [items.get(field, 0) for field in fields[2:]]
    width = max(map(len, known.values()), default=0)
    found = {}
    for part in PARTS[1:]:
        numbers = rows(split, part)
        table = np.zeros((len(numbers), width), np.int32)
        missing = 0
        for row, pair in enumerate(
            zip(interactions.user[numbers].tolist(), interactions.item[numbers].tolist(), strict=True)
        ):
            candidates = known.get(pair)
            if candidates is None:
                missing += 1
            else:
                table[row, : len(candidates)] = candidates
        if missing and part == "valid":
            raise BadInput(
                f"{missing:,} of {len(numbers):,} valid rows are not in it",
                where=str(path),
                mend="is it of this split?",
            )
        found[part] = table
    return found


def _lines(path: Path) -> Iterator[str]:
    with io.TextIOWrapper(RatingFile(path).open(), encoding="utf-8", errors="replace") as text:
        yield from text
