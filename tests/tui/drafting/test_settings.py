"""What a field shows of a setting, what may be typed in it, and that the command line judges alike."""

import math
import random
import tomllib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from cfbench.errors import BadInput
from cfbench.experiment import COMPONENTS
from cfbench.plugin import Choices, Help, Range, Unit
from cfbench.registry import parameters
from cfbench.registry.catalogue import catalogue
from cfbench.registry.declarations import Declaration
from cfbench.registry.schema import schema_of
from cfbench.tui.settings import Refused, Setting, check, find, parse, settings_of, settings_of_table, show

TABLES = ("experiment", "data", "loader", "training")


@dataclass(frozen=True)
class Params:
    n_factors: Annotated[int, Range(1, 4096), Unit("rows"), Help("length of each vector")] = 50
    lr: Annotated[float, Range(above=0)] = 1e-3
    dropout: Annotated[float, Range(0, below=1)] = 0.0
    decay: Annotated[float, Range(0, 1)] | None = None
    shift: Annotated[float, Range(-1, 1)] = 0.0
    y_range: tuple[float, float] | None = None
    momentum: tuple[Annotated[float, Range(0, below=1)], ...] | None = (0.9,)
    layers: Annotated[tuple[int, ...], Range(min=1)] = (100,)
    tags: tuple[str, ...] = ()
    mixed: tuple[int, str] = (1, "a")
    grid: tuple[tuple[int, int], ...] = ((1, 2),)
    label: str | None = None
    init: Literal["normal", "uniform"] = "normal"
    size: Annotated[int, Choices(64, 128, 256)] = 128
    either: Literal["auto", 3, True] = "auto"
    nesterov: bool = False
    seed: int = 1


DECLARED = Declaration("model", "dot", "a:dot", "Dot", "", "package", schema=schema_of(Params))
OF = {setting.label: setting for setting in settings_of(DECLARED, "model")}
FIXED = {setting.path: setting for table in TABLES for setting in settings_of_table(table)}


def built_in() -> list[Setting]:
    return [setting for one in catalogue().declarations for setting in settings_of(one, one.kind)]


@pytest.mark.parametrize(
    ("label", "allowed"),
    [
        ("n_factors", "1–4,096"),
        ("lr", "> 0"),
        ("dropout", "≥ 0, < 1"),
        ("decay", "0–1 or none"),
        ("shift", "−1 to 1"),
        ("y_range", "2 numbers or none"),
        ("momentum", "numbers ≥ 0, < 1, or none"),
        ("layers", "whole numbers ≥ 1"),
        ("tags", "texts"),
        ("mixed", "2 values"),
        ("label", "text or none"),
        ("init", "normal · uniform"),
        ("size", "64 · 128 · 256"),
        ("nesterov", "yes · no"),
        ("seed", "a whole number"),
    ],
)
def test_what_is_allowed_stands_beside_the_field(label: str, allowed: str) -> None:
    assert OF[label].allowed == allowed


def test_a_setting_says_what_a_form_needs() -> None:
    setting = OF["n_factors"]
    told = (setting.path, setting.help, setting.unit, setting.default, setting.kind, setting.optional)
    assert told == ("model.n_factors", "length of each vector", "rows", 50, "integer", False)
    assert (OF["init"].kind, OF["init"].choices) == ("choice", ("normal", "uniform"))
    assert (OF["y_range"].kind, OF["y_range"].optional) == ("list", True)


def test_fixed_tables_look_the_same() -> None:
    batch = FIXED["loader.batch_size"]
    assert (batch.allowed, batch.help, batch.default, batch.kind) == ("≥ 1", "rows a step", 64, "integer")
    duplicates = FIXED["data.duplicates"]
    assert duplicates.choices == (
        "keep",
        "error",
        "first",
        "last",
        "latest",
        "mean",
        "max",
        "sum",
        "count",
    )  # as declared
    assert (FIXED["data.items.by"].label, FIXED["data.items.by"].allowed) == ("items.by", "id · title")
    assert FIXED["training.device"].choices[:2] == ("auto", "cpu")
    assert "experiment.seeds" not in FIXED


