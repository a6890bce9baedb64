"""How a delimited file is written: guessed from its beginning, each part open to correction."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from weakref import WeakKeyDictionary

from cfbench.plugin import BadInput, DataFile
from cfbench_readers.encodings import decoded_head, encoding_of
from cfbench_readers.params import DelimitedParams

SEPARATORS = ("::", "\t", ";", ",", "|", " ")
"""Tried in this order; the first that splits all lines alike wins."""

COMMENTS = ("#", "%", "//")

SAMPLE = 64 * 1024
"""Characters at a file's start that the guess looks at; the encoding alone is judged by the whole file."""

KNOWN_HEADERS = re.compile(
    r"(user|item|movie|film|book|artist|track|song|product|title|name|rating|stars?|score|timestamp|time|date|id)"
    r"[_ ]?(id|name)?s?",
    re.IGNORECASE,
)

_SPARE = "\x1f\x1e\x1d\x1c\x01\x02\x03\x04\x05\x06"
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")


@dataclass(frozen=True)
class Layout:
    """How one file is written, nothing left to guess."""

    separator: str
    header: bool
    encoding: str
    quote: str
    decimal: str
    comment: str
    columns: tuple[str, ...]

    @classmethod
    def of(cls, params: DelimitedParams) -> Layout:
        """Return complete parameters as a layout."""
        return cls(
            str(params.separator),
            bool(params.header),
            str(params.encoding),
            params.quote or "",
            str(params.decimal),
            params.comment or "",
            tuple(params.columns or ()),
        )


_guessed: WeakKeyDictionary[DataFile, dict[str, tuple[DelimitedParams, float] | None]] = WeakKeyDictionary()
"""Several readers ask how the lines of a file split."""


def guess(file: DataFile, given: DelimitedParams) -> tuple[DelimitedParams, float] | None:
    """Return complete parameters and the share of lines that have as many values as most, or None: nothing separates.

    Raises:
        BadInput: a part that was given can't be.
    """
    known = _guessed.setdefault(file, {})
    if repr(given) not in known:
        known[repr(given)] = _guess(file, given)
    return known[repr(given)]


def _guess(file: DataFile, given: DelimitedParams) -> tuple[DelimitedParams, float] | None:
    encoding = given.encoding or encoding_of(file)
    if encoding != "utf-16" and b"\0" in file.head:
        return None
    text = _beginning(file, encoding)
    comment = given.comment if given.comment is not None else _comment(text)
    text = without_comments(text, comment)
    separator, quote, evenness = _separator_and_quote(text, given)
    rows = split(text, separator, quote) if separator else []
    width = Counter(len(row) for row in rows).most_common(1)[0][0] if rows else 0
    if width < 2:
        return None
    header = given.header if given.header is not None else _has_header(rows)
    decimal = given.decimal or _decimal(rows[header:], separator)
    columns = _columns(rows[0] if header else [], width, given.columns, file.where)
    complete = replace(
        given, separator=separator, header=header, encoding=encoding, quote=quote, decimal=decimal, comment=comment,
        columns=list(columns),
    )  # fmt: skip
    return complete, evenness


def sample_of(file: DataFile, complete: DelimitedParams) -> str:
    """Return whole lines from the file's beginning, comments left out."""
    return without_comments(_beginning(file, str(complete.encoding)), complete.comment or "")


def _beginning(file: DataFile, encoding: str) -> str:
    text = decoded_head(file, encoding)
    return text[: text.rindex("\n", 0, SAMPLE)] if len(text) > SAMPLE and "\n" in text[:SAMPLE] else text


def one_character(text: str, separator: str) -> tuple[str, str]:
    """Return text and separator with a separator of several characters replaced by one that the text lacks.

    Inside quotes it is replaced too: whoever splits the text puts it back in the values.
    """
    if separator == " ":
        text = text.replace("\t", " ")
        if "  " in text or " \n" in text or "\n " in text or text[:1] == " " or text[-1:] == " ":
            text = re.sub(r"(?m)^ +| +$", "", re.sub(" +", " ", text))
        return text, separator
    if len(separator) == 1:
        return text, separator
    spare = next((character for character in _SPARE if character not in text), "\x1f")
    return text.replace(separator, spare), spare


def without_comments(text: str, comment: str) -> str:
    """Return text without the lines that begin so; nothing is a comment where `comment` is ""."""
    if not comment or comment not in text:
        return text
    return re.sub(f"(?m)^{re.escape(comment)}.*\n?", "", text)


def split(text: str, separator: str, quote: str) -> list[list[str]]:
    """Return the rows of a text as lists of values, blank lines left out."""
    return [row for _, row in records(text, separator, quote)]


