"""The worker: trains one run from its folder, in a process of its own or in this one.

``python -m cfbench.runs.worker FOLDER LOCK HEED_FROM`` is started by `launching`; LOCK is the open, held lock that it
inherits, HEED_FROM the size of the commands' file when it was started.
Torch is imported only when its turn in the line has come.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from cfbench.errors import BadInput, CfbenchError, DiskFull, WorkFailed
from cfbench.experiment import Experiment
from cfbench.registry.faults import sentence
from cfbench.runs import lock, machine, queue
from cfbench.runs.control import RunControl
from cfbench.runs.events import Event, EventLog, effective, read
from cfbench.runs.folder import RunFolder

if TYPE_CHECKING:
    from cfbench.loading.loader import Loader
    from cfbench.training.checkpoints import Checkpoints
    from cfbench.training.learner import Learner

LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"

_log = logging.getLogger("cfbench.runs.worker")


def work(run: RunFolder, *, wait: bool, heed_from: int, tell: Callable[[Event], None] | None = None) -> int:
    """Train a run whose lock this process holds, to its end, a stop or a failure; return the exit code.

    Args:
        wait: stand in line first.
        heed_from: bytes of the commands' file that are of earlier times.
        tell: called with each event.
    """
    log = EventLog(run.events, tell)
    log.reserve_last_words()
    control = RunControl(run, log, heed_from)
    try:
        with control.signals():
            return _outcome(run, log, control, wait)
    finally:
        log.close()


def _outcome(run: RunFolder, log: EventLog, control: RunControl, wait: bool) -> int:
    try:
        if wait and not _turn_came(run, log, control):
            return _stopped(log, control, 0)
        return _train(run, log, control)
    except CfbenchError as error:
        _log.error("%s", error)
        return _failed(log, str(error), error.exit_code)
    except KeyboardInterrupt:
        log.write("stopped", reason="stopped at once by a second ctrl+c; what came after the last checkpoint is lost")
        return 130
    except (Exception, SystemExit) as error:
        _log.exception("the run failed")
        return _failed(log, _sentence(run, error), WorkFailed.exit_code)


def _turn_came(run: RunFolder, log: EventLog, control: RunControl) -> bool:
    """Stand in line, and say behind whom; return False when told to stop before the turn came."""
    if waiting_for := queue.ahead(run):
        log.write("waiting", reason=f"waiting for run {waiting_for[-1].id} to end")
    return queue.wait_turn(run, lambda: control.stop_wanted(0))


def _failed(log: EventLog, reason: str, exit_code: int) -> int:
    try:
        log.write_last_words("failed", reason=reason, exit_code=exit_code)
    except (OSError, DiskFull) as error:
        _log.error("the failure could not be written to the events: %s", error)
    return exit_code


def _stopped(log: EventLog, control: RunControl, step: int) -> int:
    log.write("stopped", step=step, reason=f"stopped by {control.asked}")
    return 130 if control.interrupted else 0


def _sentence(run: RunFolder, error: BaseException) -> str:
    """Return what went wrong, with a plugin's own line if there is one, else with the innermost."""
    from cfbench.runs.plugins import places

    return sentence(error, *places(run), Path(traceback.extract_tb(error.__traceback__)[-1].filename))


def _train(run: RunFolder, log: EventLog, control: RunControl) -> int:
    log.write("starting", pid=os.getpid(), host=machine.hostname())
    from cfbench.training.checkpoints import Checkpoints

    checkpoints = Checkpoints(run.checkpoints)
    began_before = any(event["event"] == "started" for event in read(run.events).events)
    learner = _learner(run, log, control, checkpoints)
    log.write("started", **_circumstances(learner))
    if began_before:
        _go_back(run, learner, log, checkpoints)
    if not learner.fit():
        return _stopped(log, control, learner.progress.step)
    log.write("finished", step=learner.progress.step, reason=_why_finished(learner))
    return 0


