"""Implicit feedback: what is drawn, what the losses say, and that models learn from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cfbench import experiment as experiments
from cfbench.errors import BadInput
from cfbench.loading.components import component, installed
from cfbench.loading.negatives import Negatives
from cfbench.loading.previewing import open_loader
from cfbench.runs.preparing import checked, prepare
from cfbench.training.learner import Learner

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 users in two camps, who click on 12 of the 30 items of their own."""
    rng = np.random.default_rng(0)
    lines = ["user,item"]
    for user in range(120):
        lines += [f"u{user},i{30 * (user % 2) + item}" for item in rng.choice(30, 12, replace=False)]
    path = tmp_path_factory.mktemp("clicks") / "clicks.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def made(clicks: Path, **tables: Any) -> experiments.Experiment:
    document = {
        "data": {"source": str(clicks), "target": "none"},
        "model": {"name": "dot-product", "n_factors": 8, "init_sd": 0.1},
        "optimizer": {"name": "adam", "lr": 0.02},
        "training": {"epochs": 12},
        **tables,
    }
    return checked(experiments.parse(document))


def negatives(clicks: Path, **sampler: Any) -> tuple[Negatives, Any]:
    experiment = made(clicks, loss={"name": "bpr"}, sampler={"name": "uniform", **sampler})
    loaded = open_loader(experiment)
    return Negatives(experiment, installed, loaded), loaded


@pytest.mark.parametrize("sampler", [{}, {"name": "popularity", "alpha": 1.0}])
def test_a_users_own_items_are_never_drawn(clicks: Path, sampler: dict[str, Any]) -> None:
    drawing, loaded = negatives(clicks, negatives=50, **sampler)
    users = loaded.train.all.x[:, 0].numpy()
    items = drawing.draw(users, 0)
    assert items.shape == (len(users), 50)
    train = loaded.split.train
    own = set(zip(loaded.interactions.user[train].tolist(), loaded.interactions.item[train].tolist(), strict=True))
    assert not own & {(u, i) for u, row in zip(users.tolist(), items.tolist(), strict=True) for i in row}
    assert items.min() > 0
    assert np.array_equal(items, drawing.draw(users, 0))
    assert not np.array_equal(items, drawing.draw(users, 1))


def test_they_are_drawn_where_that_is_asked_for(clicks: Path) -> None:
    drawing, loaded = negatives(clicks, negatives=20, allow_positives=True)
    users = loaded.train.all.x[:, 0].numpy()
    drawn = np.bincount(drawing.draw(users, 0).ravel(), minlength=len(loaded.classes["item"]))
    seen = loaded.encoder.seen["item"]
    assert drawn[~seen].sum() == 0
    expected = drawn.sum() / seen.sum()
    assert abs(drawn[seen] - expected).max() < 6 * math.sqrt(expected)


def test_popularity_draws_by_the_power_of_the_counts(clicks: Path) -> None:
    drawing, loaded = negatives(clicks, name="popularity", alpha=0.5, negatives=200, allow_positives=True)
    counts = loaded.encoder.counts["item"]
    drawn = np.bincount(drawing.draw(np.ones(2000, np.int64), 3).ravel(), minlength=len(counts)) / 400_000
    expected = np.sqrt(counts) / np.sqrt(counts).sum()
    assert drawn == pytest.approx(expected, abs=0.001)
    assert np.exp(drawing.log_q[counts > 0]) == pytest.approx(expected[counts > 0], rel=1e-5)


