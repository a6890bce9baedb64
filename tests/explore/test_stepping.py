"""One step, against the textbook's formula, finite differences, plain loops, and what runs really wrote and told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from cfbench import python
from cfbench.answers import StepTable, StepView
from cfbench.errors import BadInput
from cfbench.explore.stepping import one_step
from cfbench.explore.trained import Trained
from cfbench.loading.negatives import Negatives
from cfbench.runs import events
from cfbench.training.checkpoints import Checkpoints

Train = Callable[..., Trained]
K, LR = 3, 0.05
WIDE = {"name": "biased-dot-product", "n_factors": K, "init_sd": 0.5}
PLAIN = {"optimizer": {"name": "sgd", "lr": LR}, "schedule": {"name": "constant"}, "loader": {"batch_size": 1}}


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Trained]:
    """Train on a file of a few rows, without drawn order."""

    def tiny(rows: int, train: int, **tables: Any) -> Trained:
        lines = [f"u{n % 3},i{n % 4},{1 + n % 5}" for n in range(rows)]
        (tmp_path / "r.csv").write_text("\n".join(["user,item,rating", *lines]) + "\n")
        return python.train(
            {
                "data": {"source": str(tmp_path / "r.csv")},
                "splitter": {"name": "random", "valid": 1 - train / rows},
                "loader": {"batch_size": train, "shuffle": False},
                "model": WIDE,
                "training": {"epochs": 1, "threads": 1},
                **tables,
            }
        )

    return tiny


def numbers(trained: Trained, step: int) -> dict[tuple[str, str], np.ndarray]:
    """(side, label) -> bias and factors in a checkpoint of the run, float64."""
    tensors, _ = Checkpoints(trained.run.checkpoints).read(step)
    state = {name: value.double().numpy() for name, value in tensors["model"].items()}
    found = {}
    for side in ("user", "item"):
        both = np.concatenate([state[f"{side}_bias.weight"], state[f"{side}s.weight"]], 1)
        found |= {(side, label): row for label, row in zip(trained.classes[side], both, strict=True)}
    return found


def by_label(found: StepView) -> dict[tuple[str, str], StepTable]:
    return {(one.of, one.label): one for one in found.tables}


def rows_of(trained: Trained) -> list[tuple[str, str, float]]:
    """Training rows in the order of the first epoch."""
    every, order = trained.loader.train.all, trained.loader.train.order(0)
    x, target = every.x.numpy()[order], every.target.numpy()[order]
    users, items = trained.classes["user"], trained.classes["item"]
    return [(users[u], items[i], float(t)) for (u, i), t in zip(x.tolist(), target, strict=True)]


@pytest.mark.parametrize("l2", [0.0, 0.03])
@pytest.mark.parametrize("number", [0, 5])
def test_a_step_of_sgd_is_the_textbooks(train: Train, l2: float, number: int) -> None:
    trained = train(**PLAIN, model=WIDE, loss={"name": "mse", "l2": l2}, training={"epochs": 1})
    start, mean = numbers(trained, 0), float(trained.model.state_dict()["offset"])
    found = one_step(trained, number=number)
    user, item, rating = rows_of(trained)[number]
    (b_u, *p), (b_i, *q) = start["user", user], start["item", item]
    p, q = np.array(p), np.array(q)
    z = mean + b_u + b_i + p @ q
    error = z - rating
    (row,) = found.rows
    assert (row.user, row.item, row.target) == (user, item, rating)
    assert row.title == trained.classes["title"][trained.item_codes[item]]
    assert (row.before, row.score, row.error) == pytest.approx((z, z, error), abs=1e-5)
    assert row.products == pytest.approx(p * q, abs=1e-5)
    assert row.rest == 0
    assert found.loss == pytest.approx(error**2, abs=1e-5)
    assert found.penalty == pytest.approx(l2 * (p @ p + q @ q + b_u**2 + b_i**2), abs=1e-5)
    gradients = {
        ("user", user): np.append(2 * error + 2 * l2 * b_u, 2 * error * q + 2 * l2 * p),
        ("item", item): np.append(2 * error + 2 * l2 * b_i, 2 * error * p + 2 * l2 * q),
    }
    assert list(by_label(found)) == list(gradients)
    for key, one in by_label(found).items():
        np.testing.assert_allclose(one.before, start[key], atol=1e-7)
        np.testing.assert_allclose(one.gradient, gradients[key], atol=1e-5)
        np.testing.assert_allclose(one.update, -LR * gradients[key], atol=1e-5)
        np.testing.assert_allclose(one.after, start[key] - LR * gradients[key], atol=1e-5)
    (new_bu, *new_p), (new_bi, *new_q) = (one.after for one in found.tables)
    after = mean + new_bu + new_bi + np.dot(new_p, new_q)
    assert row.after == pytest.approx(after, abs=1e-5)
    assert found.loss_after == pytest.approx((after - rating) ** 2, abs=1e-5)
    assert found.loss_after < found.loss
    assert (found.step, found.lr, found.y_range, found.left_out) == (0, LR, None, 0)
    assert found.columns == ("bias", "f1", "f2", "f3")
    assert (row.slope, row.drawn, row.more_drawn) == (pytest.approx(2 * error, abs=1e-5), (), 0)
    assert not any(one.drawn for one in found.tables)


@pytest.mark.parametrize("y_range", [None, (0.0, 5.5)])
def test_gradients_are_finite_differences_of_the_loss(train: Train, y_range: Any) -> None:
    trained = train(
        **{**PLAIN, "loader": {"batch_size": 4}},
        model={**WIDE, "y_range": y_range},
        loss={"name": "mse", "l2": 0.02},
        training={"epochs": 1},
    )
    mean = float(trained.model.state_dict()["offset"])
    found = one_step(trained, size=8, number=1)
    assert len(found.rows) == 8
    tables = {key: np.array(one.before) for key, one in by_label(found).items()}

    def loss(tables: dict[tuple[str, str], np.ndarray]) -> float:
        total = 0.0
        for row in found.rows:
            user, item = tables["user", row.user], tables["item", row.item]
            f = mean + user[0] + item[0] + user[1:] @ item[1:]
            if y_range:
                f = y_range[0] + (y_range[1] - y_range[0]) / (1 + np.exp(-f))
            total += (f - row.target) ** 2 + 0.02 * (user @ user + item @ item)
        return total / len(found.rows)

    assert loss(tables) == pytest.approx(found.loss + found.penalty, abs=1e-5)
    for key, one in by_label(found).items():
        for n in range(K + 1):
            h = np.zeros(K + 1)
            h[n] = 1e-5
            ends = [loss({**tables, key: tables[key] + sign * h}) for sign in (1, -1)]
            assert one.gradient[n] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-5)
    assert found.y_range == y_range
    for row in found.rows:
        p, q = tables["user", row.user], tables["item", row.item]
        assert row.score == pytest.approx(mean + p[0] + q[0] + p[1:] @ q[1:], abs=1e-6)
    assert len(found.tables) == len({row.user for row in found.rows}) + len({row.item for row in found.rows})


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "adagrad", "lazy-adam"])
@pytest.mark.parametrize("schedule", ["constant", "one-cycle"])
def test_after_the_step_is_what_the_run_wrote_after_its_first(tiny: Train, optimizer: str, schedule: str) -> None:
    trained = tiny(5, 4, optimizer={"name": optimizer, "lr": 0.1}, schedule={"name": schedule})
    assert trained.step == 1
    before, after = numbers(trained, 0), numbers(trained, 1)
    found = one_step(trained, size=4)
    assert len(found.tables) == len({row.user for row in found.rows}) + len({row.item for row in found.rows})
    for key, one in by_label(found).items():
        np.testing.assert_allclose(one.before, before[key], atol=1e-7)
        np.testing.assert_allclose(one.after, after[key], atol=1e-6)
        assert np.abs(one.update).max() > 1e-4
    told = [event for event in events.read(trained.run.events).events if event["event"] == "step"]
    assert (found.loss, found.lr) == pytest.approx((told[0]["loss"], told[0]["lr"]), rel=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "adagrad", "lazy-adam"])
def test_a_step_from_the_checkpoint_goes_on_with_the_optimizers_memory(tiny: Train, optimizer: str) -> None:
    momentum = {"momentum": 0.9} if optimizer == "sgd" else {}
    trained = tiny(
        5, 4, optimizer={"name": optimizer, "lr": 0.1, **momentum}, training={"epochs": 3, "checkpoint_every": 1}
    )
    assert Checkpoints(trained.run.checkpoints).steps()[-2:] == [2, 3]
    trained.step = 2
    before, after = numbers(trained, 2), numbers(trained, 3)
    found = one_step(trained, size=4, start="trained")
    assert found.step == 2
    for key, one in by_label(found).items():
        np.testing.assert_allclose(one.before, before[key], atol=1e-7)
        np.testing.assert_allclose(one.after, after[key], atol=1e-6)


@pytest.mark.parametrize("loss", ["mse", "bpr"])
def test_the_loss_is_what_the_run_told_of_its_first_step(train: Train, loss: str) -> None:
    drawn = {"sampler": {"name": "uniform", "negatives": 2}} if loss == "bpr" else {}
    for size in (5, 8):
        trained = train(loader={"batch_size": size}, model=WIDE, training={"epochs": 1}, loss={"name": loss}, **drawn)
        told = [event for event in events.read(trained.run.events).events if event["event"] == "step"]
        assert told[0]["step"] == 1
        assert one_step(trained, size=size).loss == pytest.approx(told[0]["loss"], rel=1e-6)


AGAINST = ["bpr", "bce", "sampled-softmax"]


def softplus(z: Any) -> Any:
    return np.log1p(np.exp(z))


def textbook(loss: str, z: float, others: np.ndarray, n_items: int) -> float:
    """The loss of one row's score and those of items drawn uniformly beside it."""
    if loss == "bpr":
        return float(softplus(others - z).mean())
    if loss == "bce":
        return float((softplus(-z) + softplus(others).sum()) / (1 + len(others)))
    return float(np.log(np.exp(z) + np.exp(others).sum() * n_items / len(others)) - z)


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, np.ndarray]]:
    """What is drawn from here on: (step, items)."""
    found, draw = [], Negatives.draw

    def kept(self: Negatives, users: np.ndarray, step: int) -> Any:
        found.append((step, draw(self, users, step)))
        return found[-1][1]

    monkeypatch.setattr(Negatives, "draw", kept)
    return found


