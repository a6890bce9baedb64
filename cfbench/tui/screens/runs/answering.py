"""The sentence over the list of runs: which is best, how many are in which state, what went wrong last."""

from __future__ import annotations

from collections import Counter

from cfbench.tui.drawing import figures
from cfbench.tui.drawing.chart import reading
from cfbench.tui.drawing.lines import Line, sentence, text
from cfbench.tui.looks import STATES
from cfbench.tui.screens.runs.listing import best_runs, comparable
from cfbench.tui.screens.runs.settings import Settings
from cfbench.tui.workspace import ALIVE, Workspace, short_name

_TOLD = ("running", "paused", "queued", "failed", "lost")


def answer(shared: Workspace, settings: Settings, width: int) -> list[Line]:
    """Return the sentence, and a line of circumstances."""
    runs = shared.runs
    if not runs:
        return [
            [("no run yet: ", "dim"), ("3", "b"), (" sets one up, ", "dim"), ("t", "b"), (" there trains it", "dim")]
        ]
    best = best_runs(runs, settings)
    clauses: list[Line] = []
    newest = next((run for run in reversed(runs.values()) if run.valid_loss is not None), None)
    if newest:
        winner = runs[best[comparable(newest, settings)]]
        assert winner.valid_loss is not None
        clauses.append([("best ", "dim"), text(short_name(winner.id), "b"), (" ", ""),
                        (reading(winner.valid_loss, winner.valid_loss), "b")])  # fmt: skip
    clauses.append([(f"{figures.count(len(runs))} run{'s' if len(runs) != 1 else ''}", "")])
    counts = Counter[str](run.state for run in runs.values())
    states: Line = []
    for state in _TOLD:
        if counts[state]:
            sign, role = STATES[state]
            states += [("  " if states else "", ""), (sign, role), (f" {counts[state]} {state}", "")]
    clauses.append(states)
    return [sentence(clauses, width), sentence(_circumstances(shared, len(best), newest is not None), width)]


def _circumstances(shared: Workspace, kinds: int, measured: bool) -> list[Line]:
    clauses: list[Line] = []
    marked = [shared.runs[run] for run in shared.marks if run in shared.runs]
    if len({run.split_hash for run in marked}) > 1:
        clauses.append([("! ", "warn"), ("the marked runs have other valid rows: not comparable", "")])
    if kinds > 1:
        clauses.append([(f"valid loss on {kinds} different splits or losses, the best of each in bold", "dim")])
    elif measured:
        clauses.append([("all on the same valid rows", "dim")])
    trouble = next((run for run in reversed(shared.runs.values()) if run.state in ("failed", "lost")), None)
    if trouble:
        clauses.append([text(f"{short_name(trouble.id)}: {trouble.reason}", "dim")])
    if not any(run.state in ALIVE for run in shared.runs.values()):
        clauses.append([("nothing runs", "dim")])
    return clauses
