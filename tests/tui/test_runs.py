"""The Runs screen: keys, what they ask of the bench, and what is shown then."""

import re
from typing import Any

import pytest

from cfbench.tui.screens.runs.finding import Finder

LYNX, OTTER, IBIS = (
    f"2026112{n}T010000.000000Z-{name}" for n, name in enumerate(("old-lynx", "calm-otter", "brave-ibis"))
)


@pytest.fixture
def three(bench):
    """A bench with a run of each kind."""
    bench.add_run(LYNX, "failed", done=2)
    bench.add_run(OTTER, "finished", done=10)
    bench.add_run(IBIS, "running", done=6)
    return bench


def asked(bench, method: str) -> list[tuple[Any, ...]]:
    return [arguments for name, arguments in bench.calls if name == method]


def test_an_empty_list_names_the_next_key(bench, desk) -> None:
    async def steps(pilot) -> None:
        await desk.shows(pilot, "no run yet: 3 sets one up")

    desk.use(desk.app(bench, "runs"), steps)


def test_runs_show_their_results_and_the_settings_that_differ(three, desk) -> None:
    async def steps(pilot) -> None:
        shown = await desk.shows(pilot, "0.015")
        assert "0.830" in shown
        assert "best calm-otter" in shown
        assert "1:03" in shown
        heading = next(line for line in shown.splitlines() if " valid " in line and " took " in line)
        assert heading.split()[-2:] == ["took", "age"]
        assert "lr" in heading.split()
        assert "n_factors" not in heading

    desk.use(desk.app(three, "runs"), steps, (140, 40))


def test_typing_narrows_the_list_at_once_and_esc_shows_all(three, desk) -> None:
    app = desk.app(three, "runs")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "old-lynx")
        await pilot.press("slash", *"otter")
        await desk.until(pilot, lambda: app.screen.table.listed.runs == [OTTER])
        await pilot.press("1")  # a digit is a letter here
        assert app.screen.query_one("#find", Finder).value == "otter1"
        assert app.current_mode == "runs"
        await desk.shows(pilot, "no run has these words")
        await pilot.press("backspace", "enter")
        assert not app.screen.finding
        assert app.screen.chosen.id == OTTER
        await pilot.press("escape")
        await desk.until(pilot, lambda: len(app.screen.table.listed.runs) == 3)
        assert "? help" in desk.text(app)

    desk.use(app, steps)


def test_marked_runs_are_compared(three, desk) -> None:
    app = desk.app(three, "runs")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "old-lynx")
        await pilot.press("space", "down", "space")
        await desk.until(pilot, lambda: set(app.workspace.followed) >= {IBIS, OTTER})
        await pilot.press("equals_sign")
        shown = await desk.shows(pilot, "b calm-otter")
        assert "a 0.850" in shown
        assert "b 0.830" in shown
        assert "lr" in shown
        assert app.screen.equal() == f"cfbench runs compare {IBIS} {OTTER}"

    desk.use(app, steps)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_runs_stand_beside_baselines(three, desk, size) -> None:
    app = desk.app(three, "runs")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "old-lynx")
        await pilot.press("space", "down", "space", "b")
        shown = await desk.shows(pilot, "RMSE  lower is better")
        assert re.search(r"b calm-otter +0\.92 +▽ below user-item-bias", shown)
        assert re.search(r"user-item-bias +0\.915 +baseline", shown)
        assert "a brave-ibis over b calm-otter" in shown
        assert "by -0.01, -0.015 to -0.005  d -0.21  p < .001  943 users" in shown
        assert "! one run is left out; train it too" in shown
        await pilot.press("escape")
        await desk.until(pilot, lambda: len(app.screen_stack) == 1)

    desk.use(app, steps, size)


def test_a_fourth_mark_is_refused_with_a_word(three, desk) -> None:
    three.add_run("20261120T010000.000000Z-fourth", "finished")
    app = desk.app(three, "runs")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "fourth")
        for _ in range(4):
            await pilot.press("space", "down")
        assert len(app.workspace.marks) == 3
        assert "3 runs are marked already" in app.notices[-1][2]

    desk.use(app, steps)


def test_delete_needs_a_second_key_and_is_undone(three, desk) -> None:
    app = desk.app(three, "runs")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "old-lynx")
        await pilot.press("D")
        assert len(app.screen_stack) == 1  # it is alive
        await pilot.press("end", "D")
        await desk.shows(pilot, "D delete old-lynx")
        await pilot.press("escape", "D", "D")
        await desk.until(pilot, lambda: app.screen_stack[-1].deleted)
        await pilot.press("u")
        await desk.until(pilot, lambda: asked(three, "restore"))
        assert asked(three, "delete") == [(LYNX,)]
        assert asked(three, "restore") == [(f"/trash/{LYNX}",)]

    desk.use(app, steps)


def test_pin_note_stop_and_resume(three, desk) -> None:
    app = desk.app(three, "runs")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "old-lynx")
        await pilot.press("s", "s")
        await desk.until(pilot, lambda: asked(three, "command") == [(IBIS, "stop")])
        await pilot.press("end", "x")
        await desk.until(pilot, lambda: asked(three, "resume") == [(LYNX,)])
        await pilot.press("n", *"slow", "enter")
        await desk.until(pilot, lambda: app.workspace.runs[LYNX].note == "slow")
        await pilot.press("p")
        await desk.until(pilot, lambda: app.screen.table.listed.runs[0] == LYNX)
        assert app.screen.chosen.id == LYNX  # the cursor stays on its run

    desk.use(app, steps)


def test_enter_brings_a_run_forward_on_train(three, desk) -> None:
    app = desk.app(three, "runs")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "old-lynx")
        await pilot.press("down", "enter")
        await desk.shows(pilot, "✓ calm-otter  finished")
        assert (app.current_mode, app.workspace.front) == ("train", OTTER)

    desk.use(app, steps)


def test_order_and_headings_are_chosen_from_lists(three, desk) -> None:
    app = desk.app(three, "runs")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "old-lynx")
        await pilot.press("S", *"valid")
        await desk.until(pilot, lambda: app.screen._found and app.screen._found[0].answer == "valid")
        await pilot.press("enter")
        assert app.screen.table.listed.runs == [OTTER, IBIS, LYNX]
        await pilot.press("G", *"state")
        await desk.until(pilot, lambda: app.screen._found and app.screen._found[0].answer == "state")
        await pilot.press("enter")
        await desk.shows(pilot, "state failed  1 run")
        assert app.screen.chosen is not None  # the cursor is on a run, not on its heading

    desk.use(app, steps)


@pytest.mark.parametrize("size", [(140, 40), (80, 24), (60, 15), (40, 10)])
def test_hostile_names_notes_and_settings_are_drawn_as_marks(bench, desk, size) -> None:
    run = "20261125T010000.000000Z-[b]七人\x1b[2J"
    bench.add_run(run, "failed", reason="[/] \x1b]0;owned\x07", note="e\u0301\u202e", group="\x9b31m")
    bench.differences = lambda runs=(): {run: {"model.\x1b[2J": "\x9b[/]"}, "x": {}}
    app = desk.app(bench, "runs")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "[b]七")
        for _ in range(5):
            await pilot.press("right_square_bracket")
            shown = desk.text(app)
            assert not set("\x1b\x9b\x07\u202e") & set(shown)

    desk.use(app, steps, size)
