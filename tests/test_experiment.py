"""Experiments: TOML in and out, overrides, and what an error says."""

from pathlib import Path
from typing import Any

import pytest

from cfbench.errors import BadInput
from cfbench.experiment import Experiment, help_of, override, parse, read, to_toml


def test_an_empty_experiment_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "e.toml").write_text("")
    assert read(tmp_path / "e.toml") == Experiment()


@pytest.mark.parametrize("complete", [False, True])
def test_toml_round_trip(tmp_path: Path, complete: bool) -> None:
    tables = {
        "experiment": {"name": "x", "seed": 7, "seeds": {"shuffle": 3}, "notes": 'quotes " and\nlines'},
        "data": {
            "source": ["a.csv", "b.csv"],
            "read": {"separator": "\t"},
            "items": {"source": "t.csv", "by": "title"},
        },
        "model": {"name": "dot-product", "y_range": [0.0, 5.5], "n_factors": 3},
        "metrics": [{"name": "mae"}],
    }
    experiment = parse(tables)
    (tmp_path / "e.toml").write_text(to_toml(experiment, help_of, complete), encoding="utf-8")
    assert read(tmp_path / "e.toml") == experiment


def test_help_stands_beside_the_setting() -> None:
    assert "batch_size = 64 # rows a step" in to_toml(Experiment(), help_of, complete=True)


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("model.n_factors=128", ("model", "n_factors"), 128),
        ("optimizer.lr=1e-3", ("optimizer", "lr"), 1e-3),
        ("model.y_range=[0, 5.5]", ("model", "y_range"), [0, 5.5]),
        ("data.source=ml-100k/u.data", ("data", "source"), "ml-100k/u.data"),
        ('data.user="007"', ("data", "user"), "007"),
        ("loader.shuffle=false", ("loader", "shuffle"), False),
        ("experiment.notes=a = b", ("experiment", "notes"), "a = b"),
        ("data.items.by=title", ("data", "items", "by"), "title"),
    ],
)
def test_override(setting: str, path: tuple[str, ...], value: Any) -> None:
    document: dict[str, Any] = {}
    override(document, setting)
    for key in path:
        document = document[key]
    assert document == value


def test_naming_another_plugin_drops_the_parameters_of_the_one_before() -> None:
    document: dict[str, Any] = {"model": {"n_factors": 5, "y_range": [0, 1]}}
    override(document, "model.name=biased-dot-product")
    assert document["model"] == {"n_factors": 5, "y_range": [0, 1], "name": "biased-dot-product"}
    override(document, "model.name=my-dot")
    assert document["model"] == {"name": "my-dot"}


def test_data_files_are_found_beside_the_experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "r.csv").write_text("")
    (folder / "e.toml").write_text('[data]\nsource = "r.csv"\n[data.items]\nsource = "demo"\n')
    monkeypatch.chdir(tmp_path)
    data = read("there/e.toml").data
    assert data.source == str(folder / "r.csv")
    assert data.items.source == "demo"


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        (
            {"data": {"items": {"titel": "x"}}},
            "experiment: unknown key data.items.titel, did you mean 'title'?; "
            "allowed are by, fields, flags, id, read, source or title",
        ),
        (
            {"data": {"duplicates": "frist"}},
            "experiment: data.duplicates = \"frist\" is not allowed, did you mean 'first'?; "
            "allowed: count, error, first, keep, last, latest, max, mean or sum",
        ),
        ({"training": {"epochs": 0}}, "experiment: training.epochs = 0 is not allowed; allowed: a whole number >= 1"),
        ({"loader": {"batch_size": 1.5}},
         "experiment: loader.batch_size = 1.5 is not allowed; allowed: a whole number"),
        (
            {"data": {"items": {"source": "i", "flags": {"mood": ["sad"], "genre": ["a", 3]}}}},
            "experiment: data.items.flags.genre[1] = 3 is not allowed; allowed: text",
        ),
        ({"data": {"categorical": ["a", 3]}}, "experiment: data.categorical[1] = 3 is not allowed; allowed: text"),
        (
            {"training": {"device": "gpu"}},
            'experiment: training.device = "gpu" is not allowed; allowed: auto, cpu, cuda, cuda:1 or mps',
        ),
        ({"metrics": [{}]}, "experiment: metrics[0].name is missing; give it the name of a plugin; "
                            "'cfbench plugins list' shows them"),
        ({"loss": "mse"}, 'experiment: loss = "mse" is not a table; write [loss] with name = "…"'),
    ],
)  # fmt: skip
def test_errors_name_path_value_and_what_is_allowed(tables: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as refusal:
        parse(tables)
    assert str(refusal.value) == sentence


def test_streams_have_the_seed_of_the_experiment_unless_they_have_their_own() -> None:
    experiment = parse({"experiment": {"seed": 1, "seeds": {"init": 5}}})
    assert (experiment.seed_of("init"), experiment.seed_of("shuffle")) == (5, 1)
