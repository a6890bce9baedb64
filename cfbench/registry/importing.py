"""A plugin's module in this process: imported, its hooks found, and each of them called on its own."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, get_args, get_type_hints

import pluggy

from cfbench import plugin
from cfbench.errors import BadInput

HOOKS: dict[str, type[plugin.Declaration]] = {
    name: get_args(get_type_hints(hook)["return"])[0]
    for name, hook in vars(plugin.Hooks).items()
    if name.startswith("cfbench_")
}
"""Each hook's name, and the declarations that it returns."""

Hook = Callable[[], Any]


class _Loader(SourceFileLoader):
    """Compiles the file anew each time: bytecode's whole seconds would miss an edit soon after another."""

    digest = ""

    def get_code(self, fullname: str) -> CodeType:
        content = self.get_data(self.path)
        self.digest = hashlib.sha256(content).hexdigest()
        return self.source_to_code(content, self.path)


def import_file(path: Path) -> ModuleType:
    """Return a single file's module, which is in `sys.modules` under the file's stem, as a target names it.

    Raises:
        BadInput: another module has that name already.
    """
    name = path.stem
    present = sys.modules.get(name)
    spec = present.__spec__ if present is not None else find_spec(name)
    if present is not None and _holds(spec, path):
        return present
    if not _replaceable(present, spec, path):
        raise BadInput(f"'{name}' is the name of another module", mend="rename the file")
    loader = _Loader(name, str(path))
    fresh = spec_from_file_location(name, path, loader=loader)
    if fresh is None:
        raise BadInput("Python can't import it")
    module = module_from_spec(fresh)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _holds(spec: ModuleSpec | None, path: Path) -> bool:
    loader = spec.loader if spec else None
    if not isinstance(loader, _Loader) or loader.path != str(path):
        return False
    return loader.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def _replaceable(present: ModuleType | None, spec: ModuleSpec | None, path: Path) -> bool:
    if present is not None:
        return spec is not None and isinstance(spec.loader, _Loader)
    return spec is None or spec.origin == str(path)


def import_package(name: str) -> ModuleType:
    """Return the module that an entry point names."""
    return importlib.import_module(name)


def place_of(module: ModuleType) -> Path | None:
    """Return a single module's file, or the folder of its top-level package."""
    top = sys.modules.get(module.__name__.partition(".")[0], module)
    file = getattr(top, "__file__", None)
    if not file:
        return None
    return Path(file).parent if hasattr(top, "__path__") else Path(file)


def hooks_of(module: ModuleType) -> Iterator[tuple[str, Hook]]:
    """Yield the name and function of each hook that a module implements."""
    manager = pluggy.PluginManager("cfbench")
    manager.add_hookspecs(plugin.Hooks)
    manager.register(module)
    for caller in manager.get_hookcallers(module) or ():
        if caller.has_spec():
            for implementation in caller.get_hookimpls():
                yield caller.name, implementation.function


def strays_of(module: ModuleType) -> Iterator[tuple[str, bool]]:
    """Yield the functions that look like hooks and are none, and whether all that they lack is the mark."""
    for name, value in vars(module).items():
        if not inspect.isroutine(value):
            continue
        mark = getattr(value, "cfbench_impl", None)
        own = name.startswith("cfbench_") and value.__module__ == module.__name__
        if mark and name not in HOOKS and not mark["specname"]:
            yield name, False
        elif own and not mark:
            yield name, name in HOOKS
