"""From what people call a user or an item to its code, and from a few letters to what they may mean."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable
from typing import Literal

from cfbench.answers import Scored, Side
from cfbench.errors import BadInput, closest, listing, nearest
from cfbench.explore.ranking import known, scored
from cfbench.explore.trained import Trained

_MOST_NAMED = 5
_YEAR = re.compile(r"\s*\(\d{4}\)\s*$")
"""What many titles end with and few people write."""


def user_code(trained: Trained, label: str) -> int:
    """Return a user's code.

    Raises:
        BadInput: there is no such user, or training saw nothing of it.
    """
    code = trained.user_codes.get(label, 0)
    if not code:
        raise _unknown(trained, "user", label)
    return _seen(trained, "user", code, label)


def item_code(trained: Trained, name: str) -> int:
    """Return the code of an item that is named by its label, or by a title that it alone bears, whatever the case.

    Raises:
        BadInput: there is no such item, there are several, or training saw nothing of it.
    """
    bearers = _bearers(trained, name)
    if not bearers:
        raise _unknown(trained, "item", name)
    return _only(trained, name, bearers)


def item_codes(trained: Trained, names: Iterable[str]) -> list[int]:
    """Return the codes of items that are named as for `item_code`.

    Raises:
        BadInput: as there; of several that are unknown it names the first five.
    """
    found = {name: _bearers(trained, name) for name in names}
    unknown = [name for name, bearers in found.items() if not bearers]
    if len(unknown) == 1:
        raise _unknown(trained, "item", unknown[0])
    if unknown:
        guesses = [(name, _guess(trained, "item", name).removeprefix(", ")) for name in unknown[:_MOST_NAMED]]
        told = [f"'{name}' ({guess})" if guess else f"'{name}'" for name, guess in guesses]
        more = len(unknown) - len(told)
        what = f"run {trained.run.id} knows none of these {len(unknown)} items: {', '.join(told)}"
        raise BadInput(f"{what}{f' and {more} more' if more else ''}", mend="name each by its title or its id")
    return [_only(trained, name, bearers) for name, bearers in found.items()]


def _bearers(trained: Trained, name: str) -> list[int]:
    """Return the codes of the item with a label, else of those that bear a title."""
    code = trained.item_codes.get(name, 0)
    if code:
        return [code]
    folded = name.casefold()
    return [code for code, title in enumerate(trained.classes["title"]) if code and title.casefold() == folded]


def _only(trained: Trained, name: str, bearers: list[int]) -> int:
    """Return the one code of those that bear a name, once training saw it."""
    if len(bearers) > 1:
        labels = [trained.classes["item"][bearer] for bearer in bearers[:_MOST_NAMED]]
        raise BadInput(f"{len(bearers)} items are called '{name}'", mend=f"name one by its id: {listing(labels)}")
    return _seen(trained, "item", bearers[0], name)


def search(trained: Trained, field: Literal["user", "title"], contains: str, count: int = 20) -> list[Scored]:
    """Return the labels that contain some text, whatever the case: those that begin with it first, then by rows."""
    owner: Side = "user" if field == "user" else "item"
    labels, rows, wanted = trained.classes[field], trained.counts[owner], contains.casefold()

    def place(code: int) -> tuple[bool, int, str]:
        return not labels[code].casefold().startswith(wanted), -int(rows[code]), labels[code]

    fitting = (code for code in known(trained, owner).tolist() if wanted in labels[code].casefold())
    return list(scored(trained, owner, ((code, 0.0) for code in heapq.nsmallest(count, fitting, key=place))))


def _seen(trained: Trained, owner: Side, code: int, name: str) -> int:
    if not trained.counts[owner][code]:
        raise BadInput(f"training saw no row of the {owner} '{name}'", mend="name another, or train on other rows")
    return code


def _unknown(trained: Trained, owner: Side, name: str) -> BadInput:
    how = "its title or its id" if owner == "item" else "its label"
    guess = _guess(trained, owner, name)
    return BadInput(f"run {trained.run.id} knows no {owner} '{name}'{guess}", mend=f"name one by {how}")


def _guess(trained: Trained, owner: Side, name: str) -> str:
    """Return ``, did you mean 'x'?`` for the one that a name may stand for, or "" where none is near."""
    if owner == "user":
        return nearest(name, trained.classes["user"])
    begun = search(trained, "title", name, 1) if name else []
    title = begun[0].title if begun else _nearest_title(trained, name)
    return "" if title is None else f", did you mean '{title}'?"


def _nearest_title(trained: Trained, name: str) -> str | None:
    """Return the title nearest to a name, whatever the case; years count where the name has one."""
    dated = _YEAR.search(name)
    titles = {(title if dated else _YEAR.sub("", title)).casefold(): title for title in trained.classes["title"]}
    found = closest(name.casefold(), titles)
    return None if found is None else titles[found]