@pytest.mark.parametrize("loss", AGAINST)
def test_a_step_against_drawn_items_is_the_textbooks(train: Train, loss: str) -> None:
    trained = train(
        **PLAIN,
        model=WIDE,
        loss={"name": loss},
        sampler={"name": "uniform", "negatives": 4},
        training={"epochs": 1},
    )
    start, mean = numbers(trained, 0), float(trained.model.state_dict()["offset"])
    n_items = len({item for _, item, _ in rows_of(trained)})
    found = one_step(trained, number=3)
    (row,) = found.rows
    assert (len(row.drawn), row.more_drawn, row.error) == (4, 0, None)
    assert {one.item for one in row.drawn}.isdisjoint(i for u, i, _ in rows_of(trained) if u == row.user)
    assert [one.title for one in row.drawn] == [
        trained.classes["title"][trained.item_codes[one.item]] for one in row.drawn
    ]

    def score(tables: dict[tuple[str, str], Any], item: str) -> float:
        p, q = tables["user", row.user], tables["item", item]
        return float(mean + p[0] + q[0] + np.dot(p[1:], q[1:]))

    z, others = score(start, row.item), np.array([score(start, one.item) for one in row.drawn])
    assert (row.before, *(one.before for one in row.drawn)) == pytest.approx((z, *others), abs=1e-5)
    assert found.loss == pytest.approx(textbook(loss, z, others, n_items), abs=1e-5)
    assert [one.alone for one in row.drawn] == pytest.approx(
        [textbook(loss, z, others[n : n + 1], n_items) for n in range(4)], abs=1e-5
    )
    slopes = []
    for step in 1e-5 * np.eye(5):
        ends = [textbook(loss, z + sign * step[0], others + sign * step[1:], n_items) for sign in (1, -1)]
        slopes.append((ends[0] - ends[1]) / 2e-5)
    assert (row.slope, *(one.slope for one in row.drawn)) == pytest.approx(slopes, abs=1e-5)

    p = start["user", row.user]
    gradients = {("user", row.user): np.zeros(K + 1)}
    for slope, item in zip(slopes, [row.item, *(one.item for one in row.drawn)], strict=True):
        q = start["item", item]
        gradients["user", row.user] += slope * np.append(1, q[1:])
        gradients["item", item] = gradients.get(("item", item), 0) + slope * np.append(1, p[1:])
    assert list(by_label(found)) == list(gradients)
    after = {key: np.array(one.after) for key, one in by_label(found).items()}
    for key, one in by_label(found).items():
        np.testing.assert_allclose(one.before, start[key], atol=1e-7)
        np.testing.assert_allclose(one.gradient, gradients[key], atol=1e-5)
        np.testing.assert_allclose(one.update, -LR * gradients[key], atol=1e-5)
        assert one.drawn == (key not in (("user", row.user), ("item", row.item)))
    then = (score(after, row.item), *(score(after, one.item) for one in row.drawn))
    assert (row.after, *(one.after for one in row.drawn)) == pytest.approx(then, abs=1e-5)
    assert found.loss_after == pytest.approx(textbook(loss, then[0], np.array(then[1:]), n_items), abs=1e-5)
    assert found.loss_after < found.loss


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("loss", AGAINST)
def test_drawn_items_are_those_of_the_runs_own_step(
    tiny: Train, draws: list[tuple[int, np.ndarray]], loss: str, optimizer: str
) -> None:
    trained = tiny(
        6,
        4,
        loss={"name": loss},
        sampler={"name": "uniform", "negatives": 3},
        optimizer={"name": optimizer, "lr": 0.1},
        schedule={"name": "constant"},
    )
    ((step, drawn),) = draws
    before, after = numbers(trained, 0), numbers(trained, 1)
    assert (step, drawn.shape) == (0, (4, 3))
    found = one_step(trained, size=4)
    items = trained.classes["item"]
    assert [[one.item for one in row.drawn] for row in found.rows] == [[items[codes[0]]] for codes in drawn]
    assert [row.more_drawn for row in found.rows] == [2] * 4
    for row in found.rows:
        assert {("item", one.item) for one in row.drawn} <= set(by_label(found))
    for key, one in by_label(found).items():
        np.testing.assert_allclose(one.before, before[key], atol=1e-7)
        np.testing.assert_allclose(one.after, after[key], atol=1e-6)
    told = [event for event in events.read(trained.run.events).events if event["event"] == "step"]
    assert found.loss == pytest.approx(told[0]["loss"], rel=1e-6)


