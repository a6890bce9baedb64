"""The built-in models against a textbook's numbers, against one-hot products, and against planted data."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from cfbench_models.embedding import Embedding

Make = Callable[..., Any]

# A worked example of fast.ai's "Deep Learning for Coders", chapter 8: how much a user likes, and a film is,
# science fiction, action-packed, old.
USER = (0.9, 0.8, -0.6)
LAST_SKYWALKER = (0.98, 0.9, -0.9)
CASABLANCA = (-0.99, -0.3, 0.8)


def test_the_textbook_example(model: Make) -> None:
    module = model("dot-product", n_factors=3)
    with torch.no_grad():
        module.users.weight[1] = torch.tensor(USER, dtype=torch.float64)
        module.items.weight[2] = torch.tensor(LAST_SKYWALKER, dtype=torch.float64)
        module.items.weight[3] = torch.tensor(CASABLANCA, dtype=torch.float64)
    scores = module(torch.tensor([[1, 2], [1, 3]])).tolist()
    assert scores == pytest.approx([2.142, -1.611], abs=1e-12)


def test_biases_and_the_mean_are_added_before_squashing(model: Make) -> None:
    plain = model("biased-dot-product", n_factors=3)
    with torch.no_grad():
        plain.users.weight[1] = torch.tensor(USER, dtype=torch.float64)
        plain.items.weight[2] = torch.tensor(LAST_SKYWALKER, dtype=torch.float64)
        plain.user_bias.weight[1], plain.item_bias.weight[2] = 0.25, -0.5
    assert plain(torch.tensor([[1, 2]])).item() == pytest.approx(3.5 + 2.142 + 0.25 - 0.5, abs=1e-12)
    squashed = model("biased-dot-product", n_factors=3, y_range=[0.0, 5.5])
    squashed.load_state_dict({**plain.state_dict(), "offset": squashed.offset})
    logit = math.log(3.5 / 2.0)
    expected = 5.5 / (1 + math.exp(-(logit + 2.142 + 0.25 - 0.5)))
    assert squashed(torch.tensor([[1, 2]])).item() == pytest.approx(expected, abs=1e-6)  # the offset was float32


@pytest.mark.parametrize("y_range", [None, [0.0, 5.5], [3.5, 9.0]])
def test_an_untrained_model_predicts_the_mean_where_the_range_has_it(model: Make, y_range: Any) -> None:
    module = model("biased-dot-product", n_factors=8, y_range=y_range, init_sd=0.0)
    expected = 3.5 if y_range is None or y_range[0] < 3.5 else sum(y_range) / 2
    assert module(torch.tensor([[1, 2], [0, 0]])).tolist() == pytest.approx([expected] * 2, abs=1e-6)
    without = model("biased-dot-product", n_factors=8, init_sd=0.0, global_mean=False)
    assert without(torch.tensor([[1, 2]])).item() == 0


def test_the_range_is_never_left(model: Make) -> None:
    module = model("dot-product", n_factors=2, y_range=[1.0, 5.0], init_sd=30.0)
    scores = module(torch.cartesian_prod(torch.arange(3), torch.arange(4)))
    assert 1.0 <= scores.min().item() < 1.1
    assert 4.9 < scores.max().item() <= 5.0


def test_looking_up_is_multiplying_by_one_hot_vectors_in_value_and_gradient() -> None:
    table = Embedding(7, 5, 1.0, torch.Generator().manual_seed(1)).double()
    codes = torch.tensor([3, 0, 3, 6, 3])
    seen = torch.randn(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    looked_up = table(codes)
    (looked_up * seen).sum().backward()
    matrix = table.weight.detach().clone().requires_grad_()
    multiplied = torch.nn.functional.one_hot(codes, 7).double() @ matrix
    (multiplied * seen).sum().backward()
    torch.testing.assert_close(looked_up, multiplied, rtol=0, atol=0)
    torch.testing.assert_close(table.weight.grad, matrix.grad, rtol=0, atol=1e-15)
    assert table.weight.grad is not None
    assert table.weight.grad[1].abs().sum() == 0


def test_the_gradient_of_the_dot_product_is_the_other_vector(model: Make) -> None:
    module = model("dot-product", n_factors=3, init_sd=1.0)
    module(torch.tensor([[1, 2]])).sum().backward()
    torch.testing.assert_close(module.users.weight.grad[1], module.items.weight[2], rtol=0, atol=0)
    torch.testing.assert_close(module.items.weight.grad[2], module.users.weight[1], rtol=0, atol=0)


@pytest.mark.parametrize("name", ["dot-product", "biased-dot-product", "embedding-mlp"])
def test_first_values_follow_the_seed_and_the_wished_spread(model: Make, name: str) -> None:
    facts = {"n_users": 400, "n_items": 300}
    first, again = model(name, facts, init_sd=0.02), model(name, facts, init_sd=0.02)
    other = model(name, {**facts, "seed": 4}, init_sd=0.02)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(first.users.weight, other.users.weight)
    assert first.users.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert first.users.weight.mean().item() == pytest.approx(0, abs=0.001)


def test_truncated_first_values_lie_within_two_deviations(model: Make) -> None:
    facts = {"n_users": 400, "n_items": 300}
    cut = model("dot-product", facts, init="truncated-normal", init_sd=0.02).users.weight
    assert 0.035 < cut.abs().max().item() <= 0.04
    assert model("dot-product", facts, init_sd=0.02).users.weight.abs().max().item() > 0.05


def test_the_mlp_is_what_its_description_says(model: Make) -> None:
    facts = {"categorical": {"genre": 5}, "continuous": ["year"]}
    module = model("embedding-mlp", facts, n_factors=3, field_factors=2, layers=[4], init_sd=1.0, y_range=[0.0, 6.0])
    x, genre, year = torch.tensor([[1, 2], [2, 3]]), torch.tensor([[4], [1]]), torch.tensor([[0.5], [-2.0]]).double()
    first, _, _, last = module.layers
    vectors = [module.users.weight[x[:, 0]], module.items.weight[x[:, 1]], module.fields[0].weight[genre[:, 0]], year]
    hidden = (torch.cat(vectors, 1) @ first.weight.T + first.bias).clamp(min=0)
    expected = torch.sigmoid((hidden @ last.weight.T + last.bias)[:, 0]) * 6
    torch.testing.assert_close(module(x, genre, year), expected, rtol=1e-12, atol=0)
    assert first.weight.abs().max() <= 9**-0.5
    assert sum(p.numel() for p in module.parameters()) == 3 * 3 + 4 * 3 + 5 * 2 + 4 * 9 + 4 + 4 + 1


def test_dropout_works_in_training_alone(model: Make) -> None:
    module = model("embedding-mlp", n_factors=3, layers=[50], dropout=0.5, init_sd=1.0)
    empty = torch.empty(1, 0, dtype=torch.int64), torch.empty(1, 0, dtype=torch.float64)
    x = torch.tensor([[1, 2]])
    assert len({module(x, *empty).item() for _ in range(5)}) > 1
    module.eval()
    assert len({module(x, *empty).item() for _ in range(5)}) == 1


@pytest.mark.parametrize("y_range", [None, [0.5, 5.5]])
@pytest.mark.parametrize("name", ["dot-product", "biased-dot-product"])
def test_a_factorization_is_the_score_of_every_pair(model: Make, name: str, y_range: Any) -> None:
    module = model(name, {"n_users": 7, "n_items": 5, "target_mean": 3.1}, n_factors=4, init_sd=0.8, y_range=y_range)
    tables = module.factorization()
    score = tables.user_factors @ tables.item_factors.T + tables.global_mean
    for column in (None if tables.user_bias is None else tables.user_bias[:, None], tables.item_bias):
        score = score if column is None else score + column
    if tables.y_range is not None:
        low, high = tables.y_range
        score = low + (high - low) * torch.sigmoid(score)
    pairs = torch.cartesian_prod(torch.arange(7), torch.arange(5))
    torch.testing.assert_close(score.flatten(), module(pairs), rtol=0, atol=1e-5)
    assert (tables.item_bias is None) == (name == "dot-product")
    assert not hasattr(model("embedding-mlp"), "factorization")


@pytest.mark.parametrize(("y_range", "words"), [([5.0, 1.0], "low < high"), ([2.0, 2.0], "low < high")])
def test_a_range_upside_down_is_refused(parts: Make, y_range: Any, words: str) -> None:
    from cfbench.errors import BadInput

    with pytest.raises(BadInput, match=words):
        parts("model", "dot-product", y_range=y_range)
