"""Items that somebody wants to see: conditions such as ``genre=Drama`` on the fields of items."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cfbench.errors import BadInput, listing, nearest
from cfbench.explore.offering import offered, to_train_with
from cfbench.explore.trained import Trained
from cfbench.loading import kept

_CONDITION = re.compile(r"\s*(.+?)\s*(!=|<=|>=|=|<|>|~)\s*(.*?)\s*")
_COMPARING: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_SHOWN = 40


def allowed(trained: Trained, conditions: Sequence[str]) -> NDArray[np.bool_]:
    """Return which items fulfil all conditions, bool (n_items,), by code.

    A condition is a field, one of ``= != < <= > >= ~`` and a value; ``~`` is for part of a text, whatever the case. A
    field is "title", "item" (the label), "ratings" (training rows), or one of the run's that belongs to items; of a
    field of several labels ``genres=Drama`` holds where Drama is one of them.

    Raises:
        BadInput: a condition can't be read, or the run has no such field.
    """
    fits = np.ones(len(trained.classes["item"]), bool)
    for condition in conditions:
        found = _CONDITION.fullmatch(condition)
        if found is None:
            raise BadInput(
                f"'{condition}' is no condition", mend="write one such as genre=Drama, year>=1990, title~war"
            )
        field, sign, value = found.groups()
        fits &= _fulfilled(trained, field, sign, value, condition)
    return fits


def _fulfilled(trained: Trained, field: str, sign: str, value: str, condition: str) -> NDArray[np.bool_]:
    owned = kept.of_items(trained.run.data)
    if field == "ratings":
        return _numbers(trained.counts["item"], sign, value, condition)
    if field in ("title", "item"):
        return _texts(trained.classes[field], sign, value, condition)
    if field in owned and field in trained.classes:
        texts = trained.classes[field]
        fits = _texts([texts[code] if code else "" for code in owned[field].tolist()], sign, value, condition)
        return fits & (np.asarray(owned[field]) > 0)
    if field in owned:
        return _numbers(owned[field], sign, value, condition)
    members = {name.partition(": ")[2]: name for name in owned if name.startswith(f"{field}: ")}
    if not members:
        known = ["title", "item", "ratings", *dict.fromkeys(name.partition(": ")[0] for name in owned)]
        offers = offered(trained)
        mend = f"use {listing(known[:_SHOWN])}, or {to_train_with(field, offers)}"
        near = "" if field in offers else nearest(field, [*known, *offers])
        raise BadInput(f"the run's items have no field '{field}'{near}", where=condition, mend=mend)
    labels = {label.casefold(): name for label, name in members.items()}
    if sign not in ("=", "!=") or value.casefold() not in labels:
        guess = nearest(value, list(members))
        what = f"'{field}' has no label '{value}'{guess}" if sign in ("=", "!=") else f"'{field}' holds labels"
        raise BadInput(what, where=condition, mend=f"write {field}=LABEL, one of {listing(list(members)[:_SHOWN])}")
    has: NDArray[np.bool_] = np.asarray(owned[labels[value.casefold()]], np.float32) > 0
    return has if sign == "=" else ~has


def _texts(labels: Sequence[str], sign: str, value: str, condition: str) -> NDArray[np.bool_]:
    wanted = value.casefold()
    if sign == "~":
        return np.array([wanted in label.casefold() for label in labels], bool)
    if sign not in ("=", "!="):
        raise BadInput("a text has no order", where=condition, mend="compare it with =, != or ~")
    return np.array([(label.casefold() == wanted) == (sign == "=") for label in labels], bool)


def _numbers(values: Any, sign: str, value: str, condition: str) -> NDArray[np.bool_]:
    try:
        number = float(value)
    except ValueError as error:
        raise BadInput(f"'{value}' is no number", where=condition, mend="compare this field with a number") from error
    if sign == "~":
        raise BadInput("a number has no part", where=condition, mend="compare it with =, !=, <, <=, > or >=")
    found: NDArray[np.bool_] = _COMPARING[sign](values, number) & ~np.isnan(values)
    return found
