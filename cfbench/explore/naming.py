"""From what people call a user or an item to its code, and from a few letters to what they may mean."""

from __future__ import annotations

import heapq
from typing import Literal

from cfbench.answers import Scored, Side
from cfbench.errors import BadInput, listing, nearest
from cfbench.explore.ranking import known, scored
from cfbench.explore.trained import Trained

_MOST_NAMED = 5


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
    code = trained.item_codes.get(name, 0)
    if not code:
        folded = name.casefold()
        bearers = [code for code, title in enumerate(trained.classes["title"]) if code and title.casefold() == folded]
        if len(bearers) > 1:
            labels = [trained.classes["item"][bearer] for bearer in bearers[:_MOST_NAMED]]
            raise BadInput(f"{len(bearers)} items are called '{name}'", mend=f"name one by its id: {listing(labels)}")
        code = bearers[0] if bearers else 0
    if not code:
        raise _unknown(trained, "item", name)
    return _seen(trained, "item", code, name)


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
    begun = search(trained, "title", name, 1) if owner == "item" and name else []
    field, how = ("title", "its title or its id") if owner == "item" else ("user", "its label")
    guess = f", did you mean '{begun[0].title}'?" if begun else nearest(name, trained.classes[field])
    return BadInput(f"run {trained.run.id} knows no {owner} '{name}'{guess}", mend=f"name one by {how}")
