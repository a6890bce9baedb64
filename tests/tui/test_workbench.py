"""The shell around the screens: keys, help, palette, pages, jumps, notices, sizes."""

from pathlib import Path

import pytest

from cfbench.tui import keys
from cfbench.tui.app import SCREEN_COMMANDS
from cfbench.tui.commands import EVERYWHERE
from cfbench.tui.screens import WORK_SCREENS

EACH = pytest.mark.parametrize("screen", WORK_SCREENS, ids=lambda screen: screen.NAME)
DOCS = Path(__file__).parents[2] / "docs" / "keys.md"


def test_a_digit_and_a_function_key_lead_to_each_screen(bench, desk) -> None:
    app = desk.app(bench)

    async def steps(pilot) -> None:
        for number, screen in enumerate(WORK_SCREENS, 1):
            await pilot.press(str(number))
            assert app.current_mode == screen.MODE
        for number, screen in enumerate(WORK_SCREENS, 1):
            await pilot.press(f"f{number}")
            assert app.current_mode == screen.MODE

    desk.use(app, steps)


@EACH
def test_help_lists_exactly_what_works_here(screen, bench, desk) -> None:
    bench.add_run("20261125T015000.000000Z-brave-ibis", "running")
    app = desk.app(bench, screen.MODE)

    async def steps(pilot) -> None:
        here = app.base_screen
        await desk.until(pilot, lambda: app.workspace.front)
        expected = [*here.live_commands(), *SCREEN_COMMANDS, *EVERYWHERE]
        await pilot.press("question_mark")
        await desk.until(pilot, lambda: app.screen is not here)
        told = [line for line in app.screen.query_one("#lines")._content if len(line) == 2]
        assert sorted(line[1][0] for line in told) == sorted(command.help for command in expected)
        assert {line[0][0].strip() for line in told} == {command.keys for command in expected}

    desk.use(app, steps)


def test_the_documentation_lists_the_same_keys() -> None:
    if not DOCS.exists():
        pytest.skip("the documentation comes with the checkout only")
    assert DOCS.read_text() == keys.table(), "python -m cfbench.tui.keys > docs/keys.md"


@EACH
def test_each_key_does_something_that_works(screen, bench, desk, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # some keys write files
    bench.add_run("20261125T015000.000000Z-brave-ibis", "finished")
    bench.add_run("20261125T014000.000000Z-calm-otter", "running")

    app = desk.app(bench, screen.MODE)
    home = f"f{WORK_SCREENS.index(screen) + 1}"

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.workspace.front)
        for command in screen.ACTIONS:
            await pilot.press(command.key.split(",")[0])
            await pilot.pause()
            while len(app.screen_stack) > 1:
                await pilot.press("escape")
            await pilot.press("escape", home)
            bad = [sentence for _, _, sentence in app.notices if "did not work" in sentence]
            assert not bad, (command.name, bad)

    desk.use(app, steps, (140, 40))


def test_the_palette_finds_every_command_by_its_help(bench, desk) -> None:
    app = desk.app(bench, "plugins")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "demo")
        await pilot.press("ctrl+p")
        await desk.until(pilot, lambda: len(app.screen._found) >= len(EVERYWHERE) + len(SCREEN_COMMANDS))
        found = {choice.answer for choice in app.screen._found}
        assert found >= {command.name for command in (*EVERYWHERE, *SCREEN_COMMANDS, *app.base_screen.live_commands())}
        await pilot.press(*"the runs screen")
        await desk.until(pilot, lambda: len(app.screen._found) == 1)
        await pilot.press("enter")
        await desk.until(pilot, lambda: app.current_mode == "runs")

    desk.use(app, steps)


def test_a_letter_jumps_to_a_panel(bench, desk) -> None:
    app = desk.app(bench, "plugins")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "demo")
        assert app.focused.id == "plugins"
        await pilot.press("g")
        await desk.shows(pilot, "[s] about")
        await pilot.press("s")
        assert app.focused.id == "card"
        assert "[s]" not in desk.text(app)

    desk.use(app, steps, (140, 40))


@EACH
def test_tab_visits_every_panel_once_and_returns(screen, bench, desk) -> None:
    bench.add_run("20261125T015000.000000Z-brave-ibis", "running")
    app = desk.app(bench, screen.MODE)

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.focused is not None)
        first, seen = app.focused, []
        while app.focused not in seen:
            seen.append(app.focused)
            assert "━" in desk.text(app)
            await pilot.press("tab")
        assert app.focused is first
        panels = [panel for panel in app.base_screen._panels() if panel.display and panel.can_focus]
        assert sorted(panel.id for panel in panels) == sorted(panel.id for panel in seen)

    desk.use(app, steps, (140, 40))


