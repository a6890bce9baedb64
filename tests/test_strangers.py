"""What comes from elsewhere, or is damaged, is data: looked at with care, and never run."""

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import cfbench
from cfbench import experiment, paths
from cfbench.cli import main
from cfbench.errors import BadInput, WorkFailed
from cfbench.runs import folder
from cfbench.runs.folder import RunFolder
from cfbench.runs.state import summary

PLUGIN = """
from pathlib import Path
from torch import nn
from cfbench.plugin import Model, hookimpl

class Mean(nn.Module):
    def __init__(self, info, params):
        super().__init__()
        self.items = nn.Embedding(info.n_items, 1)
        nn.init.zeros_(self.items.weight)
        self.mean = info.target_mean

    def forward(self, x):
        return self.items(x[:, 1])[:, 0] + self.mean

@hookimpl
def cfbench_models():
    return [Model("mean", "Mean", "an item's mean", "{module}:Mean")]
"""
QUICK = {"data": {"source": "demo"}, "loader": {"batch_size": 4096}, "training": {"epochs": 1}}


def plugin_file(name: str, text: str) -> Path:
    place = paths.writable_folder("plugins")
    place.chmod(0o755)
    path = place / f"{name}.py"
    path.write_text(text.replace("{module}", name))
    path.chmod(0o644)
    return path


def moved(run: RunFolder, place: Path) -> RunFolder:
    """Return the run as somebody else's folder would come to us."""
    shutil.move(run.path, place / run.id)
    return RunFolder(place / run.id)


def test_a_run_from_elsewhere_brings_no_code(tmp_path: Path) -> None:
    installed = plugin_file("mean_of", PLUGIN)
    run = moved(cfbench.train({**QUICK, "model": {"name": "mean"}}).run, tmp_path)
    assert cfbench.load(run.path).predict(["1"], ["1"]).shape == (1,), "the very same file is installed: trusted"
    installed.unlink()
    with pytest.raises(BadInput, match=r"mean_of\.py: this run comes from elsewhere and brings a plugin of its own"):
        cfbench.load(run.path)


def test_an_altered_copy_is_not_run(tmp_path: Path) -> None:
    plugin_file("mean_of", PLUGIN)
    run = cfbench.train({**QUICK, "model": {"name": "mean"}}).run
    copy = run.plugins / "mean_of.py"
    copy.chmod(0o600)
    copy.write_text(f"open({str(tmp_path / 'mark')!r}, 'w')\n" + copy.read_text())
    with pytest.raises(BadInput, match="not the file that it was made with"):
        cfbench.load(run.path)
    assert not (tmp_path / "mark").exists()


def test_a_declaration_can_not_name_a_module_to_import(tmp_path: Path) -> None:
    run = cfbench.train(QUICK).run
    declarations = run.plugins / "declarations.json"
    toml = run.experiment.read_text()
    declarations.chmod(0o600)
    declarations.write_text(declarations.read_text().replace("cfbench_models:", "antigravity:"))
    run.experiment.chmod(0o600)
    run.experiment.write_text(toml.replace("cfbench_models:", "antigravity:"))
    with pytest.raises(BadInput, match="there is no model 'antigravity:"):
        cfbench.load(run.path)


@pytest.mark.parametrize(
    "line",
    [
        '{"event":"epoch","seq":9}',
        '{"event":"epoch","seq":9,"epoch":"one","step":1,"train_loss":1,"valid_loss":1,"metrics":{},"best":true}',
        '{"event":"resumed","seq":9,"from_step":null}',
        '{"event":"failed","seq":9}',
        '{"event":7}',
        "[1]",
        "{not json",
    ],
)
def test_one_damaged_line_spoils_no_listing(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = cfbench.train(QUICK).run
    before = summary(run)
    with run.events.open("a") as events:
        events.write(line + "\n")
    capsys.readouterr()
    assert main(["runs", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["state"], listed["metrics"]) == ("finished", before.metrics)
    assert len(listed["damaged_lines"]) == 1


def test_last_is_the_newest_of_runs_made_in_one_second() -> None:
    made = [folder.create(name, lambda run: run.events.write_text("")).id for name in ("d", "c", "b", "a")]
    assert [run.id for run in folder.all_runs()] == made
    assert folder.find("last").id == made[-1]


@pytest.mark.parametrize("command", ["show", "delete"])
def test_an_empty_name_is_no_run(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder.create("only", lambda run: run.events.write_text(""))
    assert main(["runs", command, ""]) == 2
    assert "empty" in capsys.readouterr().err
    assert len(folder.all_runs()) == 1


def test_settings_may_come_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "e.toml").write_text("[model]\ny_range = [0, 5]\n")
    settings = ["model.n_factors=8", "model.name=dot-product"]
    assert experiment.read(tmp_path / "e.toml", settings).model.params == {"n_factors": 8}
    same = experiment.read(tmp_path / "e.toml", ["model.name=cfbench_models:biased-dot-product"])
    assert same.model.params == {"y_range": [0, 5]}


def test_a_splitter_that_fails_is_named_with_its_line() -> None:
    plugin_file(
        "halves",
        "from cfbench.plugin import Splitter, hookimpl\n"
        "def halves(interactions, params, generator):\n"
        "    return interactions.nothing\n"
        "@hookimpl\n"
        "def cfbench_splitters():\n"
        "    return [Splitter('halves', 'Halves', 'two halves', halves)]\n",
    )
    with pytest.raises(WorkFailed, match=r"splitter file:halves: halves\.py:3 in halves: AttributeError"):
        cfbench.train({**QUICK, "splitter": {"name": "halves"}})


def test_an_unseen_item_with_a_continuous_field_is_predicted_within_reason() -> None:
    tables = {**QUICK, "model": {"name": "embedding-mlp"}, "data": {"source": "demo", "continuous": ["year"]}}
    predicted = cfbench.train(tables).predict(["1", "1"], ["1", "no such film"])
    assert np.all((predicted > 0) & (predicted < 6))


def test_training_in_process_leaves_the_callers_randomness_alone(capsys: pytest.CaptureFixture[str]) -> None:
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    expected = random.Random(1).random(), np.random.RandomState(1).rand(), torch.rand(1, generator=torch.manual_seed(1))
    torch.manual_seed(1)
    cfbench.train(QUICK)
    assert (random.random(), np.random.rand(), torch.rand(1)) == expected
    assert capsys.readouterr().err == ""


def test_training_in_process_tells_as_it_goes_and_logs_into_the_run() -> None:
    with pytest.raises(WorkFailed, match="became") as failure:
        cfbench.train({**QUICK, "optimizer": {"name": "sgd", "lr": 1e8}, "schedule": {"name": "constant"}})
    assert "became" in Path(str(failure.value).rpartition(" ")[2]).read_text()
