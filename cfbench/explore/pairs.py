"""Predictions for a file of pairs."""

from __future__ import annotations

from pathlib import Path

import msgspec

from cfbench.answers import Checkpoint, Prediction
from cfbench.data import delimited, roles
from cfbench.errors import BadInput
from cfbench.experiment import Data, Layout
from cfbench.explore.trained import Trained, load
from cfbench.paths import given


def predict_file(run: str, path: str, checkpoint: Checkpoint = "auto") -> list[Prediction]:
    """Return a prediction for each row of a delimited file of users and items, in its order.

    Columns are found as in the run's own data, else by name or position; further ones serve as fields by their name.
    """
    trained = load(run, checkpoint)
    table = _read(given(path), trained.experiment.data)
    found = roles.assign(table.frame, _as_trained(trained, table.frame.columns), path)
    columns = {name: table.frame[name].str.strip_chars().to_list() for name in table.frame.columns}
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


def _read(path: Path, data: Data) -> delimited.Table:
    """Read the file; a first line that has the run's own column names is its header, whatever else it looks like."""
    table = delimited.read(path, Layout())
    first = [value.strip() for value in table.frame.row(0)]
    if not table.layout.header and {data.user, data.item}.intersection(first):
        return delimited.read(path, Layout(header=True))
    return table


def _as_trained(trained: Trained, columns: list[str]) -> Data:
    data = trained.experiment.data
    named = {role: getattr(data, role) for role in ("user", "item") if getattr(data, role) in columns}
    return msgspec.structs.replace(Data(target="none", time="none"), **named)
