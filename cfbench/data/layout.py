"""How a delimited file is written: guessed from a sample, each part open to correction."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from cfbench.errors import BadInput
from cfbench.experiment import Layout

SAMPLE = 64 * 1024
"""Bytes at a file's start that the guess looks at; the encoding alone is judged by the whole file."""

SEPARATORS = ("::", "\t", ";", ",", "|", " ")
"""Tried in this order; the first that splits all lines alike wins."""

BOM = b"\xef\xbb\xbf"

KNOWN_HEADERS = re.compile(
    r"(user|item|movie|film|book|artist|track|song|product|title|name|rating|stars?|score|timestamp|time|date|id)"
    r"[_ ]?(id|name)?s?",
    re.IGNORECASE,
)

_SPARE = "\x1f\x1e\x1d\x1c\x01\x02\x03\x04\x05\x06"
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


class FileLayout(Struct, frozen=True):
    """How one file is written.

    Attributes:
        separator: one or more characters between two values; a blank stands for any run of blanks.
        header: the first line names the columns.
        encoding: "utf-8" or "latin-1"; a byte order mark is taken off.
        quote: the quoting character, "" for none.
        columns: the names of the columns, in order, all distinct.
        guessed: which of the five were guessed rather than given.
    """

    separator: str
    header: bool
    encoding: str
    quote: str
    columns: tuple[str, ...]
    guessed: frozenset[str] = frozenset()


def guess(content: bytes, given: Layout, where: str) -> FileLayout:
    """Return the layout of a file with this content; the parts that `given` says are taken as said.

    Raises:
        BadInput: a given part can't be, or the values of a line can't be told apart.
    """
    _check(given, where)
    encoding = given.encoding or _encoding(content)
    text = _sample(content, encoding)
    separator, quote = _separator_and_quote(text, given)
    rows = split(text, separator, quote)
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    if width < 2:
        raise BadInput(
            "only one column was found, and a rating needs a user and an item",
            where=where,
            mend="if the values are separated by something rare, set separator in [data.read]",
        )
    header = given.header if given.header is not None else _has_header(rows)
    columns = _columns(rows[0] if header else [], width, given.columns, where)
    parts = ("separator", "header", "encoding", "quote", "columns")
    guessed = frozenset(part for part in parts if getattr(given, part) is None)
    return FileLayout(separator, header, encoding, quote, columns, guessed)


def one_character(text: str, separator: str) -> tuple[str, str]:
    """Return text and separator with a separator of several characters replaced by one that the text lacks.

    Inside quotes it is replaced too: whoever splits the text puts it back in the values.
    """
    if separator == " ":
        return re.sub(r"(?m)^ +| +$", "", re.sub(" +", " ", text)), separator
    if len(separator) == 1:
        return text, separator
    spare = next((character for character in _SPARE if character not in text), "\x1f")
    return text.replace(separator, spare), spare


def unix_line_ends(text: str) -> str:
    """Return text with CRLF, or the lone CR of old files, turned into LF; a CR inside a line stays."""
    text = text.replace("\r\n", "\n") if "\r" in text else text
    return text if "\n" in text else text.replace("\r", "\n")


def split(text: str, separator: str, quote: str) -> list[list[str]]:
    """Return the rows of a text as lists of values, blank lines left out."""
    return [row for _, row in records(text, separator, quote, "")]


def records(text: str, separator: str, quote: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each row starts, from 1, and its values; blank lines are left out.

    Raises:
        BadInput: a row can't be told from the next; `where` is the file that the message names.
    """
    text, single = one_character(text, separator)
    csv.field_size_limit(2**31 - 1)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    lines = io.StringIO(text.replace("\r", "\N{SYMBOL FOR CARRIAGE RETURN}"), newline="\n")
    rows = csv.reader(lines, delimiter=single, quotechar=quote or None, quoting=quoting)
    line = 1
    try:
        for row in rows:
            if len(row) > 1 or "".join(row).strip():
                whole = (value.replace("\N{SYMBOL FOR CARRIAGE RETURN}", "\r") for value in row)
                yield line, [value.replace(single, separator) for value in whole]
            line = rows.line_num + 1
    except csv.Error as error:
        raise BadInput(f"the row can't be split ({error})", where=f"{where}, line {line}", mend="mend it") from error


def is_number(text: str) -> bool:
    """Return whether the text is a plain decimal number."""
    return _NUMBER.fullmatch(text) is not None


def _check(given: Layout, where: str) -> None:
    if given.separator is not None and (not given.separator or set(given.separator) & {"\n", "\r", '"'}):
        raise BadInput(f"separator = {given.separator!r} can't separate", where=where, mend='give one such as ","')
    if given.quote is not None and len(given.quote.encode()) > 1:
        raise BadInput(
            f"quote = {given.quote!r} is not one plain character", where=where, mend='give one, or "" for none'
        )


def _encoding(content: bytes) -> str:
    if content.isascii() or content.startswith(BOM):
        return "utf-8"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "utf-8" if _has_utf8_words(content) else "latin-1"
    return "utf-8"


def _has_utf8_words(content: bytes) -> bool:
    """Whether the high bytes are mostly well-formed UTF-8, so that a broken one is damage and not latin-1."""
    high = len(re.findall(rb"[\x80-\xff]", content))
    formed = len(re.findall(rb"[\xc2-\xdf][\x80-\xbf]", content)) * 2
    formed += len(re.findall(rb"[\xe0-\xef][\x80-\xbf]{2}", content)) * 3
    return formed > high / 2


def _sample(content: bytes, encoding: str) -> str:
    text = content[:SAMPLE].removeprefix(BOM).decode(encoding, errors="replace")
    text = unix_line_ends(text)
    if len(content) > SAMPLE and "\n" in text:
        text = text[: text.rindex("\n")]
    return text


def _separator_and_quote(text: str, given: Layout) -> tuple[str, str]:
    separators = SEPARATORS if given.separator is None else (given.separator,)
    best, choice = -1.0, ("", "")
    for separator in separators:
        quotes = _quotes(text, separator) if given.quote is None else (given.quote,)
        for quote in quotes:
            evenness = _evenness(split(text, separator, quote))
            if evenness > best:
                best, choice = evenness, (separator, quote)
    return choice


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
    return any(sum(map(is_number, column)) > 0.9 * len(column) for column in columns)


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
    taken: list[str] = []
    for number in range(width):
        name = names[number].strip() if number < len(names) else ""
        name = name or f"column_{number + 1}"
        while name in taken:
            name += f"_{number + 1}"
        taken.append(name)
    return tuple(taken)
