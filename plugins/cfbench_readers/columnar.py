"""Parquet and Arrow files: columns with types, read a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from cfbench.plugin import BadInput, DataFile, Guess, NoParams

_BATCH = 500_000
_FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What polars raises at damaged files."""


class _Columnar:
    """A file of typed columns that polars scans."""

    _FORMAT = ""

    def __init__(self, file: DataFile, params: NoParams) -> None:
        self._file = file
        try:
            self._frame = self._scanned(file)
            self._types = dict(self._frame.collect_schema())
        except _FAULTS as error:
            raise self._damaged(error) from error
        self.columns: Sequence[str] = list(self._types)
        for name, kind in self._types.items():
            if isinstance(kind, pl.Struct) or (isinstance(kind, pl.List | pl.Array) and kind.inner.is_nested()):
                raise BadInput(
                    f"column '{name}' holds values inside values ({kind})",
                    where=file.where,
                    mend="write the file with plain columns",
                )

    def _scanned(self, file: DataFile) -> pl.LazyFrame:
        raise NotImplementedError

    def _damaged(self, error: BaseException) -> BadInput:
        reason = " ".join(str(error).split())[:100]
        return BadInput(f"this {self._FORMAT} file is damaged ({reason})", where=self._file.where, mend="write it anew")

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the rows, half a million at a time."""
        wanted = [self._plain(name) for name in dict.fromkeys([*texts, *numbers])]
        try:
            yield from self._frame.select(wanted).collect_batches(chunk_size=_BATCH, maintain_order=True)
        except _FAULTS as error:
            raise self._damaged(error) from error

    def _plain(self, name: str) -> pl.Expr:
        column, kind = pl.col(name), self._types[name]
        if isinstance(kind, pl.List | pl.Array):
            return column.cast(pl.List(pl.String)).list.join("|")
        if kind in (pl.Categorical, pl.Enum, pl.Binary, pl.Boolean) or isinstance(kind, pl.Categorical | pl.Enum):
            return column.cast(pl.String)
        if isinstance(kind, pl.Decimal):
            return column.cast(pl.Float64)
        return column

    def place(self, row: int) -> str:
        """Return the row's number."""
        return f"row {row + 1}"


class Parquet(_Columnar):
    """A Parquet file."""

    _FORMAT = "Parquet"

    @staticmethod
    def guess(file: DataFile, params: NoParams) -> Guess | None:
        """Return that this is one, by its signature."""
        return Guess(1.0, params, "its signature") if file.head.startswith(b"PAR1") else None

    def _scanned(self, file: DataFile) -> pl.LazyFrame:
        return pl.scan_parquet(file.path)


class Arrow(_Columnar):
    """An Arrow IPC file (Feather 2), or an IPC stream."""

    _FORMAT = "Arrow"

    @staticmethod
    def guess(file: DataFile, params: NoParams) -> Guess | None:
        """Return that this is one, by its signature."""
        if file.head.startswith(b"ARROW1") or _is_stream(file.head):
            return Guess(1.0, params, "its signature")
        return None

    def _scanned(self, file: DataFile) -> pl.LazyFrame:
        if _is_stream(file.head):
            return pl.read_ipc_stream(file.path).lazy()
        return pl.scan_ipc(file.path)


def _is_stream(head: bytes) -> bool:
    """Whether it begins with a message of schema, as Arrow streams do: a marker, and a length that is no huge one."""
    return head.startswith(b"\xff\xff\xff\xff") and 0 < int.from_bytes(head[4:8], "little") < 2**24
