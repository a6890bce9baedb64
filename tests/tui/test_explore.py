"""The Explore screen: what the run in front recommends and why, its map, its steps; quiet while that one trains."""

import math

import msgspec
import pytest

from cfbench.answers import Bias, Cell, Ends, ErrorGroup, PredictedTab, Recommendations, Scored, StepDrawn, Term
from cfbench.errors import BadInput
from cfbench.tui.screens.explore import maps, steps, subject, tab, telling, views, why, wrong
from tests.tui.conftest import STEPS

RUN = "20261125T010000.000000Z-brave-ibis"
OTHER = "20261125T020000.000000Z-calm-otter"


def words(line) -> str:
    return "".join(text for text, _ in line).rstrip()


def asked(bench, name: str) -> list[dict]:
    return [named for method, named in bench.named if method == name]


# -- what is said --


def test_a_sentence_names_what_a_user_should_see_the_best_item_or_the_likest() -> None:
    best, seen = Scored("7", "Babe (1995)", 0.47, 80), Scored("9", "Fargo (1996)", 4.361, 90)
    assert words(telling.to_see(Recommendations("42", 37, 3.9, 1_645, (seen,)))) == (
        "user 42 should see Fargo (1996): 4.36"
    )
    assert words(telling.to_see(Recommendations("", 37, 3.9, 1_645, (seen,)))) == "you should see Fargo (1996): 4.36"
    assert telling.to_see(Recommendations("42", 37, 3.9, 0, ())) == []
    assert words(telling.highest(Ends((best,), ()), "item")) == "best: Babe (1995)  bias +0.47"
    assert words(telling.highest(Ends((Scored("5", "5", 0.5, 9),), ()), "user")) == "rates highest: user 5  bias +0.50"
    assert telling.highest(Ends((), ()), "item") == []
    assert words(telling.likest(best, [seen], "dot")) == "nearest to Babe (1995): Fargo (1996), dot 4.361"
    assert telling.likest(None, [seen], "dot") == telling.likest(best, [], "dot") == []


def test_the_rule_above_a_sum_says_what_was_rated_and_in_which_part(bench) -> None:
    found = msgspec.structs.replace(bench.explain("r", "42", "0"), title="A very long title (1996)", rating=5.0)
    assert words(why.notes(found, 60)) == "user 42 · A very long title (1996), rated 5"
    found = msgspec.structs.replace(found, part="valid")
    assert words(why.notes(found, 60)) == "user 42 · A very long title (1996), rated 5 in valid"
    assert words(why.notes(found, 40)) == "user 42 · A very long…, rated 5 in valid"
    assert words(why.notes(found, 30)) == "user 42, rated 5 in valid"
    assert words(why.answer(found)) == "user 42 on A very long title (1996): 4.07, rated 5 in valid"


def test_numbers_of_errors_are_whole_however_narrow(bench) -> None:
    groups = (ErrorGroup("a week to a month", 1_234_567, -12.345, 112.75), ErrorGroup("1", 5, 0.5, 1.0))
    found = msgspec.structs.replace(bench.errors("r"), by=dict.fromkeys(("rating", "user", "item", "age"), groups))
    for width, height in ((78, 9), (58, 30), (136, 40), (78, 30)):
        lines = [words(line) for line in wrong.groups(found, width, height)]
        assert all(len(line) <= width for line in lines)
        assert sum(line.count("1,234,567") for line in lines) == sum(line.count("112.750") for line in lines) == 4
    lines = [words(line) for line in wrong.groups(bench.errors("r"), 78, 12)]
    assert lines[0].count("RMSE") == 2


def test_a_label_that_is_high_and_low_stands_there_once() -> None:
    few = tuple(Bias(str(n), f"title {n}", 0.3 - 0.2 * n, 5, 0.1) for n in range(3))
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

WIDE, NARROW = (140, 40), (80, 24)


async def turned(pilot, app, desk, panel: str) -> str:
    """Press t until a panel is in sight and has its answer; return the screen's text."""
    for _ in range(len(views.PAGES) + 1):
        if panel in app.base_screen.shown:
            break
        await pilot.press("t")
        await pilot.pause()
    need = views.NEEDS[panel][-1]
    await desk.until(pilot, lambda: app.base_screen.answer_of(need) is not None)
    await pilot.pause()
    return desk.text(app)


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_it_recommends_and_says_why(bench, desk, size) -> None:
    bench.add_run(RUN, "finished", 10, 6)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        text = await desk.shows(pilot, "prediction 5.5 · σ(1.05) = 4.07")
        assert "user 1 should see Kolya (1996): 4.70" in text
        assert "of 1,645 unseen" in text
        assert "item bias" in text
        assert asked(bench, "explain")[-1] == {"run": RUN, "user": "1", "item": "0", "count": 12}
        if size == WIDE:
            assert "run brave-ibis, biased-dot-product, epoch 6 of 10" in text
            assert "37 ratings of user 1, mean 3.90, are hidden" in text
            assert "PC1 24% × PC2 11%" in text
            assert "rating  prediction  error" in text
        await pilot.press("down")
        await desk.until(pilot, lambda: asked(bench, "explain")[-1]["item"] == "1")

    desk.use(app, steps, size)


