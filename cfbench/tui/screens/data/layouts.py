"""How the files are written, part by part: which reader, its parameters, what was guessed and what may be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from cfbench.answers import DataProfile
from cfbench.experiment import Data
from cfbench.registry.declarations import Declaration
from cfbench.tui.dialogs.choosing import Choice

FURTHER = ("missing", "user", "item", "target", "time")
"""What besides may be said of data that can't be read as they are."""

GUESS = "guess"
READER = "name"
"""The key of a table [data.read] that names its reader."""

_DEFAULT = "delimited"
_HELP = {
    "name": "what kind of file it is",
    "missing": "rows without a user, an item or a target",
    "user": "the column of users",
    "item": "the column of items",
    "target": "the column of ratings",
    "time": "the column of Unix seconds",
}
_WORDS: dict[str, dict[str, Any]] = {
    "separator": {"tab": "\t", "comma": ",", "semicolon": ";", "two colons": "::", "bar": "|", "blanks": " "},
    "quote": {'"': '"', "'": "'", "none": ""},
    "comment": {"#": "#", "%": "%", "none": ""},
    "missing": {"error": "error", "drop": "drop"},
    "user": {},
    "item": {},
    "target": {"none": "none"},
    "time": {"none": "none"},
}
_YES_NO = {"yes": True, "no": False}
_READ_AS = {"TAB": "tab", "blank": "blanks", ",": "comma", ";": "semicolon", "::": "two colons", "|": "bar"}


def separator(value: str) -> str:
    """Return a separator, as a profile tells it, in words."""
    return _READ_AS.get(value, value)


