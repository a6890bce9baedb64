"""The charts of a run: its losses, one of its metrics with other runs on top, its learning rate."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from cfbench.answers import RunSummary
from cfbench.tui.drawing.chart import Mark, Series, notes, smoothed
from cfbench.tui.drawing.lines import Line, text
from cfbench.tui.followed import FollowedRun
from cfbench.tui.parts.chart import Chart
from cfbench.tui.screens.train.progress import Best
from cfbench.tui.workspace import short_name

SMOOTHINGS = (0.0, 0.6, 0.9)

VALID = "valid loss"
"""What stands in a list of metrics for the loss on valid."""

_OWN = ("train", "train_epoch", "valid", "lr")
_NAME_CELLS = 16
_OTHERS = ("s4", "s3", "s5", "s2")
_READING: Line = [("reading what happened …", "dim")]
_WAITING: Line = [("the curve starts with the first steps", "dim")]


def metric_names(past: FollowedRun | None) -> list[str]:
    """Return the metrics that a run measures, and last the loss on valid."""
    return [*([name for name in past.curves if name not in _OWN] if past else []), VALID]


def _series(past: FollowedRun, curve: str, role: str, name: str, *, dashed: bool = False) -> Series:
    return Series.of(past.curves[curve].curve(curve), role, name=name, dashed=dashed)


def _planned(run: RunSummary) -> tuple[float, float] | None:
    return (0.0, float(run.epochs)) if run.epochs else None


def loss_chart(run: RunSummary, past: FollowedRun | None, best: Best | None, *, log: bool, smoothing: float) -> Chart:
    """Return the loss of steps and of valid; the x axis is the whole training from the start."""
    if past is None:
        return Chart(empty=_READING)
    train = _series(past, "train", "s1", "train")
    valid = _series(past, "valid", "s2", "valid", dashed=True)
    values = [one for one in (train, valid) if one.x]
    drawn = [smoothed(one.labelled(), smoothing) if one is train else one.labelled() for one in values]
    marks = [Mark(best.epoch, best.valid_loss, "◆", "b")] if best and best.epoch else []
    legend = notes(drawn)
    if smoothing:
        legend.append((f"  smoothed {smoothing:g}", "dim"))
    if log:
        legend.append(("  log", "dim"))
    if marks:
        legend.append(("  ◆ best", "b"))
    return Chart(
        drawn, values=values, x_range=_planned(run), log_y=log, marks=marks, legend=legend, empty=_WAITING
    )  # fmt: skip


def metric_chart(
    run: RunSummary,
    past: FollowedRun | None,
    metric: str,
    others: Sequence[tuple[RunSummary, FollowedRun]],
    *,
    log: bool,
) -> Chart:
    """Return a metric of the run in front, and the same of others, dashed and under their names."""
    if past is None:
        return Chart(empty=_READING)
    curve = "valid" if metric == VALID else metric
    own = short_name(run.id)[:_NAME_CELLS]
    drawn = [
        _series(theirs, curve, role, short_name(other.id)[:_NAME_CELLS], dashed=True)
        for (other, theirs), role in zip(others, _OTHERS, strict=False)
        if curve in theirs.curves
    ]
    drawn = [one for one in drawn if one.x]
    if curve in past.curves and past.curves[curve].curve(curve).x:
        mine = _series(past, curve, "s1", own)
        drawn.append(dataclasses.replace(mine, end=mine.labelled().end.removeprefix(own).strip()))
    legend = notes(drawn) if len(drawn) > 1 or (drawn and drawn[0].name != own) else []
    planned = max([run.epochs, *(other.epochs for other, _ in others)])
    return Chart(drawn, x_range=(0.0, float(planned)), log_y=log, legend=legend, empty=_no_metric(metric))


def _no_metric(metric: str) -> Line:
    return [text(f"{metric} comes with the first epoch", "dim")]


def rate_chart(run: RunSummary, past: FollowedRun | None) -> Chart:
    """Return the learning rate so far."""
    if past is None:
        return Chart(empty=_READING)
    rate = dataclasses.replace(_series(past, "lr", "s3", "lr"), places=4)
    return Chart([rate.labelled()] if rate.x else [], x_range=_planned(run), y_ticks=4, legend=[], empty=_WAITING)


def others_of(
    runs: Mapping[str, RunSummary], followed: Mapping[str, FollowedRun], front: str, marks: Sequence[str]
) -> list[tuple[RunSummary, FollowedRun]]:
    """Return the marked and the pinned runs that are drawn beside the one in front."""
    wanted = [*marks, *(run.id for run in runs.values() if run.pinned and run.id not in marks)]
    shown = [run for run in wanted if run != front and run in runs and run in followed]
    return [(runs[run], followed[run]) for run in shown[: len(_OTHERS)]]
