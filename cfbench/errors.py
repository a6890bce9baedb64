"""What can go wrong for a user, said in one sentence: where, what, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CfbenchError(Exception):
    """A problem that the user can understand; every face draws it as one sentence, never as a traceback.

    Args:
        what: what is wrong, with the value that was given.
        where: the file, line, key path or option that holds it.
        mend: what to do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.mend = what, where, mend

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.what}" if self.where else self.what
        return f"{sentence}; {self.mend}" if self.mend else sentence


class BadInput(CfbenchError):
    """Something the user gave can't be used: exit code 2."""

    exit_code = 2


class WorkFailed(CfbenchError):
    """The input was fine and the work still failed: exit code 1."""


class DiskFull(WorkFailed):
    """There is no room left to write to."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``, did you mean 'x'?`` for the known name nearest to `name`, or nothing where none is near."""
    found = closest(name, known)
    return "" if found is None else f", did you mean '{found}'?"


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to `name`, None where none is near."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def listing(names: Iterable[str]) -> str:
    """Return the names as ``a, b or c``, sorted, for a sentence that says what is allowed."""
    ordered = sorted(names)
    if len(ordered) < 2:
        return "".join(ordered)
    return f"{', '.join(ordered[:-1])} or {ordered[-1]}"
