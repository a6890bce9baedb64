"""The Model screen: what is chosen, what it costs, what is refused, what differs, and the run that comes of it."""

import re
import shlex

import pytest
from textual.widgets import TextArea

from cfbench.cli import main
from cfbench.errors import BadInput
from cfbench.experiment import Experiment, parse
from cfbench.registry.catalogue import Catalogue, catalogue
from cfbench.tui.draft import Draft
from cfbench.tui.screens.model.comparing import command_line, differences, flat
from cfbench.tui.screens.model.known import Known
from cfbench.tui.screens.model.listing import drawn
from cfbench.tui.screens.model.writing import problem_in

RUN = "20261125T010000.000000Z-brave-ibis"


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return catalogue()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for the cost soon after a change."""
    monkeypatch.setattr("cfbench.tui.screens.model.screen.PAUSE", 0.1)


# -- pure parts --


def test_the_toml_marks_what_differs_and_leaves_out_comments_that_do_not_fit() -> None:
    draft = Draft('[model]\nname = "dot-product" # which\nn_factors = 50 # a long story about the length of vectors\n')
    lines = draft.changed_lines(parse({"model": {"name": "dot-product", "n_factors": 30}}))
    texts = ["".join(text for text, _ in drawn(line, 40)) for line in lines]
    assert texts[1] == '  name = "dot-product" # which'
    assert texts[2] == " ~n_factors = 50   was 30"
    assert "".join(text for text, _ in drawn(Draft(draft.text).changed_lines(None)[2], 40)).endswith("= 50")


def test_a_hash_in_text_is_no_comment() -> None:
    line = Draft('[experiment]\nnotes = "#1" # mine\n').changed_lines(None)[1]
    assert ('"#1"', "s3") in drawn(line, 60)


def test_what_is_refused_is_named_with_its_line(known: Catalogue) -> None:
    draft = Draft('[model]\nname = "dot-product"\nn_factors = -5\n')
    first = Known(draft, known).refusals()[0]
    assert problem_in(draft, first.path, first.reason).startswith("line 3, model.n_factors: given -5, allowed")
    broken = Draft("[model\n")
    assert "line 1" in Known(broken, known).refusals()[0].reason
    assert "no model 'nope'" in Known(Draft('[model]\nname = "nope"\n'), known).refusals()[0].reason


def test_the_learning_form_lists_groups_and_narrows(known: Catalogue) -> None:
    draft = Draft("")
    titles = [entry.title for entry in Known(draft, known).learning_form() if not hasattr(entry, "path")]
    assert titles == ["schedule  One-cycle", "training", "loss  Mean squared error", "metrics  none"]
    narrowed = Known(draft, known, "batch size").learning_form()
    assert [getattr(entry, "path", "") for entry in narrowed] == ["", "loader.batch_size"]


def test_differences_are_told_setting_by_setting() -> None:
    one = parse({"model": {"name": "dot-product", "n_factors": 50}, "training": {"epochs": 9}})
    found = differences(one, parse({"model": {"name": "dot-product", "n_factors": 30}}))
    assert found == [("model.n_factors", "50", "30"), ("training.epochs", "9", "5")]


def test_the_equal_command_line_means_the_same(known: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    experiment = parse(
        {
            "experiment": {"name": "true", "notes": "it's 1, or [2]"},
            "data": {"source": "demo", "items": {"source": "", "by": "title"}, "categorical": ["genre"]},
            "model": {"name": "embedding-mlp", "layers": [10, 5], "y_range": "none"},
            "metrics": [{"name": "mse"}],
        }
    )
    plugin = known.find("model", "embedding-mlp")
    defaults = {"model": {key: schema["default"] for key, schema in plugin.properties.items()}}
    words = shlex.split(command_line(experiment, defaults))
    assert words[:2] == ["cfbench", "train"]
    taken: list[Experiment] = []

    class Stopped(Exception):
        pass

    def check(self, experiment, where=""):
        taken.append(experiment)
        raise BadInput("far enough")

    monkeypatch.setattr("cfbench.agent.local.LocalBench.check", check)
    monkeypatch.chdir(tmp_path)
    assert main(words[1:]) == 2
    got, wanted = flat(taken[0]), flat(experiment)
    assert got == {path: value for path, value in wanted.items() if path in got}
    assert {path: wanted[path] for path in wanted if path not in got} == {"model.y_range": "none"}


# -- the screen --


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_it_says_what_training_costs(bench, desk, size) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        text = await desk.shows(pilot, "in all")
        assert "133,977 parameters" in text.splitlines()[1 if size == (80, 24) else 2]
        assert "42.0 s in all" in text

    desk.use(app, steps, size)


def test_an_edit_asks_again_once_and_the_old_answer_stays_till_then(bench, desk, monkeypatch) -> None:
    pause = "cfbench.tui.screens.model.screen.PAUSE"
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "in all")
        asked = sum(name == "cost" for name, _ in bench.calls)
        monkeypatch.setattr(pause, 600)  # however slow the keys are here, they come within a pause
        await pilot.press("enter", "backspace", "backspace", "1", "0")
        monkeypatch.setattr(pause, 0.1)
        bench.slow.add("cost")
        await pilot.press("0")
        assert "133,977" in desk.text(app)
        bench.slow.clear()
        await desk.shows(pilot, "265,327")
        assert sum(name == "cost" for name, _ in bench.calls) == asked + 1

    desk.use(app, steps, (140, 40))


def test_nothing_refused_can_be_trained(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "in all")
        await pilot.press("enter", "minus", "escape", "t")
        text = await desk.shows(pilot, "this can't be trained: n_factors given")
        assert "1 setting is refused" in text
        assert re.search("parameters +–", text)
        assert not any(name == "start" for name, _ in bench.calls)

    desk.use(app, steps, (140, 40))


def test_train_starts_a_run_brings_it_forward_and_shows_it(bench, desk) -> None:
    bench.run = lambda run: bench.summaries[run]
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "n_factors")
        await pilot.press("t")
        await desk.until(pilot, lambda: app.current_mode == "train")
        assert app.workspace.front.endswith("new-run")

    desk.use(app, steps)


def test_queueing_stays_here(bench, desk) -> None:
    bench.run = lambda run: bench.summaries[run]
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "n_factors")
        await pilot.press("a")
        await desk.shows(pilot, "new-run is in line")
        assert app.current_mode == "model"

    desk.use(app, steps)


def test_another_model_is_chosen_and_undone(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "n_factors")
        await pilot.press("m", *"mlp", "enter")
        await desk.shows(pilot, "Embedding MLP")
        assert app.workspace.draft.get("model.layers") == [100]
        await pilot.press("u")
        await desk.shows(pilot, "model back to biased-dot-product")

    desk.use(app, steps)


def test_metrics_are_taken_in_one_by_one(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "n_factors")
        await pilot.press("M")
        await desk.shows(pilot, "✓  RMSE")
        await pilot.press("down", "down", "enter")
        await desk.shows(pilot, "✓  MSE")
        await pilot.press("up", "enter")
        await desk.until(pilot, lambda: "✓  MAE" not in desk.text(app) and "✓  MSE" in desk.text(app))
        await pilot.press("escape")
        assert app.workspace.draft.get("metrics") == [{"name": "rmse"}, {"name": "mse"}]

    desk.use(app, steps)


def test_the_toml_is_edited_as_text(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "n_factors")
        await pilot.press("v")
        await desk.shows(pilot, "it can be read")
        app.screen.query_one(TextArea).text = "[model]\nn_factors = 7\n[optimizer]\nlr = -1\n"
        await desk.shows(pilot, "✗ line 4, optimizer.lr: given -1, allowed > 0")
        await pilot.press("escape")
        await desk.until(pilot, lambda: app.workspace.draft.get("model.n_factors") == 7)
        await desk.shows(pilot, "1 setting is refused: lr given -1")
        await pilot.press("u")
        assert app.workspace.draft.get("model.n_factors") == 50

    desk.use(app, steps)


def test_control_characters_reach_no_terminal(bench, desk) -> None:
    app = desk.app(bench, "model")
    app.workspace.draft.edit('[training]\ndevice = "\x9b31m\u202e"\n[model]\nn_factors = "\x9b2J"\n')

    async def steps(pilot) -> None:
        await desk.shows(pilot, "2 settings are refused")
        texts = []
        for key in ("enter", "escape", "v"):
            await pilot.press(key)
            await pilot.pause()
            texts.append(desk.text(app))
        assert "2J" in texts[0]
        assert all(character.isprintable() or character == "\n" for text in texts for character in text)

    desk.use(app, steps)


def test_lines_that_differ_from_the_run_in_front_are_marked(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        text = await desk.shows(pilot, "n_factors = 50   was 30")
        assert "1 setting differs from brave-ibis" in text
        await desk.shows(pilot, "in all")
        await pilot.press("d")
        text = await desk.shows(pilot, "what differs from brave-ibis")
        assert "model.n_factors  50                    30" in text

    desk.use(app, steps, (140, 40))


def test_a_written_file_is_named_by_the_equal_command(bench, desk, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "n_factors")
        await pilot.press("e")
        assert (tmp_path / "experiment.toml").read_text() == app.workspace.draft.text
        assert app.base_screen.equal() == "cfbench train experiment.toml"
        app.edit(lambda draft: draft.set("model.n_factors", 9))
        assert app.base_screen.equal() == "cfbench train data.source=demo model.n_factors=9"

    desk.use(app, steps)


def test_an_error_of_the_bench_is_told_in_words(bench, desk) -> None:
    bench.error["cost"] = BadInput("the file is gone", where="u.data")
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "✗ u.data: the file is gone")

    desk.use(app, steps)


@pytest.mark.parametrize("size", [(140, 40), (40, 10)])
def test_without_data_it_names_the_next_key(bench, desk, size) -> None:
    app = desk.app(bench, "model", draft=False)

    async def steps(pilot) -> None:
        await desk.shows(pilot, "no data yet: 1 opens them")
        for key in ("t", "u", "m", "v", "e", "enter", "right_square_bracket"):
            await pilot.press(key)

    desk.use(app, steps, size)


def test_a_learning_rate_is_found_shown_and_taken(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "in all")
        assert not any(name == "find_lr" for name, _ in bench.calls)
        await pilot.press("f")
        shown = await desk.shows(pilot, "lr 0.014  F takes it")
        assert "loss by lr" in shown
        await pilot.press("F")
        await desk.shows(pilot, "optimizer.lr = 0.014; u takes it back")
        assert app.workspace.draft.experiment.optimizer.params["lr"] == 0.014
        await desk.until(pilot, lambda: "loss by lr" not in desk.text(app))
        await pilot.press("u")
        assert app.workspace.draft.experiment.optimizer.params["lr"] != 0.014

    desk.use(app, steps, (140, 40))


def test_the_schedule_comes_back(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "n_factors")
        await pilot.press("f")
        await desk.shows(pilot, "F takes it")
        await pilot.press("f")
        await desk.shows(pilot, "One-cycle  highest")

    desk.use(app, steps)


def test_a_loss_against_drawn_items_brings_its_sampler(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "n_factors")
        await pilot.press("n")
        assert len(app.screen_stack) == 1, "a loss of ratings needs none"
        await pilot.press("l", "b", "p", "r", "enter")
        await desk.until(pilot, lambda: app.workspace.draft.plugin("loss").endswith("bpr"))
        await desk.shows(pilot, "sampler  Uniform")
        await pilot.press("n", "p", "o", "p", "enter")
        await desk.shows(pilot, "sampler  Popularity")
        assert app.workspace.draft.experiment.sampler.params["alpha"] == 0.75
        await pilot.press("u")
        await desk.shows(pilot, "sampler  Uniform")

    desk.use(app, steps, (140, 50))
