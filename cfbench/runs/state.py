"""What a run's state is: derived from its events and its lock each time it is asked for, stored nowhere."""

from __future__ import annotations

from typing import Any

from cfbench.answers import RunState, RunSummary
from cfbench.runs import events, lock
from cfbench.runs.events import Event
from cfbench.runs.folder import RunFolder
from cfbench.runs.machine import boot_id

_ENDS: dict[str, RunState] = {"finished": "finished", "stopped": "stopped", "failed": "failed"}
_STATES: dict[str, RunState] = {
    "created": "queued",
    "queued": "queued",
    "starting": "running",
    "started": "running",
    "paused": "paused",
    **_ENDS,
}


def summary(run: RunFolder) -> RunSummary:
    """Return what there is to know of a run at a glance."""
    alive = lock.held(run.lock)
    reading = events.read(run.events)
    history = events.effective(reading.events)
    first = history[0] if history else {}
    last = _last_of_state(history) or first
    state = _STATES.get(last.get("event", ""), "lost")
    if not alive and last.get("event") not in _ENDS:
        state = "lost"
    epochs = [event for event in history if event["event"] == "epoch"]
    best = min((event for event in epochs if event.get("valid_loss") is not None), key=_valid_loss, default=None)
    counts = best if best and first.get("early_stopping") else epochs[-1] if epochs else None
    return RunSummary(
        id=run.id,
        state=state,
        reason=_reason(state, last, newer=events.written_by_newer(reading.events)),
        exit_code=last.get("exit_code", 0) if state == "failed" else (1 if state == "lost" else 0),
        created=first.get("time", 0.0),
        group=first.get("group", ""),
        data=first.get("data", ""),
        model=first.get("model", ""),
        epochs=first.get("epochs", 0),
        epochs_done=epochs[-1]["epoch"] if epochs else 0,
        step=max((event.get("step", 0) for event in history), default=0),
        steps=first.get("steps", 0),
        epoch=counts["epoch"] if counts else None,
        valid_loss=counts["valid_loss"] if counts else None,
        metrics=counts["metrics"] if counts else {},
        best_valid_loss=best["valid_loss"] if best else None,
        split_hash=first.get("split_hash", ""),
        damaged_lines=tuple(reading.bad_lines),
        path=str(run.path),
    )


def _last_of_state(history: list[Event]) -> Event | None:
    """Return the event that tells the state; one that goes on after a pause is in the state of before it."""
    over = False
    for event in reversed(history):
        if event["event"] == "paused" and over:
            over = False
        elif event["event"] in _STATES:
            return event
        over = over or event["event"] == "continued"
    return None


def _valid_loss(event: dict[str, Any]) -> float:
    return float(event["valid_loss"])


def _reason(state: RunState, last: Event, newer: bool) -> str:
    if newer:
        return events.NEWER
    return _lost_reason(last) if state == "lost" else str(last.get("reason", ""))


def _lost_reason(last: dict[str, Any]) -> str:
    doing = {"created": "waiting in line", "queued": "waiting in line", "starting": "starting"}.get(
        last.get("event", ""), "training"
    )
    if last.get("boot") != boot_id():
        return f"the machine restarted while it was {doing}"
    return f"its worker died while {doing}, without a word"
