"""The Train screen: what it shows while a run learns, and what its keys ask of the bench."""

from typing import Any

import msgspec
import pytest

from cfbench.errors import WorkFailed
from cfbench.tui.parts.chart import ChartPane

RUN, OTHER = "20261125T010000.000000Z-brave-ibis", "20261124T010000.000000Z-calm-otter"


def test_an_empty_screen_names_the_next_key(bench, desk) -> None:
    async def steps(pilot) -> None:
        await desk.shows(pilot, "no run yet: 3 sets one up")

    desk.use(desk.app(bench, "train"), steps)


def test_a_run_as_it_learns(bench, desk) -> None:
    bench.add_run(RUN, "running", epochs=10, done=3)
    app = desk.app(bench, "train")

    async def steps(pilot) -> None:
        shown = await desk.shows(pilot, "epoch 3.0 of 10")
        newest = bench.events_of[RUN][-2]
        assert f"valid {newest['valid_loss']:.3f}" in shown
        assert f"{newest['metrics']['rmse']:.3f}" in shown
        assert f"{newest['train_loss']:.3f}" in shown
        bench.events_of[RUN].append({**newest, "seq": 999, "epoch": 4, "step": 400, "valid_loss": 0.7654})
        await desk.shows(pilot, "valid 0.765")
        await pilot.press("m")
        assert app.screen.query_one("#metric").title == "mae"
        await pilot.press("l", "w")
        await desk.shows(pilot, "smoothed 0.6  log")

    desk.use(app, steps, (140, 40))


def test_the_crosshair_is_reached_from_any_panel(bench, desk) -> None:
    bench.add_run(RUN, "finished", epochs=3, done=3)
    app = desk.app(bench, "train")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "finished 3 of 3")
        app.screen.query_one("#epochs").focus()
        await pilot.press("k", "end")
        loss = app.screen.query_one("#loss", ChartPane)
        assert app.focused is loss
        assert loss.crossed
        await desk.shows(pilot, f"valid {bench.events_of[RUN][-3]['valid_loss']:.3f}")
        await pilot.press("escape")
        assert not loss.crossed

    desk.use(app, steps)


def asked(bench, method: str) -> list[tuple[Any, ...]]:
    return [arguments for name, arguments in bench.calls if name == method]


def test_pause_go_on_and_stop_with_a_second_key(bench, desk) -> None:
    bench.add_run(RUN, "running")
    app = desk.app(bench, "train")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "space pause")
        await pilot.press("space")
        await desk.shows(pilot, "paused at")
        await pilot.press("space")
        await desk.until(pilot, lambda: app.workspace.runs[RUN].state == "running")
        await pilot.press("s")
        await desk.shows(pilot, "s stop brave-ibis")
        await pilot.press("escape", "s")
        assert len(asked(bench, "command")) == 2
        await pilot.press("s")
        await desk.shows(pilot, "■ brave-ibis  stopped")
        assert asked(bench, "command") == [(RUN, "pause"), (RUN, "resume"), (RUN, "stop")]

    desk.use(app, steps)


def test_a_lost_run_says_so_by_itself_and_can_be_resumed(bench, desk) -> None:
    bench.add_run(RUN, "running")
    app = desk.app(bench, "train")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "● brave-ibis")
        bench.summaries[RUN] = msgspec.structs.replace(bench.summaries[RUN], state="lost", reason="its worker died")
        bench.token += 1
        await desk.shows(pilot, "lost: its worker died", seconds=3)
        shown = await desk.shows(pilot, "[why]")
        assert "x resume" in shown
        await pilot.press("x")
        await desk.until(pilot, lambda: app.workspace.runs[RUN].state == "running")
        assert asked(bench, "resume") == [(RUN,)]

    desk.use(app, steps)


def test_another_run_in_front_a_pin_and_the_log_of_the_worker(bench, desk) -> None:
    bench.add_run(OTHER, "finished")
    bench.add_run(RUN, "running")
    app = desk.app(bench, "train")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "● brave-ibis")
        await pilot.press("p", *"calm", "enter")
        await desk.until(pilot, lambda: app.workspace.runs[OTHER].pinned)
        await desk.until(pilot, lambda: OTHER in app.workspace.followed)
        await pilot.press("r", *"calm")
        await pilot.pause()
        await pilot.press("enter")
        await desk.shows(pilot, "✓ calm-otter")
        await pilot.press("L")
        await desk.shows(pilot, "training 133,977 parameters")

    desk.use(app, steps, (140, 40))


def test_what_the_bench_refuses_is_said_in_the_footer(bench, desk) -> None:
    bench.add_run(RUN, "running")
    bench.error["command"] = WorkFailed("run brave-ibis is finished, not running")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "space pause")
        await pilot.press("space")
        await desk.shows(pilot, "✗ run brave-ibis is finished")

    desk.use(desk.app(bench, "train"), steps)


@pytest.mark.parametrize("size", [(140, 40), (80, 24), (60, 15), (40, 10)])
def test_hostile_names_and_reasons_are_drawn_as_marks(bench, desk, size) -> None:
    run = "20261125T010000.000000Z-[b]七人\x1b[2J"
    bench.add_run(run, "failed", reason="[/] \x1b]0;owned\x07 no \u202e room", note="[/bold]")
    bench.events_of[run][-1]["reason"] = "\x9b31m"

    async def steps(pilot) -> None:
        shown = await desk.shows(pilot, "✗ [b]七人␛")
        assert "\x1b" not in shown
        assert "\x9b" not in shown
        assert "\u202e" not in shown
        for _ in range(6):
            await pilot.press("right_square_bracket")
            assert "\x9b" not in desk.text(pilot.app)

    desk.use(desk.app(bench, "train"), steps, size)
