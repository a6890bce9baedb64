"""Further fields that a model may read: which there are, which are chosen, and how many labels each has."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from cfbench.answers import DataProfile, LoaderPreview
from cfbench.experiment import Data
from cfbench.tui.drawing.lines import Span, text

_TAKEN = ("user", "item", "target", "time", "id")


class Field(Struct, frozen=True):
    """A column that a model may read besides user and item; `kind` is categorical, continuous or ""."""

    name: str
    table: str
    kind: str
    labels: int = 0

    def row(self) -> Sequence[Span]:
        """Return its cells: mark, name, what it is."""
        sign: Span = ("■", "s1") if self.kind else ("□", "dim")
        about = f"{self.labels:,} labels" if self.labels else self.kind or "not used"
        return [sign, text(self.name), text(about if self.table == "ratings" else f"{about}, {self.table}", "dim")]


def fields_of(profile: DataProfile | None, data: Data, preview: LoaderPreview | None) -> list[Field]:
    """Return the columns that may be fields, in the order of the files."""
    if profile is None:
        return []
    found = []
    for column in profile.columns:
        if column.role in _TAKEN:
            continue
        kind = "categorical" if column.name in data.categorical else ""
        kind = "continuous" if column.name in data.continuous else kind
        labels = preview.classes.get(column.name, 0) if preview and kind == "categorical" else 0
        found.append(Field(column.name, column.table, kind, labels))
    return found


def turned(field: Field, data: Data) -> dict[str, object]:
    """Return the settings after the next turn of a field: not used, categorical, continuous, not used."""
    following = {"": "categorical", "categorical": "continuous", "continuous": ""}[field.kind]
    changes: dict[str, object] = {}
    for kind in ("categorical", "continuous"):
        names = [name for name in getattr(data, kind) if name != field.name]
        names += [field.name] if kind == following else []
        if names != list(getattr(data, kind)):
            changes[f"data.{kind}"] = names
    if field.table != "ratings":
        side = [name for name in getattr(data, field.table).fields if name != field.name]
        changes[f"data.{field.table}.fields"] = [*side, field.name] if following else side
    return changes
