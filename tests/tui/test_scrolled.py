"""A panel longer than its place: what fits at first, a mark of how much more there is, keys that move it."""

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from cfbench.tui.drawing.lines import Line
from cfbench.tui.parts.scrolled import MOVES, Scrolled


class Drawn(App[None]):
    """One panel that fills the terminal."""

    CSS = "Scrolled { width: 1fr; height: 1fr; }"

    def __init__(self, picture: Callable[[int, int], list[Line]], tall: int = 1_000) -> None:
        super().__init__()
        self.pane = Scrolled("long", picture, notes=lambda: [("a note", "dim")], tall=tall)

    def compose(self) -> ComposeResult:
        yield self.pane

    def lines(self) -> list[str]:
        self.pane.repaint()
        return ["".join(text for text, _ in line).rstrip() for line in self.pane._lines]


def numbered(count: int) -> Callable[[int, int], list[Line]]:
    """A picture that is cut at its height, with a blank line at its end."""
    return lambda width, height: [*[[(f"line {n}", "")] for n in range(count)], []][:height]


def summed_up(width: int, height: int) -> list[Line]:
    """Twenty lines, or the first few and their sum."""
    if height >= 21:
        return [*[[(f"line {n}", "")] for n in range(20)], [("sum", "")]]
    return [*[[(f"line {n}", "")] for n in range(height - 2)], [("others", "")], [("sum", "")]]


def use(app: Drawn, steps: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = (40, 11)) -> None:
    async def session() -> None:
        async with app.run_test(size=size) as pilot:
            app.pane.focus()
            await pilot.pause()
            await steps(pilot)

    asyncio.run(session())


def test_what_fits_has_no_mark_and_no_keys() -> None:
    app = Drawn(numbered(10))

    async def steps(pilot: Pilot[None]) -> None:
        lines = app.lines()
        assert lines[0].startswith("━ long ━")
        assert "▾" not in lines[0]
        assert app.pane.ACTIONS == ()
        await pilot.press("down")
        assert app.lines() == lines

    use(app, steps)


def test_each_key_moves_what_is_longer() -> None:
    app = Drawn(numbered(35))

    async def steps(pilot: Pilot[None]) -> None:
        assert app.lines()[0].endswith("▾ 25 more  a note ━")
        assert app.pane.ACTIONS == MOVES
        tops = []
        for key in ("down", "down", "up", "pagedown", "pageup", "end", "home"):
            await pilot.press(key)
            tops.append(app.pane.top)
        assert {key for command in MOVES for key in command.key.split(",")} == {
            "down", "up", "pagedown", "pageup", "end", "home",
        }  # fmt: skip
        assert tops == [1, 2, 1, 10, 1, 25, 0]
        await pilot.press("end")
        assert app.lines()[0].endswith("▴ 25  a note ━")
        assert app.lines()[1:] == [f"line {n}" for n in range(25, 35)]
        assert app.pane.as_text() == "".join(f"line {n}\n" for n in range(35))

    use(app, steps)


def test_the_mark_stays_where_notes_have_no_room() -> None:
    app = Drawn(numbered(35))

    async def steps(pilot: Pilot[None]) -> None:
        assert "▾ 25 more" in app.lines()[0]
        assert "a note" not in app.lines()[0]

    use(app, steps, (24, 11))


def test_a_summary_comes_first_and_the_first_move_shows_the_whole() -> None:
    app = Drawn(summed_up)

    async def steps(pilot: Pilot[None]) -> None:
        first = app.lines()
        assert first[-2:] == ["others", "sum"]
        await pilot.press("down")
        assert app.lines()[1:] == [f"line {n}" for n in range(10)]
        await pilot.press("end")
        assert app.lines()[-2:] == ["line 19", "sum"]
        await pilot.press("home")
        assert app.lines() == first

    use(app, steps)


def test_a_larger_terminal_shows_all_again() -> None:
    app = Drawn(numbered(20))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("end")
        await pilot.resize_terminal(40, 30)
        await pilot.pause()
        assert app.lines()[1:21] == [f"line {n}" for n in range(20)]
        assert "▴" not in app.lines()[0]

    use(app, steps)


def test_a_picture_that_fills_any_height_ends_where_it_is_told_to() -> None:
    app = Drawn(lambda width, height: [[(f"line {n}", "")] for n in range(height)], tall=15)

    async def steps(pilot: Pilot[None]) -> None:
        assert "▾ 5 more" in app.lines()[0]
        await pilot.resize_terminal(40, 20)
        await pilot.pause()
        assert "more" not in app.lines()[0]

    use(app, steps)
