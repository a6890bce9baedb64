"""Data sets by name: made once by their plugin, then read as any other files."""

from __future__ import annotations

import inspect
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

import msgspec

from cfbench import durable, paths
from cfbench.errors import BadInput, CfbenchError, WorkFailed
from cfbench.experiment import Data, parse
from cfbench.plugin import Dataset

_NAME = re.compile(r"([A-Za-z_][\w.]*:)?[A-Za-z0-9][A-Za-z0-9-]{1,39}")


def resolved(data: Data) -> Data:
    """Return `data` with a named data set replaced by its files and its own [data] table, under what `data` says.

    Raises:
        BadInput: the source is neither a file nor the name of a data set.
        WorkFailed: the data set could not be made.
    """
    source = data.source
    if not isinstance(source, str) or not source or paths.given(source).exists():
        return data
    if not _NAME.fullmatch(source):
        return data
    full_name, dataset = _dataset(source)
    folder = materialised(full_name, dataset)
    table = _absolute(msgspec.to_builtins(dict(dataset.data)), folder)
    said = {key: value for key, value in msgspec.to_builtins(data).items() if key != "source"}
    merged = parse({"data": _merged(table, said)}, where=f"data set {full_name}")
    return merged.data


def materialised(full_name: str, dataset: Dataset) -> Path:
    """Return the folder with a data set's files, made by its plugin where it is not there yet.

    Raises:
        WorkFailed: the plugin could not make it.
        DiskFull: there is no room for it.
    """
    target = cast("Callable[..., Any]", dataset.target)
    folder = paths.writable_folder("datasets") / f"{dataset.name}-{_version(full_name, dataset)}"
    if folder.exists():
        return folder
    durable.sweep(folder.parent, ".building-*")
    with durable.disk_full(folder):
        aside = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        with durable.disk_full(folder):
            target(aside, dataset.params())
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


def _dataset(name: str) -> tuple[str, Dataset]:
    from cfbench.registry.catalogue import catalogue
    from cfbench.registry.loading import load

    try:
        declaration = catalogue().find("dataset", name)
    except BadInput as error:
        raise BadInput(
            f"'{name}' is neither a file nor a data set: {error.what}",
            where="[data] source",
            mend=error.mend or "check the path, or see 'cfbench data list'",
        ) from error
    return declaration.full_name, cast(Dataset, load(declaration))


def _version(full_name: str, dataset: Dataset) -> str:
    """A hash of the declaration and of the code that makes the files: when either changes they are made anew."""
    total = blake2b(f"{full_name}\0{dict(dataset.data)!r}".encode(), digest_size=6)
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
