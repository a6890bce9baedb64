"""A trained model read back: its predictions are its own forward's, its measures those of its last epoch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cfbench.errors import BadInput
from cfbench.explore.pairs import predict_file
from cfbench.explore.trained import Trained, load
from cfbench.training.checkpoints import Checkpoints


def code(trained: Trained, field: str, label: str) -> int:
    return list(trained.classes[field]).index(label)


def by_hand(trained: Trained, user: int, item: int) -> float:
    """p_u . q_i + b_u + b_i + mean, from the checkpoint's tables."""
    state = {name: value.double() for name, value in trained.model.state_dict().items()}
    dot = (state["users.weight"][user] * state["items.weight"][item]).sum()
    biases = state["user_bias.weight"][user, 0] + state["item_bias.weight"][item, 0]
    return float(dot + biases + state["offset"])


def test_a_prediction_is_the_models_formula_for_the_labels(factors: Trained) -> None:
    users, items = ["v1", "v2", "v29"], ["0", "7", "19"]
    expected = [by_hand(factors, code(factors, "user", u), code(factors, "item", i)) for u, i in zip(users, items)]  # noqa: B905
    predicted = factors.predict(users, items)
    assert predicted.dtype == np.float64
    np.testing.assert_allclose(predicted, expected, rtol=1e-6)
    assert len(set(predicted)) == 3
    assert factors.predict([], []).shape == (0,)


def test_who_training_did_not_see_is_predicted_as_na(factors: Trained) -> None:
    seen = [v for v, here in zip(factors.classes["user"], factors._encoder.seen["user"], strict=True) if here]
    unseen = [v for v in factors.classes["user"][1:] if v not in seen]
    users, items = ["nobody", "v1", "nobody", *unseen], ["7", "no film", "no film", *["7"] * len(unseen)]
    seven, one = code(factors, "item", "7"), code(factors, "user", "v1")
    expected = [by_hand(factors, 0, seven), by_hand(factors, one, 0), by_hand(factors, 0, 0)]
    expected += [by_hand(factors, 0, seven)] * len(unseen)
    np.testing.assert_allclose(factors.predict(users, items), expected, rtol=1e-6)
    assert not factors.known(users, items).any()
    assert factors.known(["v1"], ["7"]).all()


def test_a_known_label_without_a_training_row_is_predicted_as_na(train: Any) -> None:
    """v99 and film 99 have one row; of a split that puts it into valid, training saw neither."""
    for seed in range(1, 60):
        trained = train(experiment={"seed": seed}, training={"epochs": 1})
        if not trained.known(["v99"], ["99"]).any():
            break
    else:
        pytest.fail("no seed puts the row into valid")
    assert "v99" in trained.classes["user"]
    np.testing.assert_array_equal(trained.predict(["v99"], ["99"]), trained.predict(["nobody"], ["no film"]))
    assert abs(trained.predict(["v99"], ["99"])[0] - by_hand(trained, 0, 0)) < 1e-6


def test_an_item_may_be_named_by_a_title_that_is_its_own(factors: Trained) -> None:
    np.testing.assert_array_equal(factors.predict(["v1"], ["The 7th Film"]), factors.predict(["v1"], ["7"]))
    assert factors.known(["v1"], ["The 7th Film"]).all()
    np.testing.assert_array_equal(factors.predict(["v1"], ["Twins"]), factors.predict(["v1"], ["no film"]))
    assert not factors.known(["v1"], ["Twins"]).any(), "two films bear it"


def test_unequal_lists_make_no_pairs(factors: Trained) -> None:
    with pytest.raises(BadInput, match="2 users and 1 items make no pairs"):
        factors.predict(["v1", "v2"], ["7"])


def test_fields_are_the_items_own_or_given(fields: Trained) -> None:
    assert fields.fields == ["genre", "device", "year"]
    genre, device, year = code(fields, "genre", "Crime"), code(fields, "device", "tv"), 1950 + 3 * 7
    scale = fields._encoder.scales["year"]
    x = torch.tensor([[code(fields, "user", "v1"), code(fields, "item", "7")]])
    standard = torch.tensor([[(year - scale.mean) / scale.sd]], dtype=torch.float64)
    with torch.no_grad():
        expected = fields.model(x, torch.tensor([[genre, device]]), standard).item()
    given = {"device": ["tv"]}
    assert fields.predict(["v1"], ["7"], given)[0] == pytest.approx(expected, rel=1e-6)
    all_given = {"device": ["tv"], "genre": ["Crime"], "year": [year]}
    np.testing.assert_array_equal(fields.predict(["v1"], ["7"], all_given), fields.predict(["v1"], ["7"], given))
    other = fields.predict(["v1"], ["7"], {**given, "genre": ["Drama"]})
    assert other[0] != pytest.approx(expected, rel=1e-6)
    with torch.no_grad():
        unknown = fields.model(x, torch.tensor([[0, device]]), standard).item()
    assert fields.predict(["v1"], ["7"], {**given, "genre": ["Opera"]})[0] == pytest.approx(unknown, rel=1e-6)
    with torch.no_grad():
        missing = fields.model(x, torch.tensor([[genre, device]]), standard * 0).item()
    for nothing in (None, float("nan")):
        assert fields.predict(["v1"], ["7"], {**given, "year": [nothing]})[0] == pytest.approx(missing, rel=1e-6)
    with pytest.raises(BadInput, match="needs the field 'device'"):
        fields.predict(["v1"], ["7"])


