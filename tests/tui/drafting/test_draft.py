"""What a form does to a draft: values in and out, each change taken back, all of it kept, and what differs."""

import json
import time
from collections.abc import Callable

import pytest

from cfbench.errors import BadInput
from cfbench.experiment import Component, Experiment
from cfbench.registry.catalogue import Catalogue
from cfbench.tui.draft import Draft
from cfbench.tui.settings import Setting

Of = Callable[..., Setting]

SHORT = """\
# tried on Monday
[experiment]
seed = 7   # mine

[model]
name = "dot-product" # which
# more than 50 did not pay
n_factors = 30 # length
"""


def test_none_of_a_fixed_setting_is_left_out() -> None:
    draft = Draft('[data]\nsource = "a"\nuser = "u" # who\n')
    draft.set("data.user", None)
    assert draft.text == '[data]\nsource = "a"\n'


def test_the_same_value_keeps_its_spelling() -> None:
    draft = Draft("[optimizer]\nlr = 5e-3\n[model]\nn_factors = 1_0\n")
    draft.set("optimizer.lr", 0.005)
    draft.set("model.n_factors", 10)
    assert "5e-3" in draft.text
    assert "1_0" in draft.text
    assert draft.undo() is None


def test_the_experiment_follows(toml: str) -> None:
    draft = Draft(toml)
    draft.set("model.n_factors", 128)
    assert draft.experiment
    assert draft.experiment.model.params["n_factors"] == 128
    draft.set("loader.batch_size", 1.5)
    assert draft.experiment is None
    assert str(draft.problem) == "loader.batch_size = 1.5 is not allowed; allowed: a whole number"
    draft.set("loader.batch_size", 32)
    assert draft.experiment
    assert draft.problem is None


def test_what_cant_be_changed_is_refused_and_left_as_it_was() -> None:
    draft = Draft("model = 5\n[loader]\nbatch_size = 1\n")
    with pytest.raises(BadInput, match="model is not a table"):
        draft.set("model.n_factors", 3)
    with pytest.raises(BadInput, match="change it by hand"):
        draft.set("loader", 3)
    assert draft.text == "model = 5\n[loader]\nbatch_size = 1\n"


def test_text_that_is_no_toml_is_kept_and_told() -> None:
    draft = Draft(SHORT)
    draft.edit(SHORT.replace("[model]", "[model"))
    assert "[model\n" in draft.text
    assert draft.experiment is None
    assert str(draft.problem).startswith("this is not TOML: ")
    assert draft.get("model.n_factors") == 30  # what it said last
    assert [line.text for line in draft.changed_lines(Experiment())][-1] == "n_factors = 30 # length"
    with pytest.raises(BadInput, match="not TOML"):
        draft.set("model.n_factors", 3)
    assert draft.undo() == "the TOML back to what it was"
    assert (draft.text, draft.problem) == (SHORT, None)


def test_a_large_file_is_not_parsed() -> None:
    assert str(Draft("#" * 2_000_000).problem) == (
        "2,000,000 characters are too many for an experiment; is it the data file?"
    )


# -- what was typed --


def test_a_refused_value_is_kept_beside_the_one_before(setting: Of) -> None:
    draft, factors = Draft(SHORT), setting("model.n_factors")
    draft.type(factors, "0")
    assert draft.text == SHORT
    assert (draft.shown(factors), draft.reason(factors)) == ("0", "given 0, allowed 1–4,096")
    assert draft.refused["model.n_factors"].text == "0"
    draft.type(factors, "07")
    assert draft.reason(factors) == "given 07, a whole number is needed"
    draft.type(factors, "70")
    assert (draft.refused, draft.shown(factors), draft.reason(factors)) == ({}, "70", "")
    assert draft.get("model.n_factors") == 70


def test_a_wrong_value_in_the_toml_is_told_in_the_field(setting: Of) -> None:
    draft, factors = Draft(SHORT.replace("30", '"many"')), setting("model.n_factors")
    assert (draft.shown(factors), draft.reason(factors)) == ("many", "given many, allowed 1–4,096")


def test_a_field_without_a_value_shows_the_default(setting: Of) -> None:
    draft = Draft(SHORT)
    assert draft.shown(setting("model.init_sd")) == "0.01"
    assert draft.shown(setting("data.user")) == "guessed"
    draft.type(setting("model.y_range"), "0 – 5.5")
    assert draft.get("model.y_range") == [0.0, 5.5]


def test_a_draft_at_rest_keeps_everything(known: Catalogue, setting: Of) -> None:
    draft, factors = Draft(SHORT), setting("model.n_factors")
    draft.set("experiment.seed", 8)
    draft.choose("optimizer", "sgd", known)
    draft.type(factors, "-1")
    again = Draft.restored(json.loads(json.dumps(draft.dump())))
    assert (again.text, again.refused, again.dump()) == (draft.text, draft.refused, draft.dump())
    assert again.shown(factors) == "-1"
    undone = [again.undo() for _ in range(4)]
    assert undone == ["model.n_factors back to 30", "optimizer back to adamw", "experiment.seed back to 7", None]
    assert again.text == SHORT


def test_a_damaged_draft_is_refused_or_loses_its_history() -> None:
    draft = Draft(SHORT)
    for seed in (1, 2, 3):
        draft.set("experiment.seed", seed)
    data = draft.dump()
    data["steps"][1]["new"] = "something else"
    again = Draft.restored(data)
    assert again.text == draft.text
    assert [again.undo(), again.undo()] == ["experiment.seed back to 2", None]
    with pytest.raises(BadInput, match="this is no draft"):
        Draft.restored({"text": 5})


