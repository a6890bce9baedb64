"""What a run's state is: derived from its events and its lock each time it is asked for, stored nowhere."""

from __future__ import annotations

from cfbench.answers import RunState, RunSummary
from cfbench.runs import events, lock, notes
from cfbench.runs.facts import ENDS, STATES, Account, Facts
from cfbench.runs.folder import RunFolder
from cfbench.runs.machine import boot_id, hostname
from cfbench.runs.notes import Annotations


def summary(run: RunFolder) -> RunSummary:
    """Return what there is to know of a run at a glance, read from its folder alone."""
    alive = lock.held(run.lock)
    account = Account(run)
    account.read()
    return summary_of(run, account.facts(), alive, notes.read(run))


def summary_of(run: RunFolder, facts: Facts, alive: bool, noted: Annotations) -> RunSummary:
    """Return a run's summary.

    Args:
        run: the run.
        facts: what its events told, read after `alive` was found out.
        alive: its lock was held.
        noted: what people wrote about it.
    """
    state = STATES[facts.last.event] if facts.last.event else "lost"
    if not alive and not facts.ended:
        state = "lost"
    created = facts.created
    return RunSummary(
        id=run.id,
        state=state,
        reason=_reason(run, state, facts),
        exit_code=_exit_code(state, facts),
        created=created.time,
        group=created.group,
        seed=created.seed,
        fold=created.fold,
        data=(created.data,) if isinstance(created.data, str) else tuple(created.data),
        model=created.model,
        epochs=created.epochs,
        epochs_done=facts.epochs_done,
        step=facts.step,
        steps=created.steps,
        epoch=facts.epoch,
        valid_loss=facts.valid_loss,
        metrics=facts.metrics,
        best_valid_loss=facts.best_valid_loss,
        split_hash=created.split_hash,
        damaged_lines=facts.damaged_lines,
        path=str(run.path),
        note=noted.note,
        pinned=noted.pinned,
        seconds=facts.seconds,
    )


def _exit_code(state: RunState, facts: Facts) -> int:
    """Return 0 where the work is done or under way, the failure's own code, or 1 where it was left undone."""
    if state == "failed":
        return facts.last.exit_code
    return 1 if state in ("lost", "stopped") else 0


def _reason(run: RunFolder, state: RunState, facts: Facts) -> str:
    if facts.newer:
        return events.NEWER
    if state == "lost":
        return _lost_reason(run, facts)
    if state in ENDS and state != "finished" and not facts.last.reason:
        return f"it did not say why; look at its log: cfbench runs log {run.id}"
    return facts.last.reason


def _lost_reason(run: RunFolder, facts: Facts) -> str:
    event = facts.last.event
    if not event:
        return "its events tell nothing"
    doing = "waiting in line" if STATES[event] == "queued" else "starting" if event == "starting" else "training"
    host = lock.read_info(run.lock).get("host", "")
    if host and host != hostname():
        return f"it was {doing} on {host}, and nothing here holds its lock"
    if facts.last.boot != boot_id():
        return f"the machine restarted while it was {doing}"
    return f"its worker died while {doing}, without a word"
