"""The command line that describes the same data as the Data screen shows."""

from __future__ import annotations

import json
import shlex
from typing import Any

from cfbench.experiment import Data
from cfbench.tui.screens.data.opening import sources

_POLICIES = ("duplicates", "missing", "zero", "at_least", "values", "min_user", "min_item")


def command(data: Data) -> str:
    """Return ``cfbench data describe`` with the options that say what `data` says."""
    if not data.source:
        return "cfbench data describe FILE"
    read, items, users = dict(data.read), data.items, data.users
    columns = read.get("columns")
    said: list[tuple[str, str | None]] = [
        *((f"--{role}", getattr(data, role)) for role in ("user", "item", "target", "time")),
        ("--reader", read.pop("name", None)),
        ("--separator", read.pop("separator", "").replace("\t", "\\t") or None),
        *((f"--{part}", read.pop(part, None)) for part in ("encoding", "quote", "decimal", "comment")),
        ("--columns", ",".join(read.pop("columns")) if columns and _plain(columns) else None),
        ("--items", items.source or None),
        ("--item-id", items.id),
        ("--title", items.title),
        ("--users", users.source or None),
        ("--user-id", users.id),
        *(("--categorical", name) for name in data.categorical),
        *(("--continuous", name) for name in data.continuous),
        *(("--multilabel", name) for name in data.multilabel),
        *((f"--{key.replace('_', '-')}", _changed(data, key)) for key in _POLICIES),
    ]
    header = read.pop("header", None)
    said += [("--set", setting) for setting in _further(data, read)]
    options = [part for option, value in said if value is not None for part in (option, value)]
    flags = ["--by-title"] * (items.by == "title")
    flags += [] if header is None else ["--header" if header else "--no-header"]
    return shlex.join(["cfbench", "data", "describe", *sources(data), *options, *flags])


def _changed(data: Data, key: str) -> str | None:
    """Return a policy's value where it is not the default."""
    value = getattr(data, key)
    return None if value == getattr(Data(), key) else f"{value:g}" if isinstance(value, float) else str(value)


def _plain(names: list[str]) -> bool:
    """Return whether names can be told with commas between."""
    return all(name == name.strip() and name and "," not in name for name in names)


def _further(data: Data, read: dict[str, Any]) -> list[str]:
    """Return what has no option of its own, as ``data.items.read.encoding="latin-1"``."""
    settings = [f"data.read.{key}={_toml(value)}" for key, value in read.items()]
    if data.title is not None:
        settings.append(f"data.title={_toml(data.title)}")
    for table in ("items", "users"):
        side = getattr(data, table)
        more: dict[str, Any] = {f"read.{key}": value for key, value in side.read.items()}
        if side.fields:
            more["fields"] = list(side.fields)
        more |= {f"flags.{field}": list(names) for field, names in side.flags.items()}
        if table == "users" and side.title is not None:
            more["title"] = side.title
        settings += [f"data.{table}.{key}={_toml(value)}" for key, value in more.items()]
    return settings


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
