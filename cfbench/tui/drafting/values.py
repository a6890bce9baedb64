"""Values as people type and read them, by a parameter's JSON schema: ``100, 50`` is a list, ``yes`` is true."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from cfbench.errors import BadInput, nearest
from cfbench.registry.parameters import check_value

Schema = Mapping[str, Any]

_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]*(_[0-9]+)*)")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")
_NUMBER = re.compile(r"[+-]?((0|[1-9][0-9]*(_[0-9]+)*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_EXACT = 2**53
_YES, _NO = ("yes", "true", "on", "y"), ("no", "false", "off", "n")
_ITEM = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^,]*?)\s*(?:,|$)')
_NEEDED = {"integer": "a whole number", "number": "a number", "boolean": "yes or no", "string": "text"}
_MANY = {"integer": "whole numbers", "number": "numbers", "boolean": "yes or no", "string": "texts"}
_SHOWN = 40


class Refused(BadInput):
    """What was typed is no value for the setting; `what` says so in a few words."""


def inner(schema: Schema) -> Schema:
    """Return the schema of what is not none."""
    return (
        next((part for part in schema["anyOf"] if part.get("type") != "null"), schema) if "anyOf" in schema else schema
    )


def takes_none(schema: Schema) -> bool:
    """Return whether none is allowed."""
    return any(part.get("type") == "null" for part in schema.get("anyOf", ()))


# -- what is allowed, in short --


def span(schema: Schema, unset: str = "none") -> str:
    """Return what is allowed in few characters: ``> 0``, ``≥ 0, < 1``, ``yes · no``, ``2 numbers or none``.

    Empty where any text is allowed; `unset` is the word for none.
    """
    said = _span(inner(schema))
    if not takes_none(schema):
        return said
    if "·" in said:
        return f"{said} · {unset}"
    return f"{said or 'text'}{',' if ',' in said else ''} or {unset}"


def _span(schema: Schema) -> str:
    choices = schema.get("enum") or schema.get("examples")
    if choices:
        return " · ".join(shown(choice) for choice in choices)
    kind = schema["type"]
    if kind == "array":
        return _span_of_list(schema)
    if kind == "boolean":
        return "yes · no"
    return "" if kind == "string" else _bounds(schema) or _NEEDED[kind]


def _span_of_list(schema: Schema) -> str:
    parts = schema.get("prefixItems") or [schema["items"]]
    first = inner(parts[0])
    count = f"{len(parts)} " if "prefixItems" in schema else ""
    if any(inner(part).get("type") != first.get("type") for part in parts):
        return f"{count}values"
    noun = "of " + _span(first) if "enum" in first else _MANY.get(first.get("type", ""), "lists")
    same = all(part == parts[0] for part in parts) and first.get("type") in ("integer", "number")
    return f"{count}{noun} {_bounds(first) if same and 'enum' not in first else ''}".strip()


def _bounds(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{_figure(low)}{'–' if low >= 0 else ' to '}{_figure(high)}"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return ", ".join(f"{sign} {_figure(schema[key])}" for key, sign in signs.items() if key in schema)


def _figure(value: float) -> str:
    text = f"{value:,}" if isinstance(value, int) or abs(value) < _EXACT else repr(value)
    return text.removesuffix(".0").replace("-", "\N{MINUS SIGN}")


# -- value to text --


def shown(value: Any) -> str:
    """Return a value as a field shows it: 0.005, ``100, 50``, ``yes``; none is ``none``."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, str):
        return _shown_text(value)
    if isinstance(value, (list, tuple)):
        if any(isinstance(part, (list, tuple, dict)) for part in value):
            return json.dumps(value, ensure_ascii=False, default=str)
        return ", ".join(shown_part(part) for part in value)
    return str(value)


def shown_part(value: Any) -> str:
    """Return one of several values: text is quoted where its commas or brackets could mislead."""
    misleading = isinstance(value, str) and (not value.strip() or any(mark in value for mark in ',"[]()\t'))
    return quoted(value) if misleading else shown(value)


def quoted(text: str) -> str:
    """Return text as it can be typed whatever it holds."""
    return json.dumps(text, ensure_ascii=False)


def _shown_text(text: str) -> str:
    if text == "\t":
        return r"\t"
    padded = text != text.strip() and bool(text.strip())
    control = not text.isprintable() and any(unicodedata.category(character) == "Cc" for character in text)
    return quoted(text) if padded or control or text == r"\t" or _is_quoted(text) else text


