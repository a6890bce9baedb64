"""What is known of plugins without running them: data only, as it lies in the cache and travels to every face."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Origin = Literal["built in", "package", "file"]


class Declaration(Struct, frozen=True):
    """What one plugin declares.

    Attributes:
        kind: model, splitter, loss, optimizer, schedule, metric or dataset.
        name: the bare name.
        full_name: "module:name", or "file:name" for a single file.
        package: the distribution that it comes from, with its version; empty for a single file.
        path: the single file, with the hash of its content; empty for a package.
        schema: JSON schema (2020-12) of the parameters; "x-unit", "x-log" and "x-advanced" serve forms,
            "x-search" searches: [low, high], or {"among": values}.
        facts: what only its kind declares: fields, deterministic, needs_time, better, data, licence and so on.
    """

    kind: str
    name: str
    full_name: str
    title: str
    summary: str
    origin: Origin
    package: str = ""
    version: str = ""
    path: str = ""
    sha256: str = ""
    schema: dict[str, Any] = {}
    api: int = 1
    renamed_from: tuple[str, ...] = ()
    facts: dict[str, Any] = {}

    @property
    def prefix(self) -> str:
        """What stands before the colon of the full name: the module to import, or "file"."""
        return self.full_name.partition(":")[0]

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """Each parameter's schema by its name, in the order in which they were declared."""
        properties: dict[str, dict[str, Any]] = self.schema.get("properties", {})
        return properties


class Broken(Struct, frozen=True):
    """A source, or one declaration of it, that can't be used, and why. `source` is a module or a file's name."""

    source: str
    origin: Origin
    reason: str
    path: str = ""

    def __str__(self) -> str:
        noun = "file" if self.origin == "file" else "package"
        return f"plugin {noun} {self.source} is broken: {self.reason}"


class Notice(Struct, frozen=True):
    """Something worth knowing about a source that works."""

    source: str
    text: str
    path: str = ""


class Scan(Struct, frozen=True):
    """All that a look at plugins gave: at those of one source, or of all."""

    declarations: list[Declaration] = []
    broken: list[Broken] = []
    notices: list[Notice] = []
