"""Every folder that cfbench uses, in one table: XDG places, or all of them under ``CFBENCH_HOME``."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from cfbench.durable import disk_full
from cfbench.errors import BadInput

# kind of folder: (XDG variable, its default under the home folder, name below it)
_PLACES = {
    "runs": ("XDG_DATA_HOME", ".local/share", "runs"),
    "trash": ("XDG_DATA_HOME", ".local/share", "trash"),
    "plugins": ("XDG_DATA_HOME", ".local/share", "plugins"),
    "datasets": ("XDG_DATA_HOME", ".local/share", "datasets"),
    "imported": ("XDG_CACHE_HOME", ".cache", "imported"),
    "baselines": ("XDG_CACHE_HOME", ".cache", "baselines"),
    "declarations": ("XDG_CACHE_HOME", ".cache", "declarations"),
    "index": ("XDG_CACHE_HOME", ".cache", "index"),
    "kernels": ("XDG_CACHE_HOME", ".cache", "kernels"),
    "state": ("XDG_STATE_HOME", ".local/state", "state"),
}


def given(text: str | Path, start: Path = Path()) -> Path:
    """Return a path that a user wrote, "~" as the home it stands for, relative ones starting from `start`.

    Raises:
        BadInput: nothing can have that name, or what has it can't be looked at.
    """
    where = str(text).encode(errors="backslashreplace").decode()
    try:
        str(text).encode()
        path = start / Path(text).expanduser()
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return path
    except UnicodeEncodeError as error:
        raise BadInput("this name is not text in UTF-8", where=where, mend="rename the file or folder") from error
    except RuntimeError as error:
        raise BadInput("no home folder is known for that '~'", where=where, mend="write the path in full") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"it can't be read ({reason})", where=where, mend="check its name and rights") from error
    return path


def folder(kind: str) -> Path:
    """Return where folders of this kind live; it need not exist yet. `kind` is a key of the table above.

    Raises:
        BadInput: there is no home, and somebody else has made the folder that would serve instead.
    """
    variable, default, name = _PLACES[kind]
    if home := os.environ.get("CFBENCH_HOME"):
        return given(home).absolute() / name
    if base := os.environ.get(variable):
        return Path(base).absolute() / "cfbench" / name
    home = os.environ.get("HOME")
    if home and os.access(home, os.W_OK):
        return Path(home) / default / "cfbench" / name
    shared = Path(tempfile.gettempdir()) / f"cfbench-{os.getuid()}"
    for place in (shared, shared / name):
        _refuse_foreign(place)
    return shared / name


def writable_folder(kind: str) -> Path:
    """Return the folder of this kind, made (mode 0700) if it is missing.

    Raises:
        BadInput: it can't be made or written to.
        DiskFull: there is no room for it.
    """
    path = folder(kind)
    try:
        with disk_full(path):
            for level in (*reversed(path.parents), path):
                level.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise _not_writable(path, error.strerror or "it can't be made") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise _not_writable(path, "it is read-only for you")
    return folder(kind)  # looked at again: in a shared place somebody may have been faster


def _refuse_foreign(place: Path) -> None:
    """Raise BadInput where a place that anybody may take is not a folder of this user's own."""
    try:
        status = place.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise BadInput(
            "this is not a folder of yours alone, so nothing in it is trusted",
            where=str(place),
            mend="remove it, or set CFBENCH_HOME to a folder of yours",
        )


def _not_writable(path: Path, reason: str) -> BadInput:
    return BadInput(
        f"cfbench can't write to this folder ({reason})",
        where=str(path),
        mend="make it writable, or set CFBENCH_HOME to a folder that is",
    )