def _is_quoted(text: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == '"'


# -- text to value --


def read(schema: Schema, text: str) -> Any:
    """Return what a person means by `text`; whether it is allowed is for the caller to check.

    Raises:
        Refused: it means nothing of the setting's type.
    """
    if "anyOf" in schema and not takes_none(schema):
        parts = [_text(part) for part in _split(text)]
        return parts[0] if len(parts) == 1 else parts or ""
    schema = inner(schema)
    if "enum" in schema:
        return _choice(schema, text)
    kind = schema["type"]
    if kind == "string":
        return _text(text)
    if kind == "array":
        return _list(schema, text)
    plain = text.strip().replace("\N{MINUS SIGN}", "-")
    value = _scalar(kind, plain)
    if value is None:
        pointed = plain.replace(",", ".")
        point = kind == "number" and _DECIMAL_COMMA.fullmatch(plain)
        raise refused(text, f"write {pointed}" if point else f"{_NEEDED[kind]} is needed")
    return value


def refused(text: str, why: str) -> Refused:
    """Return the refusal of a text, which is named in at most 40 characters."""
    text = text.strip()
    given = "" if not text else f"given {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}, "
    return Refused(f"{given}{why}")


def _scalar(kind: str, text: str) -> Any:
    if kind == "boolean":
        word = text.casefold()
        return True if word in _YES else False if word in _NO else None
    if kind == "number":
        return float(text) if _NUMBER.fullmatch(text) else None
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    if _WHOLE.fullmatch(text):
        return int(text) if len(text) < _SHOWN else None
    number = float(text) if _NUMBER.fullmatch(text) else 0.5
    return int(number) if number.is_integer() and abs(number) <= _EXACT else None


def _text(text: str) -> str:
    plain = text.strip() or text
    if plain == r"\t":
        return "\t"
    if _is_quoted(plain):
        try:
            return str(json.loads(plain))
        except json.JSONDecodeError:
            pass
    return plain


def _choice(schema: Schema, text: str) -> Any:
    named = {shown(choice): choice for choice in schema["enum"]}
    plain = _text(text)
    if plain in named:
        return named[plain]
    alike = [name for name in named if name.casefold() == plain.casefold()]
    if len(alike) == 1:
        return named[alike[0]]
    raise refused(text, nearest(plain, named).removeprefix(", ") or f"allowed {' · '.join(named)}")


def _list(schema: Schema, text: str) -> list[Any]:
    parts = schema.get("prefixItems") or [schema["items"]]
    if any(inner(part).get("type") == "array" for part in parts):
        return _nested(text)
    plain = text.strip()
    if plain[:1] + plain[-1:] in ("[]", "()"):
        plain = plain[1:-1]
    numbers = all(inner(part).get("type") in ("integer", "number") for part in parts)
    texts = _figures(plain) if numbers else _split(plain)
    if "prefixItems" in schema and len(texts) != len(parts):
        raise refused(text, f"{_span_of_list(schema)} are needed")
    items = parts if "prefixItems" in schema else parts * len(texts)
    read_each = zip(items, texts, strict=True)
    return [None if takes_none(part) and one == "none" else read(part, one) for part, one in read_each]


def _figures(text: str) -> list[str]:
    """Return the numbers of ``0, 5.5`` or ``0 5.5``, or of a span, written with a dash of either length."""
    return re.sub(r"\s*–\s*|\s+-\s+|[,;]", " ", text).split()


def _split(text: str) -> list[str]:
    """Return what stands between commas; in double quotes there may be commas too."""
    parts: list[str] = _ITEM.findall(text.strip().removesuffix(","))
    return parts[:-1]  # at the end of the text the pattern fits once more


def _nested(text: str) -> list[Any]:
    try:
        value = json.loads(text.strip() or "[]")
    except ValueError:
        value = None
    if not isinstance(value, list):
        raise refused(text, "a list is needed, such as [[1, 2], [3]]")
    return value


def misfit(schema: Schema, value: Any, text: str, allowed: str) -> Refused:
    """Return why a value of the right type is not allowed: which one of a list, and what would be."""
    for place, (part, one) in enumerate(_parts(inner(schema), value), 1):
        try:
            check_value(part, one, "", "")
        except BadInput:
            return Refused(f"given {shown(one)} in place {place}, allowed {span(part)}")
    return refused(text, f"allowed {allowed}")


def _parts(schema: Schema, value: Any) -> Iterable[tuple[Schema, Any]]:
    if not isinstance(value, list) or schema.get("type") != "array":
        return ()
    return zip(schema.get("prefixItems") or [schema["items"]] * len(value), value, strict=False)
