"""JSON lines: an object a line, its keys the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from cfbench.plugin import BadInput, DataFile, Guess, NoParams
from cfbench_readers.encodings import pieces

_ENCODING = "utf-8"
_JSON = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


class JsonLines:
    """A file of JSON lines; keys inside keys become "outer.inner", lists become their elements with "|" between."""

    def __init__(self, file: DataFile, params: NoParams) -> None:
        self._file = file
        names: dict[str, None] = {}
        for found in self._objects(self._text(next(pieces(file, _ENCODING, ""), b""), 0), 0):
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
            found = self._objects(self._text(piece, lines), lines)
            rows = [[values.get(name, "") for name in wanted] for values in found]
            yield pl.DataFrame(rows, schema=dict.fromkeys(wanted, pl.String), orient="row")
            lines += piece.count(b"\n")

    def _text(self, piece: bytes, lines: int) -> str:
        try:
            return piece.decode(_ENCODING)
        except UnicodeDecodeError as error:
            line = lines + piece.count(b"\n", 0, error.start) + 1
            raise self._bad(line, "is not UTF-8", "save the file in UTF-8") from error

    def _objects(self, text: str, lines: int) -> Iterator[dict[str, str]]:
        for number, line in enumerate(text.split("\n"), lines + 1):
            if not line.strip():
                continue
            try:
                found = _JSON.decode(line)
                if not isinstance(found, dict):
                    raise self._bad(number, "is no object")
                plain = "\\u" not in line and all(type(value) is str for value in found.values())
                values = found if plain else dict(self._flat("", found, number))
            except ValueError as error:
                raise self._bad(number, "is not JSON") from error
            except RecursionError as error:
                raise self._bad(number, "has too many objects inside objects") from error
            yield values

    def _flat(self, prefix: str, found: Mapping[str, Any], line: int) -> Iterator[tuple[str, str]]:
        for key, value in found.items():
            name = prefix + _plain(key)
            if isinstance(value, dict):
                yield from self._flat(f"{name}.", value, line)
            elif isinstance(value, list):
                if any(isinstance(part, dict | list) for part in value):
                    raise self._bad(line, f"has lists of more than values in '{name[:40]}'")
                yield name, "|".join(_plain(part) for part in value if part is not None)
            else:
                yield name, _plain(value)

    def _bad(self, line: int, what: str, mend: str = "mend it") -> BadInput:
        return BadInput(f"this line {what}", where=f"{self._file.where}, line {line}", mend=mend)

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


def _plain(value: Any) -> str:
    """A value as text, half characters replaced."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).encode("utf-8", "replace").decode()
