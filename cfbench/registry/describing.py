"""A live declaration checked and turned into data; runs where the plugin was imported."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, get_type_hints

import msgspec

from cfbench import plugin
from cfbench.errors import BadInput
from cfbench.registry import parameters
from cfbench.registry.declarations import Declaration
from cfbench.registry.importing import HOOKS
from cfbench.registry.schema import schema_of
from cfbench.registry.sources import Source

_NAME = re.compile(r"[a-z0-9-]{2,40}")
_TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_CODE = ("target", "params")
_COMMON = {field.name for field in dataclasses.fields(plugin.Declaration)}


def describe(live: Any, hook: str, source: Source) -> Declaration:
    """Return what a hook's declaration says, as data.

    Raises:
        BadInput: it says something that can't be used.
    """
    expected = HOOKS[hook]
    if not isinstance(live, expected):
        raise BadInput(f"{hook} returned {_article(type(live).__name__)}", mend=f"it takes {expected.__name__}")
    if isinstance(live.api, int) and live.api > plugin.API:
        raise BadInput("needs a newer cfbench", mend="pip install -U cfbench")
    values = _values(live)
    if not _NAME.fullmatch(values["name"]):
        raise BadInput("its name is not allowed", mend="2 to 40 of a-z, 0-9 and -")
    fetched = isinstance(live, plugin.Dataset) and live.target == "" and live.downloads
    named = isinstance(live.target, str) and _TARGET.fullmatch(live.target)
    if not callable(live.target) and not named and not fetched:
        raise BadInput(f"its target {live.target!r} is not callable", mend='give a class or function, or "module:name"')
    values |= {key: " ".join(values[key].split()) for key in ("title", "summary")}
    prefix = "file" if source.origin == "file" else source.module
    declaration = Declaration(
        kind=live.kind,
        full_name=f"{prefix}:{live.name}",
        origin=source.origin,
        package=source.package,
        version=source.version,
        path=source.path,
        sha256=source.sha256,
        schema=schema_of(live.params),
        facts={key: value for key, value in values.items() if key not in _COMMON},
        **{key: value for key, value in values.items() if key in _COMMON},
    )
    _try_defaults(declaration, live.params)
    return declaration


def _values(live: plugin.Declaration) -> dict[str, Any]:
    """Return every field but the code, each checked against its own annotation."""
    hints = get_type_hints(type(live))
    values = {}
    for field in dataclasses.fields(live):
        if field.name in _CODE:
            continue
        value = getattr(live, field.name)
        try:
            values[field.name] = msgspec.convert(msgspec.to_builtins(value), hints[field.name])
        except (msgspec.ValidationError, TypeError) as error:
            raise BadInput(f"its {field.name} = {str(value)[:60]!r} is not allowed", mend=str(error)) from error
    return values


def _try_defaults(declaration: Declaration, params: type) -> None:
    try:
        parameters.check(declaration, {}, "", "default")
        params()
    except ValueError as error:
        raise BadInput(f"its own rule refuses its defaults: {error}") from error


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'AEIOUaeiou' else 'a'} {noun}"
