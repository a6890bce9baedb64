"""Files and folders of the machine where the bench is."""

from __future__ import annotations

from msgspec import Struct


class Entry(Struct, frozen=True):
    """A file or folder; `size` in bytes, `modified` in Unix seconds."""

    name: str
    path: str
    folder: bool
    size: int
    modified: float


class Folder(Struct, frozen=True):
    """What is in a folder of the machine where the bench is.

    Attributes:
        path: absolute.
        parent: the folder above, "" for the topmost.
        entries: folders first, each by name; hidden ones left out.
        left_out: entries beyond the first 2,000.
    """

    path: str
    parent: str
    entries: tuple[Entry, ...]
    left_out: int
