"""Starting a run's worker, again or for the first time, here or in a process of its own."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from cfbench import durable, experiment
from cfbench.errors import BadInput
from cfbench.runs import commands, events, lock, queue, worker
from cfbench.runs.events import Event, EventLog
from cfbench.runs.folder import RunFolder
from cfbench.runs.state import summary

_workers: list[subprocess.Popen[bytes]] = []
"""The workers that this process started: those that ended are laid to rest when the next one starts."""


def launch(run: RunFolder) -> None:
    """Start a worker for a run: in a session of its own, null stdin, its own log, in line with the others.

    The lock is taken here and handed over, so that from now on the run is alive and stands in line.

    Raises:
        BadInput: it is alive already, or has finished.
        DiskFull: there is no room to say that it is in line.
    """
    heed_from = commands.size(run.commands)
    with durable.disk_full(run.path):
        held = _take(run)
    try:
        with durable.disk_full(run.path), run.log.open("ab") as log:
            os.chmod(run.log, 0o600)
            worker_process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cfbench.runs.worker", str(run.path), str(held), str(heed_from)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(held,),
                start_new_session=True,
                cwd=run.path,
                env={"CUBLAS_WORKSPACE_CONFIG": ":4096:8", **os.environ},
            )
        lock.write_info(held, **{**lock.read_info(run.lock), "pid": worker_process.pid})
        _workers[:] = [earlier for earlier in _workers if earlier.poll() is None] + [worker_process]
    finally:
        os.close(held)


def train_here(run: RunFolder, tell: Callable[[Event], None] | None = None) -> int:
    """Train a run in this process, without standing in line; return the exit code.

    Args:
        run: the run.
        tell: called with each event as it happens.
    """
    heed_from = commands.size(run.commands)
    with durable.disk_full(run.path):
        held = _take(run)
    try:
        with _logging_to(run), _own_random_states():
            return worker.work(run, wait=False, heed_from=heed_from, tell=tell)
    finally:
        os.close(held)


@contextmanager
def _logging_to(run: RunFolder) -> Iterator[None]:
    """Send what cfbench logs to the run's log alone, as a worker of its own does."""
    logger, handler = logging.getLogger("cfbench"), logging.FileHandler(run.log)
    handler.setFormatter(logging.Formatter(worker.LOG_FORMAT))
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(handler)
        handler.close()


@contextmanager
def _own_random_states() -> Iterator[None]:
    """Leave the generators that belong to nobody as the caller had them."""
    import numpy as np
    import torch

    before = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])


def _take(run: RunFolder) -> int:
    events.refuse_newer(run.events)
    held = lock.take(run.lock)
    if held is None:
        raise BadInput(f"run {run.id} is {summary(run).state} already", mend=f"watch it: cfbench runs watch {run.id}")
    try:
        known = events.read(run.events).events
        if known and known[-1]["event"] == "finished":
            raise BadInput(f"run {run.id} has finished", mend="train its experiment again with more epochs")
        queue.join(held, experiment.read(run.experiment).training.device)
        if len(known) > 1:
            with closing(EventLog(run.events)) as log:
                log.write("queued")
    except BaseException:
        os.close(held)
        raise
    return held
