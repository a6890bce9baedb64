"""The Explore screen: biases, recommendations and neighbours of the run in front; quiet while that one trains."""

import math

import msgspec
import pytest

from cfbench.answers import Ends, Recommendations, Scored
from cfbench.errors import BadInput
from cfbench.tui.screens.explore import telling

RUN = "20261125T010000.000000Z-brave-ibis"
OTHER = "20261125T020000.000000Z-calm-otter"


def words(line) -> str:
    return "".join(text for text, _ in line).rstrip()


def asked(bench, name: str) -> list:
    return [args for method, args in bench.calls if method == name]


# -- what is said --


def test_the_answer_names_the_best_item_and_what_a_user_should_see() -> None:
    best, seen = Scored("7", "Babe (1995)", 0.47, 80), Scored("9", "Fargo (1996)", 4.361, 90)
    ends, found = Ends((best,), ()), Recommendations("42", 37, 3.9, 1_645, (seen,))
    assert words(telling.answer(ends, "item", found, 90)) == (
        "best: Babe (1995)  bias +0.47  ·  user 42 should see Fargo (1996): 4.36"
    )
    assert words(telling.answer(ends, "item", found, 40)) == "best: Babe (1995)  bias +0.47"
    assert (
        words(telling.answer(ends, "item", found, 40, user_first=True)) == "user 42 should see Fargo (1996): 4.36"[:40]
    )
    assert words(telling.answer(Ends((Scored("5", "5", 0.5, 9),), ()), "user", None, 90)) == (
        "rates highest: user 5  bias +0.50"
    )


def test_a_label_that_is_high_and_low_stands_there_once() -> None:
    few = tuple(Scored(str(n), f"title {n}", 0.3 - 0.2 * n, 5) for n in range(3))
    lines = [words(line) for line in telling.biases(Ends(few, tuple(reversed(few))), 60, 20)]
    assert [line.split("  ")[1] for line in lines if line] == ["title 0", "title 1", "title 2"]


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([4.36, 3.1], (3.0, 4.5)),
        ([0.5], (0.5, 1.0)),
        ([-0.2, 0.2], (-0.5, 0.5)),
        ([], (0.0, 0.5)),
        ([math.nan], (0.0, 0.5)),
    ],
)
def test_an_axis_holds_all_values(values, ends) -> None:
    assert telling.axis([Scored("a", "", value, 1) for value in values], 0.5) == ends


# -- the screen --


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_it_shows_what_the_run_in_front_learned(bench, desk, size) -> None:
    bench.add_run(RUN, "finished", 10, 6)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        text = await desk.shows(pilot, "best: Kolya (1996)  bias +1.25")
        assert "with 5 ratings or more" in text
        await desk.until(pilot, lambda: app.base_screen.nearest.answer)
        await pilot.press("t")
        text = await desk.shows(pilot, "score")
        assert "user 1 should see Kolya (1996): 4.70" in text
        assert "to Kolya (1996)" in text
        assert "of 1,645 unseen" in text
        if size[0] == 140:
            assert "run brave-ibis, biased-dot-product, epoch 6 of 10" in text
            assert "37 ratings of user 1, mean 3.90, are hidden" in text

    desk.use(app, steps, size)


def test_a_user_is_found_and_the_like_of_a_title_shown(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.nearest.answer)
        await pilot.press("u", "4", "2", "enter")
        await desk.shows(pilot, "user 42 should see")
        assert asked(bench, "recommend")[-1][1] == "42"
        assert app.focused.id == "recommended"
        await pilot.press("down", "enter")
        await desk.until(pilot, lambda: asked(bench, "similar")[-1][1] == "1")
        await desk.shows(pilot, "to L.A. Confidential")
        await pilot.press("i", *"heavy", "enter")
        await desk.shows(pilot, "to Heavyweights (1994)")
        assert app.focused.id == "nearest"

    desk.use(app, steps)


def test_who_types_a_label_whole_gets_it_first(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    bench.search = lambda run, field, contains, count=20: [Scored(n, n, 0.0, 9) for n in ("405", "40") if contains in n]
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.nearest.answer)
        await pilot.press("u", "4", "0")
        await desk.until(pilot, lambda: [c.answer for c in app.screen._found] == ["40", "405"])

    desk.use(app, steps)


