"""The model that was looked at last, kept in memory, so that moving about in it loads nothing."""

from __future__ import annotations

from pathlib import Path

from cfbench.explore.trained import Trained
from cfbench.runs.folder import find
from cfbench.training.checkpoints import Checkpoints

_Stamp = tuple[Path, int, tuple[int, ...]]
_last: dict[_Stamp, Trained] = {}


def recent(run: str) -> Trained:
    """Return the trained model of a run: the one returned last where it is the same and no checkpoint came or went.

    Raises:
        BadInput: there is no such run, or it has no whole checkpoint.
    """
    found = find(run)
    if not found.checkpoints.exists():
        return Trained(found)
    stamp = found.path, found.checkpoints.stat().st_mtime_ns, tuple(Checkpoints(found.checkpoints).steps())
    if stamp not in _last:
        _last.clear()
        _last[stamp] = Trained(found)
    return _last[stamp]