@pytest.mark.parametrize("size", [NARROW, WIDE])
@pytest.mark.parametrize(
    ("panel", "said"),
    [
        ("biases", "best: Kolya (1996)  bias +1.25"),
        ("nearest", "to Kolya (1996)"),
        ("map", "• Heavyweights (1994)"),
        ("around", "moved most   median 3.6% of the width"),
        ("tab", "4  3.60 −0.40"),
        ("step", "how user 0 giving 4 to Kolya (1996) moves the model"),
        ("spectrum", "its 50 factors do the work of 3.0; 4 would do"),
        ("told", "◆ 4: the fewest within one standard error of the best"),
        ("wrong", "off by 0.904 (RMSE of 20,000 valid rows); worst: Kolya (1996), 1 not 4.70"),
        ("calibration", "too"),
        ("worst", "worst misses"),
    ],
)
def test_every_view_shows_what_it_is_about(bench, desk, size, panel, said) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, panel)
        await desk.shows(pilot, said[: size[0] - 8])
        assert not app.notices

    desk.use(app, steps, size)


def test_only_what_is_in_sight_is_asked_for(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("map"))
        assert {name for name, _ in bench.named} & {"one_step", "dimensions", "errors", "biases"} == set()
        await turned(pilot, app, desk, "wrong")
        before = len(asked(bench, "errors"))
        for _ in views.NAMES:
            await pilot.press("t")
            await pilot.pause()
        await pilot.pause(0.05)
        assert len(asked(bench, "errors")) == before, "what is known is not asked again"

    desk.use(app, steps, WIDE)