def test_m_leaves_rare_ones_out_and_o_takes_users(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.nearest.answer)
        await pilot.press("m")
        await desk.shows(pilot, "with 20 ratings or more")
        await desk.until(pilot, lambda: asked(bench, "similar")[-1][3] == 20)
        assert asked(bench, "biases")[-1][1:] == ("item", 40, 20)
        await pilot.press("m", "m", "o")
        await desk.shows(pilot, "user biases")
        assert asked(bench, "biases")[-1][1:] == ("user", 40, 1)
        assert app.base_screen.equal() == f"cfbench biases {RUN} --of user -n 40 --least 1"
        await pilot.press("t")
        assert app.base_screen.equal() == f"cfbench recommend {RUN} --user 1 -n 40 --least 1"
        await pilot.press("t")
        assert app.base_screen.equal() == f"cfbench similar {RUN} --item 0 -n 40 --least 1"

    desk.use(app, steps)


def test_nothing_is_asked_while_a_run_trains_until_it_is_done_or_n(bench, desk) -> None:
    bench.add_run(RUN, "running", 10, 2)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.nearest.answer)
        before = len(asked(bench, "biases"))
        bench.add_run(RUN, "running", 10, 3)
        await desk.until(pilot, lambda: app.workspace.front_run.epochs_done == 3)
        await desk.shows(pilot, "newest")
        assert len(asked(bench, "biases")) == before
        await pilot.press("n")
        await desk.until(pilot, lambda: len(asked(bench, "biases")) == before + 1)
        bench.add_run(RUN, "finished", 10, 10)
        await desk.until(pilot, lambda: len(asked(bench, "biases")) == before + 2)

    desk.use(app, steps, (140, 40))


def test_another_run_forgets_the_user_of_the_one_before(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    bench.add_run(OTHER, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.nearest.answer)
        assert app.workspace.front == OTHER
        await pilot.press("u", "9", "enter")
        await desk.shows(pilot, "user 9 should see")
        await pilot.press("r", *"brave", "enter")
        await desk.until(pilot, lambda: asked(bench, "similar")[-1][0] == RUN)
        assert asked(bench, "recommend")[-1][:2] == (RUN, "1")

    desk.use(app, steps, (140, 40))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, "no run yet: 3 sets one up"),
        ("running", "no factors yet: brave-ibis has not finished an epoch   4 watches it"),
        ("failed", "no factors: brave-ibis failed before its first epoch   r takes another run"),
    ],
)
def test_without_factors_it_says_why_and_the_next_key(bench, desk, state, said) -> None:
    if state:
        bench.add_run(RUN, state, 10, 0)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.shows(pilot, said)
        await pilot.press("u", "i", "m", "o", "n")
        assert app.screen is app.base_screen
        assert not asked(bench, "biases")

    desk.use(app, steps)


def test_the_first_epoch_brings_the_factors(bench, desk) -> None:
    bench.add_run(RUN, "running", 10, 0)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "no factors yet")
        bench.add_run(RUN, "running", 10, 1)
        await desk.shows(pilot, "best: Kolya (1996)")

    desk.use(app, steps)


def test_a_model_without_factors_still_recommends(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    for name in ("biases", "similar"):
        bench.error[name] = BadInput("the model embedding-mlp learns no item biases", mend="train a model that does")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        text = await desk.shows(pilot, "user 1 should see Kolya")
        assert "✗ the model embedding-mlp learns no item biases; train a model that" in text
        assert not app.notices

    desk.use(app, steps, (140, 40))


def test_while_it_is_read_a_still_line_says_so(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    bench.slow.add("biases")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "reading what brave-ibis learned …")
        bench.slow.clear()
        await desk.shows(pilot, "best: Kolya")

    desk.use(app, steps)


def test_nothing_left_names_the_key_that_shows_more(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    bench.biases = lambda run, field="item", count=10, least=1: Ends((), ())
    bench.similar = lambda run, item, count=10, least=1: []
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        text = await desk.shows(pilot, "user 1 should see")
        assert "nothing is left with 5 ratings or more   m shows more" in text

    desk.use(app, steps, (140, 40))


@pytest.mark.parametrize("size", [(60, 15), (40, 10)])
def test_any_size_and_any_title_can_be_drawn(hostile, desk, size) -> None:
    hostile.add_run(RUN, "finished")
    app = desk.app(hostile, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.nearest.answer)
        for _ in range(3):
            await pilot.press("t")
            text = desk.text(app)
            assert "\x1b" not in text
            assert "?" in text.splitlines()[-1]

    desk.use(app, steps, size)


def test_an_answer_to_an_older_question_is_left_aside(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.nearest.answer)
        bench.slow.add("biases")
        await pilot.press("o")
        bench.summaries[RUN] = msgspec.structs.replace(bench.summaries[RUN], state="stopped")
        await pilot.press("o")
        bench.slow.clear()
        await desk.until(pilot, lambda: app.base_screen.ends.question[2] == "item")
        await desk.shows(pilot, "item biases")

    desk.use(app, steps)
