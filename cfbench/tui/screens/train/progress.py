"""How far a run is, in one sentence and a line of circumstances."""

from __future__ import annotations

from msgspec import Struct

from cfbench.answers import RunSummary
from cfbench.curves import Event
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.chart import reading
from cfbench.tui.drawing.lines import Line, cells, inset, sentence, text, wrapped
from cfbench.tui.followed import FollowedRun
from cfbench.tui.looks import STATES
from cfbench.tui.workspace import ALIVE, short_name

METER = 40
_METER_AT, _NAME_CELLS = 110, 28

_TWO_LINES_FROM = 96

TROUBLE = ("failed", "lost")

NOWHERE: list[Line] = [
    [("no run yet: ", "dim"), ("3", "b"), (" sets one up, ", "dim"), ("t", "b"), (" there trains it", "dim")]
]


class Best(Struct, frozen=True):
    """The best epoch by valid loss; `epoch` is 0 where it is too long ago to be known."""

    epoch: int
    valid_loss: float


def best_of(run: RunSummary, past: FollowedRun | None) -> Best | None:
    """Return the best epoch so far."""
    epochs = past.epochs if past else ()
    for event in reversed(epochs):
        if event["best"] and event["valid_loss"] is not None:
            return Best(event["epoch"], event["valid_loss"])
    return None if run.best_valid_loss is None else Best(0, run.best_valid_loss)


def epochs_done(run: RunSummary, past: FollowedRun | None) -> float:
    """Return how many epochs are done, with the part of the one under way."""
    step = past.step if past else run.step
    an_epoch = run.steps / run.epochs if run.epochs else 0.0
    return step / an_epoch if an_epoch else float(run.epochs_done)


def answer(run: RunSummary | None, past: FollowedRun | None, width: int) -> list[Line]:
    """Return whether it is learning, and for how long still; or why it is not."""
    if run is None:
        return NOWHERE
    sign, role = STATES[run.state]
    start: Line = [(sign, role), text(f" {short_name(run.id)[:_NAME_CELLS]}", "b"), ("  ", "")]
    if run.state in TROUBLE and width < _TWO_LINES_FROM:
        return [[*start, text(f"{run.state}: {run.reason}", "b")]]
    if run.state in TROUBLE:
        first, *rest = wrapped(f"{run.state}: {run.reason}", width - cells(start), "b")
        rest = [line for line in wrapped(" ".join(line[0][0] for line in rest), width - 2, "b") if line[0][0]]
        more = [[("  ", ""), *rest[0]]] if rest else []
        return [[*start, *first], *(more or [sentence([mend(run), _at(run, past), *_losses(run, past)], width)])]
    return [
        sentence([[*start, *_where(run, past, width)], *_losses(run, past)], width),
        _circumstances(run, past, width),
    ]


def _where(run: RunSummary, past: FollowedRun | None, width: int) -> Line:
    if run.state == "queued":
        waiting = past.last.get("waiting", {}).get("reason", "") if past else ""
        return [text(waiting or "waiting in line")]
    if run.state in ("finished", "stopped"):
        told = f" in {figures.clock(run.seconds)}" if run.seconds else ""
        done = figures.count(run.epochs_done)
        if run.state == "finished":
            return [(f"finished {done} of {figures.count(run.epochs)} epochs{told}", "")]
        return [("stopped at ", "dim"), *_at(run, past), (told, "")]
    if past is not None and not past.step and "started" not in past.last:
        return [("starting …", "dim")]
    line: Line = [("paused at ", "dim")] if run.state == "paused" else []
    line += _at(run, past)
    if width >= _METER_AT:
        line += [(" ", ""), *meter(epochs_done(run, past) / max(1, run.epochs), METER)]
    if run.state == "running":
        left = past.seconds_left(run.steps) if past else None
        if left is not None:
            line.append((f"  {figures.clock(left)} left", ""))
    return line


def _at(run: RunSummary, past: FollowedRun | None) -> Line:
    done = epochs_done(run, past)
    shown = f"{int(10 * done + 1e-6) / 10:,.1f}" if done < run.epochs else figures.count(run.epochs)
    return [(f"epoch {shown} of {figures.count(run.epochs)}", "")]


def meter(part: float, size: int) -> Line:
    """Return a bar of so many cells, filled for a part of 1."""
    full = max(0, min(size, int(part * size + 1e-9)))
    return [("━" * full, "ok"), ("─" * (size - full), "faint")]


def _losses(run: RunSummary, past: FollowedRun | None) -> list[Line]:
    clauses: list[Line] = []
    newest = past.epochs[-1]["valid_loss"] if past and past.epochs else run.valid_loss
    if newest is not None:
        clauses.append([("valid ", "dim"), (reading(newest, newest), "s2")])
    best = best_of(run, past)
    if best:
        at = f" at {best.epoch}" if best.epoch else ""
        clauses.append([("best ", "dim"), (reading(best.valid_loss, best.valid_loss), "b"), (at, "dim")])
    return clauses


def why(run: RunSummary | None, width: int) -> list[Line]:
    """Return the whole reason, and what to do now, for a terminal on which the answer has no room for it."""
    return inset([*wrapped(run.reason, width - 4, "b"), mend(run)]) if run else []


def mend(run: RunSummary) -> Line:
    """Return the keys that help a run that ended too early."""
    line: Line = [("x", "b"), (" resumes it", "dim")]
    if run.state == "failed":
        line += [("  ", ""), ("L", "b"), (" shows its log", "dim")]
    return line


def _circumstances(run: RunSummary, past: FollowedRun | None, width: int) -> Line:
    last: dict[str, Event] = past.last if past else {}
    started, checkpoint = last.get("started", {}), last.get("checkpoint", {})
    clauses: list[str] = [run.state if run.state in ALIVE else ""]
    if run.state == "stopped":
        clauses = [run.reason, "x resumes it"]
    if past and past.epochs and past.epochs[-1].get("rows_per_second"):
        clauses.append(f"{figures.short(past.epochs[-1]['rows_per_second'])} ratings/s")
    if past:
        rate = past.curves["lr"].curve("lr")
        if rate.x and rate.high[-1] is not None and run.state in ALIVE:
            clauses.append(f"lr {figures.plain(float(f'{rate.high[-1]:.3g}'))}")
    if started:
        threads = started.get("threads", 1)
        where = f"{started.get('device', '?')}" + (f", {threads} threads" if threads != 1 else "")
        clauses.append(f"engine {started.get('engine', '?')} on {where}")
        if "parameters" in started:
            clauses.append(f"{figures.count(started['parameters'])} parameters")
    if checkpoint and past and past.steps_an_epoch:
        at = epoch_of(checkpoint.get("step", 0), past.steps_an_epoch)
        size = f", {figures.size(checkpoint['bytes'])}" if "bytes" in checkpoint else ""
        clauses.append(f"checkpoint at {at}{size}")
    lines: list[Line] = [[text(clause, "dim")] for clause in clauses if clause]
    return sentence(lines, width) if lines else []


def epoch_of(step: int, steps_an_epoch: float) -> str:
    """Return in words how far a step is: whole epochs, or with one decimal."""
    if not steps_an_epoch:
        return f"step {figures.count(step)}"
    done = step / steps_an_epoch
    whole = abs(done - round(done)) < 1e-6
    return f"epoch {figures.count(round(done))}" if whole else f"epoch {done:,.1f}"