def test_a_user_is_found_and_the_like_of_a_title_shown(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press("u", "4", "2", "enter")
        await desk.shows(pilot, "user 42 should see")
        assert asked(bench, "recommend")[-1]["user"] == "42"
        assert app.focused.id == "recommended"
        await pilot.press("down", "enter")
        await desk.until(pilot, lambda: asked(bench, "similar") and asked(bench, "similar")[-1]["name"] == "1")
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
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press("u", "4", "0")
        await desk.until(pilot, lambda: [c.answer for c in app.screen._found] == ["40", "405"])

    desk.use(app, steps)


@pytest.mark.parametrize(("moved", "user"), [((), "42"), (("down",), "142")])
def test_a_label_and_enter_at_once_wait_for_what_fits_the_label(bench, desk, moved, user) -> None:
    bench.add_run(RUN, "finished")
    labels = ("405", "42", "142")
    bench.search = lambda run, field, contains, count=20: [Scored(n, n, 0.0, 9) for n in labels if contains in n]
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press("u")
        await desk.shows(pilot, "405")
        bench.slow.add("search")
        await pilot.press("4", "2", *moved, "enter")
        assert app.base_screen.about.user == "405", "the first of all at first"
        assert "recommend for" in desk.text(app), "the old list is no answer"
        bench.slow.clear()
        await desk.until(pilot, lambda: app.base_screen.about.user == user)
        assert app.screen is app.base_screen

    desk.use(app, steps)


def test_who_types_on_after_enter_chooses_nothing(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    bench.search = lambda run, field, contains, count=20: [Scored(n, n, 0.0, 9) for n in ("1", "42") if contains in n]
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press("u")
        await desk.shows(pilot, "42")
        bench.slow.add("search")
        await pilot.press("4", "enter", "2")
        bench.slow.clear()
        await desk.until(pilot, lambda: [choice.answer for choice in app.screen._found] == ["42"])
        await pilot.press("enter")
        await desk.until(pilot, lambda: app.base_screen.about.user == "42")

    desk.use(app, steps)


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_somebody_new_rates_and_gets_recommendations_at_once(bench, desk, size) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press("a", *"kolya", "enter", "5", "enter")
        await desk.shows(pilot, "you should see Kolya (1996): 4.70")
        await desk.until(pilot, lambda: asked(bench, "recommend")[-1].get("ratings") == {"Kolya (1996)": 5.0})
        await pilot.press("a", *"jackie", "enter", "x", "enter")
        await desk.shows(pilot, "✗ 'x' is no rating: give a number, such as 4")
        await pilot.press("backspace", "1", "enter")
        await desk.until(pilot, lambda: len(asked(bench, "recommend")[-1]["ratings"]) == 2)
        assert app.base_screen.equal().startswith(f"cfbench recommend {RUN} --ratings MINE.csv")
        await desk.until(pilot, lambda: asked(bench, "explain")[-1]["user"] == "")
        assert app.base_screen.mine == {"Kolya (1996)": 5.0, "Jackie Brown (1997)": 1.0}
        app.base_screen.turn_to("mine")
        await pilot.press("x", "x")
        await desk.shows(pilot, "nothing rated yet: a rates a title, and what fits")
        assert app.base_screen.found == ()

    desk.use(app, steps, size)


def test_the_way_it_is_ranked_is_asked_for(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press("d", "h")
        await desk.until(pilot, lambda: asked(bench, "recommend")[-1].get("seen"))
        assert asked(bench, "recommend")[-1]["diversity"] == 0.3
        await desk.shows(pilot, "rated    score")
        await pilot.press("slash", *"genre=Drama; year>=1990", "enter")
        await desk.until(pilot, lambda: asked(bench, "recommend")[-1].get("where") == ["genre=Drama", "year>=1990"])
        assert app.base_screen.equal() == (
            f"cfbench recommend {RUN} --user 1 -n 40 --least 5 --where genre=Drama --where 'year>=1990'"
            " --diversity 0.3 --seen"
        )

    desk.use(app, steps, WIDE)


def test_m_leaves_rare_ones_out_and_o_takes_users(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, "biases")
        await pilot.press("m")
        await desk.shows(pilot, "with 20 ratings or more")
        await desk.until(pilot, lambda: asked(bench, "biases")[-1]["least"] == 20)
        await pilot.press("m", "m", "o")
        await desk.shows(pilot, "user biases")
        assert asked(bench, "biases")[-1] == {"run": RUN, "field": "user", "count": 40, "least": 1}
        assert app.base_screen.equal() == f"cfbench biases {RUN} --of user -n 40 --least 1"
        await pilot.press("t")
        await desk.until(pilot, lambda: asked(bench, "similar") and app.focused and app.focused.id == "nearest")
        assert app.base_screen.equal() == f"cfbench similar {RUN} --item 'Kolya (1996)' -n 40 --least 1"
        await pilot.press("s")
        await desk.until(pilot, lambda: asked(bench, "similar")[-1]["measure"] == "dot")
        assert "--by dot" in app.base_screen.equal()

    desk.use(app, steps)


# -- the map --


def test_the_map_moves_comes_closer_and_goes_from_title_to_title(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, "map")
        app.base_screen.turn_to("map")
        await pilot.pause()
        size = app.focused.size
        last = asked(bench, "factor_map")[-1]
        assert (last["columns"], last["rows"], last["follow"]) == (2 * size.width, 4 * (size.height - 1), True)
        await pilot.press("right")
        await desk.until(pilot, lambda: asked(bench, "factor_map")[-1]["window"] == (-0.5, 1.5, -1.0, 1.0))
        await pilot.press("plus")
        await desk.until(pilot, lambda: asked(bench, "factor_map")[-1]["window"] == (0.0, 1.0, -0.5, 0.5))
        await pilot.press("home")
        await desk.until(pilot, lambda: asked(bench, "factor_map")[-1]["window"] is None)
        await pilot.press("enter", "shift+tab", "space")
        chosen = app.base_screen.about.item.label
        await desk.until(pilot, lambda: [one for one in asked(bench, "similar") if one["name"] == chosen])
        await desk.shows(pilot, f"◆ {app.base_screen.about.item.title}")
        await pilot.press("c", "f", *"genre", "enter")
        await desk.until(pilot, lambda: asked(bench, "factor_map")[-1]["field"] == "genre")
        assert asked(bench, "factor_map")[-1]["axes"] == (1, 3)
        await desk.shows(pilot, "● Drama  ▲ Crime")

    desk.use(app, steps, WIDE)


def test_what_is_around_the_map_needs_no_map_in_sight(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("recommended"))
        app.base_screen.about.me = True
        app.base_screen.turn_to("around")
        await desk.shows(pilot, "moved most")

    desk.use(app, steps, (60, 15))


def test_the_map_follows_a_run_that_trains_and_nothing_else_does(bench, desk) -> None:
    bench.add_run(RUN, "running", 10, 2)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("map"))
        recommended, beside = len(asked(bench, "recommend")), len(asked(bench, "factor_map"))
        bench.add_run(RUN, "running", 10, 3)
        await desk.shows(pilot, "newest")
        assert len(asked(bench, "factor_map")) == beside, "beside recommendations it stays with them"
        await turned(pilot, app, desk, "around")
        await desk.until(pilot, lambda: len(asked(bench, "factor_map")) > beside)
        own = len(asked(bench, "factor_map"))
        await desk.until(pilot, lambda: asked(bench, "similar"))
        nearest = len(asked(bench, "similar"))
        bench.add_run(RUN, "running", 10, 4)
        await desk.until(pilot, lambda: len(asked(bench, "factor_map")) == own + 1)
        await desk.until(pilot, lambda: len(asked(bench, "similar")) == nearest + 1)
        assert len(asked(bench, "recommend")) == recommended
        app.base_screen.turn_to("recommended")
        await pilot.press("n")
        await desk.until(pilot, lambda: len(asked(bench, "recommend")) == recommended + 1)
        bench.add_run(RUN, "finished", 10, 10)
        await desk.until(pilot, lambda: len(asked(bench, "recommend")) == recommended + 2)

    desk.use(app, steps, WIDE)


def test_the_line_tells_the_epoch_of_what_is_in_sight(bench, desk) -> None:
    bench.add_run(RUN, "running", 10, 2)
    whole, steps_done = bench.factor_map, {"step": 2 * STEPS}
    bench.factor_map = lambda run, **asked: msgspec.structs.replace(whole(run, **asked), **steps_done)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "epoch 2 of 10")
        steps_done["step"] = 7 * STEPS
        bench.add_run(RUN, "running", 10, 8)
        await desk.until(pilot, lambda: app.workspace.front_run.epochs_done == 8)
        assert "epoch 2 of 10" in desk.text(app)
        await turned(pilot, app, desk, "around")
        await desk.shows(pilot, "epoch 7 of 10")  # the map's own: a checkpoint comes after its epoch
        app.base_screen.turn_to("recommended")
        await desk.shows(pilot, "epoch 8 of 10")  # the bench answers of the newest
        assert "n newest" not in desk.text(app)

    desk.use(app, steps, WIDE)


def test_all_is_asked_once_more_when_the_run_is_over(bench, desk) -> None:
    bench.add_run(RUN, "running", 10, 10)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("map"))
        before = {name: len(asked(bench, name)) for name in ("recommend", "factor_map")}
        bench.add_run(RUN, "finished", 10, 10)
        for name, times in before.items():
            await desk.until(pilot, lambda name=name, times=times: len(asked(bench, name)) == times + 1)

    desk.use(app, steps, WIDE)


