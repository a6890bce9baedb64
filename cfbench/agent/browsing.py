"""What is in a folder of this machine, for somebody who looks for a file."""

from __future__ import annotations

import os
from collections.abc import Iterator

from cfbench.answers import Entry, Folder
from cfbench.errors import BadInput
from cfbench.paths import given

MOST_ENTRIES = 2000


def browse(folder: str = "") -> Folder:
    """Return the files and folders in a folder; "" is the working folder, "~" a home.

    Left out is what is hidden, what is neither file nor folder, what can't be looked at, and what has a name that is
    not text in UTF-8, since nothing of ours could open it.

    Raises:
        BadInput: it is no folder, or can't be read.
    """
    try:
        path = os.path.abspath(given(folder or os.getcwd()))
        with os.scandir(path) as found:
            listed = sorted((entry for entry in found if _wanted(entry)), key=_by_name)
    except FileNotFoundError as error:
        raise BadInput("there is no such folder", where=folder or "working folder", mend="check its name") from error
    except NotADirectoryError as error:
        raise BadInput("this is a file, not a folder", where=folder, mend="name the folder it is in") from error
    except OSError as error:
        raise BadInput(f"it can't be read ({error.strerror})", where=folder, mend="check your rights to it") from error
    parent = os.path.dirname(path)
    return Folder(
        path, "" if parent == path else parent, tuple(_entries(listed[:MOST_ENTRIES])), len(listed[MOST_ENTRIES:])
    )


def _wanted(entry: os.DirEntry[str]) -> bool:
    try:
        entry.name.encode()
        return not entry.name.startswith(".") and (entry.is_dir() or entry.is_file())
    except (UnicodeEncodeError, OSError):
        return False


def _by_name(entry: os.DirEntry[str]) -> tuple[bool, str, str]:
    return not entry.is_dir(), entry.name.casefold(), entry.name


def _entries(listed: list[os.DirEntry[str]]) -> Iterator[Entry]:
    for entry in listed:
        try:
            about = entry.stat()
        except OSError:
            continue
        yield Entry(entry.name, entry.path, entry.is_dir(), about.st_size, about.st_mtime)
