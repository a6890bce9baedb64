"""Sparse matrices that SciPy wrote with `save_npz`: rows are users, columns are items."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cfbench.plugin import BadInput, DataFile, Guess, NoParams

_BATCH = 500_000
_LARGEST_RATIO, _ANY_RATIO = 200, 100 * 2**20
"""Arrays of more times the file's size, beyond 100 MiB, are refused: they are a bomb."""


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
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return None
        return Guess(1.0, params, "an archive of arrays") if "shape.npy" in names or "data.npy" in names else None

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the values that are stored, zeros too, row by row as the matrix has them."""
        wanted = list(dict.fromkeys([*texts, *numbers]))
        for start in range(0, len(self._value), _BATCH):
            page = slice(start, start + _BATCH)
            columns = {
                "user": self._row[page].astype(np.int64),
                "item": self._column[page].astype(np.int64),
                "rating": self._value[page].astype(np.float64),
            }
            yield pl.DataFrame({name: columns[name] for name in wanted})

    def place(self, row: int) -> str:
        """Return the place of a value in the matrix."""
        return f"row {self._row[row]}, column {self._column[row]}"

    def _read(self) -> tuple[NDArray[np.integer[Any]], NDArray[np.integer[Any]], NDArray[np.generic]]:
        try:
            arrays = np.load(self._file.path, allow_pickle=False)
        except Exception as error:
            raise self._bad("this archive of arrays is damaged", "write it anew") from error
        with arrays:
            unpacked = sum(member.file_size for member in arrays.zip.infolist())
            if unpacked > max(_ANY_RATIO, _LARGEST_RATIO * self._file.size):
                raise self._bad(f"its arrays take more than {_LARGEST_RATIO} times its size", "save it without packing")
            form = self._form(arrays)
            n_rows, n_columns = self._shape(arrays)
            value = self._array(arrays, "data", "biuf")
            if form == "coo":
                row, column = self._array(arrays, "row", "iu"), self._array(arrays, "col", "iu")
            else:
                along, ends = self._array(arrays, "indices", "iu"), self._array(arrays, "indptr", "iu")
                across = self._spread(ends, n_rows if form == "csr" else n_columns, len(along))
                row, column = (across, along) if form == "csr" else (along, across)
        if not len(row) == len(column) == len(value):
            raise self._bad("its arrays do not fit together")
        if len(row) and (row.min() < 0 or column.min() < 0 or row.max() >= n_rows or column.max() >= n_columns):
            raise self._bad(f"it has values outside its {n_rows:,} rows and {n_columns:,} columns")
        return row, column, value

    def _form(self, arrays: Any) -> str:
        form = self._loaded(arrays, "format")
        name = form.item() if form.size == 1 and form.dtype.kind in "SU" else ""
        name = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        if name not in ("csr", "csc", "coo"):
            raise self._bad(f"the form '{name[:10]}' is not read", "save it as CSR: matrix.tocsr()")
        return name

    def _shape(self, arrays: Any) -> tuple[int, int]:
        shape = self._array(arrays, "shape", "iu").tolist()
        if len(shape) != 2 or min(shape) < 0:
            raise self._bad(f"its shape is {str(shape)[:40]}, not rows and columns")
        return shape[0], shape[1]

    def _array(self, arrays: Any, name: str, kinds: str) -> NDArray[Any]:
        """A member that is a plain row of numbers of one of these kinds."""
        found = self._loaded(arrays, name)
        if found.ndim != 1 or found.dtype.kind not in kinds:
            raise self._bad(f"its array '{name}' is no row of {'whole numbers' if kinds == 'iu' else 'numbers'}")
        return found

    def _loaded(self, arrays: Any, name: str) -> NDArray[Any]:
        """A member; damage makes numpy, zipfile and what unpacks raise anything."""
        if name not in arrays.files:
            raise self._bad(f"it is no sparse matrix of SciPy's: it has no array '{name}'")
        try:
            found = arrays[name]
        except Exception as error:
            reason = " ".join(str(error).split())[:80]
            raise self._bad(f"its array '{name}' can't be read ({reason})", "write it anew") from error
        if not isinstance(found, np.ndarray):
            raise self._bad(f"its '{name}' is no array")
        return found

    def _spread(self, ends: NDArray[Any], n: int, values: int) -> NDArray[np.integer[Any]]:
        """Turn the places where rows end into a row number for each value."""
        places = ends.astype(np.int64)
        counts = places[1:] - places[:-1]
        if len(ends) != n + 1 or ends[0] != 0 or ends[-1] != values or np.any(counts < 0):
            raise self._bad("its rows do not fit its values")
        return np.repeat(np.arange(n, dtype=np.int32 if n < 2**31 else np.int64), counts)

    def _bad(self, what: str, mend: str = "save it with scipy.sparse.save_npz") -> BadInput:
        return BadInput(what, where=self._file.where, mend=mend)
