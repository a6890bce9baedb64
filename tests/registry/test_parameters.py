"""Parameters are checked against data alone, and each refusal says key, value and what is allowed."""

from dataclasses import dataclass, field, make_dataclass
from enum import Enum
from typing import Annotated, Literal

import pytest

from cfbench.errors import BadInput
from cfbench.plugin import Advanced, Choices, Help, Log, NoParams, Range, Search, Unit
from cfbench.registry.declarations import Declaration
from cfbench.registry.parameters import check, help_of
from cfbench.registry.schema import schema_of


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Params:
    n_factors: Annotated[int, Range(1, 4096), Unit("rows"), Help("length of each vector"), Log()] = 50
    lr: Annotated[float, Range(above=0), Advanced()] = 1e-3
    dropout: Annotated[float, Range(0, below=1)] = 0.0
    y_range: Annotated[tuple[float, float] | None, Help("squash into this")] = None
    layers: Annotated[tuple[int, ...], Range(min=1)] = (100,)
    tags: list[str] = field(default_factory=list)
    init: Literal["normal", "uniform"] = "normal"
    colour: Colour = Colour.RED
    size: Annotated[int, Choices(64, 128, 256)] = 128
    nesterov: bool = False
    decay: Annotated[float, Range(0, 1)] | None = None
    seed: int = 1


def declaration(params=Params):
    return Declaration("model", "dot", "a:dot", "Dot", "", "package", schema=schema_of(params))


def test_defaults_are_filled_in_as_plain_values():
    assert check(declaration(), {}, "", "model") == {
        "n_factors": 50,
        "lr": 0.001,
        "dropout": 0.0,
        "y_range": None,
        "layers": [100],
        "tags": [],
        "init": "normal",
        "colour": "red",
        "size": 128,
        "nesterov": False,
        "decay": None,
        "seed": 1,
    }


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("lr", 1, 1.0),
        ("y_range", [1, 5], [1.0, 5.0]),
        ("y_range", (1.0, 5.5), [1.0, 5.5]),
        ("y_range", "none", None),
        ("decay", "none", None),
        ("decay", 1, 1.0),
        ("layers", [], []),
        ("colour", "blue", "blue"),
        ("size", 256, 256),
        ("tags", ["none"], ["none"]),
    ],
)
def test_good_values(key, value, expected):
    checked = check(declaration(), {key: value}, "", "model")[key]
    assert checked == expected
    assert type(checked) is type(expected)


WHOLE = "a whole number 1 to 4096"


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("n_factors", 0, f"model.n_factors = 0 is not allowed; allowed: {WHOLE}"),
        ("n_factors", True, f"model.n_factors = true is not allowed; allowed: {WHOLE}"),
        ("n_factors", 50.0, f"model.n_factors = 50.0 is not allowed; allowed: {WHOLE}"),
        ("n_factors", "50", f'model.n_factors = "50" is not allowed; allowed: {WHOLE}'),
        ("n_factors", "none", f'model.n_factors = "none" is not allowed; allowed: {WHOLE}'),
        ("n_factors", None, f"model.n_factors = null is not allowed; allowed: {WHOLE}"),
        ("seed", 2**63, "model.seed = 9223372036854775808 is not allowed; allowed: a whole number"),
        ("lr", 0, "model.lr = 0.0 is not allowed; allowed: a number above 0"),
        ("lr", float("nan"), "model.lr = nan is not allowed; allowed: a number above 0"),
        ("lr", float("inf"), "model.lr = inf is not allowed; allowed: a number above 0"),
        ("lr", True, "model.lr = true is not allowed; allowed: a number above 0"),
        ("dropout", 1, "model.dropout = 1.0 is not allowed; allowed: a number of at least 0 and below 1"),
        ("y_range", [1], 'model.y_range = [1] is not allowed; allowed: "none" or a list of 2 numbers'),
        ("y_range", 5, 'model.y_range = 5 is not allowed; allowed: "none" or a list of 2 numbers'),
        ("y_range", [1, "5"], 'model.y_range[1] = "5" is not allowed; allowed: a number'),
        ("layers", [100, 0], "model.layers[1] = 0 is not allowed; allowed: a whole number of at least 1"),
        ("layers", 100, "model.layers = 100 is not allowed; allowed: a list of whole numbers of at least 1"),
        ("tags", "x", 'model.tags = "x" is not allowed; allowed: a list of texts'),
        (
            "init",
            "norml",
            'model.init = "norml" is not allowed, did you mean \'normal\'?; allowed: "normal" or "uniform"',
        ),
        ("colour", "RED", 'model.colour = "RED" is not allowed; allowed: "red" or "blue"'),
        ("size", 100, "model.size = 100 is not allowed; allowed: 64, 128 or 256"),
        ("nesterov", 1, "model.nesterov = 1 is not allowed; allowed: true or false"),
        ("nesterov", "true", 'model.nesterov = "true" is not allowed; allowed: true or false'),
        ("decay", 2, 'model.decay = 2 is not allowed; allowed: "none" or a number 0 to 1'),
        ("decay", float("-inf"), 'model.decay = -inf is not allowed; allowed: "none" or a number 0 to 1'),
    ],
)
def test_refusals(key, value, sentence):
    with pytest.raises(BadInput) as caught:
        check(declaration(), {key: value}, "", "model")
    assert str(caught.value) == sentence