def test_a_user_with_every_item_is_named(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("user,item\n" + "".join(f"greedy,i{n}\n" for n in range(20)) + "shy,i3\n")
    (tmp_path / "valid.csv").write_text("user,item\nshy,i4\n")
    sources = [str(tmp_path / name) for name in ("train.csv", "valid.csv")]
    data = {"source": sources, "user": "user", "item": "item"}
    experiment = made(tmp_path, data=data, loss={"name": "bpr"}, splitter={"name": "predefined"})
    loaded = open_loader(experiment)
    drawing = Negatives(experiment, installed, loaded)
    greedy, shy = (list(loaded.classes["user"]).index(name) for name in ("greedy", "shy"))
    assert loaded.classes["item"][4] == "i3"
    assert 4 not in drawing.draw(np.full(200, shy, np.int64), 0)
    with pytest.raises(BadInput, match="user 'greedy' has every item"):
        drawing.draw(np.full(5, greedy, np.int64), 0)


def loss(name: str) -> Any:
    live, params = component(installed, "loss", experiments.Component(name))
    return live.target(params)


def test_losses_by_hand() -> None:
    positive, negative = torch.tensor([0.3, -1.0]), torch.tensor([[0.1, 2.0], [0.0, -3.0]])
    log_q = torch.zeros(2), torch.full((2, 2), math.log(0.25))
    sigmoid = torch.sigmoid
    terms = [-torch.log(sigmoid(positive)), -torch.log(1 - sigmoid(negative)).ravel()]
    assert loss("bce")(positive, negative, log_q).item() == pytest.approx(torch.cat(terms).mean().item())
    differences = -torch.log(sigmoid(positive[:, None] - negative))
    assert loss("bpr")(positive, negative, log_q).item() == pytest.approx(differences.mean().item())
    total = positive.exp() + (negative.exp() / 0.25).mean(1)
    assert loss("sampled-softmax")(positive, negative, log_q).item() == pytest.approx(
        -(positive - total.log()).mean().item()
    )


def test_the_sampled_sum_is_unbiased_whatever_the_sampler() -> None:
    """With very many drawn items it is the softmax over the row's item and all others by their chance."""
    generator = torch.Generator().manual_seed(1)
    scores = torch.randn(50, generator=generator)
    full = torch.logsumexp(torch.cat([torch.tensor([0.7]), scores]), 0) - 0.7
    for weights in (torch.ones(50), torch.arange(1.0, 51.0)):
        q = weights / weights.sum()
        drawn = torch.multinomial(q, 400_000, replacement=True, generator=generator)
        found = loss("sampled-softmax")(
            torch.tensor([0.7]), scores[drawn][None], (torch.zeros(1), q.log()[drawn][None])
        )
        assert found.item() == pytest.approx(full.item(), abs=0.02)


@pytest.mark.parametrize("name", ["bce", "bpr", "sampled-softmax"])
def test_models_learn_which_items_are_a_users_camp(clicks: Path, name: str) -> None:
    experiment = made(clicks, loss={"name": name}, metrics=["auc", "rmse"])

    class Heard:
        def __init__(self) -> None:
            self.epochs: list[dict[str, Any]] = []

        def write(self, event: str, **fields: Any) -> None:
            if event == "epoch":
                self.epochs.append(fields)

        def sync(self) -> None: ...

    heard = Heard()
    assert Learner(experiment, open_loader(experiment), installed, heard).fit()
    first, last = heard.epochs[0], heard.epochs[-1]
    assert last["metrics"]["auc"] > 0.7 > 0.62 > first["metrics"]["auc"] - 0.1
    assert last["valid_loss"] < first["valid_loss"]
    assert last["metrics"]["rmse"] is None, "scores are in no unit"


def test_what_an_experiment_without_words_gets(clicks: Path) -> None:
    ranked = made(clicks, loss={"name": "bpr"})
    assert [metric.name for metric in ranked.metrics] == ["cfbench_metrics:ndcg", "cfbench_metrics:recall"]
    assert ranked.sampler is not None
    assert ranked.sampler.name == "cfbench_samplers:uniform"
    rated = made(clicks)
    assert (rated.sampler, rated.metrics[0].name) == (None, "cfbench_metrics:rmse")
    closed = made(clicks, model={"name": "ease"}, training={"epochs": 9, "early_stopping": 2})
    assert (closed.training.epochs, closed.training.early_stopping) == (1, 0)
    assert closed.metrics == ranked.metrics


def test_pairs_without_a_row_need_fields_that_somebody_owns(tmp_path: Path) -> None:
    """A field of the rating itself is refused before training, not after its first epoch."""
    path = tmp_path / "ratings.csv"
    rows = [
        f"u{n % 8},i{n % 5},{1 + n % 5},{'phone' if n % 3 else 'tv'},{'old' if n % 8 < 4 else 'young'}"
        for n in range(200)
    ]
    path.write_text("\n".join(["user,item,rating,device,age", *rows]) + "\n")
    about = {"data": {"source": str(path), "categorical": ["age"]}, "model": {"name": "embedding-mlp"}}
    assert prepare(checked(experiments.parse({**about, "metrics": ["ndcg@3"]})))
    about["data"] = {"source": str(path), "categorical": ["device"]}
    assert prepare(checked(experiments.parse({**about, "metrics": ["rmse"]})))
    for tables in ({"metrics": ["ndcg@3"]}, {"loss": {"name": "bpr"}, "metrics": ["rmse"]}):
        with pytest.raises(BadInput, match="'device' belongs neither to users nor to items"):
            prepare(checked(experiments.parse({**about, **tables})))
