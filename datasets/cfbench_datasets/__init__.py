"""Data sets that come with cfbench, by name; the facts of each stand in a TOML file beside this one."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from importlib import resources
from typing import Any

from cfbench.plugin import Dataset, Download, NoParams, hookimpl
from cfbench_datasets.synthetic_params import SyntheticParams

_MADE: dict[str, type] = {"demo": NoParams, "synthetic": SyntheticParams}
_FETCHED = (
    "ml-100k",
    "ml-1m",
    "ml-25m",
    "ml-32m",
    "ml-latest-small",
    "book-crossing",
    "jester",
    "lastfm-hetrec",
    "movietweetings",
)


@hookimpl
def cfbench_datasets() -> list[Dataset]:
    """Return the data sets."""
    return [_declared(name) for name in (*_MADE, *_FETCHED)]


def _declared(name: str) -> Dataset:
    facts: dict[str, Any] = tomllib.loads((resources.files(__name__) / f"{name}.toml").read_text("utf-8"))
    facts["downloads"] = tuple(Download(**download) for download in facts.get("downloads", ()))
    unknown = facts.keys() - {field.name for field in fields(Dataset)}
    if unknown:
        raise ValueError(f"{name}.toml: {', '.join(sorted(unknown))}")
    target = f"{__name__}.{name}:write" if name in _MADE else ""
    return Dataset(name=name, target=target, params=_MADE.get(name, NoParams), **facts)
