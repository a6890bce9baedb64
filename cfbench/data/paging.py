"""Imported rows and labels, a page at a time, in human words."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from cfbench.answers import LabelPage, Row, RowPage
from cfbench.data.importing import open_interactions
from cfbench.data.interactions import Interactions
from cfbench.errors import BadInput, listing, nearest
from cfbench.experiment import Data

LARGEST_PAGE = 1000
ORDERS = ("user", "item", "target", "time")


def rows(data: Data, offset: int = 0, count: int = 100, order: str = "", contains: str = "") -> RowPage:
    """Return the interactions of an experiment's [data] from `offset` on, none beyond the last.

    Args:
        data: the table [data].
        offset: how many to pass over.
        count: how many, at most 1,000.
        order: "" for the files' order; "user", "item", "target" or "time", "-" before it for the largest first.
        contains: only rows whose user or title holds this text, upper and lower case alike.

    Raises:
        BadInput: the data can't be read, or it is not a page that is asked for.
    """
    _check(offset, count)
    interactions = open_interactions(data)
    if not order and not contains:
        return RowPage(offset, len(interactions), in_words(interactions, slice(offset, offset + count)))
    numbers = _numbers(interactions, order, contains)
    return RowPage(offset, len(numbers), in_words(interactions, numbers[offset : offset + count]))


_MOST_ORDERS = 2
_orders: OrderedDict[tuple[str, str, str], NDArray[np.int64]] = OrderedDict()
"""Row numbers for the last orders asked for, so that a page of 20 M sorted rows is a slice."""


def _numbers(interactions: Interactions, order: str, contains: str) -> NDArray[np.int64]:
    """Return the numbers of the rows that contain a text, in an order."""
    asked = (interactions.fingerprint, order, contains.casefold())
    found = _orders.pop(asked, None)
    if found is None:
        found = _sorted(interactions, _containing(interactions, contains.casefold()), order)
    _orders[asked] = found
    while len(_orders) > _MOST_ORDERS:
        _orders.popitem(last=False)
    return found


def _containing(interactions: Interactions, wanted: str) -> NDArray[np.int64]:
    if not wanted:
        return np.arange(len(interactions))
    fits = np.zeros(len(interactions), bool)
    for codes, field in ((interactions.user, "user"), (interactions.item, "title")):
        fits |= np.array([wanted in label.casefold() for label in interactions.classes[field]])[codes]
    return np.flatnonzero(fits)


def _sorted(interactions: Interactions, numbers: NDArray[np.int64], order: str) -> NDArray[np.int64]:
    """Sort row numbers; rows that are equal stay in the files' order."""
    if not order:
        return numbers
    name, backwards = order.removeprefix("-"), order.startswith("-")
    if name not in ORDERS or (name == "time" and interactions.time is None):
        known = [one for one in ORDERS if one != "time" or interactions.time is not None]
        raise BadInput(f"rows can't be ordered by '{name}'{nearest(name, known)}", mend=f"it is {listing(known)}")
    if name in ("user", "item"):
        codes = getattr(interactions, name)
        labels = interactions.classes["title" if name == "item" else name]
        ranks = np.empty(len(labels), np.int64)
        ranks[sorted(range(len(labels)), key=lambda code: _natural(labels[code]))] = np.arange(len(labels))
        key = ranks[codes[numbers]]
    else:
        key = np.asarray(getattr(interactions, name)[numbers])
    places: NDArray[np.int64] = np.argsort(-key if backwards else key, kind="stable")
    return numbers[places]


def _natural(label: str) -> tuple[int, int, str]:
    """Numbers by size, before text by letter."""
    return (0, int(label), "") if label.isdecimal() and len(label) < 19 else (1, 0, label.casefold())


def in_words(interactions: Interactions, page: slice | NDArray[np.int64]) -> tuple[Row, ...]:
    """Return some rows."""
    users, titles = interactions.classes["user"], interactions.classes["title"]
    codes = zip(interactions.user[page].tolist(), interactions.item[page].tolist(), strict=True)
    targets = interactions.target[page].tolist()
    times = [None] * len(targets) if interactions.time is None else map(iso, interactions.time[page].tolist())
    return tuple(
        Row(users[user], titles[item], float(f"{target:.6g}"), time)
        for (user, item), target, time in zip(codes, targets, times, strict=True)
    )


def iso(seconds: int) -> str:
    """Return Unix seconds as UTC in ISO 8601."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def labels(data: Data, field: str, contains: str = "", offset: int = 0, count: int = 100) -> LabelPage:
    """Return labels of a field that contain some text, upper and lower case alike, by code.

    Raises:
        BadInput: the data can't be read, there is no such field, or it is not a page that is asked for.
    """
    _check(offset, count)
    interactions = open_interactions(data)
    if field in interactions.continuous:
        raise BadInput(f"'{field}' holds numbers, not labels", where="labels", mend="see a page of rows instead")
    if field not in interactions.classes:
        known = interactions.classes
        raise BadInput(f"there is no field '{field}'{nearest(field, known)}", mend=f"it is {listing(known)}")
    every = interactions.classes[field]
    wanted = contains.casefold()
    fitting = [code for code, label in enumerate(every) if wanted in label.casefold()] if wanted else range(len(every))
    page = tuple((code, every[code]) for code in fitting[offset : offset + count])
    return LabelPage(offset, len(fitting), len(every), page)


def _check(offset: int, count: int) -> None:
    if offset < 0:
        raise BadInput(f"a page can't begin at {offset}", where="offset", mend="the first row is 0")
    if not 0 <= count <= LARGEST_PAGE:
        raise BadInput(f"{count:,} is no page's size", where="count", mend=f"ask for at most {LARGEST_PAGE:,}")
