"""What training saw, kept in a run's folder, so that results are read and new pairs scored without the source file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.data.interactions import Interactions
from cfbench.loading.encoder import Encoder, Scale, indicators, numbers_of

_FACTS = "encoder.json"
_COUNTS = "counts.npz"
_FIELDS = "fields.npz"


class _Facts(msgspec.Struct):
    classes: list[str]
    scales: dict[str, tuple[float, float]]
    n_rows: int
    target: tuple[float, float, float]
    categorical: list[str] | None = None  # None: the run is older than multi-label fields


def save(encoder: Encoder, interactions: Interactions, folder: Path) -> None:
    """Write the encoder, and the fields that belong to users or items, into `folder`."""
    names = list(encoder.classes)
    for number, name in enumerate(names):
        pl.DataFrame({"label": list(encoder.classes[name])}).write_parquet(folder / f"classes-{number}.parquet")
    scales = {name: (scale.mean, scale.sd) for name, scale in encoder.scales.items()}
    facts = _Facts(names, scales, encoder.n_rows, encoder.target, encoder.categorical)
    (folder / _FACTS).write_bytes(msgspec.json.format(msgspec.json.encode(facts)))
    counts: dict[str, Any] = {f"{n}": column for n, column in enumerate(encoder.counts.values())}
    np.savez(folder / _COUNTS, **counts)
    np.savez(folder / _FIELDS, **owned_fields(interactions))


def load(folder: Path) -> Encoder:
    """Return the encoder that `save` wrote."""
    facts = msgspec.json.decode((folder / _FACTS).read_bytes(), type=_Facts)
    classes: dict[str, Sequence[str]] = {
        name: pl.read_parquet(folder / f"classes-{number}.parquet")["label"].to_list()
        for number, name in enumerate(facts.classes)
    }
    fields = facts.categorical
    if fields is None:
        fields = [name for name in facts.classes if name not in ("user", "item", "title")]
    with np.load(folder / _COUNTS) as arrays:
        counts = {name: arrays[str(n)] for n, name in enumerate(["user", "item", *fields])}
    scales = {name: Scale(*figures) for name, figures in facts.scales.items()}
    return Encoder(classes, counts, scales, facts.n_rows, facts.target)


def fields_of(folder: Path, field: str, pairs: Mapping[str, NDArray[np.int32]]) -> NDArray[np.generic] | None:
    """Return a field's values for pairs of codes, "user" and "item" -> int32 (n,); None where it belongs to neither.

    Codes for a categorical field, values for a continuous one.
    """
    with np.load(folder / _FIELDS) as arrays:
        for owner, codes in pairs.items():
            if f"{owner}/{field}" in arrays:
                values: NDArray[np.generic] = arrays[f"{owner}/{field}"]
                return values[codes]
    return None


def of_items(folder: Path) -> dict[str, NDArray[np.generic]]:
    """Return the fields that belong to items -> their value for each item by code; "genres: Drama" is 0 or 1."""
    with np.load(folder / _FIELDS) as arrays:
        return {name.removeprefix("item/"): arrays[name] for name in arrays.files if name.startswith("item/")}


def owned_fields(interactions: Interactions) -> dict[str, Any]:
    """Return "item/genre" -> its value for each item, for every field that has one value a user or an item."""
    owned: dict[str, Any] = {}
    numbers = [*interactions.continuous, *indicators(interactions)]
    for field in [*interactions.categorical, *numbers]:
        values: NDArray[np.generic] = (
            numbers_of(interactions, field, slice(None)) if field in numbers else interactions.categorical[field]
        )
        for owner, codes in (("item", interactions.item), ("user", interactions.user)):
            missing = np.nan if values.dtype.kind == "f" else 0
            table = np.full(len(interactions.classes[owner]), missing, values.dtype)
            table[codes] = values
            if np.array_equal(table[codes], values, equal_nan=values.dtype.kind == "f"):
                owned[f"{owner}/{field}"] = table
                break
    return owned
