"""Plugins of other people train: a package installed from a wheel, single files, the file of the README."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cfbench.agent.local import LocalBench
from cfbench.answers import RunSummary
from cfbench.cli.following import follow
from cfbench.experiment import parse
from cfbench.explore.trained import load

from .conftest import MY_DOT

WriteFile = Callable[..., Path]


def train(**model: Any) -> RunSummary:
    """Train on the demo data in a worker, and return how it ended."""
    bench = LocalBench()
    tables = {
        "data": {"source": "demo"},
        "loader": {"batch_size": 512},
        "training": {"epochs": 2},
        "optimizer": {"name": "adam", "lr": 0.05},
        "model": model,
    }
    (run,) = bench.start(bench.check(parse(tables)))
    follow(bench, run, quiet=True)
    return bench.run(run)


def improved(run: RunSummary) -> bool:
    """Return whether the run ended well and beat a constant prediction: the demo targets' standard deviation is 1."""
    return run.state == "finished" and run.metrics["rmse"] < 0.95


def test_a_package_from_a_wheel(acme: Path) -> None:
    run = train(name="acme-bias", damping=2.0)
    assert run.model == "acme_recommenders:acme-bias"
    assert improved(run), run.reason


def test_the_whole_file_of_a_new_author(plugin_file: WriteFile) -> None:
    plugin_file("my_dot.py", MY_DOT, head=False)
    run = train(name="my-dot", n_factors=8)
    assert run.model == "file:my-dot"
    assert improved(run), run.reason


def test_a_run_keeps_its_own_copy_of_a_file(plugin_file: WriteFile) -> None:
    path = plugin_file("popular.py", readme_plugin(), head=False)
    run = train(name="popular")
    assert improved(run), run.reason
    before = load(run.id).predict(["1"], ["1"])
    path.write_text("raise RuntimeError('edited since')\n")
    assert load(run.id).predict(["1"], ["1"]) == before
    path.unlink()
    assert load(run.id).evaluate().metrics == run.metrics


def test_a_plugin_that_fails_in_training_is_named_with_its_line(plugin_file: WriteFile) -> None:
    plugin_file(
        "popular.py", readme_plugin().replace("return self.items(x[:, 1])", "return self.itms(x[:, 1])"), head=False
    )
    run = train(name="popular")
    assert (run.state, run.exit_code) == ("failed", 1)
    assert re.match(r"popular\.py:\d+ in forward: AttributeError: .*itms", run.reason)


def readme_plugin() -> str:
    """Return the plugin that README.md shows."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (block,) = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "hookimpl" in block]
    return block
