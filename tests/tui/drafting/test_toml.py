"""One place of the TOML changes and every other byte stays, however the TOML is written."""

import random
import tomllib
from typing import Any

import pytest

from cfbench.experiment import Component
from cfbench.registry.catalogue import Catalogue
from cfbench.registry.resolving import resolve
from cfbench.tui.draft import Draft
from cfbench.tui.drafting import comparing
from cfbench.tui.drafting.statements import keys_of, layout, written

SHORT = """\
# tried on Monday
[experiment]
seed = 7   # mine

[model]
name = "dot-product" # which
# more than 50 did not pay
n_factors = 30 # length
"""

INLINE = """\
model = { name = "dot-product", n_factors = 30 } # all in one line
optimizer = {name = "sgd", lr = 0.1}
metrics = [{ name = "rmse" }, { name = "mae" }] # two
data = {source = "a.csv", items = {source = "t.csv"}}
loss.name = "mse" # dotted
schedule . "name" = 'constant'
"""

DOTTED = """\
experiment.seed = 7
model.name = "dot-product"
model.n_factors = 30 # length
loader.batch_size = 64

[data]
source = ["a.csv", # first
  "b.csv",  # second, with ] and } and "
]
items.source = "t.csv"

[training]
  epochs = 5 # passes
  # indented
[data.read]
separator = "\\t"
quote = '''"'''
[experiment.seeds]
split = 3"""

CRLF = SHORT.replace("\n", "\r\n")

UNUSUAL = '''\
# only a comment

[[metrics]] # first
name = "rmse"
[[metrics]]
# why: asked for
name = "mae" # second
  [ experiment ]   # spaces
  notes = """
several "quoted" lines
[model]
n_factors = 1 # not a setting
"""
  group = "a # b"
  "seed" = +1_000
[data.items]
source = "x"
[optimizer]
name = "adamw"
betas = [
    0.9,   # first
    0.99,  # second
] # both

# the end
'''


@pytest.mark.parametrize(
    ("text", "path", "value", "before", "after"),
    [
        (SHORT, "model.n_factors", 128, "n_factors = 30 # length", "n_factors = 128 # length"),
        (SHORT, "experiment.seed", 1, "seed = 7   # mine", "seed = 1   # mine"),
        (SHORT, "model.y_range", [0.0, 5.5], "30 # length\n", "30 # length\ny_range = [0.0, 5.5]\n"),
        (SHORT, "model.y_range", None, "30 # length\n", '30 # length\ny_range = "none"\n'),
        (SHORT, "data.source", "a.csv", "# mine\n", '# mine\n\n[data]\nsource = "a.csv"\n'),
        (SHORT, "training.epochs", 9, "# length\n", "# length\n\n[training]\nepochs = 9\n"),
        (SHORT, "experiment.seeds.split", 3, "# mine\n", "# mine\n\n[experiment.seeds]\nsplit = 3\n"),
        (CRLF, "model.n_factors", 128, "= 30 #", "= 128 #"),
        (CRLF, "model.init_sd", 0.1, "# length\r\n", "# length\r\ninit_sd = 0.1\r\n"),
        (CRLF, "data.source", "a.csv", "# mine\r\n", '# mine\r\n\r\n[data]\r\nsource = "a.csv"\r\n'),
        (INLINE, "model.n_factors", 128, "n_factors = 30 }", "n_factors = 128 }"),
        (INLINE, "model.init_sd", 0.1, "n_factors = 30 }", "n_factors = 30, init_sd = 0.1 }"),
        (INLINE, "metrics[0].k", 5, '{ name = "rmse" }', '{ name = "rmse", k = 5 }'),
        (INLINE, "data.items.by", "title", 'source = "t.csv"}', 'source = "t.csv", by = "title"}'),
        (INLINE, "data.read.header", True, '"t.csv"}}', '"t.csv"}, read = {header = true}}'),
        (INLINE, "loss.x", 1, "# dotted\n", "# dotted\nloss.x = 1\n"),
        (INLINE, "schedule.name", "one-cycle", "'constant'", '"one-cycle"'),
        (DOTTED, "model.y_range", [0, 1], "# length\n", "# length\nmodel.y_range = [0, 1]\n"),
        (DOTTED, "data.items.by", "title", '"t.csv"\n', '"t.csv"\nitems.by = "title"\n'),
        (DOTTED, "data.user", "u", '"t.csv"\n', '"t.csv"\nuser = "u"\n'),
        (DOTTED, "training.threads", 2, "# passes\n", "# passes\n  threads = 2\n"),
        (DOTTED, "experiment.seeds.init", 4, "split = 3", "split = 3\ninit = 4\n"),
        (UNUSUAL, "experiment.seed", 5, "+1_000", "5"),
        (UNUSUAL, "experiment.group", "", '"a # b"', '""'),
        (UNUSUAL, "metrics[1].k", 10, "# second\n", "# second\nk = 10\n"),
        (UNUSUAL, "data.source", "a", "1_000\n", '1_000\n\n[data]\nsource = "a"\n'),
        ("", "model.n_factors", 3, "", "[model]\nn_factors = 3\n"),
        ("# mine\n", "model.n_factors", 3, "# mine\n", "# mine\n\n[model]\nn_factors = 3\n"),
        ("[model]", "model.n_factors", 3, "[model]", "[model]\nn_factors = 3\n"),
    ],
)
def test_one_place_changes(text: str, path: str, value: Any, before: str, after: str) -> None:
    draft = Draft(text)
    draft.set(path, value)
    assert draft.text == text.replace(before, after, 1)
    assert draft.get(path) == ("none" if value is None else value)


