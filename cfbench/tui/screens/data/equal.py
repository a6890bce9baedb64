"""The command line that describes the same data as the Data screen shows."""

from __future__ import annotations

import json
import shlex
from typing import Any

import msgspec

from cfbench.experiment import Data
from cfbench.tui.screens.data.opening import sources


def command(data: Data) -> str:
    """Return ``cfbench data describe`` with the options that say what `data` says."""
    if not data.source:
        return "cfbench data describe FILE"
    read, items, users = data.read, data.items, data.users
    said: list[tuple[str, str | None]] = [
        *((f"--{role}", getattr(data, role)) for role in ("user", "item", "target", "time")),
        ("--separator", read.separator.replace("\t", "\\t") if read.separator else None),
        ("--encoding", read.encoding),
        ("--quote", read.quote),
        ("--columns", ",".join(read.columns) if read.columns and _plain(read.columns) else None),
        ("--items", items.source or None),
        ("--item-id", items.id),
        ("--title", items.title),
        ("--users", users.source or None),
        ("--user-id", users.id),
        *(("--categorical", name) for name in data.categorical),
        *(("--continuous", name) for name in data.continuous),
        ("--duplicates", data.duplicates if data.duplicates != "keep" else None),
        ("--missing", data.missing if data.missing != "error" else None),
        ("--min-user", str(data.min_user) if data.min_user else None),
        ("--min-item", str(data.min_item) if data.min_item else None),
        *(("--set", setting) for setting in _further(data)),
    ]
    flags = ["--by-title"] * (items.by == "title")
    flags += [] if read.header is None else ["--header" if read.header else "--no-header"]
    options = [part for option, value in said if value is not None for part in (option, value)]
    return shlex.join(["cfbench", "data", "describe", *sources(data), *options, *flags])


def _plain(names: list[str]) -> bool:
    """Return whether names can be told with commas between."""
    return all(name == name.strip() and name and "," not in name for name in names)


def _further(data: Data) -> list[str]:
    """Return what has no option of its own, as ``data.items.read.encoding="latin-1"``."""
    settings = []
    if data.read.columns and not _plain(data.read.columns):
        settings.append(f"data.read.columns={json.dumps(data.read.columns, ensure_ascii=False)}")
    for table in ("items", "users"):
        side = getattr(data, table)
        more: dict[str, Any] = {f"read.{key}": value for key, value in msgspec.to_builtins(side.read).items()}
        if side.fields:
            more["fields"] = list(side.fields)
        if table == "users" and side.title is not None:
            more["title"] = side.title
        settings += [f"data.{table}.{key}={json.dumps(value, ensure_ascii=False)}" for key, value in more.items()]
    return settings
