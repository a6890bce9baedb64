"""Stop, pause, resume and signals: what a worker does when it is told to, and what its run looks like then."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest

from cfbench.errors import BadInput
from cfbench.runs import commands, launching, lock
from cfbench.training.checkpoints import Checkpoints


def test_sigterm_leaves_a_checkpoint_and_resumes_as_if_nothing_had_happened(workshop: Any) -> None:
    tables = {"optimizer": {"name": "adam"}, "loader": {"batch_size": 4}, "training": {"epochs": 4}}
    straight, run = workshop.trained(**tables), workshop.make(**tables)
    worker = workshop.launch(run)
    workshop.until_event(run, "step", 10)
    sent = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(90) == 0
    assert time.monotonic() - sent < 10
    stopped = workshop.summary(run)
    assert (stopped.state, stopped.exit_code, stopped.reason) == ("stopped", 1, "stopped by SIGTERM")
    checkpoints = Checkpoints(run.checkpoints)
    checkpoints.verify(stopped.step)
    assert checkpoints.steps()[-1] == stopped.step
    assert 10 <= stopped.step < workshop.summary(straight).step, "it was stopped on the way"
    assert workshop.finish(run) == 0
    assert workshop.events(run, "resumed")[0]["from_step"] == stopped.step
    workshop.assert_same(run, straight)


def test_stop_pause_and_resume_as_commands(workshop: Any) -> None:
    tables = {"loader": {"batch_size": 4}, "training": {"epochs": 4}}
    straight, run = workshop.trained(**tables), workshop.make(**tables)
    worker = workshop.launch(run)
    workshop.until_event(run, "step", 5)
    commands.send(run.commands, "pause")
    paused = workshop.until_event(run, "paused")
    assert workshop.until_state(run, "paused").step == paused["step"]
    size, used = run.events.stat().st_size, processor_time(worker.pid)
    end = time.monotonic() + 0.6
    workshop.until(lambda: time.monotonic() > end, "a while")
    assert run.events.stat().st_size == size, "a paused run trains on"
    assert processor_time(worker.pid) - used < 0.3, "a paused run keeps a processor busy"
    assert lock.held(run.lock)

    commands.send(run.commands, "resume")
    workshop.until_event(run, "continued")
    workshop.until_event(run, "step", len(workshop.events(run, "step")) + 1)
    assert workshop.summary(run).state in ("running", "finished")
    commands.send(run.commands, "pause")
    workshop.until_event(run, "paused", 2)
    commands.send(run.commands, "stop")
    assert worker.wait(90) == 0
    stopped = workshop.summary(run)
    assert stopped.state == "stopped"
    assert stopped.reason.startswith("stopped by ")
    assert "@" in stopped.reason
    assert workshop.finish(run) == 0, "the old stop is not heeded again"
    workshop.assert_same(run, straight)


def processor_time(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_stop_that_comes_before_the_worker_is_up_counts(workshop: Any) -> None:
    run = workshop.long()
    worker = workshop.launch(run)
    commands.send(run.commands, "stop")
    assert worker.wait(90) == 0
    assert workshop.summary(run).state == "stopped"
    assert not workshop.events(run, "epoch")


def test_commands_that_are_none_are_passed_over(workshop: Any) -> None:
    run = workshop.make()
    run.commands.write_bytes(b"")
    size = commands.size(run.commands)
    run.commands.write_bytes(b'nonsense\n{"command":"explode","by":"me","host":"here","time":1}\n')
    commands.send(run.commands, "stop")
    found, offset = commands.read(run.commands, size)
    assert [command.command for command in found] == ["stop"]
    with run.commands.open("ab") as file:
        file.write(b'{"command":"sto')
    assert commands.read(run.commands, offset) == ([], offset), "half a command waits for its end"


def test_ctrl_c_stops_with_130_and_a_second_one_at_once(workshop: Any) -> None:
    run = workshop.long()
    worker = workshop.launch(run)
    workshop.until_event(run, "step", 3)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(90) == 130
    assert workshop.summary(run).reason == "stopped by ctrl+c"
    assert Checkpoints(run.checkpoints).steps()[-1] == workshop.summary(run).step

    worker = workshop.launch(run)
    workshop.until_event(run, "step", len(workshop.events(run, "step")) + 1)
    commands.send(run.commands, "pause")
    workshop.until_event(run, "paused")
    worker.send_signal(signal.SIGHUP)
    commands.send(run.commands, "resume")
    workshop.until_event(run, "continued")
    assert worker.poll() is None, "a closed terminal ends no training"
    os.kill(worker.pid, signal.SIGSTOP)
    worker.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGINT)
    os.kill(worker.pid, signal.SIGCONT)
    assert worker.wait(90) in (0, 130)
    assert workshop.summary(run).state == "stopped"


def test_a_run_that_is_alive_or_finished_can_not_be_started_again(workshop: Any) -> None:
    run = workshop.make()
    held = lock.take(run.lock)
    assert held is not None
    try:
        with pytest.raises(BadInput, match="queued already"):
            launching.launch(run)
    finally:
        os.close(held)
    assert launching.train_here(run) == 0
    with pytest.raises(BadInput, match="has finished"):
        launching.launch(run)
