"""JSON lines: an object a line, its keys the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from cfbench.plugin import BadInput, DataFile, Guess, NoParams
from cfbench_readers.encodings import decoded_head, pieces

_ENCODING = "utf-8"


class JsonLines:
    """A file of JSON lines; keys inside keys become "outer.inner", lists become their elements with "|" between."""

    def __init__(self, file: DataFile, params: NoParams) -> None:
        self._file = file
        names: dict[str, None] = {}
        for _, found in self._objects(decoded_head(file, _ENCODING)):
            names |= dict.fromkeys(found)
        self.columns: Sequence[str] = list(names)

    @staticmethod
    def guess(file: DataFile, params: NoParams) -> Guess | None:
        """Return that this is such a file, where its first line is an object."""
        first = file.head.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0].strip()
        if not (first.startswith(b"{") and (first.endswith(b"}") or len(first) == len(file.head))):
            return None
        return Guess(0.95, params, "an object a line")

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield the rows, all values as text."""
        wanted = list(dict.fromkeys([*texts, *numbers]))
        lines = 0
        for piece in pieces(self._file, _ENCODING, ""):
            try:
                text = piece.decode(_ENCODING)
            except UnicodeDecodeError as error:
                line = lines + piece.count(b"\n", 0, error.start) + 1
                raise BadInput(
                    "this line is not UTF-8", where=f"{self._file.where}, line {line}", mend="save it in UTF-8"
                ) from error
            rows = [[found.get(name, "") for name in wanted] for _, found in self._objects(text, lines)]
            yield pl.DataFrame(rows, schema=dict.fromkeys(wanted, pl.String), orient="row")
            lines += piece.count(b"\n")

    def _objects(self, text: str, lines: int = 0) -> Iterator[tuple[int, dict[str, str]]]:
        for number, line in enumerate(text.split("\n"), lines + 1):
            if not line.strip():
                continue
            try:
                found = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
            except (ValueError, RecursionError) as error:
                raise self._bad(number, "is not JSON") from error
            if not isinstance(found, dict):
                raise self._bad(number, "is no object")
            yield number, dict(self._flat("", found, number))

    def _flat(self, prefix: str, found: Mapping[str, Any], line: int) -> Iterator[tuple[str, str]]:
        for key, value in found.items():
            if isinstance(value, dict):
                yield from self._flat(f"{prefix}{key}.", value, line)
            elif isinstance(value, list):
                if any(isinstance(part, dict | list) for part in value):
                    raise self._bad(line, f"has lists of more than values in '{prefix}{key}'")
                yield f"{prefix}{key}", "|".join(map(_text, value))
            else:
                yield f"{prefix}{key}", _text(value)

    def _bad(self, line: int, what: str) -> BadInput:
        return BadInput(f"this line {what}", where=f"{self._file.where}, line {line}", mend="mend it")

    def place(self, row: int) -> str:
        """Return the line of a row; the file is read again to find it."""
        lines = passed = 0
        for piece in pieces(self._file, _ENCODING, ""):
            for number, line in enumerate(piece.split(b"\n"), lines + 1):
                if line.strip():
                    if passed == row:
                        return f"line {number}"
                    passed += 1
            lines += piece.count(b"\n")
        return f"row {row + 1}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).encode("utf-8", "replace").decode()
