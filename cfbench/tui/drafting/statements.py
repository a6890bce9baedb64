"""Where things stand in the text of a valid TOML document: sections, and the statements in them, by offset.

tomlkit would tell too, but takes ten times as long, and moves comments in what it was not asked to change.
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
from typing import NamedTuple

Path = tuple[str | int, ...]
"""Keys from the outermost in; a number is a place in a list."""

_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_TEXT = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r"""|"(?:\\.|[^"\\])*"|'[^']*'""",
    re.DOTALL,
)
_BARE = re.compile(r"[^\n\r,\]}#]+")
_LINE = re.compile(r"[^\n]*\n?")


class Statement(NamedTuple):
    """``key = value``; also a table in braces within a list, whose `key` is where it begins.

    Attributes:
        path: of the value.
        key: the offset at which the key begins.
        value: the offset at which the value begins.
        end: the offset after the value.
        section: the number of the section that it stands in.
        inline: it stands within braces or brackets.
    """

    path: Path
    key: int
    value: int
    end: int
    section: int
    inline: bool


class Section(NamedTuple):
    """A header with its statements; the first has no header.

    Attributes:
        path: of the table.
        start: the offset at which the header's line begins.
        body: the offset after the header's line.
        end: the offset after the last statement's line, or `body`.
        many: the header is in double brackets.
    """

    path: Path
    start: int
    body: int
    end: int
    many: bool


class Layout(NamedTuple):
    """All of a document, in the order in which it stands."""

    sections: tuple[Section, ...]
    statements: tuple[Statement, ...]

    def find(self, path: Path) -> Statement | None:
        """Return the statement that gives the value at a path, if one does."""
        return next((statement for statement in self.statements if statement.path == path), None)


@functools.lru_cache(maxsize=8)
def layout(text: str) -> Layout:
    """Return where the sections and statements of a valid TOML document stand."""
    return _Scanner(text).document()


def line_end(text: str, at: int) -> int:
    """Return the offset after the line that holds an offset, its line end included."""
    line = _LINE.match(text, at)
    return line.end() if line else len(text)


def line_start(text: str, at: int) -> int:
    """Return the offset at which the line that holds an offset begins."""
    return text.rfind("\n", 0, at) + 1


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.sections = [Section((), 0, 0, 0, False)]
        self.statements: list[Statement] = []
        self.lengths: dict[Path, int] = {}

    def document(self) -> Layout:
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                self._header()
            else:
                self._statement(self.sections[-1].path, inline=False)
                self.at = line_end(self.text, self.at)
                self.sections[-1] = self.sections[-1]._replace(end=self.at)
            self._skip(_BLANK)
        return Layout(tuple(self.sections), tuple(self.statements))

    def _header(self) -> None:
        start = line_start(self.text, self.at)
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        self._skip(_BLANK)
        path: Path = ()
        keys = self._keys()
        for depth, key in enumerate(keys, 1):
            path += (key,)
            if many and depth == len(keys):
                self.lengths[path] = self.lengths.get(path, 0) + 1
            if path in self.lengths:
                path += (self.lengths[path] - 1,)
        self.at = line_end(self.text, self.at)
        self.sections.append(Section(path, start, self.at, self.at, many))

    def _statement(self, table: Path, inline: bool) -> None:
        start = self.at
        path = table + self._keys()
        self._skip(_EQUALS)
        value, place = self.at, len(self.statements)
        self._value(path)
        self.statements.insert(place, Statement(path, start, value, self.at, len(self.sections) - 1, inline))

    def _keys(self) -> tuple[str, ...]:
        keys: list[str] = []
        while True:
            key = self._take(_KEY)
            keys.append(tomllib.loads(f"k = {key}")["k"] if key[0] in "\"'" else key)
            if not self._take(_DOT):
                return tuple(keys)

    def _value(self, path: Path) -> None:
        first = self.text[self.at]
        if first in "[{":
            self._members(path, first)
        elif first in "\"'":
            self._skip(_TEXT)
        else:
            self.at += len(self._take(_BARE).rstrip())

    def _members(self, path: Path, bracket: str) -> None:
        close, number = {"[": "]", "{": "}"}[bracket], 0
        self.at += 1
        self._skip(_BLANK)
        while self.text[self.at] != close:
            if bracket == "{":
                self._statement(path, inline=True)
            else:
                self._element((*path, number))
            number += 1
            self._skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1
                self._skip(_BLANK)
        self.at += 1

    def _element(self, path: Path) -> None:
        start, place = self.at, len(self.statements)
        self._value(path)
        if self.text[start] == "{":
            self.statements.insert(place, Statement(path, start, start, self.at, len(self.sections) - 1, True))

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _take(self, pattern: re.Pattern[str]) -> str:
        start = self.at
        self._skip(pattern)
        return self.text[start : self.at]


# -- paths and values in writing --


def keys_of(path: str) -> Path:
    """Return the keys of a path in words: ``metrics[0].k`` is ("metrics", 0, "k")."""
    return tuple(int(key[1:-1]) if key[0] == "[" else key for key in re.findall(r"\[\d+\]|[^.\[\]]+", path))


def written(path: Path) -> str:
    """Return keys as a path in words."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).removeprefix(".")


def key_text(key: str | int) -> str:
    """Return a key as it stands in TOML."""
    return str(key) if re.fullmatch(r"[A-Za-z0-9_-]+", str(key)) else literal(str(key))


def literal(value: object) -> str:
    """Return a value as it stands in TOML, which has no null: None is "none"."""
    if value is None:
        return '"none"'
    if isinstance(value, dict):
        pairs = ", ".join(f"{key_text(key)} = {literal(entry)}" for key, entry in value.items())
        return f"{{{pairs}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(literal(entry) for entry in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)