def test_past_the_schedules_end_its_last_rate_counts_and_the_next_items_are_drawn(
    train: Train, draws: list[tuple[int, np.ndarray]]
) -> None:
    trained = train(
        model=WIDE,
        loss={"name": "bpr"},
        sampler={"name": "uniform", "negatives": 2},
        optimizer={"name": "adamw", "lr": 0.1},
        schedule={"name": "one-cycle"},
        training={"epochs": 6},
    )
    told = [event for event in events.read(trained.run.events).events if event["event"] == "step"]
    draws.clear()
    found = one_step(trained, size=2, start="trained")
    assert {step for step, _ in draws} == {trained.step}
    assert (found.step, found.steps) == (trained.step, trained.step)
    assert found.lr == told[-1]["lr"] < 0.01 * found.highest_lr
    assert found.highest_lr == pytest.approx(0.1, rel=1e-3)
    assert one_step(trained).lr == pytest.approx(0.1 / 25)
    assert one_step(trained, start="trained", lr=0.02).highest_lr == 0.02


def test_a_screenful_of_drawn_items(train: Train) -> None:
    trained = train(
        model={**WIDE, "n_factors": 24},
        loss={"name": "bpr"},
        sampler={"name": "uniform", "negatives": 5},
        training={"epochs": 1},
    )
    for size, shown, beside in ((1, 20, 4), (2, 20, 2), (4, 16, 1), (8, 8, 1)):
        found = one_step(trained, size, shown=shown)
        assert [(len(row.drawn), row.more_drawn) for row in found.rows] == [(beside, 5 - beside)] * size
        assert len(msgspec.json.encode(found)) <= 22_400