@pytest.mark.parametrize(
    ("label", "text", "value"),
    [
        ("n_factors", " 7 ", 7),
        ("n_factors", "1e3", 1000),
        ("n_factors", "64.0", 64),
        ("n_factors", "1,000", 1000),
        ("seed", "−5", -5),
        ("lr", "1", 1.0),
        ("lr", ".5", 0.5),
        ("lr", "5e-3", 0.005),
        ("decay", "none", None),
        ("decay", "", None),
        ("y_range", "0, 5.5", [0.0, 5.5]),
        ("y_range", "[0, 5.5]", [0.0, 5.5]),
        ("y_range", "0 – 5.5", [0.0, 5.5]),
        ("y_range", "-1 - 5.5", [-1.0, 5.5]),
        ("y_range", "0 5.5", [0.0, 5.5]),
        ("momentum", "[]", []),
        ("layers", "100, 50", [100, 50]),
        ("layers", "100,", [100]),
        ("layers", "", []),
        ("tags", 'a, "b, c", d', ["a", "b, c", "d"]),
        ("tags", '"a" b,,c', ['"a" b', "", "c"]),
        ("mixed", "2, x", [2, "x"]),
        ("grid", "[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("label", '"none "', "none "),
        ("init", "Uniform", "uniform"),
        ("either", "3", 3),
        ("either", "yes", True),
        ("nesterov", "yes", True),
        ("nesterov", "False", False),
    ],
)
def test_what_people_type(label: str, text: str, value: Any) -> None:
    parsed = parse(OF[label], text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("label", "text", "reason"),
    [
        ("n_factors", "-1", "given -1, allowed 1–4,096"),
        ("n_factors", "abc", "given abc, a whole number is needed"),
        ("n_factors", "1.5", "given 1.5, a whole number is needed"),
        ("n_factors", "", "a whole number is needed"),
        ("n_factors", "none", "given none, a whole number is needed"),
        ("n_factors", "9" * 60, f"given {'9' * 39}…, a whole number is needed"),
        ("n_factors", "1e999", "given 1e999, a whole number is needed"),
        ("lr", "0", "given 0, allowed > 0"),
        ("lr", "0,1", "given 0,1, write 0.1"),
        ("lr", "nan", "given nan, a number is needed"),
        ("lr", "1e999", "given 1e999, allowed > 0"),
        ("decay", "2", "given 2, allowed 0–1 or none"),
        ("y_range", "5", "given 5, 2 numbers are needed"),
        ("y_range", "0, x", "given x, a number is needed"),
        ("layers", "100, 0", "given 0 in place 2, allowed ≥ 1"),
        ("layers", "1,000", "given 000, a whole number is needed"),
        ("init", "norml", "given norml, did you mean 'normal'?"),
        ("init", "zz", "given zz, allowed normal · uniform"),
        ("nesterov", "maybe", "given maybe, yes or no is needed"),
        ("label", "\ud800", "given text that is not UTF-8"),
        ("label", "x" * 20_000, "20,000 characters, at most 10,000 are allowed"),
    ],
)
def test_a_refusal_is_short_and_says_what_would_do(label: str, text: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(OF[label], text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("data.source", "u.data", "u.data"),
        ("data.source", "a.csv, b.csv", ["a.csv", "b.csv"]),
        ("data.source", '"my, own.csv"', "my, own.csv"),
        ("data.target", "none", "none"),
        ("data.target", "guessed", None),
        ("data.at_least", "3.5", 3.5),
        ("data.at_least", "none", None),
        ("loader.shuffle", "no", False),
        ("training.device", "cuda:3", "cuda:3"),
    ],
)
def test_what_people_type_of_fixed_settings(path: str, text: str, value: Any) -> None:
    assert parse(FIXED[path], text) == value


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("training.device", "gpu", "given gpu, allowed auto · cpu · cuda · cuda:1 · mps"),
        ("training.epochs", "0", "given 0, allowed ≥ 1"),
        ("data.missing", "dorp", "given dorp, did you mean 'drop'?"),
    ],
)
def test_refusals_of_fixed_settings(path: str, text: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        parse(FIXED[path], text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("label", "value", "text"),
    [
        ("lr", 0.005, "0.005"),
        ("lr", 5.0, "5"),
        ("layers", [100, 50], "100, 50"),
        ("y_range", [0.0, 5.5], "0, 5.5"),
        ("y_range", None, "none"),
        ("y_range", "none", "none"),
        ("n_factors", "wrong", "wrong"),
    ],
)
def test_what_a_field_shows(label: str, value: Any, text: str) -> None:
    assert show(OF[label], value) == text


def test_every_default_can_be_shown_and_typed_back() -> None:
    for setting in [*built_in(), *OF.values(), *FIXED.values()]:
        assert parse(setting, show(setting, setting.default)) == setting.default, setting.path


def allowed_value(draw: random.Random, schema: dict[str, Any]) -> Any:
    """Return some value that a schema allows."""
    if "anyOf" in schema:
        return allowed_value(draw, draw.choice(schema["anyOf"]))
    if "enum" in schema or "examples" in schema:
        return draw.choice(schema.get("enum") or schema["examples"])
    match schema["type"]:
        case "null":
            return None
        case "boolean":
            return draw.random() < 0.5
        case "string":
            return "".join(draw.choices('ab, ."\\\t\n[]é–#', k=draw.randrange(6)))
        case "array":
            parts = schema.get("prefixItems") or [schema["items"]] * draw.choice([0, 2, 3])
            return [allowed_value(draw, part) for part in parts]
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1000))
    high = schema.get("maximum", schema.get("exclusiveMaximum", max(low, 0) + 1000))
    if schema["type"] == "integer":
        return draw.randint(low, high)
    value = draw.choice([draw.uniform(low, high), round(draw.uniform(low, high), 2), math.ldexp(1, -40) + low])
    inside = schema.get("exclusiveMinimum", -math.inf) < value < schema.get("exclusiveMaximum", math.inf)
    return value if inside else (low + high) / 2


