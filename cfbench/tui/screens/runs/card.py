"""All there is to say of one run."""

from __future__ import annotations

import time

from cfbench.answers import RunSummary
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.chart import reading
from cfbench.tui.drawing.lines import Line, pair, text
from cfbench.tui.looks import STATES
from cfbench.tui.workspace import short_name

_REASON_ROLES = {"failed": "bad", "lost": "bad"}


def card(run: RunSummary | None, height: int) -> list[Line]:
    """Return what matters most first: state and why, note, then where it came from and where it is."""
    if run is None:
        return []
    sign, role = STATES[run.state]
    said = f"{run.state}, {figures.count(run.epochs_done)} of {figures.count(run.epochs)} epochs"
    if run.best_valid_loss is not None:
        said += f", best valid {reading(run.best_valid_loss, run.best_valid_loss)}"
    lines: list[Line] = [[("  ", ""), (sign, role), text(f" {short_name(run.id)}", "b"), text(f"  {said}")]]
    if run.reason:
        lines.append([("    ", ""), text(run.reason, _REASON_ROLES.get(run.state, "dim"))])
    if run.damaged_lines:
        lines.append([("  ! ", "warn"), (f"{len(run.damaged_lines)} lines of its events can't be read", "")])
    facts = [
        ("note", run.note),
        ("model", run.model),
        ("data", ", ".join(run.data)),
        ("split", _split(run)),
        ("group", run.group),
        ("begun", time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created)) if run.created else ""),
        ("folder", run.path),
        ("command", f"cfbench runs show {run.id}"),
    ]
    lines += [[("  ", ""), *pair(name, value, name_cells=8)] for name, value in facts if value]
    return lines[:height]


def _split(run: RunSummary) -> str:
    parts = [run.split_hash, f"seed {run.seed}", f"fold {run.fold}" if run.fold is not None else ""]
    return ", ".join(part for part in parts if part)
