"""Data sets that come with cfbench, by name; their facts stand in TOML files beside this one."""

from __future__ import annotations

import tomllib
from importlib import resources

from cfbench.plugin import Dataset, hookimpl


@hookimpl
def cfbench_datasets() -> list[Dataset]:
    """Return the data sets."""
    return [_declared("demo")]


def _declared(name: str) -> Dataset:
    facts = tomllib.loads((resources.files(__name__) / f"{name}.toml").read_text("utf-8"))
    return Dataset(
        name=name,
        title=facts["title"],
        summary=facts["summary"],
        target=f"{__name__}.{name}:write",
        data=facts["data"],
        licence=facts["licence"],
        source=facts["source"],
        citation=facts["citation"],
    )
