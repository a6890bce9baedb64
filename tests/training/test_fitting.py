"""Models that train themselves: what they are given, what is told, how they are stopped, and what they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cfbench.errors import BadInput
from cfbench.experiment import Experiment
from cfbench.loading.components import installed
from cfbench.loading.previewing import open_loader
from cfbench.training.checkpoints import Checkpoints
from cfbench.training.components import make_metrics
from cfbench.training.estimating import cost
from cfbench.training.evaluation import head_items, measure
from cfbench.training.learner import Learner

Make = Callable[..., Any]


@pytest.fixture
def itself(defined: Make) -> Make:
    """A learner of a model that trains itself."""

    def itself(name: str, control: Any = None, checkpoints: Path | None = None, metrics: Any = ("ndcg@5",)) -> Learner:
        from .conftest import Told

        made = defined(metrics=list(metrics))
        made = _with_model(made, name)
        kept = Checkpoints(checkpoints) if checkpoints else None
        return Learner(made, open_loader(made), installed, Told(), kept, control)

    return itself


def _with_model(made: Experiment, name: str) -> Experiment:
    import msgspec

    from cfbench.experiment import Component
    from cfbench.runs.preparing import checked

    return checked(msgspec.structs.replace(made, model=Component(name)))


def test_it_is_one_epoch_that_tells_how_far_it_is(itself: Make, tmp_path: Path) -> None:
    learner = itself("ease", checkpoints=tmp_path)
    assert learner.fit()
    assert [event["fraction"] for event in learner.events.of("fit")] == [0.1, 1.0]
    (epoch,) = learner.events.of("epoch")
    assert (epoch["epoch"], epoch["step"], epoch["train_loss"], epoch["valid_loss"]) == (1, 1, None, None)
    assert 0 < epoch["metrics"]["ndcg@5"] < 1
    assert Checkpoints(tmp_path).steps() == [0, 1]
    assert learner.optimizer is None


def test_losses_of_a_model_of_ratings_are_told(itself: Make) -> None:
    learner = itself("user-item-bias", metrics=["rmse", "mse"])
    assert learner.fit()
    (epoch,) = learner.events.of("epoch")
    assert epoch["valid_loss"] == pytest.approx(epoch["metrics"]["mse"])
    assert 0 < epoch["train_loss"] < epoch["valid_loss"]


def test_what_it_is_given_is_the_training_rows_alone(itself: Make) -> None:
    learner = itself("popularity")
    data, loader = learner.loader.fit_data(), learner.loader
    assert len(data.user) == loader.train.n_rows
    train = loader.split.train
    assert np.array_equal(data.user, loader.interactions.user[train])
    assert np.array_equal(data.target, loader.interactions.target[train])
    assert data.by_user.starts[-1] == len({*zip(data.user.tolist(), data.item.tolist(), strict=True)})


def test_it_stops_between_two_steps_and_starts_anew(itself: Make, tmp_path: Path) -> None:
    class Asked:
        def stop_wanted(self, step: int) -> bool:
            return True

    stopped = itself("ease", Asked(), tmp_path)
    assert not stopped.fit()
    assert not stopped.events.of("epoch")
    resumed = itself("ease", None, tmp_path)
    resumed.resume(0)
    assert resumed.fit()
    whole = itself("ease")
    whole.fit()
    assert torch.equal(resumed.predictor.module.weights, whole.predictor.module.weights)


def test_its_cost_is_what_it_keeps(itself: Make) -> None:
    told = cost(itself("ease").experiment)
    assert told.tables["weights"] == (81, 81)
    assert (told.seconds, told.optimizer_bytes, told.steps_an_epoch) == (0.0, 0, 1)


def test_what_does_not_fit_into_memory_is_refused(itself: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = itself("ease").experiment
    monkeypatch.setattr("cfbench.training.memory.free", lambda: 10_000)
    with pytest.raises(BadInput, match="with a table of"):
        cost(made)


def test_warm_cold_head_and_tail_are_measured_apart(itself: Make) -> None:
    learner = itself("user-item-bias", metrics=["rmse", "recall@10", "coverage@5"])
    learner.fit()
    scorers = make_metrics(learner.experiment, installed)
    found = measure(learner.predictor, learner.loader, "valid", learner.objective, scorers)
    assert found.sizes["warm"] + found.sizes["cold"] == found.sizes["head"] + found.sizes["tail"] == 800
    assert found.sizes["cold"] == 0
    assert "cold" not in found.slices
    counts = learner.loader.encoder.counts["item"]
    head = head_items(counts)
    assert head.sum() == 16
    assert counts[head].min() >= counts[~head & (counts > 0)].max()
    rows = learner.loader.rows("valid")
    in_head = head[learner.loader.interactions.item[rows]]
    squares = (learner.loader.interactions.target[rows] - _predicted(learner)) ** 2
    for name, mask in (("head", in_head), ("tail", ~in_head)):
        assert found.slices[name]["rmse"] == pytest.approx(float(np.sqrt(squares[mask].mean())), rel=1e-5)
        assert found.slices[name]["coverage@5"] is None
        assert found.slices[name]["recall@10"] is not None
    users = learner.loader.interactions.user[rows]
    first = users == found.users[0]
    assert found.by_user["rmse"][0] == pytest.approx(float(np.sqrt(squares[first].mean())), rel=1e-5)
    assert float(np.nanmean(found.by_user["recall@10"])) == pytest.approx(found.metrics["recall@10"])
    assert "coverage@5" not in found.by_user


def _predicted(learner: Learner) -> np.ndarray:
    with torch.no_grad():
        return learner.predictor(learner.loader.valid.all).numpy()