def test_a_fast_training_cuts_no_answer_short(bench, desk) -> None:
    bench.add_run(RUN, "running", 100, 2)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, "around")
        screen = app.base_screen
        await desk.until(pilot, lambda: screen.answer_of("nearest"))
        bench.slow.add("factor_map")
        for done in (3, 4, 5):
            bench.add_run(RUN, "running", 100, done)
            await desk.until(pilot, lambda done=done: screen.about.live == done)
        task = screen._asking
        assert task[0] == "map"
        assert task[1].of == (3, False), "what is asked goes on"
        last = len(asked(bench, "similar"))
        bench.slow.clear()
        await desk.until(pilot, lambda: screen.asked["map"].question.of == (5, False))
        await desk.until(pilot, lambda: screen.asked["nearest"].question.of == (5, False))
        names = [name for name, _ in bench.named if name in ("similar", "factor_map")]
        assert names[-2:] == ["similar", "factor_map"], "and the other one comes before it is asked again"
        assert len(asked(bench, "similar")) == last + 1

    desk.use(app, steps, WIDE)


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (60, "PC1 24% × PC2 11%, turned to follow  ● Drama  · other"),
        (50, "PC1 24% × PC2 11%, turned  ● Drama  · other"),
        (36, "turned  ● Drama  · other"),
        (20, "● Drama  · other"),
    ],
)
def test_the_maps_rule_keeps_the_colours_where_there_is_little_room(bench, room, said) -> None:
    found = bench.factor_map("r", columns=80, rows=60, field="genre")
    found = msgspec.structs.replace(found, turned=True, dots=(found.dots[0], (), found.dots[1]))
    assert words(maps.notes(found, room)) == said
    plain = msgspec.structs.replace(found, turned=False)
    assert words(maps.notes(plain, 60)).startswith("PC1 24% × PC2 11%  ● Drama")
    around = [words(line) for line in maps.around(found, None, (), 42, 40)]
    assert "  across  turned, 24.0% of variance" in around
    assert words(maps.answer(found)).endswith(" are the farthest apart from left to right")


def test_a_run_that_trains_disturbs_no_question(bench, desk) -> None:
    bench.add_run(RUN, "running", 10, 2)
    bench.slow.add("recommend")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: asked(bench, "recommend"))
        before = len(asked(bench, "recommend"))
        for done in (3, 4, 5):
            bench.add_run(RUN, "running", 10, done)
            await desk.until(pilot, lambda done=done: app.workspace.front_run.epochs_done == done)
        assert len(asked(bench, "recommend")) == before
        bench.slow.clear()
        await desk.shows(pilot, "user 1 should see Kolya")

    desk.use(app, steps, WIDE)


def test_titles_of_a_map_lie_on_no_other_and_outside_ones_are_left_out(bench) -> None:
    found = bench.factor_map("r", columns=80, rows=60, window=(-1.0, 0.1, -1.0, 1.0))
    lines = [words(line) for line in maps.picture(found, "1", 40, 15)]
    text = "\n".join(lines)
    assert "• Kolya (1996)" in text
    assert "L.A. Confidential (… ◆" in text, "it is cut where it has no room"
    assert "Jackie Brown" not in text, "it lies outside the window"
    assert all(len(line) <= 40 for line in lines)
    assert maps.picture(found, "", 30, 15) == [[("  drawing the map …", "dim")]]


# -- the cross-tab, the step --


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_a_cell_opens_its_sum(bench, desk, size) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, "tab")
        app.base_screen.turn_to("tab")
        await pilot.pause()
        await pilot.press("down", "right")
        text = await desk.shows(pilot, "user 300")
        cell = app.focused.cell
        assert cell == (app.base_screen.answer_of("tab").users[1], "1")
        await pilot.press("enter")
        await desk.until(pilot, lambda: asked(bench, "explain")[-1]["user"] == cell[0])
        text = await desk.shows(pilot, "prediction 5.5")
        assert f"user {cell[0]} · L.A. Confidential" in text
        assert app.base_screen.equal() == f"cfbench explain {RUN} --user {cell[0]} --item 1"

    desk.use(app, steps, size)


@pytest.mark.parametrize("size", [NARROW, WIDE])
def test_a_step_goes_forward_and_back(bench, desk, size) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def go(pilot) -> None:
        await turned(pilot, app, desk, "step")
        app.base_screen.turn_to("step")
        await pilot.pause()
        assert "▸ 1 look up" in desk.text(app)
        for title in ("2 predict", "3 loss", "4 backward", "5 step", "6 reset"):
            await pilot.press("right")
            await desk.shows(pilot, f"▸ {title}")
        assert "ŷ 3.200 ─▸ 3.250   y = 4, nearer" in desk.text(app)
        await pilot.press("left")
        await desk.shows(pilot, "▸ 5 step")
        await pilot.press("B", "v", "l")
        await desk.until(pilot, lambda: asked(bench, "one_step")[-1]["lr"] == 0.01)
        last = asked(bench, "one_step")[-1]
        assert (last["size"], last["start"]) == (2, "trained")
        await desk.shows(pilot, "▸ 1 look up")
        assert f"cfbench step {RUN} --rows 2 --batch 0 --trained --lr 0.01" == app.base_screen.equal()
        await pilot.press("b")
        await desk.until(pilot, lambda: asked(bench, "one_step")[-1]["number"] == 1)

    desk.use(app, go, size)


