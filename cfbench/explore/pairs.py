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


def _opened(path: Path, data: Data) -> Opened:
    """Open the file; a first line that has the run's own column names is its header, whatever else it looks like."""
    opened = open_table(path, {}, "pairs")
    first = opened.sample().row(0)
    if getattr(opened.params, "header", None) is False and {data.user, data.item}.intersection(first):
        return open_table(path, {"name": "delimited", "header": True}, "pairs")
    return opened


def _as_trained(trained: Trained, columns: Sequence[str]) -> Data:
    data = trained.experiment.data
    named = {role: getattr(data, role) for role in ("user", "item") if getattr(data, role) in columns}
    return msgspec.structs.replace(Data(target="none", time="none", title="none"), **named)