def _learner(run: RunFolder, log: EventLog, control: RunControl, checkpoints: Checkpoints) -> Learner:
    from cfbench.runs.plugins import experiment_of, finder
    from cfbench.training.learner import Learner

    defined = experiment_of(run)
    return Learner(defined, open_loader(run, defined), finder(run), log, checkpoints, control)


def open_loader(run: RunFolder, defined: Experiment) -> Loader:
    """Return the loader of a run: its own split of the data that it was made from.

    Raises:
        BadInput: the data are neither in the cache nor at their source.
        WorkFailed: the source has other data now.
    """
    from cfbench.data.cache import open_cached
    from cfbench.data.importing import open_interactions
    from cfbench.loading import splits
    from cfbench.loading.loader import Loader
    from cfbench.runs.preparing import DataFacts

    facts = msgspec.json.decode((run.data / "data.json").read_bytes(), type=DataFacts)
    try:
        interactions = open_cached(facts.key)
    except BadInput:
        interactions = open_interactions(defined.data)
    if interactions.fingerprint != facts.fingerprint:
        raise WorkFailed(
            "the data changed since this run was made", where=str(defined.data.source), mend="start a new run"
        )
    return Loader(interactions, splits.load(run.data), defined)


def _circumstances(learner: Learner) -> dict[str, Any]:
    import torch

    return {
        "device": learner.predictor.device_name,
        "engine": learner.engine,
        "threads": learner.experiment.training.threads or torch.get_num_threads(),
        "parameters": sum(tensor.numel() for tensor in learner.predictor.module.state_dict().values()),
        "deterministic": learner.predictor.deterministic,
        "environment": machine.environment() | {"torch_config": hashlib.sha256(_torch_config()).hexdigest()[:16]},
    }


def _torch_config() -> bytes:
    import torch

    return torch.__config__.show().encode()


def _go_back(run: RunFolder, learner: Learner, log: EventLog, checkpoints: Checkpoints) -> None:
    """Resume from the newest whole checkpoint, or from the beginning where none was written yet.

    Raises:
        BadInput: there are checkpoints, and every one is damaged.
    """
    found = list(checkpoints.newest_whole())
    notices = [f"checkpoint {step} is damaged ({damage})" for step, damage in found if damage]
    whole = next((step for step, damage in found if not damage), None)
    if whole is not None:
        learner.resume(whole)
    elif notices:
        raise BadInput("; ".join(notices), where=str(checkpoints.folder), mend="train the experiment anew")
    else:
        notices = ["there was no checkpoint yet: it starts from the beginning"]
    if not learner.predictor.deterministic:
        notices.append(f"not bit-identical: the model {learner.predictor.name} says that it is not deterministic")
    log.write("resumed", from_step=whole or 0, notices=[*_changes(run), *notices])


def _changes(run: RunFolder) -> list[str]:
    """Return what is different from when the run was last started, and may change its last bits."""
    starts = [event for event in effective(read(run.events).events) if event["event"] == "started"]
    before, now = (_versions(start) for start in (starts[-2:][0], starts[-1]))
    return [
        f"may not be bit-identical because {name} was {before.get(name)} and is {value}"
        for name, value in now.items()
        if before.get(name) != value
    ]


def _versions(started: dict[str, Any]) -> dict[str, Any]:
    environment = started.get("environment", {})
    return {
        "device": started.get("device"),
        "threads": started.get("threads"),
        "processor": environment.get("processor"),
        "python": environment.get("python"),
        "the build of torch": environment.get("torch_config"),
        **environment.get("packages", {}),
    }


def _why_finished(learner: Learner) -> str:
    epochs, wanted = learner.progress.epoch, learner.settings.epochs
    return "" if epochs >= wanted else f"stopped early: no better valid loss for {learner.progress.stale} epochs"


def main() -> int:
    """Train the run of the command line."""
    logging.basicConfig(format=LOG_FORMAT, level=logging.INFO)
    run, held, heed_from = RunFolder(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
    lock.release_in_forks(held)
    return work(run, wait=True, heed_from=heed_from)


if __name__ == "__main__":
    sys.exit(main())