def test_a_step_shows_what_was_drawn_beside_each_row(bench) -> None:
    found = bench.one_step("r", size=2, start="untrained", lr=0.0, shown=4)
    beside = (StepDrawn("7", "Fargo (1996)", 3.5, 3.4, 0.854, 0.144), StepDrawn("8", "Twister", 3.0, 2.9, 0.598, 0.112))
    rows = [msgspec.structs.replace(row, error=None, drawn=beside, more_drawn=1_200) for row in found.rows]
    table = msgspec.structs.replace(found.tables[-1], label="7", title="Fargo (1996)", drawn=True)
    found = msgspec.structs.replace(
        found, rows=tuple(rows), tables=(*found.tables, table), y_range=None, loss_name="l:ours", loss_says="of pairs"
    )
    for width in (76, 136):
        look_up, predict, loss, backward, step, reset = (
            [" ".join(words(line).split()) for line in steps.lines(found, stage, width)] for stage in range(6)
        )
        assert sum("drawn Fargo" in line for line in look_up) == 1
        assert "▸ 2 predict: multiply, add" in predict
        assert next(line for line in predict if line.endswith("ŷ′ = 3.500")).startswith("drawn Fargo")
        assert "and 1,200 more drawn beside it" in predict
        assert "▸ 3 loss: compare with what was drawn beside it" in loss
        assert sum(line.endswith("ŷ − ŷ′ −0.300 loss of these two 0.854 ∂L/∂ŷ′ +0.144") for line in loss) == 2
        assert any(line.startswith("user 0") and line.endswith("ŷ = 3.200 ∂L/∂ŷ −1.600") for line in loss)
        assert any(line.startswith("ours of the batch 0.6400") and line.endswith("of pairs") for line in loss)
        assert any(line.startswith("∂L/∂ drawn Fargo") for line in backward)
        assert "▸ 5 step: the optimizer moves each number" in step
        assert any(line.endswith("ŷ′ 3.500 ─▸ 3.400 ŷ − ŷ′ −0.300 ─▸ −0.150") for line in reset)
        assert not any("nearer" in line or "y =" in line for line in reset)
    assert "6 drawn beside" not in words(steps.sentence(found))
    assert "1,202 drawn beside each" in words(steps.sentence(found))


def test_a_step_says_what_becomes_of_scores(bench) -> None:
    found = bench.one_step("r", size=1, start="untrained", lr=0.0, shown=4)
    assert any("2 predict: multiply, add, squash" in words(line) for line in steps.lines(found, 1, 78))
    assert any("3 loss: compare with what was rated" in words(line) for line in steps.lines(found, 2, 78))
    plain = msgspec.structs.replace(found, rows=(msgspec.structs.replace(found.rows[0], score=None),))
    assert any("2 predict: what the model says" in words(line) for line in steps.lines(plain, 1, 78))


def test_a_faint_rate_says_why(bench) -> None:
    found = bench.one_step("r", size=1, start="trained", lr=5e-8, shown=4)
    assert words(steps.notes(found, 140)) == "after 600 steps, sgd, lr 5e-08, batch of 1"
    ended = msgspec.structs.replace(found, highest_lr=0.005, steps=600)
    assert words(steps.notes(ended, 140)) == "after 600 steps, sgd, lr 5e-08 (the schedule's end), batch of 1"
    assert words(steps.notes(ended, 80)) == "after 600 steps, lr 5e-08 (the schedule's end)"
    before = msgspec.structs.replace(ended, steps=700)
    assert "lr 5e-08 (at its highest 0.005)" in words(steps.notes(before, 140))
    assert "lr 5e-05, batch" in words(steps.notes(msgspec.structs.replace(ended, lr=5e-5), 140))


def test_all_stages_of_a_step_are_named_or_numbered() -> None:
    assert words(steps.path(1, 78)).split("─▸")[-1].strip() == "6 reset"
    assert words(steps.path(1, 58)) == " 1 ─▸ 2 predict ─▸ 3 ─▸ 4 ─▸ 5 ─▸ 6"


def test_a_rating_that_training_did_not_see_has_a_mark() -> None:
    held_out, seen = Cell(3.5, 4.066, 0.566, "valid"), Cell(100.0, 101.26, 1.26, "train")
    cells = ((held_out, seen, Cell(None, 3.0, None)),)
    found = PredictedTab(("1",), ("5", "6", "7"), ("Babe", "Fargo", "Kolya"), cells)
    line = words(tab.picture(found, 0, 2, True, 78, 5)[1])
    assert line == "▸ user 1    3.5* 4.07 +0.57  100 101.3 +1.26 >  ·  3.00"
    assert words(tab.notes(found, 44)) == "rating  prediction  error  * not in training"
    assert words(tab.notes(found, 43)) == "* not in training"
    assert words(tab.notes(msgspec.structs.replace(found, cells=((seen,) * 3,)), 43)) == "rating  prediction  error"


def test_many_rows_of_a_step_come_with_fewer_factors() -> None:
    asked = [subject.Subject(run="r", read=1, rows=rows).question("step", 300, 40) for rows in (1, 2, 4, 8)]
    assert [one.arguments["shown"] for one in asked] == [20, 20, 16, 8]


def test_terms_are_a_waterfall_that_ends_at_the_sum(bench) -> None:
    found = bench.explain("r", "1", "0")
    lines = [words(line) for line in why.lines(found, 76, 20)]
    rows = [line for line in lines if line.startswith(("  item bias", "  factor", "  user bias", "  2 other"))]
    bars = [(line.index(mark), line.rindex(mark)) for line in rows for mark in "█▒" if mark in line]
    assert len(bars) == len(rows) == 5
    assert bars[1][0] >= bars[0][1], "the second begins where the first ends"
    assert bars[2][1] <= bars[1][1] + 1, "one below 0 goes back"
    low = [words(line) for line in why.lines(found, 76, 6)]
    assert any("all others" in line for line in low)
    assert any("sum" in line for line in low)


