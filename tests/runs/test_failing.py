"""Runs that fail: state, exit code and a sentence, and a last checkpoint that is whole."""

from __future__ import annotations

from typing import Any

import pytest

from cfbench import python
from cfbench.errors import WorkFailed
from cfbench.runs import launching
from cfbench.training.checkpoints import Checkpoints


def test_a_learning_rate_far_too_high_fails_in_words(workshop: Any) -> None:
    run = workshop.make(
        optimizer={"name": "sgd", "lr": 1e6}, schedule={"name": "constant"}, training={"checkpoint_every": 1}
    )
    assert workshop.finish(run) == 1
    failed = workshop.summary(run)
    assert (failed.state, failed.exit_code) == ("failed", 1)
    assert f"at step {failed.step + 1} (epoch 1)" in failed.reason
    assert "the likely cause is a learning rate too high: try optimizer.lr = 1e+05" in failed.reason
    last = Checkpoints(run.checkpoints).steps()[-1]
    Checkpoints(run.checkpoints).verify(last)
    assert last == failed.step >= 1
    assert failed.reason in run.log.read_text()


FAILS = """
from cfbench.plugin import Metric, hookimpl

def broken(prediction, target, params):
    return {}["no such key"]

@hookimpl
def cfbench_metrics():
    return [Metric("moments", "Moments", "fails", broken)]
"""


def test_a_plugin_that_raises_is_named_with_its_line(workshop: Any) -> None:
    metrics = workshop.moments()
    (workshop.plugin_folder / "moments.py").write_text(FAILS)
    run = workshop.make(metrics=metrics)
    assert launching.train_here(run) == 1
    failed = workshop.summary(run)
    assert (failed.state, failed.exit_code) == ("failed", 1)
    assert "moments.py:5 in broken: KeyError: 'no such key'" in failed.reason
    assert Checkpoints(run.checkpoints).steps() == [0]


def test_python_raises_what_a_worker_would_tell(workshop: Any) -> None:
    document = workshop.document(optimizer={"name": "sgd", "lr": 1e6}, schedule={"name": "constant"})
    with pytest.raises(WorkFailed, match=r"failed: the loss became (inf|nan) at step \d+"):
        python.train(document)