def test_an_unknown_key_is_answered_with_the_nearest_and_the_list():
    @dataclass(frozen=True)
    class Two:
        n_factors: int = 1
        init_sd: float = 1.0

    with pytest.raises(BadInput) as caught:
        check(declaration(Two), {"n_factor": 3}, "my.toml", "metrics[1]")
    assert str(caught.value) == (
        "my.toml: unknown key metrics[1].n_factor, did you mean 'n_factors'?; allowed are init_sd or n_factors"
    )
    with pytest.raises(BadInput, match=r"^unknown key loss\.x; dot has no parameters$"):
        check(declaration(NoParams), {"x": 3}, "", "loss")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("n_factors", "length of each vector, 1 to 4096 rows, default 50"),
        ("lr", "above 0, default 0.001"),
        ("dropout", "at least 0 and below 1, default 0.0"),
        ("y_range", 'squash into this, "none" or a list of 2 numbers, default "none"'),
        ("layers", "a list of whole numbers of at least 1, default [100]"),
        ("init", '"normal" or "uniform", default "normal"'),
        ("nesterov", "default false"),
        ("seed", "default 1"),
        ("decay", '"none" or a number 0 to 1, default "none"'),
        ("tags", "a list of texts, default []"),
    ],
)
def test_help_is_one_line(key, line):
    assert help_of(declaration(), key) == line


def test_help_of_several_lines_becomes_one():
    @dataclass(frozen=True)
    class Told:
        n: Annotated[int, Help("how many,\n    counted\r\n from 1"), Unit("rows\neach")] = 1

    properties = declaration(Told).properties["n"]
    assert (properties["description"], properties["x-unit"]) == ("how many, counted from 1", "rows each")


def test_schema_says_where_a_search_tries_values():
    @dataclass(frozen=True)
    class Searched:
        n: Annotated[int, Range(1, 64), Search(2, 16)] = 4
        init: Annotated[Literal["a", "b", "c"], Search.among("a", "b")] = "c"

    properties = declaration(Searched).properties
    assert properties["n"]["x-search"] == [2, 16]
    assert properties["init"]["x-search"] == {"among": ["a", "b"]}


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        (Annotated[int, Search(16, 2)], r"parameter n: Search\(16, 2\) does not rise"),
        (Annotated[int, Range(1, 8), Search(2, 16)], "parameter n: Search = 16 is not allowed"),
        (Annotated[int, Range(1, 8), Search.among(2, 9)], "parameter n: Search = 9 is not allowed"),
        (Annotated[str, Search(1, 2)], "parameter n: Search = 1 is not allowed"),
    ],
)
def test_a_search_of_what_is_not_allowed_is_refused(hint, said):
    with pytest.raises(BadInput, match=said):
        schema_of(make_dataclass("Searched", [("n", hint, 1)], frozen=True))


def test_schema_says_what_forms_need():
    properties = declaration().properties
    assert properties["n_factors"]["x-unit"] == "rows"
    assert properties["n_factors"]["x-log"] is True
    assert properties["lr"] == {"type": "number", "exclusiveMinimum": 0, "x-advanced": True, "default": 0.001}
    assert properties["y_range"]["anyOf"] == [
        {
            "type": "array",
            "prefixItems": [{"type": "number"}] * 2,
            "items": False,
            "minItems": 2,
            "maxItems": 2,
        },
        {"type": "null"},
    ]
    assert properties["layers"]["items"] == {"type": "integer", "minimum": 1}
    assert properties["colour"]["enum"] == ["red", "blue"]
    assert properties["size"]["enum"] == [64, 128, 256]