def test_a_notice_stays_until_the_next_key_and_in_the_list(bench, desk) -> None:
    app = desk.app(bench, "plugins")

    async def steps(pilot) -> None:
        await pilot.press("ctrl+c")
        await desk.shows(pilot, "q leaves the workbench; runs go on")
        await pilot.press("down")
        await pilot.pause()
        assert "q leaves the workbench" not in desk.text(app)
        await pilot.press("N")
        await desk.shows(pilot, "q leaves the workbench; runs go on")

    desk.use(app, steps)


@EACH
@pytest.mark.parametrize("size", [(80, 24), (79, 23), (60, 15), (40, 10), (200, 60)], ids="{0[0]}x{0[1]}".format)
def test_every_size_shows_the_focus_and_the_way_to_help(screen, size, bench, desk) -> None:
    bench.add_run("20261125T015000.000000Z-brave-ibis", "running")
    app = desk.app(bench, screen.MODE)

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.focused is not None)
        lines = desk.text(app).splitlines()
        assert "? help" in lines[-1]
        assert app.focused.region.intersection(app.screen.region).area > 0

    desk.use(app, steps, size)


def test_twenty_resizes_end_where_they_began(bench, desk) -> None:
    bench.add_run("20261125T015000.000000Z-brave-ibis", "finished")
    app = desk.app(bench, "train")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "finished")
        await desk.until(pilot, lambda: not app._jobs.keys() - {"runs"})
        await pilot.press("tab")
        before, focused = desk.text(app), app.focused
        for _ in range(20):
            await pilot.resize_terminal(60, 15)
            await pilot.resize_terminal(140, 40)
        await desk.until(pilot, lambda: desk.text(app) == before)
        assert app.focused is focused

    desk.use(app, steps, (140, 40))


def test_a_broken_link_is_told_and_the_screen_stays_usable(bench, desk) -> None:
    app = desk.app(bench, "plugins")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "demo")
        app.link.become("reconnecting", "the connection broke")
        shown = await desk.shows(pilot, "reconnecting")
        assert "the connection broke" in shown
        await pilot.press("down", "down")
        app.link.become("connected")
        await desk.until(pilot, lambda: "reconnecting" not in desk.text(app))

    desk.use(app, steps)


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
def test_help_is_told_whole(size, bench, desk) -> None:
    bench.add_run("20261125T015000.000000Z-brave-ibis", "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.workspace.front and app.base_screen.found)
        expected = [*app.base_screen.live_commands(), *SCREEN_COMMANDS, *EVERYWHERE]
        await pilot.press("question_mark")
        seen = [await desk.shows(pilot, "keys")]
        assert " more" in seen[0]
        while " more" in seen[-1]:
            await pilot.press("pagedown")
            seen.append(desk.text(app))
        panel = app.screen.query_one("#lines")
        lines = ["".join(text for text, _ in line) for line in panel.whole(panel.size.width, 0)]
        assert all(any(line.rstrip() in text for text in seen) for line in lines)
        told = " ".join(" ".join(lines).split())
        assert all(command.help in told for command in expected)

    desk.use(app, steps, size)


@pytest.mark.parametrize("size", [(140, 40), (80, 24), (60, 15)])
def test_a_long_command_line_is_shown_and_copied_whole(size, bench, desk, monkeypatch) -> None:
    copied = []

    async def copy(app, content: str) -> str:
        copied.append(content)
        return "copied"

    monkeypatch.setattr("cfbench.tui.shell.everywhere.copy", copy)
    bench.add_run("20261125T015000.000000Z-brave-ibis", "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.workspace.front and app.base_screen.found)
        app.base_screen.about.where = tuple(f"genre=Drama{n}" for n in range(9))
        command = app.base_screen.equal()
        await pilot.press("exclamation_mark")
        text = await desk.shows(pilot, "genre=Drama8")
        lines = text.splitlines()
        first = next(n for n, line in enumerate(lines) if "cfbench recommend" in line)
        last = next(n for n, line in enumerate(lines) if "genre=Drama8" in line)
        box = lines[first].index("cfbench") - 3
        assert all(line[box + 3 :].startswith("    ") for line in lines[first + 1 : last + 1])
        assert " ".join(" ".join(line[box : box + 72] for line in lines[first : last + 1]).split()) == command
        await pilot.press("y")
        await desk.until(pilot, lambda: copied == [command])

    desk.use(app, steps, size)


def test_the_palette_runs_what_the_focused_panel_can_do(bench, desk) -> None:
    bench.add_run("20261125T015000.000000Z-brave-ibis", "finished")
    app = desk.app(bench, "explore")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.workspace.front and app.base_screen.found)
        app.base_screen.turn_to("step")
        await desk.until(pilot, lambda: app.base_screen.answer_of("step"))
        await pilot.press("ctrl+p", *"the next stage of the step")
        await desk.until(pilot, lambda: len(app.screen._found) == 1)
        await pilot.press("enter")
        await desk.shows(pilot, "▸ 2 predict")

    desk.use(app, steps, (140, 40))
