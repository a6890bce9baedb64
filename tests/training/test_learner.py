"""The learner against a loop written down again, against planted factors, and against what can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from cfbench import plugin
from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Component
from cfbench.loading.components import installed
from cfbench.loading.previewing import open_loader
from cfbench.training.checkpoints import Checkpoints
from cfbench.training.learner import Diverged, Learner, set_rates

Make = Callable[..., Learner]
SGD = {
    "optimizer": {"name": "sgd", "lr": 0.5, "momentum": 0.9, "weight_decay": 0.001},
    "schedule": {"name": "constant"},
    "model": {"name": "dot-product", "n_factors": 4, "init_sd": 0.5},
}


def test_every_loss_equals_a_plain_loop_written_down_again(learner: Make) -> None:
    made = learner(**SGD, training={"precision": "float64", "epochs": 2}, loader={"batch_size": 77})
    tables = [value.detach().clone() for value in made.predictor.module.parameters()]
    steps, losses = [torch.zeros_like(table) for table in tables], []
    batches = [batch for epoch in range(2) for batch in made.loader.train.batches(epoch)]
    for batch in batches:
        users, items = batch.x.T
        p, q, target = tables[0][users], tables[1][items], batch.target.double()
        error = (p * q).sum(1) - target
        losses.append((error**2).mean().item())
        slope = (2 * error / len(target))[:, None]
        gradients = [torch.zeros_like(table) for table in tables]
        gradients[0].index_add_(0, users, slope * q)
        gradients[1].index_add_(0, items, slope * p)
        for number, (table, gradient) in enumerate(zip(tables, gradients, strict=True)):
            steps[number] = 0.9 * steps[number] + gradient + 0.001 * table
            table -= 0.5 * steps[number]

    assert made.fit()
    told = made.events.of("step")
    assert len(losses) == 84 == told[-1]["step"]
    assert [event["step"] for event in told] == list(range(1, 85)), "at 42 steps an epoch each step is told"
    assert [event["loss"] for event in told] == pytest.approx(losses, rel=1e-12)
    assert losses[-1] < losses[0] / 2
    for value, table in zip(made.predictor.module.parameters(), tables, strict=True):
        torch.testing.assert_close(value, table, rtol=1e-12, atol=1e-14)

    rows = np.array([len(batch) for batch in batches[:42]])
    assert rows[-1] == 3200 - 41 * 77
    first, last = made.events.of("epoch")
    assert first["train_loss"] == pytest.approx(np.dot(losses[:42], rows) / 3200, rel=1e-12)

    x, target = made.loader.valid.all.x, made.loader.valid.all.target.double().numpy()
    predicted = (tables[0][x[:, 0]] * tables[1][x[:, 1]]).sum(1).numpy()
    assert last["valid_loss"] == pytest.approx(np.mean((predicted - target) ** 2), rel=1e-12)
    assert last["metrics"] == {
        "rmse": pytest.approx(np.sqrt(np.mean((predicted - target) ** 2)), rel=1e-12),
        "mae": pytest.approx(np.mean(np.abs(predicted - target)), rel=1e-12),
    }
    assert (last["epoch"], last["step"]) == (2, 84)


def test_a_step_returns_its_loss_and_does_what_the_loop_does(learner: Make) -> None:
    made, whole = learner(**SGD), learner(**SGD, training={"epochs": 1})
    losses = [made.step(batch) for batch in made.loader.train.batches(0)]
    assert whole.fit()
    assert losses == [event["loss"] for event in whole.events.of("step")]


@pytest.mark.parametrize(
    "model",
    [
        {"name": "biased-dot-product", "n_factors": 4, "y_range": [-2.0, 9.0]},
        {"name": "embedding-mlp", "layers": [16], "dropout": 0.3},
    ],
)
def test_the_same_experiment_and_seed_give_the_same_bits(learner: Make, model: dict[str, Any]) -> None:
    first, again = learner(model=model), learner(model=model)
    other = learner(model=model, experiment={"seed": 1})
    for made in (first, again, other):
        assert made.fit()
        torch.rand(1)
    assert first.events.measurements() == again.events.measurements()
    assert first.events.measurements() != other.events.measurements()
    for name, value in first.predictor.module.state_dict().items():
        assert torch.equal(value, again.predictor.module.state_dict()[name]), name


class DrawsFromTorch(torch.nn.Module):
    """A model as many people write one: first values and dropout from torch's own generator."""

    def __init__(self, info: plugin.DataInfo, params: Any) -> None:
        super().__init__()
        self.users, self.items = torch.nn.Embedding(info.n_users, 8), torch.nn.Embedding(info.n_items, 8)
        self.dropout = torch.nn.Dropout(0.3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.dropout(self.users(x[:, 0])) * self.items(x[:, 1])).sum(1)


