"""One worker a device: who comes later waits, and starts when those ahead have ended, however they ended."""

from __future__ import annotations

import os
from typing import Any

from cfbench.runs import commands, lock, queue
from cfbench.runs.machine import boot_id


def test_a_second_run_waits_and_starts_when_the_first_is_killed(workshop: Any) -> None:
    first, second, third = workshop.long(), workshop.make(), workshop.make()
    ahead = workshop.launch(first)
    workshop.until_event(first, "step", 3)
    waiting, last = workshop.launch(second), workshop.launch(third)
    workshop.until_event(first, "step", len(workshop.events(first, "step")) + 40)
    assert workshop.summary(second).state == workshop.summary(third).state == "queued"
    assert [run.id for run in queue.ahead(third)] == sorted([first.id, second.id])
    assert "torch" not in memory_maps(waiting.pid), "a run that waits is light"

    workshop.kill(last)
    lost = workshop.summary(third)
    assert (lost.state, lost.exit_code) == ("lost", 1)
    assert lost.reason == "its worker died while waiting in line, without a word"
    assert workshop.summary(first).state == "running"

    commands.send(second.commands, "pause")
    workshop.until_state(second, "paused")
    commands.send(second.commands, "resume")
    workshop.until_state(second, "queued")

    workshop.kill(ahead)
    assert workshop.summary(first).state == "lost"
    assert workshop.summary(first).reason == "its worker died while training, without a word"
    assert waiting.wait(90) == 0
    assert workshop.summary(second).state == "finished"


def memory_maps(pid: int) -> str:
    with open(f"/proc/{pid}/maps") as file:
        return file.read()


def test_a_second_run_starts_when_the_first_ends_and_never_trains_beside_it(workshop: Any) -> None:
    first, second = workshop.make(), workshop.make()
    workers = [workshop.launch(first), workshop.launch(second)]
    assert [worker.wait(90) for worker in workers] == [0, 0]
    assert workshop.events(first, "finished")[0]["mono"] < workshop.events(second, "starting")[0]["mono"]


def test_a_waiting_run_that_is_stopped_ends_without_training(workshop: Any) -> None:
    first, second = workshop.make(), workshop.make()
    held = lock.take(first.lock)
    assert held is not None
    queue.join(held, "cpu")
    try:
        waiting = workshop.launch(second)
        workshop.until_state(second, "queued")
        commands.send(second.commands, "stop")
        assert waiting.wait(90) == 0
    finally:
        os.close(held)
    assert workshop.summary(second).state == "stopped"
    assert not workshop.events(second, "starting")
    assert not second.checkpoints.exists()
    assert workshop.finish(second) == 0, "it can be started later"


def test_another_device_is_another_line(workshop: Any) -> None:
    first, second, third = workshop.make(), workshop.make(), workshop.make()
    locks = [lock.take(run.lock) for run in (first, second, third)]
    try:
        for held, device in zip(locks, ("cpu", "cuda:1", "cpu"), strict=True):
            queue.join(held, device)
        assert queue.ahead(second) == []
        assert [run.id for run in queue.ahead(third)] == [first.id]
    finally:
        for held in locks:
            os.close(held)


def test_a_forked_child_of_the_worker_does_not_keep_the_run_alive(workshop: Any) -> None:
    metrics = workshop.moments()
    plugin = workshop.plugin_folder / "moments.py"
    plugin.write_text(FORKS)
    run = workshop.long(metrics=metrics)
    worker = workshop.launch(run)
    workshop.until_event(run, "step", 1)
    children = (run.path / "children").read_text().split()
    assert len(children) == 2
    try:
        workshop.kill(worker)
        assert all(os.path.exists(f"/proc/{child}") for child in children)
        assert workshop.summary(run).state == "lost"
        assert not lock.held(run.lock)
        assert (run.path / "grandchild").read_text() == "its own file is open"
    finally:
        for child in children:
            os.kill(int(child), 9)


FORKS = '''
"""A plugin whose worker leaves a child and a grandchild behind, both forked."""
import os, signal, sys
from cfbench.plugin import Metric, hookimpl

if "cfbench.runs.worker" in " ".join(sys.orig_argv):
    child_tells, parent_hears = os.pipe()[::-1]
    if not os.fork():
        number_of_the_lock = int(sys.orig_argv[-2])
        os.dup2(os.open("grandchild", os.O_WRONLY | os.O_CREAT, 0o600), number_of_the_lock)
        grandchild = os.fork()
        if not grandchild:
            os.write(number_of_the_lock, b"its own file is open")
            os.write(child_tells, f"{os.getpid()} {os.getppid()}".encode())
        while True:
            signal.pause()
    with open("children", "wb") as file:
        file.write(os.read(parent_hears, 100))

def largest(prediction, target, params):
    return float(prediction.max())

@hookimpl
def cfbench_metrics():
    return [Metric("moments", "Moments", "the largest prediction", largest)]
'''


def test_a_run_of_another_boot_is_lost_to_the_restart(workshop: Any) -> None:
    run = workshop.make()
    content = run.events.read_bytes()
    assert boot_id().encode() in content
    run.events.write_bytes(content.replace(boot_id().encode(), b"another boot"))
    lost = workshop.summary(run)
    assert (lost.state, lost.reason) == ("lost", "the machine restarted while it was waiting in line")