def test_what_is_left_out_is_told_apart_and_how_much_was_not_tried(bench) -> None:
    found = bench.explain("r", "1", "0")
    told = "\n".join(words(line) for line in why.lines(found, 76, 30))
    assert "how far it moves the sum" in told
    terms = (Term("what was rated", 1.05),)
    left = msgspec.structs.replace(found, terms=terms, y_range=None, left_out=True, untried=76)
    lines = [words(line) for line in why.lines(left, 76, 30)]
    assert "  what was rated, and what the sum lacks without it: need not add up" in lines
    assert lines[-1] == "  76 more, rated no higher, were not tried"
    assert not any("mostly since it was rated" in line for line in lines), "there are no reasons to put there"
    one = [words(line) for line in why.lines(msgspec.structs.replace(left, untried=1), 76, 30)]
    assert one[-1] == "  1 more, rated no higher, was not tried"
    low = [words(line) for line in why.lines(left, 76, 8)]
    assert len(low) == 8
    assert low[-1] == lines[-1]


def test_moves_stand_below_what_the_sum_is_by_the_ratings_alone(bench) -> None:
    found = msgspec.structs.replace(bench.explain("r", "1", "0"), solved=0.977)
    lines = [words(line) for line in why.lines(found, 76, 30)]
    at = lines.index("  what was rated, and how far it moves the sum")
    assert lines[at + 1 : at + 2] == ["  by the ratings alone 0.98; trained 1.05"]
    low = [words(line) for line in why.lines(found, 76, 12)]
    assert low[-3:-1] == lines[at : at + 2]
    far = [words(line) for line in why.lines(msgspec.structs.replace(found, far=True, solved=-2.5), 76, 30)]
    assert far[at + 1] == "  the ratings alone do not give this score: −2.50; trained 1.05"


def test_what_only_puts_items_in_order_has_scores_in_no_unit(bench) -> None:
    found = msgspec.structs.replace(bench.explain("r", "42", "0"), ranks=True, y_range=None)
    assert words(why.squashing(found)) == "score, in no unit, 4.07"
    assert ": score 4.07" in words(why.answer(found))
    seen = bench.predicted_tab("r", n_users=2, n_items=2)
    ordered = msgspec.structs.replace(seen, ranks=True)
    assert ", score " in words(tab.answer(ordered, 0, 0))
    assert words(tab.notes(ordered, 60)).startswith(words(tab.notes(seen, 60)).partition("prediction")[0] + "score")


def test_one_rating_is_said_of_one(bench) -> None:
    bench.add_run(RUN, "finished")
    found = msgspec.structs.replace(bench.recommend(RUN, "1"), ratings=1)
    line = words(telling.circumstances(bench.summaries[RUN], subject.Subject(run=RUN), found, 200))
    assert "1 rating of user 1, mean 3.90, is hidden" in line
    assert (telling.ratings(1), telling.ratings(2_000)) == ("1 rating", "2,000 ratings")


# -- how many factors, files --


@pytest.mark.parametrize("turns", [0, 3, 5])
def test_rating_from_any_view_shows_what_comes_of_it(bench, desk, turns: int) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press(*"t" * turns)
        await pilot.press("a")
        await pilot.pause()
        await pilot.press(*"kolya")
        await desk.shows(pilot, "Kolya (1996)    ")
        await pilot.press("enter")
        await desk.shows(pilot, "your rating of Kolya")
        await pilot.press("5", "enter")
        await desk.shows(pilot, "[rate for me]")
        await desk.until(
            pilot, lambda: not any(stale in desk.text(app) for stale in ("drawing the map", "nothing rated", "reading"))
        )
        rated = desk.text(app).partition("rated by you")[2].partition("recommended")[0]
        assert "Kolya (1996)" in rated

    desk.use(app, steps, WIDE)


def test_a_sweep_is_started(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, "spectrum")
        await pilot.press("w", "enter")
        await desk.shows(pilot, "5 runs were started")
        assert ("sweep", (RUN, [2, 4, 8, 16, 32])) in bench.calls

    desk.use(app, steps, WIDE)


