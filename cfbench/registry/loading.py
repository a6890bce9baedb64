"""From a declaration as data to the live one: imports the plugin in this process."""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from cfbench import plugin
from cfbench.errors import BadInput, WorkFailed, nearest
from cfbench.registry.declarations import Declaration
from cfbench.registry.faults import in_its_own_words, sentence
from cfbench.registry.importing import HOOKS, hooks_of, import_file, import_package, place_of


def load(declaration: Declaration, file: Path | None = None) -> plugin.Declaration:
    """Return the plugin's own declaration, with its target as the callable.

    Args:
        declaration: from the catalogue, or as a run kept it.
        file: for a single file, the copy to import instead of the file that was listed.

    Raises:
        BadInput: the plugin is not installed, or no longer declares it.
        WorkFailed: its code fails when it is imported.
    """
    module = _module(declaration, file)
    with in_its_own_words(f"plugin {declaration.full_name}", place_of(module)):
        live = _live(module, declaration)
        return dataclasses.replace(live, target=_target(live.target))


def declared(declaration: Declaration) -> plugin.Declaration:
    """Return the plugin's own declaration, its target as it was written: nothing more than the plugin is imported.

    Raises:
        BadInput: the plugin is not installed, or no longer declares it.
        WorkFailed: its code fails when it is imported.
    """
    module = _module(declaration, None)
    with in_its_own_words(f"plugin {declaration.full_name}", place_of(module)):
        return _live(module, declaration)


def parameters(live: plugin.Declaration, params: Mapping[str, Any]) -> Any:
    """Return the plugin's dataclass, made of checked plain values.

    Raises:
        BadInput: the dataclass's own rule refuses them.
        WorkFailed: the rule itself fails.
    """
    hints = get_type_hints(live.params)
    where = f"parameters of {live.kind} '{live.name}'"
    with in_its_own_words(where, place_of(sys.modules[live.params.__module__])):
        try:
            return live.params(**{key: _converted(value, hints[key]) for key, value in params.items()})
        except ValueError as error:
            raise BadInput(str(error), where=where) from error


def _module(declaration: Declaration, file: Path | None) -> ModuleType:
    path = file or (Path(declaration.path) if declaration.path else None)
    try:
        return import_file(path) if path else import_package(declaration.prefix)
    except BadInput as error:
        raise _failed(declaration, str(error)) from error
    except FileNotFoundError as error:
        raise BadInput("the plugin's file is missing", where=str(path)) from error
    except ModuleNotFoundError as error:
        if not path and error.name == declaration.prefix.partition(".")[0]:
            raise BadInput(
                f"{declaration.full_name} is not installed", mend=f"pip install {declaration.package}"
            ) from error
        raise _failed(declaration, sentence(error, path)) from error
    except Exception as error:
        raise _failed(declaration, sentence(error, path)) from error


def _live(module: ModuleType, declaration: Declaration) -> plugin.Declaration:
    for name, hook in hooks_of(module):
        if HOOKS[name].kind == declaration.kind:
            declared: Iterable[plugin.Declaration] = hook()
            for live in declared:
                if live.name == declaration.name:
                    return live
    raise BadInput(f"the plugin no longer declares the {declaration.kind} '{declaration.name}'", where=module.__name__)


def _target(target: Callable[..., Any] | str) -> Callable[..., Any]:
    if callable(target):
        return target
    if not target:
        return _nothing
    module_name, _, name = target.partition(":")
    module = import_package(module_name)
    try:
        found: Callable[..., Any] = attrgetter(name)(module)
    except AttributeError as error:
        raise WorkFailed(f"there is no {name} in {module_name}{nearest(name, vars(module))}", where=target) from error
    return found


def _nothing(*_: Any) -> None:
    """Stand for the target of what has none: a data set that is fetched."""


def _converted(value: Any, hint: Any) -> Any:
    """Return a plain value in the type of its field: tuples, members of an Enum, floats."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _converted(value, arguments[0])
    if origin in (Union, types.UnionType):
        inner = next(argument for argument in arguments if argument is not types.NoneType)
        return None if value is None else _converted(value, inner)
    if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
        return origin(_converted(part, arguments[0]) for part in value)
    if origin is tuple:
        return tuple(_converted(part, argument) for part, argument in zip(value, arguments, strict=True))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return value


def _failed(declaration: Declaration, reason: str) -> WorkFailed:
    return WorkFailed(reason, where=f"plugin {declaration.full_name}")
