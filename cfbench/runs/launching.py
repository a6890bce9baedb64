"""Starting a run's worker, again or for the first time, here or in a process of its own; waiting for it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

from cfbench import experiment
from cfbench.errors import BadInput
from cfbench.runs import commands, events, lock, queue, worker
from cfbench.runs.events import Event, EventLog
from cfbench.runs.folder import RunFolder
from cfbench.runs.state import summary

_POLL_SECONDS = 0.1

_workers: list[subprocess.Popen[bytes]] = []
"""The workers that this process started: those that ended are laid to rest when the next one starts."""


def launch(run: RunFolder) -> None:
    """Start a worker for a run: in a session of its own, null stdin, its own log, in line with the others.

    The lock is taken here and handed over, so that from now on the run is alive and stands in line.

    Raises:
        BadInput: it is alive already, or has finished.
    """
    heed_from = commands.size(run.commands)
    held = _take(run)
    try:
        with run.log.open("ab") as log:
            os.chmod(run.log, 0o600)
            worker_process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cfbench.runs.worker", str(run.path), str(held), str(heed_from)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(held,),
                start_new_session=True,
                cwd=run.path,
            )
        lock.write_info(held, **{**lock.read_info(run.lock), "pid": worker_process.pid})
        _workers[:] = [earlier for earlier in _workers if earlier.poll() is None] + [worker_process]
    finally:
        os.close(held)


def train_here(run: RunFolder) -> int:
    """Train a run in this process, without standing in line; return the exit code."""
    heed_from = commands.size(run.commands)
    held = _take(run)
    try:
        return worker.work(run, wait=False, heed_from=heed_from)
    finally:
        os.close(held)


def _take(run: RunFolder) -> int:
    events.refuse_newer(run.events)
    held = lock.take(run.lock)
    if held is None:
        raise BadInput(f"run {run.id} is {summary(run).state} already", mend=f"watch it: cfbench runs watch {run.id}")
    try:
        known = events.read(run.events).events
        if known and known[-1]["event"] == "finished":
            raise BadInput(f"run {run.id} has finished", mend="train its experiment again with more epochs")
        queue.join(run, held, experiment.read(run.experiment).training.device)
        if len(known) > 1:
            log = EventLog(run.events)
            log.write("queued")
            log.close()
    except BaseException:
        os.close(held)
        raise
    return held


def follow(run: RunFolder, offset: int = 0) -> Iterator[Event]:
    """Yield a run's events from a byte offset on, until it is no longer alive."""
    while True:
        alive = lock.held(run.lock)
        reading = events.read(run.events, offset)
        yield from reading.events
        offset = reading.offset
        if not alive:
            return
        time.sleep(_POLL_SECONDS)
