"""Runs in a list to choose from."""

from __future__ import annotations

from collections.abc import Iterable

from cfbench.answers import RunSummary
from cfbench.tui.dialogs.choosing import Choice
from cfbench.tui.drawing.chart import reading
from cfbench.tui.looks import STATES
from cfbench.tui.workspace import short_name


def run_choices(runs: Iterable[RunSummary]) -> list[Choice]:
    """Return runs as choices, newest first, with what tells them apart."""
    choices = []
    for run in reversed(list(runs)):
        valid = "" if run.valid_loss is None else f"valid {reading(run.valid_loss, run.valid_loss)}"
        pinned = "pinned" if run.pinned else ""
        note = "  ".join(part for part in (run.state, pinned, valid, run.model.partition(":")[2], run.note) if part)
        choices.append(Choice(run.id, short_name(run.id), note, STATES[run.state]))
    return choices