class Layouts:
    """What can be said of how files are written.

    Attributes:
        readers: the reader plugins that there are.
        profile: tells the guesses; None: the ratings can't be read, so that more may have to be said of them.
        data: what is said already.
    """

    def __init__(self, readers: Sequence[Declaration], profile: DataProfile | None, data: Data) -> None:
        self.readers = {one.name: one for one in readers}
        self.profile, self.data = profile, data

    def parts(self) -> list[Choice]:
        """Return all that can be said; an answer is the setting's path."""
        if self.profile is None:
            further = [Choice(f"data.{part}", part, self.said(f"data.{part}") or GUESS) for part in FURTHER]
            return [*self._table("ratings"), *further]
        tables = dict.fromkeys(file.table for file in self.profile.files)
        return [choice for table in tables for choice in self._table(table)]

    def _table(self, table: str) -> list[Choice]:
        place = "data.read" if table == "ratings" else f"data.{table}.read"
        found: dict[str, str] = {}
        for file in self.profile.files if self.profile else ():
            if file.table == table:
                found |= {part.name: separator(part.value) for part in file.layout} | {READER: file.reader}
                break
        if self.profile is not None:
            found["columns"] = ", ".join(column.name for column in self.profile.columns if column.table == table)
        choices = []
        for part in (READER, *self._reader(place).properties):
            value = self._value(f"{place}.{part}")
            guess = f"guessed: {found[part]}" if part in found else GUESS
            name = "reader" if part == READER else part
            note = guess if value is None else f"said: {self._in_words(part, value)}"
            choices.append(Choice(f"{place}.{part}", name if table == "ratings" else f"{table}: {name}", note))
        return choices

    def _reader(self, place: str) -> Declaration:
        """The reader that reads a table: said, else as guessed."""
        said = self._value(f"{place}.{READER}")
        table = {"data.items.read": "items", "data.users.read": "users"}.get(place, "ratings")
        guessed = next((file.reader for file in self.profile.files if file.table == table), "") if self.profile else ""
        name = str(said or guessed).rpartition(":")[2]
        return (
            self.readers.get(name) or self.readers.get(_DEFAULT) or Declaration("reader", _DEFAULT, "", "", "", "file")
        )

    def _schema(self, path: str) -> Mapping[str, Any]:
        """The schema of a reader's parameter, {} for anything else."""
        place, _, part = path.rpartition(".")
        whole: Mapping[str, Any] = self._reader(place).properties.get(part, {}) if place.endswith("read") else {}
        return whole

    def _value(self, path: str) -> Any:
        value: Any = self.data
        for key in path.split(".")[1:]:
            value = value.get(key) if isinstance(value, dict) else getattr(value, key)
        return value

    def _words(self, path: str) -> dict[str, Any]:
        """Answers in words -> values, where a part has some that are usual."""
        part = path.rpartition(".")[2]
        if part == READER:
            return {name: name for name in self.readers}
        inner = _inner(self._schema(path))
        if inner.get("type") == "boolean":
            return _YES_NO
        if "enum" in inner:
            return {str(value): value for value in inner["enum"]}
        return _WORDS.get(part, {})

    def _in_words(self, part: str, value: Any) -> str:
        if isinstance(value, list | tuple):
            return ", ".join(map(str, value))
        if isinstance(value, bool):
            return "yes" if value else "no"
        known = {meant: word for word, meant in _WORDS.get(part, {}).items()}
        return known.get(value, str(value))

    def title(self, path: str) -> str:
        """Return what a part is about."""
        part = path.rpartition(".")[2]
        told = _HELP.get(part) or self._schema(path).get("description", "")
        return f"{'reader' if part == READER else part}: {told}"

    def allowed(self, path: str) -> list[Choice]:
        """Return what may be said of a part, a guess first; none where it is a list."""
        part = path.rpartition(".")[2]
        if _inner(self._schema(path)).get("type") == "array":
            return []
        guess = Choice(GUESS, "name it, or guess" if part in FURTHER else "guess it from the file")
        words = self._words(path)
        notes = {name: one.summary for name, one in self.readers.items()} if part == READER else {}
        return [
            *[guess] * (part != "missing"),
            *(Choice(word, word, notes.get(word, _note(meant))) for word, meant in words.items()),
        ]

    def is_free(self, path: str) -> bool:
        """Return whether any text may be said of a part."""
        part = path.rpartition(".")[2]
        inner = _inner(self._schema(path))
        return part in FURTHER[1:] or (inner.get("type") in ("string", "integer", "number") and "enum" not in inner)

    def meant(self, path: str, answer: str) -> Any:
        """Return the value that somebody's answer stands for; None is a guess."""
        inner = _inner(self._schema(path))
        if inner.get("type") == "array":
            return [name.strip() for name in answer.split(",")] if answer.strip() else None
        if answer == GUESS:
            return None
        value = self._words(path).get(answer, answer.replace("\\t", "\t"))
        if inner.get("type") == "integer" and isinstance(value, str) and value.strip().lstrip("-").isdigit():
            return int(value)
        return value

    def said(self, path: str) -> str:
        """Return what is said of a part so far, as an answer."""
        value = self._value(path)
        if value is None:
            return "" if _inner(self._schema(path)).get("type") == "array" else GUESS
        return self._in_words(path.rpartition(".")[2], value)

    def changes(self, path: str, value: Any) -> dict[str, Any]:
        """Return the settings (path -> value) that say so; another reader forgets what was said to the one before."""
        place, _, part = path.rpartition(".")
        if part != READER or not place.endswith("read"):
            return {path: value}
        before = self._value(place)
        return {f"{place}.{name}": None for name in before if name != READER} | {path: value}

    def with_part(self, path: str, value: Any) -> Data:
        """Return the data with another part of how the ratings are written said."""
        read, others = dict(self.data.read), {}
        for changed, meant in self.changes(path, value).items():
            part = changed.rpartition(".")[2]
            if not changed.startswith("data.read."):
                others[part] = meant
            elif meant is None:
                read.pop(part, None)
            else:
                read[part] = meant
        return msgspec.structs.replace(self.data, read=read, **others)


def _inner(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is allowed beside none."""
    found: Mapping[str, Any] = schema["anyOf"][0] if "anyOf" in schema else schema
    return found


def _note(meant: Any) -> str:
    return repr(meant) if isinstance(meant, str) and meant.strip() and len(meant) < 3 else ""


def summary(profile: DataProfile) -> Sequence[str]:
    """Return how the ratings are written in a few words each."""
    if not profile.files:
        return []
    file = profile.files[0]
    told = [] if file.reader == _DEFAULT else [file.reader]
    for part in file.layout:
        if part.name == "header":
            words = "with a header" if part.value == "yes" else "no header"
        elif part.name == "separator":
            words = separator(part.value)
        elif part.name == "encoding" or not part.guessed:
            words = part.value if part.name == "encoding" else f"{part.name} {part.value}"
        else:
            words = "decimal comma" if (part.name, part.value) == ("decimal", ",") else ""
        if words:
            told.append(words if part.guessed else f"{words} (said)")
    return told