def test_dropout_drops_what_it_dropped_in_the_run(train: Train) -> None:
    trained = train(
        loader={"batch_size": 8},
        data={"categorical": ["genre", "device"], "continuous": ["year"]},
        model={"name": "embedding-mlp", "n_factors": 3, "layers": [16], "dropout": 0.5, "init_sd": 1.0},
        training={"epochs": 1},
    )
    told = [event for event in events.read(trained.run.events).events if event["event"] == "step"]
    assert told[0]["step"] == 1
    assert one_step(trained, size=8).loss == pytest.approx(told[0]["loss"], rel=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "lazy-adam"])
@pytest.mark.parametrize("y_range", [None, (0.0, 5.5)])
def test_a_step_of_the_fused_engine_is_that_of_plain_loops(train: Train, optimizer: str, y_range: Any) -> None:
    from cfbench.training.fused import plain

    trained = train(
        **{**PLAIN, "optimizer": {"name": optimizer, "lr": LR}},
        model={**WIDE, "y_range": y_range},
        loss={"name": "mse", "l2": 0.01},
        training={"epochs": 1, "engine": "fused"},
    )
    tensors, _ = Checkpoints(trained.run.checkpoints).read(0)
    state = {name: value.double().numpy() for name, value in tensors["model"].items()}
    span = None if y_range is None else (y_range[0], y_range[1] - y_range[0])
    for number in (0, 3):
        user, item, rating = rows_of(trained)[number]
        codes = [
            np.array([trained.label_codes[side][label]], np.int32) for side, label in (("user", user), ("item", item))
        ]
        tables = [state["users.weight"].copy(), state["items.weight"].copy()]
        biases = [state["user_bias.weight"][:, 0].copy(), state["item_bias.weight"][:, 0].copy()]
        common = (*codes, np.array([rating]), *tables, *biases)
        mean = float(state["offset"])
        if optimizer == "lazy-adam":
            moments = tuple(np.zeros((len(some), 2 * width)) for width in (K, 1) for some in tables)
            loss = plain.exact_adam(*common, moments, mean, LR, 0.01, span, None, 0, (0.9, 0.999), 1e-8)
        else:
            sums = None if optimizer == "sgd" else tuple(np.ones((len(some), 2)) for some in tables)
            loss = plain.exact(*common, sums, mean, LR, 0.01, span, None, K)
        found = one_step(trained, number=number)
        assert found.loss == pytest.approx(loss, abs=1e-4)
        for one, code, table, bias in zip(found.tables, codes, tables, biases, strict=True):
            np.testing.assert_allclose(one.after, np.append(bias[code], table[code]), atol=1e-4)
            assert np.abs(one.update).max() > 1e-3


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "lazy-adam"])
def test_after_the_step_is_what_the_fused_engine_wrote(tiny: Train, optimizer: str) -> None:
    trained = tiny(
        2,
        1,
        optimizer={"name": optimizer, "lr": LR},
        schedule={"name": "constant"},
        training={"epochs": 1, "engine": "fused"},
    )
    assert trained.step == 1
    found, after = one_step(trained), numbers(trained, 1)
    for key, one in by_label(found).items():
        np.testing.assert_allclose(one.after, after[key], atol=1e-4)
    again = one_step(trained, start="trained")
    for key, one in by_label(again).items():
        np.testing.assert_allclose(one.before, after[key], atol=1e-7)


