"""What a form shows of one setting, and how its field is read: data and functions, no widget."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from cfbench import experiment as experiments
from cfbench.errors import BadInput
from cfbench.experiment import PLUGIN_TABLES, Experiment
from cfbench.registry.declarations import Declaration
from cfbench.registry.parameters import NONE, check_value
from cfbench.tui.drafting import values
from cfbench.tui.drafting.values import Refused

__all__ = ["Kind", "Refused", "Setting", "check", "find", "parse", "settings_of", "settings_of_table", "show"]

LONGEST = 10_000
"""Characters that a field takes."""

GUESSED = "guessed"
"""What a field of the fixed tables shows where the TOML does not say."""

Kind = Literal["integer", "number", "boolean", "choice", "string", "list"]


class Setting(Struct, frozen=True):
    """One setting of an experiment.

    Attributes:
        path: of its key: "model.n_factors", "data.items.by", "metrics[0].k".
        label: the key as it stands in TOML, without the table.
        help: one line, or nothing.
        unit: what the number counts or measures, or nothing.
        allowed: what may be typed, short enough to stand beside the field; empty where any text may.
        default: in plain values; None is none.
        choices: the values to choose among; where `kind` is "string" other text may be allowed too.
        advanced: few people need it.
        optional: none is allowed; a field shows `unset` for it.
        unset: "none" for a plugin's parameter; "guessed" where the key is left out of the TOML for it.
        kind: what sort of control fits.
        schema: JSON schema of the value.
    """

    path: str
    label: str
    help: str
    unit: str
    allowed: str
    default: Any
    choices: tuple[Any, ...]
    advanced: bool
    optional: bool
    unset: str
    kind: Kind
    schema: dict[str, Any]


def settings_of(declaration: Declaration, table: str) -> list[Setting]:
    """Return a plugin's parameters as settings of `table`, such as "model" or "metrics[0]"."""
    return [_setting(table, key, schema, NONE) for key, schema in declaration.properties.items()]


def settings_of_table(table: str) -> list[Setting]:
    """Return the settings of a fixed table: experiment, data, loader, training, or one inside such as data.items."""
    return list(_fixed(table))


@functools.cache
def _fixed(table: str) -> list[Setting]:
    kind: Any = Experiment
    for key in table.split("."):
        kind = get_type_hints(kind)[key]
    return _of_struct(table, "", kind)


def _of_struct(table: str, prefix: str, kind: type[Struct]) -> list[Setting]:
    """Return a struct's settings, and those of the structs in it with dotted labels."""
    described: dict[str, Any] = msgspec.json.schema_components([kind])[1][kind.__name__]
    hints = get_type_hints(kind)
    settings: list[Setting] = []
    for key, schema in described["properties"].items():
        if _is_struct(hints[key]):
            settings += _of_struct(table, f"{prefix}{key}.", hints[key])
        elif schema.get("type") != "object":
            unset = schema.get("x-unset", GUESSED)
            settings.append(_setting(table, f"{prefix}{key}", _in_order(schema, hints[key]), unset))
    return settings


def _is_struct(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Struct)


def _in_order(schema: dict[str, Any], hint: Any) -> dict[str, Any]:
    """Return the schema with its choices as they were declared; msgspec sorts them."""
    literal = next((part for part in (hint, *get_args(hint)) if get_origin(part) is Literal), None)
    if literal is None:
        return schema
    choices = {"enum": list(get_args(literal))}
    if "anyOf" not in schema:
        return {**schema, **choices}
    return {**schema, "anyOf": [{**part, **choices} if "enum" in part else part for part in schema["anyOf"]]}


def _setting(table: str, key: str, schema: dict[str, Any], unset: str) -> Setting:
    inner, optional = values.inner(schema), values.takes_none(schema)
    kinds: dict[str, Kind] = {
        "integer": "integer",
        "number": "number",
        "boolean": "boolean",
        "string": "string",
        "array": "list",
    }
    return Setting(
        path=f"{table}.{key}",
        label=key,
        help=schema.get("description", ""),
        unit=schema.get("x-unit", ""),
        allowed=values.span(schema, unset),
        default=schema["default"],
        choices=tuple(inner.get("enum") or inner.get("examples") or ()),
        advanced=schema.get("x-advanced", False),
        optional=optional,
        unset=unset,
        kind="choice" if "enum" in inner else kinds[inner["type"]],
        schema=schema,
    )


def find(settings: Iterable[Setting], text: str) -> list[Setting]:
    """Return the settings whose path, help or choices hold every word of `text`; underscores and case don't matter."""
    words = _plain(text).split()
    return [setting for setting in settings if all(word in _words_of(setting) for word in words)]


def _words_of(setting: Setting) -> str:
    return _plain(" ".join([setting.path, setting.help, setting.unit, *map(str, setting.choices)]))


def _plain(text: str) -> str:
    return text.casefold().replace("_", " ").replace("-", " ")


def show(setting: Setting, value: Any) -> str:
    """Return a value, right or wrong, as its field shows it; `parse` takes it back."""
    if value is None or (setting.optional and setting.unset == NONE and value == NONE):
        return setting.unset
    if setting.optional and value == []:
        return "[]"
    if setting.optional and value in ("", setting.unset):
        return values.quoted(value)
    both = "anyOf" in setting.schema and not setting.optional
    return values.shown_part(value) if both and isinstance(value, str) and value else values.shown(value)


def parse(setting: Setting, text: str) -> Any:
    """Return the value that somebody means who types `text`, in plain values; None is none.

    Raises:
        Refused: it is no value of this setting, or not an allowed one: ``given -1, allowed > 0``.
    """
    if len(text) > LONGEST:
        raise Refused(f"{len(text):,} characters, at most {LONGEST:,} are allowed")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise Refused("given text that is not UTF-8")
    if setting.optional and _means_none(setting, text):
        return None
    value = values.read(setting.schema, text)
    try:
        return check(setting, value)
    except BadInput:
        raise values.misfit(setting.schema, value, text, setting.allowed or setting.help) from None


def _means_none(setting: Setting, text: str) -> bool:
    plain = text.strip().casefold()
    return not text or plain == setting.unset or (not plain and setting.kind != "string")


def check(setting: Setting, value: Any) -> Any:
    """Return a value as the command line takes it.

    Raises:
        BadInput: the command line refuses it too.
    """
    root, _, rest = setting.path.partition(".")
    if root in PLUGIN_TABLES or root not in Experiment.__struct_fields__:
        return check_value(setting.schema, value, "", setting.path)
    if value is None and setting.optional:
        return None
    document: Any = value
    for key in reversed(rest.split(".")):
        document = {key: document}
    experiments.parse({root: document}, where="")
    return value
