"""Marked runs side by side: their curves, what came of each, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cfbench.answers import RunSummary
from cfbench.curves import RunHistory
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.chart import Series, reading
from cfbench.tui.drawing.lines import Span, text
from cfbench.tui.parts.chart import Chart
from cfbench.tui.parts.table import Column
from cfbench.tui.screens.runs.listing import comparable
from cfbench.tui.screens.runs.settings import Settings
from cfbench.tui.screens.runs.table import LETTER_ROLES
from cfbench.tui.workspace import ALIVE, short_name

_NAME_CELLS = 14
Row = Sequence[Span]


def overlay(shown: Sequence[tuple[str, RunSummary, RunHistory | None]]) -> Chart:
    """Return the valid losses of runs, as (letter or "", run, history), over the epochs of the longest."""
    series = []
    for (letter, run, past), role in zip(shown, LETTER_ROLES, strict=False):
        if past is None:
            continue
        curve = past.curves["valid"].curve("valid")
        one = Series.of(curve, role.split()[0], name=letter or short_name(run.id)[:_NAME_CELLS], dashed=letter == "b")
        if one.x:
            series.append(one.labelled())
    ends = [run.epochs if run.state in ALIVE else run.epochs_done for _, run, _ in shown]
    unread = any(past is None for _, _, past in shown)
    missing = "reading what happened …" if unread else "no epoch with valid rows is done yet"
    return Chart(series, x_range=(0.0, float(max([1, *ends]))), legend=[], empty=[(missing, "dim")])


def columns(runs: Sequence[RunSummary]) -> list[Column]:
    """Return the columns of the comparison: one a run, as narrow as its name lets it be."""
    return [
        Column("", 0),
        *(Column("", max(8, min(_NAME_CELLS + 2, len(short_name(run.id)) + 2)), ">") for run in runs),
    ]


def rows(
    letters: Sequence[tuple[str, RunSummary]], settings: Settings, differences: Mapping[str, Mapping[str, str]]
) -> list[Row]:
    """Return the rows of the comparison: names, results, then settings; what is unlike the first run's stands out.

    Args:
        letters: the marked runs with their letters.
        settings: in which all runs differ.
        differences: key -> run's id -> value as written, for those in which the marked runs differ.
    """
    if not letters:
        return []
    runs = [run for _, run in letters]
    names: Row = [
        ("", ""),
        *(
            text(f"{letter} {short_name(run.id)}", role)
            for (letter, run), role in zip(letters, LETTER_ROLES, strict=False)
        ),
    ]
    made = [names]
    kinds = {comparable(run, settings) for run in runs}
    if len(kinds) > 1:
        made.append([("! not comparable: other rows" if _other_rows(runs) else "! not comparable: other loss", "warn"),
                     *[("", "")] * len(runs)])  # fmt: skip
    valid = [run.valid_loss for run in runs]
    lowest = min((loss for loss in valid if loss is not None), default=None)
    made.append([("valid", "dim"), *(_loss(loss, len(kinds) == 1 and loss == lowest) for loss in valid)])
    metrics = dict.fromkeys(name for run in runs for name in run.metrics)
    made += [[text(name, "dim"), *(_metric(run, name) for run in runs)] for name in metrics]
    made.append([("epochs done", "dim"), *((figures.count(run.epochs_done), "") for run in runs)])
    made.append(
        [("took", "dim"), *((figures.clock(run.seconds) if run.seconds else figures.MISSING, "") for run in runs)]
    )
    made.append([("", "")] * (len(runs) + 1))
    for key, values in differences.items():
        words = [values.get(run.id, figures.MISSING) for run in runs]
        made.append([text(key, "dim"), *(text(word, "" if word == words[0] else "b") for word in words)])
    if not differences and len(runs) > 1:
        made.append([("no setting differs", "dim"), *[("", "")] * len(runs)])
    return made


def _other_rows(runs: Sequence[RunSummary]) -> bool:
    return len({run.split_hash for run in runs}) > 1


def _loss(loss: float | None, best: bool) -> Span:
    return (figures.MISSING, "dim") if loss is None else (reading(loss, loss), "b" if best else "")


def _metric(run: RunSummary, name: str) -> Span:
    if name not in run.metrics:
        return figures.MISSING, "dim"
    value = run.metrics[name]
    return ("NaN", "bad") if value is None else (reading(value, value), "")


def differing(settings: Settings, runs: Sequence[RunSummary]) -> dict[str, dict[str, str]]:
    """Return the settings in which these runs differ: title -> run's id -> value as written."""
    keys = settings.telling([run.id for run in runs])
    return {settings.titles[key]: {run.id: settings.word(run.id, key) for run in runs} for key in sorted(keys)}
