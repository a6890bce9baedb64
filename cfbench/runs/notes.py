"""annotations.json: what people wrote about a run, in its folder, so that it travels with the run."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from cfbench import durable
from cfbench.errors import BadInput
from cfbench.runs.folder import RunFolder

LONGEST_NOTE = 2000
_LONGEST_FILE = 64 * 1024


class Annotations(Struct, frozen=True):
    """A note, and whether the run is pinned."""

    note: str = ""
    pinned: bool = False


def read(run: RunFolder) -> Annotations:
    """Return what was written; nothing where that can't be read."""
    return _understood(_document(run.annotations))


def write(run: RunFolder, note: str | None = None, pinned: bool | None = None) -> None:
    """Set the note, or whether the run is pinned; None leaves what is there, and so do those who write at once.

    Raises:
        BadInput: the note is too long, or nothing can be written there.
        DiskFull: there is no room for it.
    """
    if note is not None and len(note) > LONGEST_NOTE:
        raise BadInput(f"a note of {len(note):,} characters is longer than {LONGEST_NOTE:,}", where=run.id)
    given = {"note": None if note is None else note.strip(), "pinned": pinned}
    try:
        with durable.disk_full(run.path), _alone(run.path):
            document = _document(run.annotations)
            told = {**document, **msgspec.structs.asdict(_understood(document))}
            told |= {key: value for key, value in given.items() if value is not None}
            aside = run.path / f".annotations-{secrets.token_hex(4)}"
            try:
                durable.write_synced(aside, msgspec.json.encode(told))
                os.replace(aside, run.annotations)
            finally:
                aside.unlink(missing_ok=True)
            durable.sync(run.path)
    except OSError as error:
        raise BadInput(f"it can't be written to ({error.strerror})", where=str(run.path)) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time into the block."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _document(path: Path) -> dict[str, Any]:
    """Return the file as it is, keys of a newer cfbench included."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_LONGEST_FILE), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return {}


def _understood(document: dict[str, Any]) -> Annotations:
    try:
        found = msgspec.convert(document, Annotations)
    except msgspec.ValidationError:
        return Annotations()
    return Annotations(found.note[:LONGEST_NOTE], found.pinned)
