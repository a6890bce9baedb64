"""Picking a file where the bench is: walking, narrowing, typing, pasting, files used lately."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from cfbench.agent.browsing import browse
from cfbench.errors import BadInput
from cfbench.tui import looks
from cfbench.tui.dialogs.picking import Picking


class Bench:
    """Looks into real folders."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.slow = False

    async def ask(self, method: Any, folder: str) -> Any:
        assert method.__name__ == "browse"
        while self.slow:
            await asyncio.sleep(0.01)
        self.asked.append(folder)
        return browse(folder)


class Picker(App[None]):
    """Nothing but a picker."""

    look = "dark"

    def __init__(self, start: Path, recent: list[str]) -> None:
        super().__init__()
        self.register_theme(looks.theme("dark"))
        self.theme = "cfbench-dark"
        self.picking = Picking("ratings", Bench(), str(start), recent)  # type: ignore[arg-type]
        self.answers: list[str | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.picking, self.answers.append)

    def text(self) -> str:
        strips = self.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    for _ in range(300):
        if condition():
            return
        await pilot.pause(0.01)
    raise TimeoutError(pilot.app.text())  # type: ignore[attr-defined]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "sets"
    (place / "ml 100k").mkdir(parents=True)
    (place / "ml 100k" / "u.data").write_text("1\t2\t3\n")
    (place / ".hidden").mkdir()
    for name in ("a.csv", "aa.csv", "b[bold].csv", "七人.csv", "esc\x1b[2J.csv"):
        (place / name).write_text("x" * 1500)
    return place


def use(
    folder: Path, steps: Callable[[Pilot[None], Picker], Awaitable[None]], recent: tuple[str, ...] = ()
) -> list[str | None]:
    async def session() -> list[str | None]:
        app = Picker(folder, list(recent))
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "a.csv" in app.text() or "u.data" in app.text())
            await steps(pilot, app)
        return app.answers

    return asyncio.run(session())


def test_it_lists_folders_first_with_sizes_and_ages_and_nothing_hidden_or_interpreted(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: Picker) -> None:
        shown = app.text()
        assert shown.index("ml 100k/") < shown.index("a.csv") < shown.index("b[bold].csv")
        assert "2 kB" in shown
        assert "now" in shown
        assert "hidden" not in shown
        assert "\x1b" not in shown
        assert "esc␛[2J.csv" in shown
        assert "七人.csv" in shown
        assert "sets ─" in shown  # where one is, at the end of the rule

    use(folder, steps)


def test_enter_descends_and_opens_and_backspace_goes_back_to_where_one_was(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: Picker) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: "u.data" in app.text())
        await pilot.press("backspace")
        await until(pilot, lambda: "▸ ▸  ml 100k/" in app.text())
        await pilot.press("left")
        await until(pilot, lambda: "▸ ▸  sets/" in app.text())
        await pilot.press("enter", *"100k")
        await until(pilot, lambda: "a.csv" not in app.text())
        await pilot.press("enter")
        await until(pilot, lambda: "u.data" in app.text())
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    assert use(folder, steps) == [str(folder / "ml 100k" / "u.data")]


def test_what_is_typed_narrows_and_the_best_fit_is_taken(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: Picker) -> None:
        await pilot.press(*"A.CSV")
        await until(pilot, lambda: "100k" not in app.text())
        assert "aa.csv" in app.text()
        await pilot.press("backspace", "V")  # deletes, and goes nowhere
        await until(pilot, lambda: "aa.csv" in app.text())
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    assert use(folder, steps) == [str(folder / "a.csv")]


def test_a_typed_path_is_completed_on_the_way(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: Picker) -> None:
        app.screen.query_one(Input).value = f"{folder}/ml 100k/u"
        await until(pilot, lambda: "u.data" in app.text())
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    assert use(folder, steps) == [str(folder / "ml 100k" / "u.data")]


def test_a_typed_path_and_enter_at_once_wait_for_the_folder(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: Picker) -> None:
        app.picking._link.slow = True  # type: ignore[attr-defined]
        await pilot.press(*"ml 100k/u", "enter")
        assert not app.answers
        assert app.screen is app.picking
        app.picking._link.slow = False  # type: ignore[attr-defined]
        await until(pilot, lambda: app.answers)

    assert use(folder, steps) == [str(folder / "ml 100k" / "u.data")]


def test_a_typed_path_that_is_not_listed_is_an_answer_too(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: Picker) -> None:
        app.screen.query_one(Input).value = "./.hidden/x.csv"
        await until(pilot, lambda: "✗" in app.text() or "nothing fits" in app.text())
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    assert use(folder, steps) == [str(folder / ".hidden" / "x.csv")]


@pytest.mark.parametrize("quoted", ["{}", "'{}'", "file://{}", "{}\n", '"{}"\r\n'])
def test_a_pasted_path_is_taken_at_once(folder: Path, quoted: str) -> None:
    wanted = folder / ("u.data" if "file" in quoted else "ml 100k/u.data")

    async def steps(pilot: Pilot[None], app: Picker) -> None:
        app.screen.query_one(Input).post_message(Paste(quoted.format(wanted)))
        await until(pilot, lambda: app.answers)

    assert use(folder, steps) == [str(wanted)]


def test_a_pasted_folder_is_entered(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: Picker) -> None:
        app.screen.query_one(Input).post_message(Paste(f"{folder}/ml\\ 100k/"))
        await until(pilot, lambda: "u.data" in app.text())
        assert not app.answers
        await pilot.press("escape")

    assert use(folder, steps) == [None]


def test_files_used_lately_stand_on_top_and_can_be_found(folder: Path) -> None:
    async def steps(pilot: Pilot[None], app: Picker) -> None:
        assert app.text().index("/far/away/ratings.dat") < app.text().index("ml 100k/")
        await pilot.press(*"away")
        await until(pilot, lambda: "a.csv" not in app.text())
        await pilot.press("enter")
        await until(pilot, lambda: app.answers)

    assert use(folder, steps, ("/far/away/ratings.dat", "demo")) == ["/far/away/ratings.dat"]


def test_a_folder_that_can_not_be_read_is_told_and_left_by_typing_something_else(folder: Path) -> None:
    with pytest.raises(BadInput):
        browse(str(folder / "nope"))

    async def steps(pilot: Pilot[None], app: Picker) -> None:
        field = app.screen.query_one(Input)
        field.value = "/nope/x"
        await until(pilot, lambda: "there is no such folder" in app.text())
        field.value = ""
        await until(pilot, lambda: "a.csv" in app.text())
        bench: Any = app.picking._link
        assert bench.asked.count(str(folder)) == 1  # a folder is looked into once

    use(folder, steps)
