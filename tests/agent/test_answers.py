"""Data, cost and what was learned, asked of an agent: the same answers as in this process, in their own types."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cfbench import python
from cfbench.agent.local import LocalBench
from cfbench.bench.client import Connection, remote
from cfbench.bench.interface import Bench
from cfbench.experiment import Data, parse


@pytest.fixture
def there() -> Iterator[Bench]:
    connection = Connection([sys.executable, "-P", "-m", "cfbench", "agent"], "agent")
    yield remote(connection)
    connection.close()


def test_the_same_answers_as_in_process(there: Bench, tmp_path: Path) -> None:
    here, data = LocalBench(), Data(source="demo")
    assert there.browse(str(tmp_path)) == here.browse(str(tmp_path))
    assert there.rows(data, 7, 3) == here.rows(data, 7, 3)
    assert there.labels(data, "title", "THE", 2, 4) == here.labels(data, "title", "THE", 2, 4)
    experiment = here.check(
        parse({"data": {"source": "demo"}, "loader": {"batch_size": 512}, "training": {"epochs": 1}})
    )
    assert there.preview(experiment, 3, 2) == here.preview(experiment, 3, 2)
    assert there.rates(experiment, 5) == here.rates(experiment, 5)
    timeless = {"seconds": 0.0, "seconds_an_epoch": 0.0}
    costs = [msgspec.structs.replace(bench.cost(experiment), **timeless) for bench in (there, here)]
    assert costs[0] == costs[1]
    run = python.train(experiment).run.id
    user = here.search(run, "user", "1", 1)[0].label
    item = here.search(run, "title", "", 1)[0].title
    assert there.search(run, "title", "the") == here.search(run, "title", "the")
    assert there.recommend(run, user, 3) == here.recommend(run, user, 3)
    assert there.similar(run, item, 3) == here.similar(run, item, 3)
    assert there.biases(run, "user", 3) == here.biases(run, "user", 3)