@pytest.mark.parametrize("size", [1, 3, 8])
def test_one_hot_is_a_look_up_that_takes_more_room(train: Train, size: int) -> None:
    trained = train(model=WIDE, training={"epochs": 1})
    found = one_step(trained, size=size)
    assert [one.of for one in found.one_hot] == ["user", "item"]
    for one in found.one_hot:
        labels = len(trained.classes[one.of])
        assert (one.batch, one.labels) == (size, labels)
        assert 0 <= one.values_apart <= 1e-6
        assert 0 <= one.gradients_apart <= 1e-6
        assert (one.one_hot_bytes, one.look_up_bytes) == (size * labels * 4, size * 8)


def test_a_start_from_the_checkpoint_has_its_numbers(train: Train) -> None:
    trained = train(model=WIDE, **PLAIN, training={"epochs": 2})
    last, first = numbers(trained, trained.step), one_step(trained, size=4)
    found = one_step(trained, size=4, start="trained")
    for key, one in by_label(found).items():
        np.testing.assert_allclose(one.before, last[key], atol=1e-7)
        assert np.abs(np.subtract(one.before, by_label(first)[key].before)).max() > 1e-4
    predicted = trained.predict([row.user for row in found.rows], [row.item for row in found.rows])
    assert [row.before for row in found.rows] == pytest.approx(predicted, abs=1e-6)
    assert (first.step, found.step) == (0, trained.step)


def test_a_pair_comes_first_and_the_others_stay_in_order(train: Train) -> None:
    trained = train(model=WIDE, training={"epochs": 1})
    rows = rows_of(trained)
    for user, item, rating in (rows[17], rows[0]):
        found = one_step(trained, size=4, pair=(user, item))
        first, *others = [(row.user, row.item, row.target) for row in found.rows]
        assert first == (user, item, rating)
        assert others == [row for row in rows if row != first][:3]
    title = trained.classes["title"][trained.item_codes[rows[40][1]]]
    if title != "Twins":
        (row,) = one_step(trained, pair=(rows[40][0], title)).rows
        assert (row.user, row.item) == rows[40][:2]
    assert [(row.user, row.item, row.target) for row in one_step(trained, size=4, number=3).rows] == rows[12:16]
    rated = {item for user, item, _ in rows if user == "v3"}
    other = next(item for _, item, _ in rows if item not in rated)
    with pytest.raises(BadInput, match=f"training has no row of 'v3' and '{other}'"):
        one_step(trained, pair=("v3", other))
    with pytest.raises(BadInput, match="knows no user 'v_3'"):
        one_step(trained, pair=("v_3", other))


