"""Two experiments side by side, and the command line that trains one."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from cfbench.experiment import PLUGIN_TABLES, Experiment, same_plugin
from cfbench.tui.drafting.comparing import same
from cfbench.tui.drafting.values import shown

Flat = dict[str, Any]
"""Path of a setting -> its value."""


def flat(experiment: Experiment) -> Flat:
    """Return each setting of an experiment by its path; metrics are one setting."""
    return dict(_flat("", experiment.document(complete=True)))


def _flat(path: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        below = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from _flat(below, value)
        else:
            yield below, value


def differences(one: Experiment, other: Experiment) -> list[tuple[str, str, str]]:
    """Return path and both values, as a field shows them, of each setting in which two resolved experiments differ."""
    ours, theirs = flat(one), flat(other)
    paths = [*ours, *(path for path in theirs if path not in ours)]
    differing = [path for path in paths if not same(ours.get(path, ""), theirs.get(path, ""))]
    return [(path, _in_words(ours.get(path, "")), _in_words(theirs.get(path, ""))) for path in differing]


def _in_words(value: Any) -> str:
    if isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        return ", ".join(str(entry.get("name", "")).rpartition(":")[2] for entry in value)
    return shown(value)


def command_line(experiment: Experiment, defaults: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the command that trains an experiment.

    Args:
        experiment: what to train.
        defaults: for each table that names a plugin, the defaults of that plugin's parameters.
    """
    usual = flat(Experiment())
    for table in PLUGIN_TABLES:
        usual |= {f"{table}.{key}": value for key, value in defaults.get(table, {}).items()}
    words = [
        shlex.quote(f"{path}={_as_typed(value)}")
        for path, value in flat(experiment).items()
        if path not in usual or not _counts_anyway(path, value, usual[path])
    ]
    return " ".join(["cfbench train", *words])


def _counts_anyway(path: str, value: Any, usual: Any) -> bool:
    if path == "metrics":
        return len(value) == len(usual) and all(
            same_plugin(one["name"], other["name"]) and len(one) == 1 for one, other in zip(value, usual, strict=True)
        )
    if path.endswith(".name") and path.partition(".")[0] in PLUGIN_TABLES:
        return same_plugin(value, usual)
    return same("none" if value is None else value, "none" if usual is None else usual)


def _as_typed(value: Any) -> str:
    """Return a value so that the command line reads the same: text is quoted where it would be taken for more."""
    if not isinstance(value, str):
        return _as_toml(value)
    try:
        tomllib.loads(f"value = {value}")
    except ValueError:
        return value
    return _as_toml(value)


def _as_toml(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_as_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_as_toml(entry)}' for key, entry in value.items())}}}"
    return json.dumps("none" if value is None else value, ensure_ascii=False)
