"""How the files are written, part by part: what was guessed, and what may be said instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from cfbench.answers import DataProfile
from cfbench.experiment import Data
from cfbench.tui.dialogs.choosing import Choice

PARTS = ("separator", "header", "encoding", "quote", "columns")
FURTHER = ("missing", "user", "item", "target", "time")
"""What besides may be said of data that can't be read as they are."""

GUESS = "guess"

_HELP = {
    "separator": "what stands between two values",
    "header": "whether the first line names the columns",
    "encoding": "how bytes become letters",
    "quote": "what values are quoted with",
    "columns": "names for the columns, in order, with commas between",
    "missing": "rows without a user, an item or a target",
    "user": "the column of users",
    "item": "the column of items",
    "target": "the column of ratings",
    "time": "the column of Unix seconds",
}
_VALUES: dict[str, dict[str, Any]] = {
    "separator": {"tab": "\t", "comma": ",", "semicolon": ";", "two colons": "::", "bar": "|", "blanks": " "},
    "header": {"yes": True, "no": False},
    "encoding": {"utf-8": "utf-8", "latin-1": "latin-1"},
    "quote": {'"': '"', "'": "'", "none": ""},
    "missing": {"error": "error", "drop": "drop"},
    "user": {},
    "item": {},
    "target": {"none": "none"},
    "time": {"none": "none"},
}
_FREE = ("separator", "quote", "user", "item", "target", "time")
_READ_AS = {"TAB": "tab", "blank": "blanks", ",": "comma", ";": "semicolon", "::": "two colons", "|": "bar"}


def separator(value: str) -> str:
    """Return a separator, as a profile tells it, in words."""
    return _READ_AS.get(value, value)


def parts(profile: DataProfile | None, data: Data) -> list[Choice]:
    """Return what can be said of how the files are written; an answer is the setting's path.

    Args:
        profile: tells the guesses; None: the ratings can't be read, so that more may have to be said of them.
        data: what is said already.
    """
    if profile is None:
        named = [(part, f"data.read.{part}") for part in PARTS] + [(part, f"data.{part}") for part in FURTHER]
        return [Choice(path, part, said(path, data) or GUESS) for part, path in named]
    tables = dict.fromkeys(file.table for file in profile.files)
    return [choice for table in tables for choice in _parts(table, profile, data)]


def _parts(table: str, profile: DataProfile, data: Data) -> list[Choice]:
    place = "data.read" if table == "ratings" else f"data.{table}.read"
    found = {part.name: part.value for file in profile.files if file.table == table for part in file.layout}
    found["separator"] = separator(found.get("separator", ""))
    found["columns"] = ", ".join(column.name for column in profile.columns if column.table == table)
    choices = []
    for part in PARTS:
        value = _value(f"{place}.{part}", data)
        note = f"guessed: {found.get(part, '')}" if value is None else f"said: {in_words(part, value)}"
        choices.append(Choice(f"{place}.{part}", part if table == "ratings" else f"{table}: {part}", note))
    return choices


def _value(path: str, data: Data) -> Any:
    value: Any = data
    for key in path.split(".")[1:]:
        value = getattr(value, key)
    return value


def in_words(part: str, value: Any) -> str:
    """Return a value of a layout as a person would say it."""
    if part == "columns":
        return ", ".join(value)
    known = {meant: word for word, meant in _VALUES[part].items()}
    return known.get(value, str(value))


def title(path: str) -> str:
    """Return what a part of a layout is about."""
    part = path.rpartition(".")[2]
    return f"{part}: {_HELP[part]}"


def allowed(path: str) -> list[Choice]:
    """Return what may be said of a part of a layout, a guess first; none where it is a list of names."""
    part = path.rpartition(".")[2]
    if part not in _VALUES:
        return []
    guess = [Choice(GUESS, "name it, or guess" if part in FURTHER else "guess it from the file")]
    return [*guess * (part != "missing"), *(Choice(word, word, _note(meant)) for word, meant in _VALUES[part].items())]


def _note(meant: Any) -> str:
    return repr(meant) if isinstance(meant, str) and meant.strip() and len(meant) < 3 else ""


def is_free(path: str) -> bool:
    """Return whether any text may be said of a part of a layout."""
    return path.rpartition(".")[2] in _FREE


def meant(path: str, answer: str) -> Any:
    """Return the value that somebody's answer stands for; None is a guess."""
    part = path.rpartition(".")[2]
    if part == "columns":
        return [name.strip() for name in answer.split(",")] if answer.strip() else None
    if answer == GUESS:
        return None
    return _VALUES[part].get(answer, answer.replace("\\t", "\t"))


def said(path: str, data: Data) -> str:
    """Return what is said of a part of a layout so far, as an answer."""
    part, value = path.rpartition(".")[2], _value(path, data)
    return (GUESS if part != "columns" else "") if value is None else in_words(part, value)


def with_part(data: Data, path: str, value: Any) -> Data:
    """Return data of which another part of how the ratings are written is said."""
    part = path.rpartition(".")[2]
    if path.startswith("data.read."):
        return msgspec.structs.replace(data, read=msgspec.structs.replace(data.read, **{part: value}))
    return msgspec.structs.replace(data, **{part: value})


def summary(profile: DataProfile) -> Sequence[str]:
    """Return how the ratings are written in a few words each."""
    if not profile.files:
        return []
    told = []
    for part in profile.files[0].layout:
        if part.name == "header":
            words = "with a header" if part.value == "yes" else "no header"
        elif part.name == "quote":
            words = f"quote {part.value}" if not part.guessed else ""
        else:
            words = separator(part.value)
        if words:
            told.append(words if part.guessed else f"{words} (said)")
    return told
