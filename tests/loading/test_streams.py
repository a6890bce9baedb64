"""Random streams are independent: another seed for one leaves the others alone."""

from __future__ import annotations

from typing import Any

import torch

from cfbench.experiment import About, Experiment
from cfbench.loading.components import installed
from cfbench.loading.loader import Loader
from cfbench.loading.previewing import open_loader
from cfbench.loading.streams import TorchStreams, numpy_generator
from cfbench.training.components import Predictor


def seen(experiment: Experiment) -> tuple[str, list[Any], torch.Tensor]:
    """The split, the rows of epoch 1 in their order, and the model's first weights."""
    loader: Loader = open_loader(experiment)
    rows = [row for batch in loader.train.batches(1) for row in batch.x.tolist()]
    predictor = Predictor(experiment, installed, loader.encoder.info(TorchStreams(experiment)))
    return loader.split_hash, rows, torch.cat([value.flatten() for value in predictor.module.state_dict().values()])


def test_another_seed_for_one_stream_leaves_the_others_alone(defined: Any) -> None:
    split, rows, weights = seen(defined())

    same, other_rows, same_weights = seen(defined(experiment={"seeds": {"shuffle": 7}}))
    assert same == split
    assert other_rows != rows
    assert sorted(other_rows) == sorted(rows)
    assert torch.equal(same_weights, weights)

    same, same_rows, other_weights = seen(defined(experiment={"seeds": {"init": 7}}))
    assert (same, same_rows) == (split, rows)
    assert not torch.equal(other_weights, weights)

    other, _, same_shape = seen(defined(experiment={"seeds": {"split": 7}}))
    assert other != split
    assert torch.equal(same_shape[1:], weights[1:]), "first values do not depend on the split, but for the mean"
    assert same_shape[0] != weights[0]

    assert seen(defined(experiment={"seeds": {"dropout": 7}}))[:2] == (split, rows)


def test_the_experiments_seed_moves_every_stream(defined: Any) -> None:
    first, second = seen(defined()), seen(defined(experiment={"seed": 43}))
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert not torch.equal(first[2], second[2])


def test_streams_of_one_seed_differ_by_name_and_part() -> None:
    experiment = Experiment(experiment=About(seed=5))
    drawn = [
        tuple(numpy_generator(experiment, *stream).integers(1 << 40, size=3).tolist())
        for stream in (("split",), ("shuffle", 0), ("shuffle", 1), ("init",), ("shuffle",))
    ]
    assert len(set(drawn)) == len(drawn)


def test_a_streams_state_can_be_put_back() -> None:
    streams = TorchStreams(Experiment())
    assert streams("negatives") is streams("negatives")
    torch.rand(3, generator=streams("negatives"))
    state = streams.states()
    ahead = torch.rand(3, generator=streams("negatives"))
    fresh = TorchStreams(Experiment())
    fresh.restore(state)
    assert torch.equal(torch.rand(3, generator=fresh("negatives")), ahead)
