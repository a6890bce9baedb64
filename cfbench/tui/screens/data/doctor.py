"""What to look at in the data, what was dropped and why, and what is as it should be; each with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cfbench.answers import DataProfile
from cfbench.errors import CfbenchError
from cfbench.text import label, width
from cfbench.tui.drawing.lines import Line, fit, wrapped

_TONES = {"✓": "ok", "!": "warn", "✗": "bad", "·": "dim"}


@dataclass(frozen=True)
class Check:
    """A sign, what was found, and what to do about it."""

    sign: str
    what: str
    mend: str = ""


_SIGNS = {"wrong": "✗", "look": "!", "note": "·", "fine": "✓"}


def checks(profile: DataProfile) -> list[Check]:
    """Return what was found, what to look at first."""
    return [Check(_SIGNS[finding.level], finding.what, finding.mend) for finding in profile.findings]


def refused(error: CfbenchError | None) -> list[Check]:
    """Return why data can't be used, and what to do about it."""
    return [Check("✗", f"{error.where}: {error.what}" if error.where else error.what, error.mend)] if error else []


def warnings(found: Sequence[Check]) -> Line:
    """Return how many of the checks ask for a look."""
    worth = sum(check.sign in "!✗" for check in found)
    if not found:
        return []
    return [("! ", "warn"), (f"{worth}", ""), (f" of {len(found)}", "dim")] if worth else [("✓", "ok")]


def drawn(found: Sequence[Check], size: int, height: int) -> list[Line]:
    """Return checks in lines: what to do stands beside where there is room for all, else below; the rest is counted."""
    room = size - 5
    widest = max((width(label(check.what)) for check in found if check.mend), default=0)
    longest = max((width(label(check.mend)) for check in found), default=0)
    lines: list[Line] = []
    for n, check in enumerate(found):
        block = _beside(check, widest) if widest + 3 + longest <= room else _below(check, room)
        more = n + 1 < len(found)
        if lines and len(lines) + len(block) + more > height:
            return [*lines, [("    ", ""), (f"{len(found) - n} more: z shows this panel alone", "dim")]]
        lines += block
    return lines


def _beside(check: Check, widest: int) -> list[Line]:
    what = fit(check.what, widest) if check.mend else label(check.what)
    return [[("  ", ""), (check.sign, _TONES[check.sign]), (f" {what}   ", ""), (label(check.mend), "dim")]]


def _below(check: Check, room: int) -> list[Line]:
    told = [*wrapped(check.what, room), *(wrapped(check.mend, room, "dim") if check.mend else [])]
    first: Line = [("  ", ""), (check.sign, _TONES[check.sign]), (" ", ""), *told[0]]
    return [first, *([("    ", ""), *line] for line in told[1:])]
