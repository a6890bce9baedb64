"""A plugin's parameters checked against its schema, without any of its code."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cfbench.errors import BadInput, listing, nearest
from cfbench.registry.declarations import Declaration

NONE = "none"
"""How TOML, which has no null, says that a parameter is not set."""

_NOUNS = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text"}
_PLURALS = {"integer": "whole numbers", "number": "numbers", "string": "texts"}
_INT64 = range(-(2**63), 2**63)


def check(declaration: Declaration, params: Mapping[str, Any], where: str, path: str) -> dict[str, Any]:
    """Return all parameters in plain values, those not given with their default.

    Args:
        declaration: what the plugin declares.
        params: the values given, from TOML or Python.
        where: the file or option that holds them.
        path: the key path of their table, such as "model".

    Raises:
        BadInput: an unknown key or a value that is not allowed.
    """
    properties = declaration.properties
    for key in params:
        if key not in properties:
            mend = f"allowed are {listing(properties)}" if properties else f"{declaration.name} has no parameters"
            raise BadInput(f"unknown key {path}.{key}{nearest(key, properties)}", where=where, mend=mend)
    return {
        key: check_value(schema, params.get(key, schema["default"]), where, f"{path}.{key}")
        for key, schema in properties.items()
    }


def check_value(schema: Mapping[str, Any], given: Any, where: str, path: str) -> Any:
    """Return one parameter's value as its plugin gets it.

    Raises:
        BadInput: its schema does not allow it; `where` and `path` say what holds it.
    """
    try:
        return _value(given, schema)
    except _NotAllowedError as refusal:
        spot, value, inner = refusal.spot, refusal.value, refusal.schema
        said = f"{path}{spot} = {_shown(value)} is not allowed{_guess(value, inner)}"
        raise BadInput(said, where=where, mend=f"allowed: {allowed(inner)}") from None


def name_help(declaration: Declaration, others: Iterable[str]) -> str:
    """Return one line about a plugin's name in TOML: what it is, and which others stand in its place."""
    listed = ", ".join(others)
    return "; ".join([declaration.summary, *([f"or {listed}"] if listed else [])])


def help_of(declaration: Declaration, key: str) -> str:
    """Return one line about a parameter: ``length of each vector, 1 to 4096 rows, default 50``."""
    schema = declaration.properties[key]
    span = allowed(schema)
    for noun in ("a whole number", "a number", "true or false", "text", " of", " "):
        span = span.removeprefix(noun)  # the default shows as much
    default = schema["default"]
    shown = _shown(NONE if default is None else default)
    parts = (schema.get("description", ""), f"{span} {schema.get('x-unit', '')}".strip(), f"default {shown}")
    return ", ".join(part for part in parts if part)


def allowed(schema: Mapping[str, Any]) -> str:
    """Return what a schema allows, in words: ``a whole number 1 to 4096``, ``true or false``, ``a, b or c``."""
    if "anyOf" in schema:
        return f'"{NONE}" or {allowed(schema["anyOf"][0])}'
    if "enum" in schema:
        return _alternatives(_shown(value) for value in schema["enum"])
    if schema["type"] == "array":
        return _allowed_array(schema)
    return f"{_NOUNS[schema['type']]} {_bounds(schema)}".strip()


def _allowed_array(schema: Mapping[str, Any]) -> str:
    parts = schema.get("prefixItems", [schema["items"]])
    count = f"{len(parts)} " if "prefixItems" in schema else ""
    if any(part != parts[0] for part in parts):
        return f"a list of {count.strip()}: {', '.join(allowed(part) for part in parts)}"
    if "enum" not in parts[0] and parts[0].get("type") in _PLURALS:
        return f"a list of {count}{_PLURALS[parts[0]['type']]} {_bounds(parts[0])}".strip()
    return f"a list of {count.strip() or 'any length'}, each {allowed(parts[0])}"


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f"{low} to {high}"
    lower = f"of at least {low}" if low is not None else f"above {above}" if above is not None else ""
    upper = f"at most {high}" if high is not None else f"below {below}" if below is not None else ""
    return " and ".join(bound for bound in (lower, upper) if bound)


def _alternatives(values: Iterable[str]) -> str:
    *most, last = values
    return f"{', '.join(most)} or {last}" if most else last


class _NotAllowedError(Exception):
    """A value, where in the parameter it stands, and the schema it breaks."""

    def __init__(self, value: Any, schema: Mapping[str, Any], spot: str = "") -> None:
        super().__init__()
        self.value, self.schema, self.spot = value, schema, spot


def _value(value: Any, schema: Mapping[str, Any]) -> Any:
    if "anyOf" in schema:
        return _optional(value, schema)
    if schema.get("type") == "array":
        return _array(value, schema)
    value = _scalar(value, schema)
    if not _within(value, schema):
        raise _NotAllowedError(value, schema)
    return value


def _optional(value: Any, schema: Mapping[str, Any]) -> Any:
    if value is None or value == NONE:
        return None
    try:
        return _value(value, schema["anyOf"][0])
    except _NotAllowedError as refusal:
        raise refusal if refusal.spot else _NotAllowedError(value, schema) from None


def _array(value: Any, schema: Mapping[str, Any]) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise _NotAllowedError(value, schema)
    items = schema.get("prefixItems") or [schema["items"]] * len(value)
    if len(items) != len(value):
        raise _NotAllowedError(value, schema)
    checked = []
    for n, (part, inner) in enumerate(zip(value, items, strict=True)):
        try:
            checked.append(_value(part, inner))
        except _NotAllowedError as refusal:
            raise _NotAllowedError(refusal.value, refusal.schema, f"[{n}]{refusal.spot}") from None
    return checked


def _scalar(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return the value in the type that the schema wants; a bool is no number, and an integer is one."""
    kind = schema.get("type")
    fits = {
        "integer": type(value) is int and value in _INT64,
        "number": type(value) in (int, float) and _finite(value),
        "boolean": type(value) is bool,
        "string": type(value) is str,
        None: type(value) in (int, float, bool, str),
    }[kind]
    if not fits:
        raise _NotAllowedError(value, schema)
    return float(value) if kind == "number" else value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _within(value: Any, schema: Mapping[str, Any]) -> bool:
    if "enum" in schema and not any(_same(value, choice) for choice in schema["enum"]):
        return False
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
    )


def _same(value: Any, choice: Any) -> bool:
    return bool(value == choice) and isinstance(value, bool) == isinstance(choice, bool)


def _guess(value: Any, schema: Mapping[str, Any]) -> str:
    choices = schema["anyOf"][0] if "anyOf" in schema else schema
    known = [choice for choice in choices.get("enum", ()) if isinstance(choice, str)]
    return nearest(value, known) if isinstance(value, str) else ""


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError):
        text = str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