def test_a_model_that_draws_from_torchs_own_generator_is_reproducible_too(with_model: Any) -> None:
    def trained(**seeds: int) -> tuple[torch.Tensor, list[float]]:
        made = with_model(DrawsFromTorch, experiment={"seeds": seeds})
        first = made.predictor.module.users.weight.detach().clone()
        torch.rand(len(seeds) + 1)
        assert made.fit()
        return first, [event["loss"] for event in made.events.of("step")]

    (first, losses), (same, same_losses) = trained(), trained()
    assert torch.equal(first, same)
    assert losses == same_losses
    same, other_losses = trained(dropout=7)
    assert torch.equal(first, same)
    assert losses != other_losses
    other, _ = trained(init=7)
    assert not torch.equal(first, other)


def test_step_events_come_forty_times_an_epoch_with_the_mean_since_the_last(learner: Make) -> None:
    gentle = {**SGD, "optimizer": {"name": "sgd", "lr": 0.02}}
    often = learner(**gentle, loader={"batch_size": 10}, training={"epochs": 1})
    losses = [often.step(batch) for batch in often.loader.train.batches(0)]
    told = often.events.of("step")
    assert [event["step"] for event in told] == list(range(8, 321, 8))
    means = np.array(losses).reshape(40, 8).mean(1)
    assert [event["loss"] for event in told] == pytest.approx(means, rel=1e-12)


def test_planted_factors_are_found(learner: Make) -> None:
    settings = {"optimizer": {"name": "adamw", "lr": 0.02, "weight_decay": 0.01}, "training": {"epochs": 40}}
    factors = learner(model={"name": "biased-dot-product", "n_factors": 3, "init_sd": 0.1}, **settings)
    assert factors.fit()
    best_biases = biases_alone(factors)
    found = factors.events.of("epoch")[-1]["metrics"]["rmse"]
    assert best_biases > 0.9, "biases alone can't explain the planted factors"
    assert found < 0.3, "the noise is 0.1"


def biases_alone(learner: Learner) -> float:
    """RMSE on valid of the least squares fit of mean + user bias + item bias."""
    rows = []
    for part in (learner.loader.train, learner.loader.valid):
        x, n = part.all.x.numpy(), part.n_rows
        table = np.zeros((n, 164))
        table[np.arange(n), x[:, 0]] = 1
        table[np.arange(n), 82 + x[:, 1]] = 1
        rows.append((table, part.all.target.numpy()))
    weights = np.linalg.lstsq(rows[0][0], rows[0][1], rcond=None)[0]
    return float(np.sqrt(np.mean((rows[1][0] @ weights - rows[1][1]) ** 2)))


