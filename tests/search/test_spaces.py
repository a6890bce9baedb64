"""Spaces: from declarations as data, from text, as points of a grid."""

from __future__ import annotations

import msgspec
import pytest

from cfbench.errors import BadInput
from cfbench.experiment import Experiment, parse
from cfbench.registry.catalogue import catalogue
from cfbench.registry.declarations import Declaration
from cfbench.registry.resolving import resolve
from cfbench.search import spaces
from cfbench.search.spaces import Space

TABLES = ("model", "optimizer", "loss", "schedule")


def made(**tables: dict[str, object]) -> tuple[Experiment, dict[str, Declaration]]:
    resolved = resolve(parse({"data": {"source": "demo"}, **tables}), catalogue())
    return resolved, {table: catalogue().find(table, getattr(resolved, table).name) for table in TABLES}


def test_declarations_carry_spaces() -> None:
    found = {space.key: space for space in spaces.declared(*made())}
    assert found["model.n_factors"] == Space("model.n_factors", 8, 128, log=True, whole=True)
    assert found["optimizer.lr"] == Space("optimizer.lr", 1e-4, 1.0, log=True)
    assert "optimizer.weight_decay" in found
    assert "model.y_range" not in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optimizer.lr=1e-3..1e-1", Space("optimizer.lr", 1e-3, 0.1, log=True)),
        ("model.n_factors=2..64", Space("model.n_factors", 2, 64, log=True, whole=True)),
        ("optimizer.weight_decay=0..0.5", Space("optimizer.weight_decay", 0, 0.5)),
        ("model.n_factors=4,8", Space("model.n_factors", values=(4, 8))),
        ("model.init=normal,truncated-normal", Space("model.init", values=("normal", "truncated-normal"))),
        ("model.global_mean=true,false", Space("model.global_mean", values=(True, False))),
    ],
)
def test_spaces_are_written(text: str, expected: Space) -> None:
    assert spaces.written(text, *made()) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model.n_factor=1..2", "there is no setting 'model.n_factor' to vary, did you mean 'model.n_factors'"),
        ("model.n_factors", "is not KEY=LOW..HIGH"),
        ("optimizer.lr=1..", "has no two numbers"),
        ("optimizer.lr=2..1", "does not rise"),
        ("model.init=1..2", "it is no number"),
    ],
)
def test_what_is_no_space_is_said(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        spaces.written(text, *made())


def test_values_among_which_a_search_chooses_come_from_the_declaration_too() -> None:
    resolved, declarations = made()
    listed = {"init": {"type": "string", "x-search": {"among": ["normal", "uniform"]}}}
    declaration = msgspec.structs.replace(declarations["model"], schema={"properties": listed})
    assert spaces.declared(resolved, {"model": declaration}) == [Space("model.init", values=("normal", "uniform"))]


def test_a_space_from_zero_is_not_by_the_logarithm() -> None:
    resolved, declarations = made()
    listed = {"init_sd": {"type": "number", "x-log": True, "x-search": [0, 1]}}
    declaration = msgspec.structs.replace(declarations["model"], schema={"properties": listed})
    assert spaces.declared(resolved, {"model": declaration}) == [Space("model.init_sd", 0, 1)]


def test_a_setting_that_is_not_set_has_a_word() -> None:
    assert spaces.value_of(made()[0], "model.y_range") == "none"


def test_experiments_differ_in_what_makes_another_model() -> None:
    one, _ = made(experiment={"name": "a", "group": "g"}, optimizer={"lr": 0.1})
    other, _ = made(experiment={"seed": 7}, optimizer={"lr": 0.2}, training={"epochs": 3}, metrics=[{"name": "mae"}])
    assert spaces.differing(one, other, ["optimizer.lr"]) == ["experiment.seed", "training.epochs"]


def test_points_of_a_grid() -> None:
    assert Space("k", 1e-4, 1.0, log=True).points() == [1e-4, 0.01, 1.0]
    assert Space("k", 8, 128, log=True, whole=True).points() == [8, 32, 128]
    assert Space("k", 1, 2, whole=True).points() == [1, 2]
    every = list(spaces.grid([Space("a", values=(1, 2)), Space("b", values=("x", "y"))]))
    assert every == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}, {"a": 2, "b": "x"}, {"a": 2, "b": "y"}]
