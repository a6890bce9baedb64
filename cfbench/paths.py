"""Every folder that cfbench uses, in one table: XDG places, or all of them under ``CFBENCH_HOME``."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from cfbench.errors import BadInput, DiskFull

# kind of folder: (XDG variable, its default under the home folder, name below it)
_PLACES = {
    "runs": ("XDG_DATA_HOME", ".local/share", "runs"),
    "trash": ("XDG_DATA_HOME", ".local/share", "trash"),
    "plugins": ("XDG_DATA_HOME", ".local/share", "plugins"),
    "datasets": ("XDG_DATA_HOME", ".local/share", "datasets"),
    "imported": ("XDG_CACHE_HOME", ".cache", "imported"),
    "declarations": ("XDG_CACHE_HOME", ".cache", "declarations"),
}


def folder(kind: str) -> Path:
    """Return where folders of this kind live; it need not exist yet. `kind` is a key of the table above."""
    variable, default, name = _PLACES[kind]
    if home := os.environ.get("CFBENCH_HOME"):
        return Path(home).expanduser().absolute() / name
    if base := os.environ.get(variable):
        return Path(base).absolute() / "cfbench" / name
    home = os.environ.get("HOME")
    if home and os.access(home, os.W_OK):
        return Path(home) / default / "cfbench" / name
    return Path(tempfile.gettempdir()) / f"cfbench-{os.getuid()}" / name


def writable_folder(kind: str) -> Path:
    """Return the folder of this kind, made (mode 0700) if it is missing.

    Raises:
        BadInput: it can't be made or written to.
        DiskFull: there is no room for it.
    """
    path = folder(kind)
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull("no space is left on the disk", where=str(path), mend="free some space") from error
        raise _not_writable(path, error.strerror or "it can't be made") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise _not_writable(path, "it is read-only for you")
    return path


def _not_writable(path: Path, reason: str) -> BadInput:
    return BadInput(
        f"cfbench can't write to this folder ({reason})",
        where=str(path),
        mend="make it writable, or set CFBENCH_HOME to a folder that is",
    )
