"""Where a search tries values: spaces that declarations carry, or that somebody writes."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cfbench.errors import BadInput, listing, nearest
from cfbench.experiment import Component, Experiment
from cfbench.registry.declarations import Declaration
from cfbench.registry.parameters import NONE

GRID_POINTS = 3
"""Points of a numeric space in a grid: its ends, and the middle."""

SEARCHED = ("model", "optimizer", "loss", "sampler", "schedule")
"""The tables of an experiment that a search may vary."""

_ONLY_SAID = ("experiment.name", "experiment.group", "experiment.notes")


@dataclass(frozen=True)
class Space:
    """The values that a search tries for a setting.

    Attributes:
        key: path of the setting, as "optimizer.lr".
        low: smallest number.
        high: largest number.
        log: evenly by its logarithm.
        whole: whole numbers only.
        values: the values themselves, where they are listed; then the rest says nothing.
    """

    key: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    values: tuple[Any, ...] = ()

    def holds(self, value: Any) -> bool:
        """Return whether a value is one that the search could try."""
        if self.values:
            return value in self.values
        return isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high

    def points(self, n: int = GRID_POINTS) -> list[Any]:
        """Return the values of a grid, each once."""
        if self.values:
            return list(self.values)
        ends = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        numbers = [ends[0] + (ends[1] - ends[0]) * step / (n - 1) for step in range(n)]
        found = [math.exp(number) if self.log else number for number in numbers]
        exact = [self.low, *found[1:-1], self.high]
        return list(dict.fromkeys(round(number) if self.whole else float(f"{number:.6g}") for number in exact))

    def told(self) -> str:
        """Return it in words."""
        if self.values:
            return f"{self.key} of {', '.join(map(str, self.values))}"
        return f"{self.key} from {self.low:g} to {self.high:g}{', by its logarithm' if self.log else ''}"


def declared(experiment: Experiment, declarations: Mapping[str, Declaration]) -> list[Space]:
    """Return the spaces that the declarations of an experiment's model and optimizer carry.

    Args:
        experiment: resolved.
        declarations: table -> declaration; tables that are not there are not searched.
    """
    return [
        _of_property(f"{table}.{name}", property)
        for table, declaration in declarations.items()
        for name, property in declaration.properties.items()
        if "x-search" in property and name in _component(experiment, table).params
    ]


def written(text: str, experiment: Experiment, declarations: Mapping[str, Declaration]) -> Space:
    """Return the space that ``KEY=LOW..HIGH`` or ``KEY=a,b,c`` says.

    Raises:
        BadInput: it is not of this form, or there is no such setting to vary.
    """
    key, equals, values = text.partition("=")
    key = key.strip()
    if not equals or not values.strip():
        raise BadInput(
            f"'{text}' is not KEY=LOW..HIGH or KEY=A,B,C", where="--space", mend="as in optimizer.lr=1e-4..1e-1"
        )
    property = _property(key, experiment, declarations)
    low, dots, high = values.partition("..")
    if not dots:
        return Space(key, values=tuple(_value(one) for one in values.split(",")))
    try:
        ends = float(low), float(high)
    except ValueError as error:
        raise BadInput(f"'{values}' has no two numbers", where=f"--space {key}", mend="as in 1e-4..1e-1") from error
    kind = _number(property).get("type")
    if kind not in ("integer", "number"):
        raise BadInput("it is no number", where=f"--space {key}", mend="list its values: KEY=A,B,C")
    log = bool(property.get("x-log")) and ends[0] > 0
    if not (math.isfinite(ends[0]) and math.isfinite(ends[1]) and ends[0] < ends[1]):
        raise BadInput(f"'{values}' does not rise", where=f"--space {key}", mend="write the smaller end first")
    return Space(key, *ends, log=log, whole=kind == "integer")


def grid(spaces: Sequence[Space]) -> Iterator[dict[str, Any]]:
    """Yield every combination of the spaces' points, the first space's changing last."""
    for values in itertools.product(*(space.points() for space in spaces)):
        yield dict(zip((space.key for space in spaces), values, strict=True))


def value_of(experiment: Experiment, key: str) -> Any:
    """Return the value of a setting, such as "optimizer.lr", as TOML has it: one that is not set is "none"."""
    table, _, name = key.partition(".")
    value = _component(experiment, table).params.get(name)
    return NONE if value is None else value


def differing(one: Experiment, other: Experiment, varied: Collection[str]) -> list[str]:
    """Return the settings, but for those varied, that make another model of the same data of two experiments."""
    flat = [
        {f"{table}.{name}": value for table, values in made.document().items() for name, value in _settings(values)}
        for made in (one, other)
    ]
    keys = sorted(key for key in {*flat[0], *flat[1]} if flat[0].get(key) != flat[1].get(key))
    return [key for key in keys if key not in varied and key not in _ONLY_SAID]


def _settings(table: Any) -> Iterable[tuple[str, Any]]:
    return table.items() if isinstance(table, Mapping) else ()  # metrics are a list, and change no model


def _component(experiment: Experiment, table: str) -> Component:
    component: Component | None = getattr(experiment, table)
    return component or Component("")


def _of_property(key: str, property: Mapping[str, Any]) -> Space:
    searched = property["x-search"]
    if isinstance(searched, Mapping):
        return Space(key, values=tuple(searched["among"]))
    low, high = searched
    log = bool(property.get("x-log")) and low > 0
    return Space(key, low, high, log, _number(property).get("type") == "integer")


def _number(property: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of the number in an optional one."""
    options: Iterable[Mapping[str, Any]] = property.get("anyOf", [property])
    return next((option for option in options if option.get("type") != "null"), property)


def _property(key: str, experiment: Experiment, declarations: Mapping[str, Declaration]) -> Mapping[str, Any]:
    known = {
        f"{table}.{name}": property
        for table, declaration in declarations.items()
        for name, property in declaration.properties.items()
    }
    if key not in known:
        raise BadInput(
            f"there is no setting '{key}' to vary{nearest(key, known)}",
            where="--space",
            mend=f"there are {listing(known)}",
        )
    return known[key]


def _value(text: str) -> Any:
    """Return a value as TOML reads it, else as text."""
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except (tomllib.TOMLDecodeError, ValueError):
        return text.strip()
