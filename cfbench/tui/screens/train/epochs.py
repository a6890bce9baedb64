"""The table of epochs, newest first, and the log of what happened between them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct

from cfbench.curves import Event
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.chart import reading
from cfbench.tui.drawing.lines import Line, Span, wrapped
from cfbench.tui.followed import FollowedRun
from cfbench.tui.parts.table import Column
from cfbench.tui.screens.train.progress import Best, epoch_of

_METRIC_CELLS = 8
_SENTENCE_AT = 12


class EpochTable(Struct, frozen=True):
    """What the table shows of the epochs of one moment.

    Attributes:
        columns: with one for each metric.
        epochs: events, oldest first.
        seconds: of each.
        metrics: names.
        best: the best epoch's number, or 0.
    """

    columns: tuple[Column, ...]
    epochs: Sequence[Event]
    seconds: Sequence[float | None]
    metrics: tuple[str, ...]
    best: int

    @property
    def newest(self) -> int:
        """The number of the newest epoch, or 0."""
        return int(self.epochs[-1]["epoch"]) if self.epochs else 0

    def row(self, number: int) -> Sequence[Span]:
        """Return a row's cells; row 0 is the newest epoch."""
        event = self.epochs[-1 - number]
        seconds = self.seconds[-1 - number]
        best = event["epoch"] == self.best
        weight = " b" if best else ""
        return [
            ("◆" if best else "", "b"),
            (figures.count(event["epoch"]), "b" if best else ""),
            _value(_there(event["train_loss"]), f"s1{weight}"),
            _value(_there(event["valid_loss"]), f"s2{weight}"),
            *(_value(event["metrics"].get(name, ...), weight.strip()) for name in self.metrics),
            (figures.MISSING if seconds is None else figures.span(seconds), "dim"),
        ]


def _there(loss: float | None) -> object:
    """Return a loss; "..." where there is none, as of a model that only ranks."""
    return ... if loss is None else loss


def _value(value: object, roles: str) -> Span:
    if value is ...:
        return figures.MISSING, "dim"
    if not isinstance(value, int | float):
        return "NaN", "bad"
    return reading(value, value), roles


def epoch_table(past: FollowedRun | None, best: Best | None) -> EpochTable:
    """Return the table for what is known of a run."""
    epochs = list(past.epochs) if past else []
    metrics = tuple(dict.fromkeys(name for event in epochs[-1:] for name in event["metrics"]))
    columns = (
        Column("", 1),
        Column("epoch", 7, ">"),
        Column("train", 7, ">"),
        Column("valid", 7, ">"),
        *(Column(name, max(_METRIC_CELLS, min(14, len(name))), ">") for name in metrics),
        Column("time", 7, ">"),
    )
    return EpochTable(columns, epochs, past.epoch_seconds() if past else [], metrics, best.epoch if best else 0)


def log_lines(past: FollowedRun | None, width: int, height: int) -> list[Line]:
    """Return the newest happenings, newest first, each with its time of the day."""
    if past is None:
        return []
    lines: list[Line] = []
    for event in reversed(past.happened):
        said = _sentence(event, past.steps_an_epoch)
        if said:
            sign, sentence, role = said
            at = time.strftime("%H:%M:%S", time.localtime(event.get("time", 0)))
            first, *rest = wrapped(sentence, max(20, width - _SENTENCE_AT - len(sign)))
            lines.append([("  ", ""), (f"{at}  ", "dim"), (sign, role), *first])
            lines += [[(" " * (_SENTENCE_AT + len(sign)), ""), *line] for line in rest]
        if len(lines) >= height:
            break
    return lines[:height] or [[("  nothing happened yet", "dim")]]


def _sentence(event: Event, steps_an_epoch: float) -> tuple[str, str, str] | None:
    """Return a sign, a sentence and the sign's role."""
    kind = event["event"]
    step = event["step"] if "step" in event else event.get("from_step", 0)
    at = epoch_of(step, steps_an_epoch)
    reason = str(event.get("reason", ""))
    if kind == "fit":
        return "", f"{event['fraction']:.0%} {event['note']}".replace("%", " %").strip(), ""
    if kind == "checkpoint":
        size = f", {figures.size(event['bytes'])}" if "bytes" in event else ""
        return "", f"checkpoint at {at}{size}", ""
    if kind == "failed":
        return "✗ ", f"failed: {reason}", "bad"
    if kind == "resumed":
        notices = [str(notice) for notice in event.get("notices", ())]
        return "! " if notices else "", "; ".join([f"resumed from {at}", *notices]), "warn"
    if kind == "started":
        return "", f"training started on {event.get('device', 'its device')}", ""
    if kind == "starting":
        return "", f"worker {event.get('pid', '')} starts on {event.get('host', 'its machine')}", ""
    if kind == "continued":
        return "", f"goes on at {at}", ""
    if kind in ("paused", "stopped", "finished"):
        return "", f"{reason or kind} at {at}", ""
    if kind in ("created", "queued"):
        return "", kind, ""
    return "", f"{kind}: {reason}" if reason else kind, ""
