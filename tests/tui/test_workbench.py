"""The shell around the screens: keys, help, palette, pages, jumps, notices, sizes."""

import pytest

from cfbench.tui.app import SCREEN_COMMANDS
from cfbench.tui.commands import EVERYWHERE
from cfbench.tui.screens import WORK_SCREENS


def test_a_digit_and_a_function_key_lead_to_each_screen(bench, desk) -> None:
    app = desk.app(bench)

    async def steps(pilot) -> None:
        for number, screen in enumerate(WORK_SCREENS, 1):
            for key in (str(number), f"f{number}"):
                await pilot.press("1" if number != 1 else "2", key)
                assert app.current_mode == screen.MODE

    desk.use(app, steps)


@pytest.mark.parametrize("screen", WORK_SCREENS, ids=lambda screen: screen.NAME)
def test_help_lists_exactly_what_works_here(screen, bench, desk) -> None:
    app = desk.app(bench, screen.MODE)

    async def steps(pilot) -> None:
        here = app.base_screen
        live = [command for command in here.ACTIONS if here.live(command)]
        await pilot.press("question_mark")
        await pilot.pause()
        lines = [text for line in app.screen._lines for text, _ in line]
        told = {text for text in lines}
        for command in [*live, *here.live_commands(), *SCREEN_COMMANDS, *EVERYWHERE]:
            assert command.help in told
        for command in here.ACTIONS:
            assert (command.help in told) == here.live(command) or any(command.help == other.help for other in live), (
                command.name
            )

    desk.use(app, steps)
