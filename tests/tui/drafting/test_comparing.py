"""Each line of the TOML tells what it was in another experiment."""

import msgspec

from cfbench.experiment import Component, Experiment
from cfbench.registry.catalogue import Catalogue
from cfbench.registry.resolving import resolve
from cfbench.tui.draft import Draft

TOML = """\
# tried on Monday
[experiment]
seed = 7   # mine

[model]
name = "dot-product" # which
n_factors = 30 # length
"""

BRACES = """\
model = { name = "dot-product", n_factors = 30 } # all in one line
optimizer = {name = "sgd", lr = 0.1}
metrics = [{ name = "rmse" }, { name = "mae" }] # two
"""


def test_changed_lines_say_what_they_were(known: Catalogue) -> None:
    base = resolve(Experiment(model=Component("dot-product", {"n_factors": 50})), known)
    draft = Draft(TOML + '\n[optimizer]\nname = "sgd"\nlr = 0.005\nmomentum = 0.9\n[data]\nuser = "u"\n')
    changed = {line.path: line.was for line in draft.changed_lines(base) if line.was is not None}
    assert changed == {
        "experiment.seed": "42",
        "model.n_factors": "50",
        "optimizer.name": "adamw",
        "optimizer.momentum": "",
        "data.user": "guessed",
    }
    assert [line.text for line in draft.changed_lines(base)] == draft.text.splitlines()


def test_unchanged_lines_carry_their_path(toml: str, known: Catalogue) -> None:
    draft = Draft(toml)
    assert draft.experiment
    lines = draft.changed_lines(resolve(draft.experiment, known))
    assert [line.was for line in lines] == [None] * len(lines)
    assert "model.n_factors" in [line.path for line in lines]
    assert draft.changed_lines(Draft(toml)) == lines
    assert draft.changed_lines(None) == lines


def test_changed_lines_of_braces() -> None:
    base = msgspec.structs.replace(Experiment(), model=Component("dot-product", {"n_factors": 50}))
    was = {line.path: line.was for line in Draft(BRACES).changed_lines(base)}
    assert was["model"] == "n_factors 50"
    assert was["metrics"] is None
    assert was["optimizer"] == "name adamw, lr"
