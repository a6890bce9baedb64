"""Predictions for a file of pairs."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from cfbench.answers import Checkpoint, Prediction
from cfbench.data import roles
from cfbench.data.files import RatingFile
from cfbench.data.reading import Opened, open_table
from cfbench.errors import BadInput
from cfbench.experiment import Data
from cfbench.explore.trained import Trained, load
from cfbench.paths import given

_RATES = ("rating", "score", "stars", "target")
"""What a column of ratings is called, besides its name in the run's data."""

_BEGINS_JSON = re.compile(r"\s*(\{|\[\s*[\[{\"])")
"""How JSON begins and no table does: a title may be "[REC] (2007)"."""

_AS_JSON = 'write {"a title": 4, "another": 2}'


def predict_file(run: str, path: str, checkpoint: Checkpoint = "auto") -> list[Prediction]:
    """Return a prediction for each row of a file of users and items, in its order.

    Columns are found as in the run's own data, else by name or position; further ones serve as fields by their name.
    """
    trained = load(run, checkpoint)
    opened = _opened(given(path), trained.experiment.data)
    found = roles.assign(opened.sample(), _as_trained(trained, opened.table.columns), path)
    frame = opened.as_text()
    columns = {name: frame[name].to_list() for name in frame.columns}
    users, items = columns[found.user], columns[found.item]
    fields = {name: columns[name] for name in trained.fields if name in columns}
    try:
        predicted = trained.predict(users, items, fields)
    except ValueError as error:
        raise BadInput(f"a field has a value that is no number ({error})", where=path, mend="mend that row") from error
    known = trained.known(users, items)
    return [
        Prediction(user, item, float(value), bool(seen))
        for user, item, value, seen in zip(users, items, predicted, known, strict=True)
    ]


def read_ratings(trained: Trained, path: str, content: str | None = None) -> dict[str, float]:
    """Return item -> rating of a file of one person's ratings.

    A table's columns are found as in the run's own data, else by name or position; of two they are item and rating. A
    JSON list holds the rows of a table; a JSON object is item -> rating, unless its keys are columns of one row.

    Args:
        trained: the model, whose run's names of columns count.
        path: the file.
        content: what it holds where there is no such file; messages call it `path` all the same.

    Raises:
        BadInput: it can't be read, has ratings of several users, or one that is no number, or rates an item twice.
    """
    found = _json(_text(path) if content is None else content, path)
    if isinstance(found, dict) and not _is_row(trained, found):
        return {name: _rating(name, value, path) for name, value in found.items()}
    if isinstance(found, list):
        rows = "\n".join(map(json.dumps, found))
        return _from_text(trained, path, rows, "row")
    return _from_table(trained, path) if content is None else _from_text(trained, path, content)


def _text(path: str) -> str:
    """Return what a file holds where it begins as JSON, else ""."""
    file = RatingFile(given(path))
    if file.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return ""
    with file.open() as stream:
        return stream.read().decode("utf-8-sig", "replace")


def _json(text: str, path: str) -> dict[str, Any] | list[dict[str, Any]] | None:
    """Return the one object, or the list of objects, that a text is; None where it is a table, or JSON lines.

    Raises:
        BadInput: it is JSON that is broken, or holds something else.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise BadInput(f"'{twice}' is there twice in one object", where=path, mend="leave one")
        return found

    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        found = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        if _is_table(text, path):
            return None
        place = f"line {error.lineno}, column {error.colno}: " if isinstance(error, json.JSONDecodeError) else ""
        why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        what = f"it begins as JSON and is none: {place}{why[:1].lower()}{why[1:]}"
        raise BadInput(what, where=path, mend=_AS_JSON) from error
    if isinstance(found, list) and not (found and all(isinstance(row, dict) for row in found)):
        raise BadInput("this list does not hold objects", where=path, mend=_AS_JSON)
    if not found:
        raise BadInput("there are no ratings", where=path, mend=_AS_JSON)
    return found  # type: ignore[no-any-return]


def _is_table(text: str, path: str) -> bool:
    """Return whether a text that is no JSON may be a table: JSON lines, or one that only looks like JSON."""
    first = text.lstrip().partition("\n")[0]
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return not (path.lower().endswith(".json") or _BEGINS_JSON.match(text))


def _is_row(trained: Trained, found: Mapping[str, Any]) -> bool:
    """Return whether an object's keys are those of a row of a table: a rating's and an item's."""
    data, names = trained.experiment.data, list(found)
    rates = any(name == data.target or name.casefold() in _RATES for name in names)
    return rates and (data.item in names or any(roles.named(role, names) for role in ("item", "title")))