@pytest.mark.parametrize(
    ("text", "path", "before", "after"),
    [
        (SHORT, "model.n_factors", "n_factors = 30 # length\n", ""),
        (CRLF, "experiment.seed", "seed = 7   # mine\r\n", ""),
        (INLINE, "model.n_factors", ", n_factors = 30", ""),
        (INLINE, "model.name", 'name = "dot-product", ', ""),
        (INLINE, "data.items.source", 'source = "t.csv"', ""),
        (DOTTED, "experiment.seeds.split", "split = 3", ""),
        (UNUSUAL, "optimizer.betas", UNUSUAL[UNUSUAL.index("betas") : UNUSUAL.index("# both") + 7], ""),
        (SHORT, "model.y_range", "", ""),
    ],
)
def test_a_setting_left_out(text: str, path: str, before: str, after: str) -> None:
    draft = Draft(text)
    draft.unset(path)
    assert draft.text == text.replace(before, after, 1)
    assert draft.get(path, "not there") == "not there"


@pytest.mark.parametrize("text", [INLINE, DOTTED, SHORT, CRLF, "", UNUSUAL])
def test_another_plugin_however_the_table_is_written(text: str, known: Catalogue) -> None:
    draft = Draft(text)
    draft.choose("model", "embedding-mlp", known)
    draft.choose("loss", "cfbench_losses:mse", known)
    assert draft.experiment
    assert resolve(draft.experiment, known).model.name == "cfbench_models:embedding-mlp"
    assert text != CRLF or "\n" not in draft.text.replace("\r\n", "")
    while draft.undo():
        pass
    assert draft.text == text


@pytest.mark.parametrize("text", [SHORT, INLINE, UNUSUAL, UNUSUAL.replace("\n", "\r\n"), "metrics = []\n"])
@pytest.mark.parametrize("names", [["mae"], ["mae", "rmse"], ["rmse", "mse", "mae"], ["mse"], []])
def test_metrics(text: str, names: list[str]) -> None:
    draft = Draft(text)
    draft.set_metrics([Component(name) for name in names])
    assert draft.experiment
    assert [metric.name for metric in draft.experiment.metrics] == names
    draft.set_metrics([Component("rmse")])
    assert draft.experiment.metrics == (Component("rmse"),)
    while draft.undo():
        pass
    assert draft.text == text


def test_lines_of_metrics_that_stay_are_kept() -> None:
    draft = Draft(UNUSUAL)
    draft.set_metrics([Component("mae"), Component("ndcg", {"k": 10})])
    assert '[[metrics]]\n# why: asked for\nname = "mae" # second\n[[metrics]]\nname = "ndcg"\nk = 10\n' in draft.text
    assert draft.undo() == "metrics back to rmse, mae"


def test_random_edits_keep_every_other_byte(toml: str, draw: random.Random) -> None:
    for text in (toml, toml.replace("\n", "\r\n"), SHORT, CRLF, INLINE, DOTTED, UNUSUAL) * 3:
        draft = Draft(text)
        for _ in range(12):
            statement = draw.choice(layout(draft.text).statements)
            path, before, lines = written(statement.path), draft.text, draft.text.splitlines()
            value = draw.choice([0, -1.5, True, "x # y", 'a"b\\', [1, "]"], [], 1e-05, 12345])
            if isinstance(draft.get(path), (dict, list)):
                continue
            draft.set(path, value)
            assert draft.get(path) == value, (path, value)
            kept = before[: statement.value], before[statement.end :]
            assert draft.text.startswith(kept[0]), path
            assert draft.text.endswith(kept[1]), path
            assert len(draft.text.splitlines()) == len(lines) or "\n" in before[statement.value : statement.end]
        while draft.undo():
            pass
        assert draft.text == text


def test_random_new_settings_come_and_go(toml: str, draw: random.Random) -> None:
    paths = ["model.a", "loader.b", "data.items.c", "data.read.d", "experiment.seeds.e", "training.f", "loss.g", "top"]
    for text in (toml, SHORT, CRLF, INLINE, DOTTED, UNUSUAL) * 3:
        draft = Draft(text)
        for path in draw.sample(paths, len(paths)):
            before, comments = tomllib.loads(draft.text), draft.text.count("#")
            draft.set(path, draw.choice([1, "x", [1.5, 2.5], False]))
            after = tomllib.loads(draft.text)
            assert comparing.put(before, keys_of(path), draft.get(path)) == after
            assert draft.text.count("#") == comments
        for path in draw.sample(paths, len(paths)):
            draft.unset(path)
        assert comparing.pruned(tomllib.loads(draft.text)) == comparing.pruned(tomllib.loads(text))
