"""An exception out of a plugin as one sentence that begins with the plugin's own line."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cfbench.errors import CfbenchError, WorkFailed

_LONGEST = 300


@contextmanager
def in_its_own_words(where: str, *places: Path | None) -> Iterator[None]:
    """Turn whatever plugin code raises in the block into WorkFailed, a sentence that begins with the plugin's line.

    Args:
        where: the plugin.
        places: its file, or its package's folder.
    """
    try:
        yield
    except CfbenchError:
        raise
    except Exception as error:
        raise WorkFailed(sentence(error, *places), where=where) from error


def sentence(error: BaseException, *places: Path | None) -> str:
    """Return ``my_dot.py:24 in forward: ValueError: no such field``.

    Args:
        error: what was raised.
        places: plugins' files, or their packages' folders; the frame named is the innermost one in the first place
            that has any.
    """
    frame = next((frame for place in places if place and (frame := _frame(error, place))), "")
    message = " ".join(_message(error).split())
    kind = type(error).__name__
    text = ": ".join(part for part in (frame, kind, message) if part)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _message(error: BaseException) -> str:
    try:
        return error.msg if isinstance(error, SyntaxError) and error.msg else str(error)
    except Exception:
        return ""


def _frame(error: BaseException, place: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename and _inside(error.filename, place):
        return f"{_named(error.filename, place)}:{error.lineno}"
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        code = frame.f_code
        if _inside(code.co_filename, place):
            function = "" if code.co_name == "<module>" else f" in {code.co_name}"
            return f"{_named(code.co_filename, place)}:{line}{function}"
    return ""


def _inside(file: str, place: Path) -> bool:
    return Path(file).is_relative_to(place)


def _named(file: str, place: Path) -> str:
    return str(Path(file).relative_to(place.parent))