def records(text: str, separator: str, quote: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row starts, from 1, and its values; blank lines are left out.

    Raises:
        csv.Error: a row can't be told from the next.
    """
    text, single = one_character(text, separator)
    csv.field_size_limit(2**31 - 1)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    lines = io.StringIO(text.replace("\r", "\N{SYMBOL FOR CARRIAGE RETURN}"), newline="\n")
    rows = csv.reader(lines, delimiter=single, quotechar=quote or None, quoting=quoting)
    line = 1
    for row in rows:
        if len(row) > 1 or "".join(row).strip():
            whole = (value.replace("\N{SYMBOL FOR CARRIAGE RETURN}", "\r") for value in row)
            yield line, [value.replace(single, separator) for value in whole]
        line = rows.line_num + 1


def is_number(text: str) -> bool:
    """Return whether the text is a plain decimal number."""
    return _NUMBER.fullmatch(text) is not None


def is_decimal_comma(text: str) -> bool:
    """Return whether the text is a number with a decimal comma."""
    return _DECIMAL_COMMA.fullmatch(text) is not None


def _comment(text: str) -> str:
    """What the first lines begin with, where that is how comments begin and not how all lines do."""
    lines = [line for line in text.split("\n") if line.strip()]
    for mark in COMMENTS:
        if lines and lines[0].startswith(mark) and not all(line.startswith(mark) for line in lines):
            return mark
    return ""


def _decimal(rows: list[list[str]], separator: str) -> Literal[".", ","]:
    """A comma where numbers with one stand in the rows and none with a point."""
    if separator == ",":
        return "."
    values = [value for row in rows for value in row]
    commas = sum(map(is_decimal_comma, values))
    points = sum("." in value and is_number(value) for value in values)
    return "," if commas > points else "."


def _separator_and_quote(text: str, given: DelimitedParams) -> tuple[str, str, float]:
    separators = SEPARATORS if given.separator is None else (given.separator,)
    best, choice = -1.0, ("", "")
    for separator in separators:
        if separator.strip() and separator not in text:
            continue
        quotes = _quotes(text, separator) if given.quote is None else (given.quote,)
        for quote in quotes:
            evenness = _evenness(split(text, separator, quote))
            if evenness > best:
                best, choice = evenness, (separator, quote)
    return (*choice, best)


def _quotes(text: str, separator: str) -> tuple[str, str]:
    """The quote characters to try, the likelier first: outside of CSV a quote is text unless it plainly quotes."""
    if separator in ",;":
        return '"', ""
    mark = re.escape(separator)
    if re.search(f'(?m)(^|{mark})"[^"\n]*{mark}[^"\n]*"({mark}|$)', text):
        return '"', ""
    first, *rest = split(text, separator, "") or [[]]
    columns = list(zip(*(rest or [first]), strict=False))
    quoted_column = any(all(len(v) > 1 and v[0] == v[-1] == '"' for v in column) for column in columns)
    return ('"', "") if quoted_column else ("", '"')


def _evenness(rows: list[list[str]]) -> float:
    """The share of rows that have the most frequent number of values; 0 where that number is one."""
    (width, count), *_ = Counter(len(row) for row in rows).most_common(1) or [(1, 0)]
    return count / len(rows) if width > 1 else 0.0


def _has_header(rows: list[list[str]]) -> bool:
    first, rest = [value.strip() for value in rows[0]], rows[1:]
    if any(is_number(value) for value in first):
        return False
    if sum(KNOWN_HEADERS.fullmatch(value) is not None for value in first) >= min(2, len(first)):
        return True
    columns = zip(*(row for row in rest if len(row) == len(first)), strict=True)
    filled = [[value for value in column if value.strip()] for column in columns]
    return any(column and sum(map(is_number, column)) > 0.9 * len(column) for column in filled)


def _columns(names: Sequence[str], width: int, given: list[str] | None, where: str) -> tuple[str, ...]:
    if given is not None:
        if len(given) != width:
            raise BadInput(
                f"columns names {len(given)} columns and the file has {width}",
                where=where,
                mend=f"name all {width} in order",
            )
        if len(set(given)) < len(given):
            raise BadInput("columns names one column twice", where=where, mend="give each a name of its own")
        return tuple(given)
    taken: dict[str, None] = {}
    for number in range(width):
        name = names[number].strip() if number < len(names) else ""
        name = name or f"column_{number + 1}"
        while name in taken:
            name += f"_{number + 1}"
        taken[name] = None
    return tuple(taken)
