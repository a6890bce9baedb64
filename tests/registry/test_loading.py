"""From a name in an experiment to the live class with its parameters."""

import shutil
import sys

import pytest

from cfbench import experiment
from cfbench.errors import BadInput, WorkFailed
from cfbench.registry.catalogue import catalogue
from cfbench.registry.loading import load, parameters
from cfbench.registry.resolving import resolve

TINY = """
class Colour(Enum):
    RED = "red"

@dataclass(frozen=True)
class Params:
    y_range: tuple[float, float] | None = None
    layers: tuple[int, ...] = (1,)
    colour: Colour = Colour.RED
    tags: list[str] | None = None

    def __post_init__(self):
        if self.y_range and self.y_range[0] > self.y_range[1]:
            raise ValueError("y_range has its low end first")

class Tiny:
    version = {version}

@hookimpl
def cfbench_models():
    return [Model("tiny", "Tiny", "small", "{module}:Tiny", Params)]
"""


@pytest.fixture(autouse=True)
def forget_modules():
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("tiny", "acme")):
            del sys.modules[name]


def tiny(plugin_file, module="tiny_one", version=1):
    return plugin_file(f"{module}.py", TINY.format(module=module, version=version))


def test_a_file_is_loaded_with_its_target(plugin_file):
    tiny(plugin_file)
    live = load(catalogue().find("model", "tiny"))
    assert live.target.version == 1
    assert live.target is sys.modules["tiny_one"].Tiny
    assert load(catalogue().find("model", "tiny")).target is live.target


def test_a_runs_own_copy_is_loaded_instead(plugin_file, tmp_path):
    path = tiny(plugin_file, "tiny_two")
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    declaration = catalogue().find("model", "tiny")
    path.write_text("1 / 0")
    assert load(declaration, copy).target.version == 1
    assert sys.modules["tiny_two"].__file__ == str(copy)


def test_an_edited_file_is_imported_anew(plugin_file):
    tiny(plugin_file, version=1)
    assert load(catalogue().find("model", "tiny")).target.version == 1
    tiny(plugin_file, version=2)
    assert load(catalogue().find("model", "tiny")).target.version == 2


def test_a_foreign_module_is_never_replaced(plugin_file, tmp_path):
    tiny(plugin_file)
    copy = tmp_path / "json.py"
    copy.write_text("")
    import json

    with pytest.raises(WorkFailed, match=r"^plugin file:tiny: 'json' is the name of another module; rename the file$"):
        load(catalogue().find("model", "tiny"), copy)
    assert sys.modules["json"] is json


def test_a_package_is_loaded(acme):
    live = load(catalogue().find("model", "acme-bias"))
    assert live.target.__module__ == "acme_recommenders.bias"
    assert parameters(live, {"damping": 2.0}).damping == 2.0


def test_every_built_in_plugin_can_be_loaded():
    for declaration in catalogue().declarations:
        live = load(declaration)
        assert callable(live.target), declaration.full_name
        assert parameters(live, {}) == live.params()


def test_what_can_not_be_loaded_is_said_in_one_sentence(plugin_file):
    path = tiny(plugin_file)
    declaration = catalogue().find("model", "tiny")
    path.write_text("\n\n1 / 0\n")
    with pytest.raises(WorkFailed) as caught:
        load(declaration)
    assert str(caught.value) == "plugin file:tiny: tiny_one.py:3: ZeroDivisionError: division by zero"
    assert "tiny_one" not in sys.modules
    path.write_text("")
    with pytest.raises(BadInput, match=r"^tiny_one: the plugin no longer declares the model 'tiny'$"):
        load(declaration)
    path.write_text(TINY.format(module="tiny_one", version=1).replace("class Tiny:", "class Tinny:"))
    path.write_text("from dataclasses import dataclass\nfrom enum import Enum\n" + path.read_text())
    path.write_text("from cfbench.plugin import Model, hookimpl\n" + path.read_text())
    with pytest.raises(WorkFailed, match=r"^tiny_one:Tiny: there is no Tiny in tiny_one, did you mean 'Tinny'\?$"):
        load(declaration)
    path.unlink()
    with pytest.raises(BadInput, match=r"the plugin's file is missing$"):
        load(declaration)


def test_a_package_that_is_gone_is_said(acme, monkeypatch):
    declaration = catalogue().find("model", "acme-bias")
    monkeypatch.undo()
    with pytest.raises(BadInput) as caught:
        load(declaration)
    assert str(caught.value) == "acme_recommenders:acme-bias is not installed; pip install Acme-Recommenders"


def test_parameters_get_the_types_of_the_dataclass(plugin_file):
    tiny(plugin_file)
    live = load(catalogue().find("model", "tiny"))
    plain = {"y_range": [1.0, 5.0], "layers": [3, 4], "colour": "red", "tags": ["a"]}
    made = parameters(live, plain)
    assert (made.y_range, made.layers, made.tags) == ((1.0, 5.0), (3, 4), ["a"])
    assert made.colour is sys.modules["tiny_one"].Colour.RED
    assert parameters(live, {**plain, "y_range": None, "tags": None}).y_range is None


def test_the_rule_across_fields_is_bad_input(plugin_file):
    tiny(plugin_file)
    live = load(catalogue().find("model", "tiny"))
    with pytest.raises(BadInput, match=r"^parameters of model 'tiny': y_range has its low end first$"):
        parameters(live, {"y_range": [5.0, 1.0]})


# -- resolving --------------------------------------------------------------------------------------------------------


def test_an_experiment_is_made_complete(plugin_file):
    tiny(plugin_file)
    given = experiment.parse({"model": {"name": "tiny", "layers": [2]}, "metrics": [{"name": "mae"}]})
    found = resolve(given, catalogue())
    assert found.model == experiment.Component(
        "file:tiny", {"y_range": None, "layers": [2], "colour": "red", "tags": None}
    )
    assert found.metrics[0].name == "cfbench_metrics:mae"
    assert found.optimizer.name.startswith("cfbench_optimizers:")
    assert resolve(found, catalogue()) == found


@pytest.mark.parametrize(
    ("table", "start"),
    [
        ({"model": {"name": "dot-prodct"}}, "my.toml: model.name: there is no model 'dot-prodct', did you mean "),
        ({"metrics": [{"name": "mae"}, {"name": "rmsee"}]}, "my.toml: metrics[1].name: there is no metric 'rmsee'"),
        ({"model": {"name": "dot-product", "n_factors": 0}}, "my.toml: model.n_factors = 0 is not allowed"),
        ({"metrics": [{"name": "mae", "x": 1}]}, "my.toml: unknown key metrics[0].x"),
    ],
)
def test_a_refusal_names_the_key(table, start):
    with pytest.raises(BadInput) as caught:
        resolve(experiment.parse(table), catalogue(), "my.toml")
    assert str(caught.value).startswith(start)
