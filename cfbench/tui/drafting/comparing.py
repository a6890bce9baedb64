"""Values by their paths, and what differs between a draft and an experiment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, NamedTuple

from msgspec import Struct

from cfbench.errors import BadInput
from cfbench.experiment import PLUGIN_TABLES, Component, Experiment, same_plugin
from cfbench.tui.drafting.statements import Path, layout, written
from cfbench.tui.drafting.values import shown


class Missing:
    """Stands where there is no value."""


MISSING = Missing()


class Line(NamedTuple):
    """A line of TOML.

    Attributes:
        text: without its line end.
        path: of the setting that begins in it, or None.
        was: the setting's value in the other experiment as a field shows it, "" where that has none; None: the same.
    """

    text: str
    path: str | None = None
    was: str | None = None


def at(tables: Any, path: Path, default: Any = None) -> Any:
    """Return what plain tables hold at a path, or `default`."""
    for key in path:
        try:
            tables = tables[key]
        except (KeyError, IndexError, TypeError):
            return default
    return tables


def put(tables: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return the tables with another value at a path, or with none where it is `MISSING`; they are not copied deep.

    Raises:
        BadInput: a key on the way holds no table.
    """
    after: dict[str, Any] = _put(tables, path, value, path)
    return after


def _put(holder: Any, rest: Path, value: Any, path: Path) -> Any:
    key = rest[0]
    if isinstance(key, int) and isinstance(holder, list) and key < len(holder):
        below = value if len(rest) == 1 else _put(holder[key], rest[1:], value, path)
        return [*holder[:key], below, *holder[key + 1 :]]
    if not isinstance(holder, dict):
        raise BadInput(f"{written(path[: len(path) - len(rest)])} is not a table", where=written(path))
    below = value if len(rest) == 1 else _put(holder.get(key, {}), rest[1:], value, path)
    if below is MISSING:
        return {name: entry for name, entry in holder.items() if name != key}
    return {**holder, key: below}


def pruned(tables: Any) -> Any:
    """Return the tables without empty ones."""
    if not isinstance(tables, dict):
        return tables
    kept = {key: pruned(value) for key, value in tables.items()}
    return {key: value for key, value in kept.items() if value != {}}


def same(one: Any, other: Any) -> bool:
    """Return whether two plain values mean the same: 5 is 5.0, but 1 is not true."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def lines(text: str, tables: Mapping[str, Any], base: Experiment | None) -> list[Line]:
    """Return a valid TOML's lines, each with what it was in `base` where that differs."""
    drawn = [Line(line.removesuffix("\r")) for line in text.removesuffix("\n").split("\n")]
    starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    for statement in reversed(layout(text).statements):
        if statement.inline:
            continue
        number = bisect_right(starts, statement.key) - 1
        was = _was(base, statement.path, at(tables, statement.path)) if base else None
        drawn[number] = Line(drawn[number].text, written(statement.path), was)
    return drawn


def _was(base: Experiment, path: Path, value: Any) -> str | None:
    if isinstance(value, dict):
        told = {key: _was(base, (*path, key), entry) for key, entry in value.items()}
        differing = [f"{key} {was}".strip() for key, was in told.items() if was is not None]
        return ", ".join(differing) if differing else None
    if path == ("metrics",):
        return None if list(value) == [metric.table() for metric in base.metrics] else metrics_in_words(base)
    former = _in_experiment(base, path)
    if former is MISSING:
        return ""
    plugin = path[0] in PLUGIN_TABLES or path[0] == "metrics"
    if plugin and path[-1] == "name":
        return None if same_plugin(former, value) else str(former).rpartition(":")[2]
    none = "none" if plugin else "guessed"
    plain = list(former) if isinstance(former, tuple) else none if former is None else former
    return None if same(plain, value) else shown(plain)


def metrics_in_words(experiment: Experiment) -> str:
    """Return the bare names of an experiment's metrics: ``rmse, mae``."""
    return ", ".join(metric.name.rpartition(":")[2] for metric in experiment.metrics)


def _in_experiment(base: Any, path: Path) -> Any:
    for key in path:
        if isinstance(base, Component):
            base = base.table()
        base = getattr(base, str(key), MISSING) if isinstance(base, Struct) else at(base, (key,), MISSING)
    return base
