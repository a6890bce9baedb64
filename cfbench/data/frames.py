"""Tables that are in memory already: a polars or pandas frame becomes a Parquet file that is read as any other."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl

from cfbench import durable, paths
from cfbench.data.contents import digest
from cfbench.errors import BadInput


def is_frame(value: object) -> bool:
    """Return whether a value is a table of polars or pandas; neither is imported for that."""
    return type(value).__name__ in ("DataFrame", "LazyFrame") and type(value).__module__.split(".")[0] in (
        "polars",
        "pandas",
    )


def kept(frame: Any) -> Path:
    """Return a Parquet file with a frame's columns, named by its content, so that an equal frame is kept once.

    Raises:
        BadInput: a column has values that no file of columns can hold.
        DiskFull: there is no room.
    """
    folder = paths.writable_folder("datasets") / "frames"
    packed = io.BytesIO()
    try:
        _polars(frame).write_parquet(packed)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:100]
        raise BadInput(
            f"this frame can't be kept ({reason})", where="data.source", mend="give plain columns"
        ) from error
    path = folder / f"{digest(packed.getvalue())}.parquet"
    if not path.exists():
        with durable.disk_full(path):
            folder.mkdir(exist_ok=True, mode=0o700)
            durable.replace(path, packed.getvalue())
    return path


def _polars(frame: Any) -> pl.DataFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    columns = {str(name): frame[name] for name in frame.columns}
    return pl.DataFrame({name: _series(name, column) for name, column in columns.items()})


def _series(name: str, column: Any) -> pl.Series:
    """A column of pandas; missing values become null."""
    if column.dtype.kind in "biufM":
        return (
            pl.Series(name, column.to_numpy()).fill_nan(None)
            if column.dtype.kind == "f"
            else pl.Series(name, column.to_numpy())
        )
    missing = column.isna().tolist()
    values = [None if gone else value for gone, value in zip(missing, column.tolist(), strict=True)]
    return pl.Series(name, values, strict=False)
