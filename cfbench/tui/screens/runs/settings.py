"""The settings in which runs differ: which are worth a column, and how their values are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cfbench.tui.drawing import figures

Differences = Mapping[str, Mapping[str, Any]]
"""Run's id -> key path -> value, as Bench.differences answers."""


class Settings:
    """What differs among the runs, written once for lists that are drawn often.

    Args:
        differences: of all runs.
    """

    def __init__(self, differences: Differences) -> None:
        self.values = differences
        self.written = {run: {key: write(value) for key, value in own.items()} for run, own in differences.items()}
        self.titles = titles({key for own in differences.values() for key in own})

    def word(self, run: str, key: str) -> str:
        """Return a run's value as it is written, a dash where it has none."""
        return self.written.get(run, {}).get(key, figures.MISSING)

    def words(self, run: str) -> Iterable[str]:
        """Yield each setting as one searches for it: ``lr:0.005``."""
        for key, value in self.written.get(run, {}).items():
            yield f"{self.titles[key]}:{value}"

    def telling(self, runs: Sequence[str]) -> list[str]:
        """Return the keys in which these runs differ, first those in which most differ from the usual value."""
        counts: dict[str, Counter[str]] = {}
        for run in runs:
            for key, value in self.written.get(run, {}).items():
                counts.setdefault(key, Counter())[value] += 1
        missing = {key: len(runs) - values.total() for key, values in counts.items()}
        unusual = {key: len(runs) - max(missing[key], *values.values()) for key, values in counts.items()}
        return sorted((key for key, n in unusual.items() if n), key=lambda key: -unusual[key])


def write(value: Any) -> str:
    """Return a setting's value in few words: a plugin without its package, a file without its folder."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return figures.plain(value)
    if value is None or value == "":
        return figures.MISSING
    if isinstance(value, Mapping):
        return write(value["name"]) if "name" in value else ", ".join(f"{k} {write(v)}" for k, v in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(write, value))
    word = str(value)
    return word.rpartition("/")[2] or word if "/" in word else word.partition(":")[2] or word


def titles(keys: Iterable[str]) -> dict[str, str]:
    """Return a short title for each key path: ``lr``, ``model`` for its name, the whole path where two would agree."""
    found = {key: _title(key) for key in keys}
    often = Counter(found.values())
    return {key: title if often[title] == 1 else key for key, title in found.items()}


def _title(key: str) -> str:
    table, _, last = key.rpartition(".")
    return table.rpartition(".")[2] if last == "name" and table else last


NOTHING = Settings({})