def test_allowed_values_can_be_shown_and_typed_back(draw: random.Random) -> None:
    for setting in [*built_in(), *OF.values(), *FIXED.values()] * 10:
        value = allowed_value(draw, setting.schema)
        if value in ([], ["a"]) and setting.path == "data.source":
            continue  # nothing, and one file, are text there
        same = check(setting, value)
        again = parse(setting, show(setting, value))
        assert again == same or [again] == same, (setting.path, value, show(setting, value))


NUMBERS = "0 1 -1 2 50 4096 4097 65536 65537 0.5 1.0 -0.5 1e-5 1e300 0.999 9223372036854775808"
OTHERS = 'true false "none" "normal" "auto" "x" "" []'
LISTS = '[1] [0.5] [1,2] [0.1,0.9] [0.1,1.0] [0,0,0] [0.9,0.8,0.7] ["a"] ["a","b"]'


def test_the_command_line_judges_alike() -> None:
    """What stands in TOML is accepted in a field, with the same value, if and only if ``--set`` accepts it."""
    judged = 0
    for declaration in [*catalogue().declarations, DECLARED]:
        table = declaration.kind if declaration.kind in COMPONENTS else "metrics[0]"
        for setting in settings_of(declaration, table):
            for literal in f"{NUMBERS} {OTHERS} {LISTS}".split():
                value = tomllib.loads(f"v = {literal}")["v"]
                try:
                    theirs = parameters.check(declaration, {setting.label: value}, "", table)[setting.label]
                except BadInput:
                    theirs = "refused"
                try:
                    ours = parse(setting, literal if isinstance(value, (float, list)) else show(setting, value))
                except Refused:
                    ours = "refused"
                lenient = theirs == "refused" and more_than_toml(setting, value)
                assert ours == theirs or lenient, (setting.path, literal)
                judged += 1
    assert judged > 1000


def more_than_toml(setting: Setting, value: Any) -> bool:
    """Return whether a field takes a value of another type, as people type them."""
    texts = "texts" in setting.allowed or "text" in setting.allowed or setting.label == "mixed"
    return texts or (isinstance(value, (int, float, str)) and setting.kind in ("integer", "list", "choice"))


def test_finding_a_setting() -> None:
    every = [*OF.values(), *FIXED.values()]
    for text, path in {
        "n fac": "model.n_factors",
        "LENGTH vector": "model.n_factors",
        "batch size": "loader.batch_size",
        "uniform": "model.init",
    }.items():
        assert [setting.path for setting in find(every, text)] == [path]
    assert find(every, "nothing like it") == []
    assert find(every, "") == every