def test_the_history_at_rest_is_bounded() -> None:
    draft = Draft("")
    for number in range(20):
        draft.edit(f"# {number}" + "x" * 100_000)
    data = draft.dump()
    assert len(json.dumps(data)) < 700_000
    assert Draft.restored(data).undo() == "the TOML back to what it was"


# -- undo --


def test_fifty_changes_are_taken_back(toml: str) -> None:
    draft = Draft(toml)
    texts = []
    for number in range(250):
        texts.append(draft.text)
        draft.set("model.n_factors", 100 + number)
    assert draft.undo() == "model.n_factors back to 348"
    for text in texts[-2::-1]:
        assert draft.undo()
        assert draft.text == text
    assert draft.undo() is None


def test_typing_on_in_one_field_is_one_step(setting: Of) -> None:
    draft, factors = Draft(SHORT), setting("model.n_factors")
    seed = setting("experiment.seed")
    for text in ("1", "12", "12x", "12", "128"):
        draft.type(factors, text)
    for text in ("", "5"):
        draft.type(seed, text)
    draft.seal()
    for text in ("50", "500"):
        draft.type(seed, text)
    undone = [draft.undo() for _ in range(4)]
    assert undone == ["experiment.seed back to 5", "experiment.seed back to 7", "model.n_factors back to 30", None]
    assert draft.text == SHORT


def test_typing_back_what_was_there_is_no_step(setting: Of) -> None:
    draft, factors = Draft(SHORT), setting("model.n_factors")
    for text in ("3", "30"):
        draft.type(factors, text)
    assert (draft.undo(), draft.text) == (None, SHORT)


def test_undo_brings_a_refused_text_back(setting: Of) -> None:
    draft, factors = Draft(SHORT), setting("model.n_factors")
    draft.type(factors, "x")
    draft.seal()
    draft.type(factors, "40")
    assert draft.undo() == "model.n_factors back to x"
    assert (draft.shown(factors), draft.get("model.n_factors")) == ("x", 30)


# -- another plugin --


def test_another_plugin_starts_its_table_anew(toml: str, known: Catalogue) -> None:
    draft = Draft(toml)
    draft.set("optimizer.lr", 0.02)
    draft.choose("optimizer", "sgd", known)
    assert draft.experiment
    optimizer = draft.experiment.optimizer
    assert optimizer == Component("sgd", {"lr": 0.02, "momentum": 0.0, "weight_decay": 0.0})
    assert (
        'name = "sgd" # stochastic gradient descent, with momentum; or adagrad, adam, lazy-adam, adamw\n' in draft.text
    )
    assert "lr = 0.02 # size of a step; the schedule's highest, above 0, default 0.1\n" in draft.text
    head, tail = toml.split("[optimizer]")[0], toml[toml.index("[schedule]") :]
    assert draft.text.startswith(head)
    assert draft.text.endswith(tail)
    assert draft.undo() == "optimizer back to adamw"


def test_a_plugin_there_and_back_is_as_the_template_has_it(toml: str, known: Catalogue) -> None:
    draft = Draft(toml)
    for name in ("embedding-mlp", "dot-product", "biased-dot-product"):
        draft.choose("model", name, known)
    assert draft.text == toml


def test_none_that_was_chosen_survives(known: Catalogue) -> None:
    draft = Draft('[model]\nname = "dot-product"\ny_range = [0, 5.5]\nn_factors = 50\n')
    draft.choose("model", "embedding-mlp", known)
    assert draft.get("model.y_range") == [0, 5.5]
    assert draft.get("model.layers") == [100]


def test_a_plugin_that_is_not_installed_can_be_left(known: Catalogue) -> None:
    draft = Draft('[model]\nname = "acme:gcn"\nlayers = 3\n')
    draft.choose("model", "dot-product", known)
    assert draft.experiment
    assert draft.experiment.model.name == "dot-product"
    with pytest.raises(BadInput, match="did you mean 'adamw'"):
        draft.choose("optimizer", "adamww", known)


def test_what_was_refused_goes_with_its_plugin(known: Catalogue, setting: Of) -> None:
    draft, seed = Draft(SHORT), setting("experiment.seed")
    draft.type(setting("model.n_factors"), "x")
    draft.type(seed, "y")
    draft.choose("model", "embedding-mlp", known)
    assert list(draft.refused) == ["experiment.seed"]
    assert draft.undo() == "model back to dot-product"
    assert set(draft.refused) == {"model.n_factors", "experiment.seed"}


# -- by hand --


def test_an_edit_by_hand_shows_in_the_form(setting: Of) -> None:
    draft, factors = Draft(SHORT), setting("model.n_factors")
    draft.type(factors, "x")
    draft.type(setting("experiment.seed"), "y")
    draft.edit(SHORT.replace("30", "31") + "# a word\n")
    assert (draft.shown(factors), draft.get("experiment.seed")) == ("31", 7)
    assert list(draft.refused) == ["experiment.seed"]  # the line of the other was changed
    assert draft.text.endswith("# a word\n")


def test_a_change_is_fast_enough_for_a_key_press(toml: str, setting: Of) -> None:
    """Typing, with the TOML parsed and compared, leaves most of the 16 ms that a key press may take."""
    draft, factors = Draft(toml), setting("model.n_factors")
    spent = []
    for number in range(20):
        start = time.process_time()
        draft.type(factors, str(number + 1))
        assert draft.experiment
        spent.append(time.process_time() - start)
    assert min(spent) < 0.008