@pytest.mark.parametrize("name", ["factors", "fields"])
def test_evaluate_says_exactly_what_the_last_epoch_said(trained_session: dict[str, Trained], name: str) -> None:
    trained = load(trained_session[name].run.path)
    last = trained.history[-1]
    measured = trained.evaluate()
    assert measured.metrics == last["metrics"]
    assert measured.loss == last["valid_loss"]
    assert (measured.step, measured.checkpoint, measured.rows) == (last["step"], "last", 80)
    assert measured.split_hash == trained.loader.split_hash
    chosen = trained.evaluate(metrics=["cfbench_metrics:mse"])
    assert chosen.metrics == {"mse": pytest.approx(measured.metrics["rmse"] ** 2)}


def test_evaluate_predicts_what_predict_predicts(factors: Trained) -> None:
    x = factors.loader.valid.all.x
    seen = (x > 0).all(1)
    users = [factors.classes["user"][u] for u in x[seen, 0].tolist()]
    items = [factors.classes["item"][i] for i in x[seen, 1].tolist()]
    with torch.no_grad():
        expected = factors.model(x[seen]).double().numpy()
    np.testing.assert_array_equal(factors.predict(users, items), expected)
    assert len(users) > 60


def test_opening_the_test_part_is_counted_in_the_run(train: Any, tmp_path: Path) -> None:
    trained = train()
    assert trained.evaluate().test_openings == 0
    assert trained.evaluate("test").test_openings == 1
    assert trained.evaluate("valid").test_openings == 1
    again = load(trained.run.path).evaluate("test")
    assert (again.test_openings, again.rows) == (2, 40)
    lines = (trained.run.results / "evaluations.jsonl").read_text().splitlines()
    assert [json.loads(line)["part"] for line in lines] == ["valid", "test", "valid", "test"]
    shutil.copytree(trained.run.path, tmp_path / "copy")
    assert load(tmp_path / "copy").evaluate("test").test_openings == 3, "the count travels with the run"
    without = train(splitter={"test": 0.0})
    with pytest.raises(BadInput, match="has no test rows"):
        without.evaluate("test")


def test_best_and_last_are_different_checkpoints(train: Any) -> None:
    tables: dict[str, Any] = {
        "model": {"name": "dot-product", "n_factors": 30, "init_sd": 0.1},
        "optimizer": {"name": "adam", "lr": 0.05},
        "schedule": {"name": "constant"},
    }
    trained = train(**tables, training={"epochs": 60, "early_stopping": 2})
    losses = [epoch["valid_loss"] for epoch in trained.history]
    assert losses.index(min(losses)) == len(losses) - 3
    assert (trained.checkpoint, trained.evaluate().loss) == ("best", min(losses))
    path = trained.run.path
    last, best = load(path, "last"), load(path, "best")
    assert (last.checkpoint, last.evaluate().loss) == ("last", losses[-1])
    assert (best.step, best.evaluate().loss) == (trained.step, min(losses))
    assert last.step > best.step
    straight = train(**tables, training={"epochs": len(losses)})
    assert straight.checkpoint == "last", "without early stopping the last one is meant"
    assert load(straight.run.path, "best").step == best.step

    damaged = Checkpoints(trained.run.checkpoints).path(best.step) / "model.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-4])
    with pytest.raises(BadInput, match=r"the best checkpoint of run .* is damaged"):
        load(path, "best")
    assert load(path).checkpoint == "last"


def test_a_file_of_pairs(fields: Trained, factors: Trained, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("film,viewer,device,year\n7,v1,tv,\nThe 8th Film,v2,phone,1974\nno film, v1 ,tv,1980\n")
    predicted = predict_file(str(factors.run.path), str(pairs))
    assert [(one.user, one.item, one.known) for one in predicted] == [
        ("v1", "7", True),
        ("v2", "The 8th Film", True),
        ("v1", "no film", False),
    ]
    np.testing.assert_array_equal(
        [one.prediction for one in predicted], factors.predict(["v1", "v2", "v1"], ["7", "8", "no film"])
    )
    with_fields = predict_file(str(fields.run.path), str(pairs))
    given = {"device": ["tv", "phone", "tv"], "year": [float("nan"), 1974, 1980]}
    np.testing.assert_array_equal(
        [one.prediction for one in with_fields], fields.predict(["v1", "v2", "v1"], ["7", "8", "no film"], given)
    )
    pairs.write_text("film,viewer,device,year\n7,v1,tv,soon\n")
    with pytest.raises(BadInput, match="a field has a value that is no number"):
        predict_file(str(fields.run.path), str(pairs))


def test_there_is_no_such_run_or_it_has_not_begun(explored: Path) -> None:
    with pytest.raises(BadInput, match="there is no run 'nothing'"):
        load("nothing")