def _rating(name: str, value: Any, path: str) -> float:
    written = value if isinstance(value, str) else json.dumps(value)
    try:
        return float(written)
    except ValueError as error:
        raise BadInput(f"'{name}' has '{written}', which is no rating", where=path, mend=_AS_JSON) from error


def _from_text(trained: Trained, path: str, content: str, place: str = "line") -> dict[str, float]:
    """Return what a table that is no file holds; messages number its lines, or what else each of them is."""
    with tempfile.TemporaryDirectory(prefix="cfbench-ratings-") as folder:
        file = Path(folder) / "ratings"
        file.write_text(content, encoding="utf-8", newline="")
        try:
            return _from_table(trained, str(file))
        except BadInput as error:
            where = error.where.replace(", line ", f", {place} ").replace(str(file), path)
            raise BadInput(error.what, where=where, mend=error.mend) from error


def _from_table(trained: Trained, path: str) -> dict[str, float]:
    opened = _opened(given(path), trained.experiment.data)
    frame, names = opened.as_text(), list(opened.table.columns)
    item, target = _columns_of_one(trained, opened, names, path)
    ratings: dict[str, float] = {}
    for row, (name, value) in enumerate(zip(frame[item].to_list(), frame[target].to_list(), strict=True)):
        if str(name) in ratings:
            raise BadInput(f"'{name}' is rated twice", where=f"{path}, {opened.table.place(row)}", mend="leave one")
        try:
            ratings[str(name)] = float(value)
        except (TypeError, ValueError) as error:
            raise BadInput(
                f"'{value}' is no rating", where=f"{path}, {opened.table.place(row)}", mend="mend it"
            ) from error
    return ratings


def _columns_of_one(trained: Trained, opened: Opened, names: Sequence[str], path: str) -> tuple[str, str]:
    """Return the columns of the item and the rating in a file of one person's ratings."""
    data = trained.experiment.data
    if len(names) == 2:
        first_rates = names[0] == data.target or names[0].casefold() in _RATES
        return (names[1], names[0]) if first_rates else (names[0], names[1])
    found = roles.assign(opened.sample(), _as_trained(trained, names, ("user", "item", "target")), path)
    if opened.as_text()[found.user].n_unique() > 1:
        raise BadInput("it has ratings of several users", where=path, mend="leave those of one")
    if found.target is None:
        raise BadInput("it has no column of ratings", where=path, mend="give each item a rating")
    return found.item, found.target


def _opened(path: Path, data: Data) -> Opened:
    """Open the file; a first line that has the run's own column names is its header, whatever else it looks like."""
    opened = open_table(path, {}, "pairs")
    first = opened.sample().row(0)
    if getattr(opened.params, "header", None) is False and {data.user, data.item}.intersection(first):
        return open_table(path, {"name": "delimited", "header": True}, "pairs")
    return opened


def _as_trained(trained: Trained, columns: Sequence[str], wanted: Sequence[str] = ("user", "item")) -> Data:
    """Return how a file is to be read: columns that bear the names of the run's own are those."""
    data = trained.experiment.data
    named = {role: getattr(data, role) for role in wanted if getattr(data, role) in columns}
    target = None if "target" in wanted else "none"
    return msgspec.structs.replace(Data(target=target, time="none", title="none"), **named)