def test_another_rate_and_fewer_columns_are_what_was_asked_for(train: Train) -> None:
    trained = train(**PLAIN, model={**WIDE, "n_factors": 5}, training={"epochs": 1})
    found = one_step(trained, lr=0.5, shown=2)
    assert (found.lr, found.left_out, found.columns) == (0.5, 3, ("bias", "f1", "f2"))
    for one in found.tables:
        assert len(one.before) == len(one.gradient) == len(one.update) == len(one.after) == 3
        np.testing.assert_allclose(one.update, -0.5 * np.array(one.gradient), atol=1e-6)
    (row,) = found.rows
    user, item = (numbers(trained, 0)[side, label] for side, label in (("user", row.user), ("item", row.item)))
    assert row.products == pytest.approx(user[1:3] * item[1:3], abs=1e-6)
    assert row.rest == pytest.approx(user[3:] @ item[3:], abs=1e-6)


def test_models_of_other_shapes_step_too(train: Train, fields: Trained) -> None:
    found = one_step(fields, size=3)
    assert (found.tables, found.columns, found.one_hot, found.left_out) == ((), (), (), 0)
    assert all(row.score is None and row.products == () for row in found.rows)
    assert found.loss_after != found.loss
    trained = train(model={"name": "dot-product", "n_factors": 2, "init_sd": 0.5}, training={"epochs": 1})
    found = one_step(trained)
    assert found.columns == ("f1", "f2")
    (row,), (user, item) = found.rows, found.tables
    assert row.score == pytest.approx(np.dot(user.before, item.before))
    np.testing.assert_allclose(user.gradient, 2 * row.error * np.array(item.before), atol=1e-5)


def test_what_can_not_be_stepped_is_refused(train: Train, factors: Trained) -> None:
    for size in (0, 9, -1):
        with pytest.raises(BadInput, match=f"a batch of {size} rows can't be shown; take 1 to 8"):
            one_step(factors, size)
    for shown in (0, 65):
        with pytest.raises(BadInput, match=f"{shown} factors can't be shown; take 1 to 64"):
            one_step(factors, shown=shown)
    for rate in (float("inf"), float("nan"), -0.1):
        with pytest.raises(BadInput, match=f"lr: {rate:g} is no learning rate; give a finite number above 0"):
            one_step(factors, lr=rate)
    for start in ("untrained", "trained"):
        with pytest.raises(BadInput, match=r"after a step of rate 1e\+30 the model's numbers are not finite"):
            one_step(factors, start=start, lr=1e30)
    whole = len(rows_of(factors)) // 8
    assert len(one_step(factors, 8, whole - 1).rows) == 8
    with pytest.raises(BadInput, match=f"there is no batch {whole} of 8 rows; take one from 0 to {whole - 1}"):
        one_step(factors, 8, whole)
    for model in ("ease", "user-item-bias"):
        with pytest.raises(BadInput, match=f"{model} trains itself and takes no steps"):
            one_step(train(model={"name": model}))


@pytest.mark.parametrize(("size", "number"), [(1, -1), (1, -2), (4, -2), (8, -3)])
def test_there_is_no_batch_before_the_first(factors: Trained, size: int, number: int) -> None:
    with pytest.raises(BadInput, match=f"there is no batch {number} of {size} rows"):
        one_step(factors, size, number)


def test_the_run_is_left_as_it_was(train: Train) -> None:
    trained = train(model=WIDE, training={"epochs": 2})
    state = {name: value.clone() for name, value in trained.model.state_dict().items()}

    def folder() -> dict[Path, tuple[int, bytes]]:
        files = [path for path in trained.run.path.rglob("*") if path.is_file()]
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = folder()
    assert len(before) > 8
    for start in ("untrained", "trained"):
        assert one_step(trained, 4, 1, start) == one_step(trained, 4, 1, start)
    assert folder() == before
    assert all(bool((value == state[name]).all()) for name, value in trained.model.state_dict().items())
    assert not trained.model.training


def test_a_step_can_travel(factors: Trained) -> None:
    found = one_step(factors, 3)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(found)), StepView) == found
