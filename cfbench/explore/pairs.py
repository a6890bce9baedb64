"""Predictions for a file of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from cfbench.answers import Checkpoint, Prediction
from cfbench.data import roles
from cfbench.data.reading import Opened, open_table
from cfbench.errors import BadInput
from cfbench.experiment import Data
from cfbench.explore.trained import Trained, load
from cfbench.paths import given


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


def read_ratings(trained: Trained, path: str) -> dict[str, float]:
    """Return item -> rating of a file of one person's ratings.

    Columns are found as in the run's own data, else by name or position; a file of two columns has item and rating.

    Raises:
        BadInput: it can't be read, has ratings of several users, or one that is no number, or rates an item twice.
    """
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
        first_rates = names[0] == data.target or names[0].casefold() in ("rating", "score", "stars", "target")
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