def test_factors_are_written_to_files(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press("X", *"numpy", "enter", "enter")
        await desk.shows(pilot, "factors written to /there/brave-ibis-factors.npz")
        assert ("export", (RUN, "factors", "npz", "brave-ibis-factors.npz")) in bench.calls
        bench.taken.add("brave-ibis-factors.npz")
        await pilot.press("X", *"numpy", "enter", "enter")
        await desk.shows(pilot, "it is there already; take it along")
        await pilot.press(*["backspace"] * 4, "2", "full_stop", "n", "p", "z", "enter")
        await desk.shows(pilot, "factors written to /there/brave-ibis-factors2.npz")

    desk.use(app, steps, WIDE)


def test_a_report_is_written_here_and_replaces_nothing(bench, desk, tmp_path) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press("X", *"html", "enter", "enter")
        await desk.until(pilot, lambda: (tmp_path / "brave-ibis.html").exists())
        assert (tmp_path / "brave-ibis.html").read_text() == f"<html>{RUN}</html>"
        await pilot.press("X", *"html", "enter", "enter")
        await desk.shows(pilot, "this file exists already")
        assert "brave-ibis.html" in app.screen.query_one("#typed").value

    desk.use(app, steps, WIDE)


def test_a_report_is_not_written_under_a_name_of_another_format(bench, desk, tmp_path) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press("X", *"html", "enter", *["backspace"] * 4, "m", "d", "enter")
        await desk.shows(pilot, "it ends in .md, and the report is to be HTML")
        assert not (tmp_path / "brave-ibis.md").exists()
        await pilot.press(*["backspace"] * 2, *"htm", "enter")
        await desk.until(pilot, lambda: (tmp_path / "brave-ibis.htm").exists())

    desk.use(app, steps, WIDE)


# -- runs --


def test_another_run_forgets_the_user_of_the_one_before(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    bench.add_run(OTHER, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        assert app.workspace.front == OTHER
        await pilot.press("u", "9", "enter")
        await desk.shows(pilot, "user 9 should see")
        await pilot.press("r", *"brave", "enter")
        await desk.until(pilot, lambda: asked(bench, "recommend")[-1]["run"] == RUN)
        assert asked(bench, "recommend")[-1]["user"] == "1"

    desk.use(app, steps, WIDE)


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
        await pilot.press("u", "i", "a", "m", "o", "n", "X")
        assert app.screen is app.base_screen
        assert not asked(bench, "recommend")

    desk.use(app, steps)


def test_the_first_epoch_brings_the_factors(bench, desk) -> None:
    bench.add_run(RUN, "running", 10, 0)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "no factors yet")
        bench.add_run(RUN, "running", 10, 1)
        await desk.shows(pilot, "user 1 should see Kolya (1996)")

    desk.use(app, steps)


def test_a_model_without_factors_still_recommends(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    for name in ("explain", "factor_map"):
        bench.error[name] = BadInput("the model embedding-mlp learns no factors", mend="train a model that does")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        text = await desk.shows(pilot, "user 1 should see Kolya")
        await desk.until(pilot, lambda: app.base_screen.asked["map"].error)
        text = await desk.shows(pilot, "✗ the model embedding-mlp learns no factors; train a model that")
        assert text.count("✗") == 2
        assert not app.notices

    desk.use(app, steps, WIDE)


def test_while_it_is_read_a_still_line_says_so(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    bench.slow.add("recommend")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "reading what brave-ibis learned …")
        bench.slow.clear()
        await desk.shows(pilot, "user 1 should see Kolya")

    desk.use(app, steps)


def test_nothing_left_names_the_key_that_shows_more(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    bench.recommend = lambda run, **asked: Recommendations("1", 37, 3.9, 0, ())
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "nothing is left with 5 ratings or more   m shows more")

    desk.use(app, steps, WIDE)


def test_nothing_to_recommend_leaves_nothing_to_explain(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    every = bench.recommend
    bench.recommend = lambda run, **asked: (
        Recommendations("1", 37, 3.9, 0, ()) if asked.get("where") else every(run, **asked)
    )
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        app.base_screen.about.where = ("title~zzzz",)
        said = "nothing is left of title~zzzz"
        await desk.until(pilot, lambda: desk.text(app).count(said) == 3)
        assert "reading what" not in desk.text(app)

    desk.use(app, steps)


@pytest.mark.parametrize(
    ("panel", "method", "said"),
    [("step", "one_step", "how user 0 giving"), ("nearest", "similar", "nearest to Kolya (1996): Kolya (1996), co")],
)
def test_a_sentence_is_of_the_view_in_sight_or_says_that_it_is_read(bench, desk, panel, method, said) -> None:
    bench.add_run(RUN, "finished")
    bench.slow.add(method)
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        assert "best:" not in await desk.shows(pilot, "user 1 should see Kolya (1996): 4.70")
        while panel not in app.base_screen.shown:
            await pilot.press("t")
        await desk.until(pilot, lambda: "reading what brave-ibis" in desk.text(app).splitlines()[1])
        bench.slow.clear()
        await desk.shows(pilot, said)
        assert "should see" not in desk.text(app)

    desk.use(app, steps)


@pytest.mark.parametrize(
    ("page", "view"),
    [("biases", views.ALIKE), ("around", views.MAP), ("tab", views.TAB), ("worst", views.ERRORS), ("mine", views.MINE)],
)
def test_what_is_in_sight_stays_so_when_the_terminal_gets_wide_and_narrow(bench, desk, page, view) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, page)
        await pilot.resize_terminal(*WIDE)
        await desk.shows(pilot, f"[{views.NAMES[view]}]")
        assert app.base_screen.about.me == (view == views.MINE)
        await pilot.press("t")
        following = (view + 1) % len(views.NAMES)
        await desk.shows(pilot, f"[{views.NAMES[following]}]")
        app.base_screen.set_focus(None)
        await pilot.resize_terminal(*NARROW)
        await desk.shows(pilot, f"[{app.base_screen._title(views.panels(following)[0])}")

    desk.use(app, steps, NARROW)


@pytest.mark.parametrize("size", [(60, 15), (40, 10)])
def test_any_size_and_any_title_can_be_drawn(hostile, desk, size) -> None:
    hostile.add_run(RUN, "finished")
    app = desk.app(hostile, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("recommended"))
        for _ in range(15):
            await pilot.press("t")
            await pilot.pause(0.02)
            text = desk.text(app)
            assert "\x1b" not in text
            assert "?" in text.splitlines()[-1]

    desk.use(app, steps, size)


def test_an_answer_to_an_older_question_is_left_aside(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        bench.slow.add("recommend")
        await pilot.press("d")
        await pilot.press("d", "d")
        bench.slow.clear()
        await desk.until(pilot, lambda: "diversity" not in app.base_screen.asked["recommended"].question.arguments)
        await desk.until(pilot, lambda: app.base_screen.found)

    desk.use(app, steps)


# -- small terminals, prompts, the cursor on biases --

TINY = (60, 15)


@pytest.mark.parametrize(
    ("panel", "hidden", "key"),
    [
        ("why", "3  −0.10", "end"),
        ("around", "items that lie together", "end"),
        ("wrong", "item's ratings", "pagedown"),
    ],
)
def test_a_page_longer_than_the_terminal_can_be_read(bench, desk, panel, hidden, key) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, panel)
        app.base_screen.turn_to(panel)
        text = await desk.shows(pilot, " more")
        assert "▾ " in text.splitlines()[2]
        assert hidden not in text
        await pilot.press(key)
        await desk.shows(pilot, hidden)
        assert hidden.strip() in app.focused.as_text()
        await pilot.press("home")
        await desk.until(pilot, lambda: desk.text(app) == text)

    desk.use(app, steps, TINY)


def test_a_long_step_begins_at_its_newest_stage_and_shows_the_earlier_ones(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def go(pilot) -> None:
        await turned(pilot, app, desk, "step")
        app.base_screen.turn_to("step")
        await pilot.press(*["right"] * 5)
        text = await desk.shows(pilot, "▸ 6 reset")
        assert "1 look up the rows" not in text
        assert "▴ " in text.splitlines()[2]
        await pilot.press("home")
        text = await desk.shows(pilot, "1 look up the rows")
        assert " 1 ─▸ 2 ─▸ 3 ─▸ 4 ─▸ 5 ─▸ 6 reset" in text, "the way through the stages stays"
        await pilot.press("left")
        await desk.shows(pilot, "▸ 5 step")

    desk.use(app, go, TINY)


def test_a_new_prediction_is_read_from_its_start(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.answer_of("why"))
        await pilot.press("tab", "end")
        await desk.until(pilot, lambda: app.focused.id == "why" and app.focused.top)
        await pilot.press("shift+tab", "down")
        await desk.until(pilot, lambda: not app.base_screen.query_one("#why").top)

    desk.use(app, steps)


@pytest.mark.parametrize("size", [TINY, NARROW, WIDE])
def test_the_like_of_an_item_with_a_high_or_low_bias_is_shown(bench, desk, size) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, "biases")
        app.base_screen.turn_to("biases")
        await pilot.pause()
        await pilot.press("down", "enter")
        await desk.until(pilot, lambda: asked(bench, "similar")[-1:] and asked(bench, "similar")[-1]["name"] == "1")
        app.base_screen.turn_to("biases")
        await pilot.pause()
        await pilot.press("end")
        last = app.focused.chosen
        assert last.value == bench.biases(RUN, "item", 40).bottom[0].value
        assert "▸ Kolya (1996)" in desk.text(app)
        assert app.focused.as_text().startswith("title\tratings\tbias\twithin\n")
        await pilot.press("o")
        await desk.shows(pilot, "user biases")
        assert "enter" not in [command.key for command in app.base_screen.live_commands()], "users have no like here"

    desk.use(app, steps, size)


def test_a_click_on_a_bias_below_the_gap_takes_that_one(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, "biases")
        app.base_screen.turn_to("biases")
        await pilot.pause()
        lines = desk.text(app).splitlines()
        row = next(n for n, line in enumerate(lines) if "−0.65" in line)
        await pilot.click(offset=(5, row))
        await desk.until(pilot, lambda: app.focused.chosen.value == -0.65)

    desk.use(app, steps)


@pytest.mark.parametrize(
    ("panel", "key", "method", "typed"),
    [("recommended", "slash", "recommend", "sort=Drama"), ("map", "f", "factor_map", "genrs")],
)
def test_what_the_bench_refuses_can_be_typed_anew(bench, desk, panel, key, method, typed) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, panel)
        bench.error[method] = BadInput(f"there is no field {typed[:4]}, and a long sentence about it", mend="genre")
        await pilot.press(key, *typed, "enter")
        text = await desk.shows(pilot, f"✗ there is no field {typed[:4]}")
        assert typed in text, "it is still there to be changed"
        assert "genre" in text, "the whole sentence is told"
        del bench.error[method]
        await pilot.press(*["backspace"] * len(typed), *"genre", "enter")
        await desk.until(pilot, lambda: app.screen is app.base_screen)
        assert not app.notices

    desk.use(app, steps, TINY)


def test_wrong_numbers_of_factors_can_be_typed_anew(bench, desk) -> None:
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await turned(pilot, app, desk, "told")
        await pilot.press("w", "x", "enter")
        await desk.shows(pilot, "✗ '2,4,8,16,32x' is no list of whole numbers")
        await pilot.press("backspace", "enter")
        await desk.shows(pilot, "5 runs were started")

    desk.use(app, steps)


def test_a_rating_stays_in_sight_beside_a_long_title(bench, desk) -> None:
    bench.titles = ["A title that is far too long for a narrow list of recommendations (1996)"]
    bench.add_run(RUN, "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.found)
        assert "rated    score" not in desk.text(app)
        await pilot.press("h")
        text = await desk.shows(pilot, "rated    score")
        first = next(line for line in text.splitlines() if "▸" in line)
        assert "…" in first
        assert first.split("…")[1].split()[0] == "5"

    desk.use(app, steps, TINY)
