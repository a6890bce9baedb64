"""A chart in a panel: its crosshair stays at its place and says the values that are there."""

import asyncio
import math
from collections.abc import Awaitable, Callable

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from cfbench.tui.drawing.chart import Series
from cfbench.tui.parts.chart import Chart, ChartPane


class Drawn(App[None]):
    """One chart that fills the terminal."""

    CSS = "ChartPane { width: 1fr; height: 1fr; }"

    def __init__(self, chart: Chart) -> None:
        super().__init__()
        self.chart = chart

    def compose(self) -> ComposeResult:
        yield ChartPane("loss", lambda: self.chart, id="loss")

    @property
    def pane(self) -> ChartPane:
        return self.query_one(ChartPane)

    def rule(self) -> str:
        return "".join(text for text, _ in self.pane._lines[0])


def series(values: list[float | None], name: str = "valid") -> Series:
    return Series(name, "s1", [float(n) for n in range(1, len(values) + 1)], values, values)


def use(app: Drawn, steps: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = (60, 14)) -> None:
    async def session() -> None:
        async with app.run_test(size=size) as pilot:
            await steps(pilot)

    asyncio.run(session())


def test_the_crosshair_reads_what_is_in_the_data() -> None:
    values = [1 / n for n in range(1, 9)]
    app = Drawn(Chart([series(values)], x_range=(0.0, 10.0)))

    async def steps(pilot: Pilot[None]) -> None:
        assert "valid ──" in app.rule()
        await pilot.press("k")
        assert "epoch" in app.rule()
        assert "valid 0.125" in app.rule()
        await pilot.press("home")
        assert "valid –" in app.rule()  # before the first value
        seen = set()
        for _ in range(60):
            app.pane.action_cross(1)
            seen.add(app.rule().split("valid ")[1].split(" ")[0])
        assert seen >= {f"{value:.3f}" for value in values}
        await pilot.press("k")
        assert "valid ──" in app.rule()

    use(app, steps)


def test_the_crosshair_stays_at_its_epoch_while_the_chart_grows_and_the_terminal_changes() -> None:
    app = Drawn(Chart([series([3.0, 2.0, 1.0])], x_range=(0.0, 6.0)))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("k", "left", "left")
        before = app.rule().split("valid ")[1].split(" ")[0]
        app.chart = Chart([series([3.0, 2.0, 1.0, 0.5, 0.01])], x_range=(0.0, 6.0))
        app.pane.repaint()
        assert app.rule().split("valid ")[1].split(" ")[0] == before
        await pilot.resize_terminal(90, 20)
        await pilot.pause()
        assert app.rule().split("valid ")[1].split(" ")[0] == before

    use(app, steps)


def test_arrows_are_declared_only_while_there_is_a_crosshair() -> None:
    app = Drawn(Chart([series([1.0, 2.0])]))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("left", "end")
        assert not app.pane.crossed
        assert [command.key for command in app.pane.ACTIONS] == ["k"]
        await pilot.press("k")
        assert {"left", "right", "home", "end"} <= {command.key for command in app.pane.ACTIONS}

    use(app, steps)


def test_smoothed_lines_are_read_as_they_were_measured() -> None:
    measured = series([1.0, 5.0])
    app = Drawn(Chart([series([1.0, 2.0])], values=[measured]))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("k")
        assert "valid 5.000" in app.rule()

    use(app, steps)


def test_what_is_no_number_is_named_and_an_empty_chart_says_what_is_missing() -> None:
    app = Drawn(Chart([series([1.0, math.nan, 0.5])]))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.press("k", "home")
        for _ in range(40):
            app.pane.action_cross(1)
            if "NaN" in app.rule():
                break
        assert "valid NaN" in app.rule()
        app.chart = Chart(empty=[("no run yet", "dim")])
        app.pane.repaint()
        assert "no run yet" in app.pane.as_text()

    use(app, steps)


def test_a_click_puts_the_crosshair_there() -> None:
    app = Drawn(Chart([series([1.0, 2.0, 3.0])], x_range=(0.0, 4.0)))

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.click("#loss", offset=(2 + app.pane._frame.left + app.pane._frame.column(2.0), 4))
        assert "valid 2.000" in app.rule()

    use(app, steps)