def test_only_the_field_explains_the_rating_and_the_mlp_learns_it(learner: Make, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    path, rows = tmp_path / "fields.csv", []
    for cell in rng.permutation(40 * 40)[:1200]:
        mood, hour = rng.integers(3), rng.normal(12, 3)
        rating = (1.0, 3.0, 5.0)[mood] + 0.3 * (hour - 12)
        rows.append(f"u{cell // 40},i{cell % 40},{rating:.3f},{('sad', 'calm', 'glad')[mood]},{hour:.3f}")
    path.write_text("\n".join(["user,item,rating,mood,hour", *rows]) + "\n")
    mlp = {"name": "embedding-mlp", "n_factors": 2, "field_factors": 4, "layers": [16], "init_sd": 0.1}
    errors = {}
    for fields in ((["mood"], ["hour"]), (["mood"], []), ([], ["hour"]), ([], [])):
        data = {"source": str(path), "categorical": fields[0], "continuous": fields[1]}
        made = learner(data=data, model=mlp, optimizer={"lr": 0.02, "weight_decay": 0.01}, training={"epochs": 25})
        assert made.fit()
        errors[len(fields[0]), len(fields[1])] = made.events.of("epoch")[-1]["metrics"]["rmse"]
    assert errors[1, 1] < 0.25
    assert 0.8 < errors[1, 0] < 1.3, "what the hour adds is 0.9"
    assert errors[0, 1] > 1.4, "what the mood adds is 1.6"
    assert errors[0, 0] > 1.6


def test_the_schedule_is_followed(learner: Make) -> None:
    made = learner(optimizer={"name": "sgd", "lr": 0.1, "momentum": 0.5}, loader={"batch_size": 800})
    rates = []
    for batch in (batch for epoch in range(3) for batch in made.loader.train.batches(epoch)):
        made.step(batch)
        rates.append((made.optimizer.param_groups[0]["lr"], made.optimizer.param_groups[0]["momentum"]))
    target, params = installed("schedule", "one-cycle").target, installed("schedule", "one-cycle").params()
    expected = [target(params, 0.1, 12)(step) for step in range(12)]
    assert rates == [(rate.lr, rate.momentum) for rate in expected]
    assert [event["lr"] for event in made.events.of("step")] == [rate.lr for rate in expected]


def test_momentum_is_set_where_an_optimizer_has_it() -> None:
    weight = [torch.nn.Parameter(torch.zeros(1))]
    plain, heavy = torch.optim.SGD(weight, 1.0), torch.optim.SGD(weight, 1.0, momentum=0.5)
    adam = torch.optim.Adam(weight, 1.0, (0.9, 0.99))
    for optimizer in (plain, heavy, adam):
        set_rates(optimizer, plugin.Rates(0.25, 0.8))
        assert optimizer.param_groups[0]["lr"] == 0.25
    assert plain.param_groups[0]["momentum"] == 0
    assert heavy.param_groups[0]["momentum"] == 0.8
    assert adam.param_groups[0]["betas"] == (0.8, 0.99)
    set_rates(heavy, plugin.Rates(0.1))
    assert heavy.param_groups[0]["momentum"] == 0.8


def test_early_stopping_stops_and_keeps_the_best_checkpoint(learner: Make, tmp_path: Path) -> None:
    made = learner(
        tmp_path,
        model={"name": "dot-product", "n_factors": 40, "init_sd": 0.1},
        optimizer={"name": "adam", "lr": 0.03},
        schedule={"name": "constant"},
        training={"epochs": 200, "early_stopping": 3},
    )
    assert made.fit()
    losses = [event["valid_loss"] for event in made.events.of("epoch")]
    best = int(np.argmin(losses))
    assert 0 < best < len(losses) - 3 + 1
    assert len(losses) == best + 4 < 200, "three epochs after the best"
    assert [event["epoch"] for event in made.events.of("epoch") if event["best"]][-1] == best + 1
    steps = Checkpoints(tmp_path).steps()
    assert steps == [32 * (best + 1), 32 * (best + 3), 32 * (best + 4)], "the best and the last two"
    tensors, state = Checkpoints(tmp_path).read(32 * (best + 1))
    assert state["progress"]["last"]["valid_loss"] == losses[best] == min(losses)
    made.predictor.module.load_state_dict(tensors["model"])
    from cfbench.training.evaluation import evaluate

    assert evaluate(made.predictor, made.loader, "valid", made.objective, [])[0] == losses[best]


def test_a_loss_that_is_no_number_ends_the_training_in_words(learner: Make, tmp_path: Path) -> None:
    made = learner(tmp_path, **{**SGD, "optimizer": {"name": "sgd", "lr": 1e6}}, training={"checkpoint_every": 1})
    with pytest.raises(Diverged) as ended:
        made.fit()
    words = str(ended.value)
    step = made.progress.step + 1
    assert f"at step {step} (epoch 1)" in words
    assert "learning rate was 1e+06" in words
    assert "learning rate too high: try optimizer.lr = 1e+05" in words
    assert 2 <= step < 20
    Checkpoints(tmp_path).verify(Checkpoints(tmp_path).steps()[-1])


class Nonsense(torch.nn.Module):
    """Predicts what its parameters say."""

    def __init__(self, info: plugin.DataInfo, params: Any, value: float = 0.0, shape: str = "(B,)") -> None:
        super().__init__()
        self.weight, self.value, self.shape = torch.nn.Parameter(torch.zeros(1)), value, shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        predicted = self.weight.expand(len(x)) * 1 + self.value
        return {"(B,)": predicted, "(B, 1)": predicted[:, None], "()": predicted.sum()}[self.shape]


@pytest.fixture
def with_model(defined: Any, learner: Make) -> Callable[..., Learner]:
    """A learner of a model that is brought in as a plugin."""

    def with_model(target: Callable[..., Any], **tables: Any) -> Learner:
        def find(kind: str, name: str) -> plugin.Declaration:
            return plugin.Model("mine", "Mine", "m", target) if kind == "model" else installed(kind, name)

        made = defined(**tables)
        experiment = msgspec.structs.replace(made, model=Component("test:mine"))
        return Learner(experiment, open_loader(made), find, learner().events)

    return with_model


@pytest.mark.parametrize(("shape", "shown"), [("(B, 1)", "(100, 1)"), ("()", "()")])
def test_a_prediction_of_another_shape_is_named(with_model: Any, shape: str, shown: str) -> None:
    made = with_model(lambda info, params: Nonsense(info, params, shape=shape))
    with pytest.raises(WorkFailed) as refused:
        made.fit()
    assert f"forward gave shape {shown} for a batch of 100" in str(refused.value)
    assert "return (100,), one prediction a row" in str(refused.value)


def test_an_untrained_model_without_numbers_is_told_from_a_high_rate(with_model: Any) -> None:
    made = with_model(lambda info, params: Nonsense(info, params, value=float("nan")))
    with pytest.raises(Diverged, match=r"the untrained model .* already predicts no finite number"):
        made.fit()


def test_what_is_no_module_is_refused(with_model: Any) -> None:
    with pytest.raises(WorkFailed, match=r"it made a dict, not a torch\.nn\.Module"):
        with_model(lambda info, params: {})


def test_a_batch_size_beyond_the_rows_is_refused_where_short_batches_are_dropped(learner: Make) -> None:
    with pytest.raises(BadInput, match=r"3,200 training rows make no batch of 3,201"):
        learner(loader={"batch_size": 3201, "drop_last": True})
    assert len(learner(loader={"batch_size": 3200, "drop_last": True}).loader.train) == 1


def test_a_device_that_is_not_there_is_named(learner: Make) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(BadInput, match="there is no CUDA device here"):
        learner(training={"device": "cuda"})


def test_training_leaves_torchs_settings_as_they_were(learner: Make) -> None:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    assert learner().fit()
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


@pytest.mark.parametrize("rule", ["sgd", "adagrad", "lazy-adam"])
def test_sparse_gradients_change_no_number(learner: Make, monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    settings = {"loader": {"batch_size": 8}, "optimizer": {"name": rule, "lr": 0.01}, "training": {"epochs": 1}}
    settings["loss"] = {"name": "mse", "l2": 0.01}
    sparse = learner(**settings)
    assert sparse.predictor.module.users.sparse
    monkeypatch.setattr("cfbench.training.components._SPARSE", 100)
    dense = learner(**settings)
    assert not dense.predictor.module.users.sparse
    for made in (sparse, dense):
        assert made.fit()
    for (name, ours), theirs in zip(
        sparse.predictor.module.state_dict().items(), dense.predictor.module.state_dict().values(), strict=True
    ):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5), name


def test_other_optimizers_keep_dense_gradients(learner: Make) -> None:
    for optimizer in ({"name": "adamw"}, {"name": "sgd", "momentum": 0.9}):
        assert not learner(loader={"batch_size": 8}, optimizer=optimizer).predictor.module.users.sparse
