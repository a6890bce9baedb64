"""Imported rows and labels, a page at a time, in human words."""

from __future__ import annotations

from datetime import UTC, datetime

from cfbench.answers import LabelPage, Row, RowPage
from cfbench.data.importing import open_interactions
from cfbench.data.interactions import Interactions
from cfbench.errors import BadInput, listing, nearest
from cfbench.experiment import Data

LARGEST_PAGE = 1000


def rows(data: Data, offset: int = 0, count: int = 100) -> RowPage:
    """Return the interactions of an experiment's [data] from `offset` on, in the files' order, none beyond the last.

    Raises:
        BadInput: the data can't be read, or it is not a page that is asked for.
    """
    _check(offset, count)
    interactions = open_interactions(data)
    return RowPage(offset, len(interactions), in_words(interactions, offset, count))


def in_words(interactions: Interactions, offset: int, count: int) -> tuple[Row, ...]:
    """Return at most `count` rows from `offset` on."""
    page = slice(offset, offset + count)
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
