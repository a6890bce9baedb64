"""A dataclass of parameters as JSON schema (2020-12); runs where the plugin was imported."""

from __future__ import annotations

import dataclasses
import types
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from cfbench import plugin
from cfbench.errors import BadInput
from cfbench.registry import parameters

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALARS = {int: "integer", float: "number", bool: "boolean", str: "string"}
_BOUNDS = {"min": "minimum", "max": "maximum", "above": "exclusiveMinimum", "below": "exclusiveMaximum"}
_ALLOWED = "int, float, bool, str, Literal, Enum, lists and tuples of these, or one of them | None"


def schema_of(params: type) -> dict[str, Any]:
    """Return the JSON schema of a frozen dataclass.

    Raises:
        BadInput: it is no frozen dataclass, a field has no default, or a type that a form can't ask for.
    """
    if not (isinstance(params, type) and dataclasses.is_dataclass(params)):
        raise BadInput("params is not a dataclass")
    if not params.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise BadInput(f"{params.__name__} is not frozen", mend="write @dataclass(frozen=True)")
    hints = get_type_hints(params, include_extras=True)
    fields = [field for field in dataclasses.fields(params) if field.init]
    return {
        "$schema": _DIALECT,
        "type": "object",
        "properties": {field.name: _property(field, hints[field.name]) for field in fields},
        "additionalProperties": False,
    }


def plain(value: Any) -> Any:
    """Return a parameter's value as JSON knows it: tuples as lists, members of an Enum as their value."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value


def _property(field: dataclasses.Field[Any], hint: Any) -> dict[str, Any]:
    if field.name == "name":
        raise BadInput("a parameter can't be called 'name'", mend="that key holds the plugin's own name")
    try:
        schema, extras = _typed(hint, ())
        told = _told(extras)
        _check_search(schema, told.get("x-search", []))
    except BadInput as error:
        raise BadInput(f"parameter {field.name}: {error.what}", mend=error.mend) from error
    return {**schema, "default": _default(field), **told}


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return plain(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return plain(field.default_factory())
    raise BadInput(f"parameter {field.name} has no default", mend="give it one that works for most data")


def _told(extras: tuple[Any, ...]) -> dict[str, Any]:
    """Return what the annotations tell people and forms."""
    told: dict[str, Any] = {}
    for extra in extras:
        if isinstance(extra, plugin.Help):
            told["description"] = " ".join(extra.text.split())  # one line: it becomes a comment in TOML
        elif isinstance(extra, plugin.Unit):
            told["x-unit"] = " ".join(extra.text.split())
        elif isinstance(extra, plugin.Log):
            told["x-log"] = True
        elif isinstance(extra, plugin.Advanced):
            told["x-advanced"] = True
        elif isinstance(extra, plugin.Search):
            told["x-search"] = _searched(extra)
    return told


def _searched(search: plugin.Search) -> list[float] | dict[str, Any]:
    if search.values:
        return {"among": list(search.values)}
    if not search.low < search.high:
        raise BadInput(f"Search({search.low:g}, {search.high:g}) does not rise", mend="write the smaller end first")
    return [search.low, search.high]


def _check_search(schema: dict[str, Any], searched: list[float] | dict[str, Any]) -> None:
    """Raise BadInput where a search would try what the parameter does not allow."""
    for value in searched["among"] if isinstance(searched, dict) else searched:
        parameters.check_value(schema, value, "", "Search")


def _typed(hint: Any, extras: tuple[Any, ...]) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Return the schema of a type, and the annotations met on the way; bounds go down to the numbers they are of."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _typed(arguments[0], extras + tuple(hint.__metadata__))
    if origin in (Union, types.UnionType):
        return _optional(arguments, extras)
    if origin is Literal:
        return _enum(arguments), extras
    if origin in (list, tuple):
        return _array(origin, arguments, extras), extras
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _enum(tuple(member.value for member in hint)), extras
    if hint in _SCALARS:
        return _scalar(_SCALARS[hint], extras), extras
    raise BadInput(f"{getattr(hint, '__name__', hint)} is no type for a parameter", mend=f"use {_ALLOWED}")


def _optional(arguments: tuple[Any, ...], extras: tuple[Any, ...]) -> tuple[dict[str, Any], tuple[Any, ...]]:
    rest = [argument for argument in arguments if argument is not types.NoneType]
    if len(rest) != 1 or len(arguments) != 2:
        raise BadInput("a choice of several types is no type for a parameter", mend=f"use {_ALLOWED}")
    schema, extras = _typed(rest[0], extras)
    return {"anyOf": [schema, {"type": "null"}]}, extras


def _enum(values: tuple[Any, ...]) -> dict[str, Any]:
    if not all(type(value) in _SCALARS for value in values):
        raise BadInput("a choice is neither text nor a number", mend="use text or numbers")
    kinds = {_SCALARS[type(value)] for value in values}
    return {**({"type": kinds.pop()} if len(kinds) == 1 else {}), "enum": list(values)}


def _array(origin: type, arguments: tuple[Any, ...], extras: tuple[Any, ...]) -> dict[str, Any]:
    if not arguments:
        raise BadInput(f"a bare {origin.__name__} does not say what it holds", mend="write for example list[int]")
    if origin is list or arguments[-1] is Ellipsis:
        return {"type": "array", "items": _typed(arguments[0], extras)[0]}
    items = [_typed(argument, extras)[0] for argument in arguments]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items), "maxItems": len(items)}


def _scalar(kind: str, extras: tuple[Any, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": kind}
    for extra in extras:
        if isinstance(extra, plugin.Choices):
            schema["enum"] = list(extra.values)
        elif isinstance(extra, plugin.Range):
            if kind not in ("integer", "number"):
                raise BadInput("Range is for numbers", mend="use Choices or Literal")
            bounds = {key: getattr(extra, name) for name, key in _BOUNDS.items()}
            schema.update({key: bound for key, bound in bounds.items() if bound is not None})
    return schema
