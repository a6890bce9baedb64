"""Sparse matrices that SciPy wrote with `save_npz`: rows are users, columns are items."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.plugin import BadInput, DataFile, Guess, NoParams

_BATCH = 500_000


class Npz:
    """A matrix in CSR, CSC or COO form; users and items are called by their numbers, from 0."""

    columns: Sequence[str] = ("user", "item", "rating")

    def __init__(self, file: DataFile, params: NoParams) -> None:
        self._file = file
        self._row, self._column, self._value = self._read()

    @staticmethod
    def guess(file: DataFile, params: NoParams) -> Guess | None:
        """Return that this is one, where it is a zip archive of arrays."""
        if not file.head.startswith(b"PK\x03\x04"):
            return None
        try:
            with zipfile.ZipFile(file.path) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError):
            return None
        return Guess(1.0, params, "an archive of arrays") if "shape.npy" in names or "data.npy" in names else None

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the values that are stored, zeros too, row by row as the matrix has them."""
        wanted = list(dict.fromkeys([*texts, *numbers]))
        for start in range(0, len(self._value), _BATCH):
            page = slice(start, start + _BATCH)
            columns = {"user": self._row[page], "item": self._column[page], "rating": self._value[page]}
            yield pl.DataFrame({name: np.ascontiguousarray(columns[name]) for name in wanted})

    def place(self, row: int) -> str:
        """Return the place of a value in the matrix."""
        return f"row {self._row[row]}, column {self._column[row]}"

    def _read(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.generic]]:
        try:
            with np.load(self._file.path, allow_pickle=False) as arrays:
                form = self._form(arrays)
                n_rows, n_columns = (int(size) for size in arrays["shape"])
                value = np.asarray(arrays["data"])
                if form == "coo":
                    row, column = self._whole(arrays["row"]), self._whole(arrays["col"])
                else:
                    along = self._whole(arrays["indices"])
                    across = self._spread(self._whole(arrays["indptr"]), n_rows if form == "csr" else n_columns, along)
                    row, column = (across, along) if form == "csr" else (along, across)
        except (KeyError, OSError, EOFError, ValueError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
            raise self._bad(f"it is no sparse matrix of SciPy's ({' '.join(str(error).split())[:80]})") from error
        if value.ndim != 1 or value.dtype.kind not in "biuf" or not len(row) == len(column) == len(value):
            raise self._bad("its arrays do not fit together")
        if len(row) and (row.min() < 0 or column.min() < 0 or row.max() >= n_rows or column.max() >= n_columns):
            raise self._bad(f"it has values outside its {n_rows:,} rows and {n_columns:,} columns")
        return row, column, value.astype(np.float64) if value.dtype.kind in "bf" else value

    def _form(self, arrays: Any) -> str:
        form = arrays["format"].item()
        name = form.decode("ascii", "replace") if isinstance(form, bytes) else str(form)
        if name not in ("csr", "csc", "coo"):
            raise self._bad(f"the form '{name[:10]}' is not read", "save it as CSR: matrix.tocsr()")
        return name

    def _whole(self, array: Any) -> NDArray[np.int64]:
        found = np.asarray(array)
        if found.ndim != 1 or found.dtype.kind not in "iu":
            raise self._bad("its indices are no whole numbers")
        return found.astype(np.int64)

    def _spread(self, ends: NDArray[np.int64], n: int, along: NDArray[np.int64]) -> NDArray[np.int64]:
        """Turn the places where rows end into a row number for each value."""
        if len(ends) != n + 1 or ends[0] != 0 or ends[-1] != len(along) or np.any(np.diff(ends) < 0):
            raise self._bad("its rows do not fit its values")
        return np.repeat(np.arange(n), np.diff(ends))

    def _bad(self, what: str, mend: str = "save it with scipy.sparse.save_npz") -> BadInput:
        return BadInput(what, where=self._file.where, mend=mend)
