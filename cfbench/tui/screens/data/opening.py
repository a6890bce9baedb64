"""How the experiment being set up comes to other data; each function returns TOML that a draft takes as one step."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cfbench.errors import BadInput
from cfbench.experiment import Data
from cfbench.tui.draft import Draft

_DATA_SET = re.compile(r"([A-Za-z_][\w.]*:)?[A-Za-z0-9][A-Za-z0-9-]{1,39}")


def data_of(draft: Draft | None) -> Data:
    """Return the table [data] of a draft, an empty one where it says none."""
    return draft.experiment.data if draft and draft.experiment else Data()


def sources(data: Data) -> list[str]:
    """Return the files or the data set that `data` names."""
    return [data.source] if isinstance(data.source, str) else list(data.source)


def is_relative(source: str) -> bool:
    """Return whether a source depends on the folder that the bench was started in; a data set's name does not."""
    return not source.startswith(("/", "~")) and not _DATA_SET.fullmatch(source)


def located(source: str, folder: str) -> str:
    """Return a source such that it means the same from any folder."""
    return posixpath.normpath(posixpath.join(folder, source)) if is_relative(source) else source


def on_other_data(draft: Draft | None, template: str) -> str:
    """Return a draft's TOML with the [data] of a template, or the template where there is no experiment to keep.

    The splitter is the template's too where either of them has several files: it may name them.
    """
    if draft is None or draft.experiment is None:
        return template
    new, changed = Draft(template), Draft(draft.text)
    several = any(len(sources(data_of(one))) > 1 for one in (new, changed))
    for table in ("data", "splitter") if several else ("data",):
        before, after = changed.get(table, {}), new.get(table, {})
        for path, value in _lost(table, before, after):
            _unset(changed, path, value)
        for path, value in _leaves(table, after):
            changed.set(path, value)
    return changed.text


def _lost(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in before.items():
        if key not in after:
            yield f"{path}.{key}", value
        elif isinstance(value, dict) and isinstance(after[key], dict):
            yield from _lost(f"{path}.{key}", value, after[key])


def _unset(draft: Draft, path: str, value: Any) -> None:
    """Leave out a setting, or a table: whole where it stands by itself, else key by key."""
    try:
        draft.unset(path)
    except BadInput:
        if not isinstance(value, dict):
            raise
        for leaf, _ in _leaves(path, value):
            draft.unset(leaf)


def _leaves(path: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(f"{path}.{key}", value)
        else:
            yield f"{path}.{key}", value


def with_changes(draft: Draft, changes: Mapping[str, Any]) -> str:
    """Return a draft's TOML with settings (path -> value) changed; None leaves one out."""
    changed = Draft(draft.text)
    for path, value in changes.items():
        if value is None:
            _unset(changed, path, changed.get(path))
        else:
            changed.set(path, value)
    return changed.text


def joined(data: Data, table: str, source: str) -> dict[str, Any]:
    """Return the settings that join another table of items or users; what was said of the one before is forgotten."""
    side = getattr(data, table)
    changes: dict[str, Any] = {f"data.{table}.{key}": None for key in ("id", "title", "fields", "read", "flags")}
    for kind in ("categorical", "continuous", "multilabel"):
        left = [name for name in getattr(data, kind) if name not in (*side.fields, *side.flags)]
        if left != getattr(data, kind):
            changes[f"data.{kind}"] = left
    return {**changes, f"data.{table}.source": source}


def archive_or_folder(path: str) -> str:
    """Return what a data set is taken from: an archive as it is, or the folder of a file that was picked."""
    packed = path.lower().endswith((".zip", ".gz", ".tgz", ".tar"))
    return path if packed or not path else posixpath.dirname(path)
