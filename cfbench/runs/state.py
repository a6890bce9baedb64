"""What a run's state is: derived from its events and its lock each time it is asked for, stored nowhere."""

from __future__ import annotations

from typing import Any

import msgspec

from cfbench.answers import RunState, RunSummary
from cfbench.runs import events, lock
from cfbench.runs.events import Event
from cfbench.runs.folder import RunFolder
from cfbench.runs.machine import boot_id

_ENDS: dict[str, RunState] = {"finished": "finished", "stopped": "stopped", "failed": "failed"}
_STATES: dict[str, RunState] = {
    "created": "queued",
    "waiting": "queued",
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
    created = msgspec.convert(history[0] if history else {}, events.Created)
    last = _last_of_state(history)
    state = _STATES[last["event"]] if last else "lost"
    if not alive and state not in _ENDS.values():
        state = "lost"
    epochs = [event for event in history if event["event"] == "epoch"]
    best = min((event for event in epochs if event["valid_loss"] is not None), key=_valid_loss, default=None)
    counts = best if best and created.early_stopping else epochs[-1] if epochs else None
    return RunSummary(
        id=run.id,
        state=state,
        reason=_reason(state, last or {}, newer=events.written_by_newer(reading.events)),
        exit_code=_exit_code(state, last or {}),
        created=created.time,
        group=created.group,
        seed=created.seed,
        fold=created.fold,
        data=(created.data,) if isinstance(created.data, str) else tuple(created.data),
        model=created.model,
        epochs=created.epochs,
        epochs_done=epochs[-1]["epoch"] if epochs else 0,
        step=max((event.get("step", 0) for event in history), default=0),
        steps=created.steps,
        epoch=counts["epoch"] if counts else None,
        valid_loss=counts["valid_loss"] if counts else None,
        metrics=counts["metrics"] if counts else {},
        best_valid_loss=best["valid_loss"] if best else None,
        split_hash=created.split_hash,
        damaged_lines=tuple(reading.bad_lines),
        path=str(run.path),
    )


def _exit_code(state: RunState, last: Event) -> int:
    """Return 0 where the work is done or under way, the failure's own code, or 1 where it was left undone."""
    if state == "failed":
        return int(last["exit_code"])
    return 1 if state in ("lost", "stopped") else 0


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
    event = last.get("event", "")
    doing = "waiting in line" if _STATES.get(event) == "queued" else "starting" if event == "starting" else "training"
    if last.get("boot") != boot_id():
        return f"the machine restarted while it was {doing}"
    return f"its worker died while {doing}, without a word"
