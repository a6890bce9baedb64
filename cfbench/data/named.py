"""Data sets by name: made once by their plugin, then read as any other files."""

from __future__ import annotations

import inspect
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from glob import has_magic
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

import msgspec

from cfbench import durable, paths
from cfbench.data import sets
from cfbench.errors import BadInput, CfbenchError, WorkFailed, listing, nearest
from cfbench.experiment import Data, parse
from cfbench.plugin import Dataset
from cfbench.registry.declarations import Declaration

_NAME = re.compile(r"([A-Za-z_][\w.]*:)?[A-Za-z0-9][A-Za-z0-9-]{1,39}")


def resolved(data: Data) -> Data:
    """Return `data` with a named data set replaced by its files and its own [data] table, under what `data` says.

    A source may be a data set, or files of one: "ml-100k/u1.base".

    Raises:
        BadInput: the source is neither a file nor the name of a data set, or the set is not here yet.
        WorkFailed: the data set could not be made.
    """
    sources = [data.source] if isinstance(data.source, str) else list(data.source)
    names = [source.split("/", 1) for source in sources]
    inside = any(len(parts) > 1 for parts in names)
    if (
        not all(sources)
        or any(_exists(source) for source in sources)
        or not all(_NAME.fullmatch(name) for name, *_ in names)
        or len({name for name, *_ in names}) != 1
        or (inside and not _is_known(names[0][0]))
    ):
        if data.params:
            raise BadInput("only a data set has parameters", where="[data.params]", mend="leave them out for files")
        return data
    full_name, table = _table(names[0][0], data.params)
    said = {key: value for key, value in msgspec.to_builtins(data).items() if key not in ("source", "params")}
    if inside:
        folder = Path(table["folder"])
        table["source"] = [str(_inside(folder, *parts)) for parts in names]
    del table["folder"]
    merged = parse({"data": _merged(table, said)}, where=f"data set {full_name}")
    return merged.data


def _exists(source: str) -> bool:
    path = paths.given(source)
    return path.exists() or has_magic(source)


def _is_known(name: str) -> bool:
    from cfbench.registry.catalogue import catalogue

    return any(name in (one.name, one.full_name) for one in catalogue().of_kind("dataset"))


def _inside(folder: Path, name: str, file: str = "") -> Path:
    """A file of a data set."""
    files = sorted(path.name for path in folder.iterdir() if path.name != sets.MARKER)
    if file not in files:
        raise BadInput(
            f"the data set '{name}' has no file '{file}'{nearest(file, files)}",
            where="[data] source",
            mend=f"it has {listing(files)}",
        )
    return folder / file


def _table(name: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """A data set's full name, and its own [data] table with absolute paths; "folder" is where its files are."""
    declaration = _declaration(name)
    if sets.is_fetched(declaration):
        if params:
            raise BadInput(f"the data set '{name}' has no parameters", where="[data.params]", mend="leave them out")
        if sets.kept(declaration) is None:
            terms = declaration.facts.get("licence", "")
            raise BadInput(
                f"the data set '{name}' is not here" + (f" (its terms: {terms})" if terms else ""),
                where="[data] source",
                mend=f"get it: cfbench data get {name}",
            )
        folder, own = sets.folder_of(declaration), sets.table_of(declaration)
    else:
        from cfbench.registry.loading import load

        dataset = cast(Dataset, load(declaration))
        folder, own = materialised(declaration.full_name, dataset, _params(declaration, dataset, params)), dataset.data
    return declaration.full_name, {**_absolute(msgspec.to_builtins(dict(own)), folder), "folder": str(folder)}


def _params(declaration: Declaration, dataset: Dataset, params: Mapping[str, Any]) -> Any:
    from cfbench.registry import parameters
    from cfbench.registry.loading import parameters as live_parameters

    return live_parameters(dataset, parameters.check(declaration, params, "", "data.params"))


def materialised(full_name: str, dataset: Dataset, params: Any = None) -> Path:
    """Return the folder with a data set's files, made by its plugin where it is not there yet.

    Raises:
        WorkFailed: the plugin could not make it.
        DiskFull: there is no room for it.
    """
    target = cast("Callable[..., Any]", dataset.target)
    params = dataset.params() if params is None else params
    folder = paths.writable_folder("datasets") / f"{dataset.name}-{_version(full_name, dataset, params)}"
    if folder.exists():
        return folder
    durable.sweep(folder.parent, f"{sets.BUILDING}*")
    with durable.disk_full(folder):
        aside = Path(tempfile.mkdtemp(prefix=sets.BUILDING, dir=folder.parent))
    try:
        with durable.disk_full(folder):
            target(aside, params)
            sets.Kept(full_name).write(aside)
        with suppress(OSError):
            aside.rename(folder)
    except CfbenchError:
        raise
    except Exception as error:
        raise WorkFailed(
            f"the data set {full_name} could not be made ({type(error).__name__}: {error})", mend="tell its author"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    if not folder.exists():
        raise WorkFailed(f"the data set {full_name} could not be kept", where=str(folder), mend="is it writable?")
    return folder


def _declaration(name: str) -> Declaration:
    try:
        return sets.find(name)
    except BadInput as error:
        raise BadInput(
            f"'{name}' is neither a file nor a data set: {error.what}",
            where="[data] source",
            mend=error.mend or "check the path, or see 'cfbench data list'",
        ) from error


def _version(full_name: str, dataset: Dataset, params: Any) -> str:
    """A hash of the declaration, of the parameters and of the code that makes the files: a change makes them anew."""
    total = blake2b(f"{full_name}\0{dict(dataset.data)!r}".encode(), digest_size=6)
    if params != dataset.params():
        total.update(repr(params).encode())
    with suppress(OSError, TypeError):
        total.update(inspect.getsource(inspect.getmodule(dataset.target) or dataset.params).encode())
    return total.hexdigest()


def _absolute(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make the file names of a [data] table absolute."""
    source = table.get("source", "")
    located = [str(folder / name) for name in source] if isinstance(source, list) else str(folder / source)
    table = {**table, "source": located}
    for kind in ("items", "users"):
        if kind in table:
            table[kind] = {**table[kind], "source": str(folder / table[kind]["source"])}
    return table


def _merged(table: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(table)
    for key, value in said.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
