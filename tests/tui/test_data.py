"""The Data screen: opening, joining, saying what columns mean and how files are written, paging, refusals."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.events import Paste

from cfbench.agent.browsing import browse
from cfbench.agent.local import LocalBench
from cfbench.answers import Fetch, RowPage
from cfbench.errors import BadInput
from cfbench.experiment import Data
from cfbench.text import width
from cfbench.tui.parts.form import Form
from cfbench.tui.parts.table import Table
from cfbench.tui.screens.data import screen

TITLES = ["七人の侍", "[bold]x[/] [/b]", "\x1b[2Jclear", "e\u0301 tab\there", "\u202ertl", "👩‍🚀 Space"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Ratings of hostile titles, their item table, and a file that can't be read."""
    ratings = [f"{n % 7}\t{n % 6}\t{1 + n % 5}\t{880000000 + 86400 * n}\n" for n in range(60)]
    (tmp_path / "my ratings.data").write_text("".join(ratings))
    (tmp_path / "films.psv").write_text("".join(f"{n}|{title}|{1990 + n}\n" for n, title in enumerate(TITLES)))
    (tmp_path / "odd.txt").write_text("".join(f"{n % 7}~{n % 6}~{1 + n % 5}\n" for n in range(60)))
    return tmp_path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are read anew soon."""
    monkeypatch.setattr(screen, "PAUSE", 0.03)


@pytest.fixture
def real(bench: Any, files: Path) -> Any:
    """A bench that reads files."""
    local = LocalBench()
    bench.describe, bench.rows, bench.template, bench.browse = local.describe, local.rows, local.template, browse
    return bench


def test_without_data_it_names_the_next_keys(desk: Any, bench: Any) -> None:
    async def steps(pilot: Any) -> None:
        text = await desk.shows(pilot, "no data yet: o opens a file, d a data set, p takes a path")
        assert "d then enter takes the built-in demo" in text
        assert "items" not in text
        assert "layout" not in text
        await pilot.press("enter")
        assert pilot.app.base_screen.MODE == "data"

    desk.use(desk.app(bench, draft=False), steps)


def test_the_demo_is_two_keys_away_and_enter_goes_on_to_the_loader(desk: Any, bench: Any) -> None:
    app = desk.app(bench, draft=False)

    async def steps(pilot: Any) -> None:
        await desk.until(pilot, lambda: app.workspace.catalogue)
        await pilot.press("d")
        assert "25,000  made when opened" in await desk.shows(pilot, "invented films")
        await pilot.press("enter")
        text = await desk.shows(pilot, "Kolya (1996)")
        assert "100,000 ratings by 943 users of 1,682 items" in text
        assert "mean 3.53" in text
        assert app.workspace.draft.experiment.data.source == "demo"
        assert app.recent == ["demo"]
        await pilot.press("enter")
        await desk.until(pilot, lambda: app.base_screen.MODE == "loader")

    desk.use(app, steps)


def test_a_pasted_path_is_opened_and_titles_joined(desk: Any, real: Any, files: Path) -> None:
    app = desk.app(real, draft=False)

    async def steps(pilot: Any) -> None:
        app.screen.post_message(Paste(f"'{files}/my ratings.data'\n"))
        text = await desk.shows(pilot, "60 ratings by 7 users of 6 items")
        assert "read as tab, no header, utf-8" in text
        assert f"{files}/my ratings.data" in text
        assert app.workspace.draft.experiment.data.source == f"{files}/my ratings.data"
        await pilot.press("i")
        await desk.until(pilot, lambda: app.screen.query("#typed"))
        app.screen.query_one("#typed").post_message(Paste(f"file://{files}/films.psv"))
        await desk.shows(pilot, "七人の侍")
        lines = desk.text(app).splitlines()
        places = set()
        for title in ("七人の侍", "[bold]x[/] [/b]", "␛[2Jclear", "é tab here", "\ufffdrtl", "👩‍🚀 Space"):
            line = next(line for line in lines if title in line)
            places.add(width(line[: line.index("Nov 1997")]))
        assert len(places) == 1  # columns stay aligned
        assert "\x1b" not in "".join(lines)

    desk.use(app, steps, (140, 40))


def test_a_file_that_can_not_be_read_keeps_what_was_there_and_can_be_mended(desk: Any, real: Any, files: Path) -> None:
    app = desk.app(real, draft=False)

    async def steps(pilot: Any) -> None:
        here = app.base_screen
        here.open("/nope/ratings.csv")
        assert "check its name and folder" in await desk.shows(pilot, "✗ there is no such file")
        here.open(str(files / "my ratings.data"))
        await desk.shows(pilot, "60 ratings by 7 users")
        before = app.workspace.draft.text
        here.open(str(files / "odd.txt"))
        text = await desk.shows(pilot, "✗ only one column was found")
        assert app.workspace.draft.text == before
        assert here.rows.total == 60
        assert "1 of 60" in text
        await pilot.press("l")
        await desk.shows(pilot, "how the files are written")
        await pilot.press("down", "enter", "~", "enter")
        text = await desk.shows(pilot, "read as ~ (said)")
        assert "✗" not in text
        assert app.workspace.draft.get("data.read.separator") == "~"

    desk.use(app, steps, (140, 40))


def test_a_refused_opening_is_forgotten_by_esc(desk: Any, bench: Any) -> None:
    app = desk.app(bench)

    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "Kolya (1996)")
        bench.error["describe"] = BadInput("this is\x1b[2J a picture", where="/x.png", mend="give text")
        app.base_screen.open("/x.png")
        assert "give text" in await desk.shows(pilot, "✗ this is␛[2J a picture")
        app.action_step_back()
        await desk.shows(pilot, "100,000 ratings")

    desk.use(app, steps)


def test_saying_how_files_are_written_reads_them_again(desk: Any, bench: Any) -> None:
    app = desk.app(bench)

    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "Kolya (1996)")
        await pilot.press("l")
        assert "guessed: tab" in await desk.shows(pilot, "how the files are written")
        await pilot.press("down", "down", "enter")
        await desk.shows(pilot, "header: whether the first line names")
        await pilot.press("down", "enter")
        described = lambda: [given[0].read for name, given in bench.calls if name == "describe"]  # noqa: E731
        await desk.until(pilot, lambda: {"header": True} in described())
        await pilot.press("u")
        await desk.shows(pilot, "data.read.header back to")

    desk.use(app, steps)


def test_a_column_is_given_another_role(desk: Any, bench: Any) -> None:
    app = desk.app(bench)

    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "Kolya (1996)")
        app.base_screen.turn_to("columns")
        await desk.shows(pilot, "many distinct")
        await pilot.press("down", "enter")
        await desk.shows(pilot, "column 2")
        await pilot.press(*"user", "enter")
        await desk.until(pilot, lambda: app.workspace.draft.get("data.user") == "2")
        assert app.workspace.draft.get("data.item") == "1"
        assert app.base_screen.MODE == "data"

    desk.use(app, steps)


def test_a_setting_that_is_typed_reads_the_data_once_when_the_typing_ends(
    desk: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "PAUSE", 0.4)
    app = desk.app(bench)

    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "Kolya (1996)")
        bench.calls.clear()
        app.base_screen.turn_to("settings")
        form = app.base_screen.query_one("#settings", Form)
        await desk.until(pilot, lambda: form.has_focus)
        await pilot.press("down", "down", "enter", "backspace", "2", "5", "enter")
        await desk.until(pilot, lambda: any(name == "describe" for name, _ in bench.calls))
        described = [given[0].min_user for name, given in bench.calls if name == "describe"]
        assert described == [25]

    desk.use(app, steps)


def test_the_last_row_of_many_is_a_key_away(desk: Any, bench: Any) -> None:
    app = desk.app(bench)
    pages = bench.rows

    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "Kolya (1996)")
        await pilot.press("end")
        await desk.shows(pilot, "99999  Jackie Brown")
        asked = [given[1] for name, given in bench.calls if name == "rows"]
        assert asked == [0, 99_800]
        assert "100,000 of 100,000" in desk.text(app)
        await pilot.press("pageup", "home")
        await desk.shows(pilot, "196  Kolya")
        assert app.base_screen.query_one("#rows", Table).cursor == 0

    def many(data: Data, offset: int = 0, count: int = 100, order: str = "", contains: str = "") -> RowPage:
        rows = pages(data, 0, count).rows
        if offset:
            rows = tuple(msgspec.structs.replace(row, user=str(offset + n)) for n, row in enumerate(rows))
        return RowPage(offset, 100_000, rows)

    bench.rows = many
    desk.use(app, steps)


def test_what_is_read_slowly_is_told_and_a_newer_wish_takes_its_place(desk: Any, bench: Any) -> None:
    app = desk.app(bench, draft=False)
    bench.slow.add("describe")

    async def steps(pilot: Any) -> None:
        await desk.until(pilot, lambda: app.base_screen.is_mounted)
        app.base_screen.open("/first.csv")
        await desk.shows(pilot, "reading /first.csv …")
        app.base_screen.open("/second.csv")
        await desk.shows(pilot, "reading /second.csv …")
        bench.slow.clear()
        await desk.shows(pilot, "Kolya (1996)")
        assert app.recent == ["/second.csv"]

    desk.use(app, steps)


def test_the_data_of_a_remembered_experiment_are_read_at_the_start(desk: Any, bench: Any) -> None:
    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "100,000 ratings by 943 users")
        assert [name for name, _ in bench.calls].count("describe") == 1

    desk.use(desk.app(bench, data=False), steps)


@pytest.mark.parametrize("size", [(60, 15), (40, 10)])
def test_small_terminals_show_one_panel_after_another(desk: Any, hostile: Any, size: tuple[int, int]) -> None:
    app = desk.app(hostile)

    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "七人の侍")
        for _ in range(7):
            app.action_turn(1)
            await pilot.pause()
            assert all(width(line) <= size[0] for line in desk.text(app).splitlines())
        await desk.shows(pilot, "七人の侍")

    desk.use(app, steps, size)


def test_other_topics_draw_nothing(desk: Any, bench: Any) -> None:
    app = desk.app(bench)

    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "Kolya (1996)")
        drawn: list[str] = []
        app.base_screen.query_one("#rows", Table).repaint = lambda: drawn.append("rows")
        for topic in ("runs", "front", "plugins"):
            app.base_screen.changed(topic)
        assert not drawn

    desk.use(app, steps)


def test_rows_are_ordered_and_narrowed_by_the_bench(desk: Any, bench: Any) -> None:
    app = desk.app(bench)

    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "Kolya (1996)")
        asked = lambda: [given[1:] for name, given in bench.calls if name == "rows"][-1]  # noqa: E731
        await pilot.press("S", *"rating", "enter")
        await desk.shows(pilot, "by target  1 of 1,000")
        assert asked() == (0, 200, "target", "")
        await pilot.press("S", "enter")
        await desk.shows(pilot, "by target, turned")
        assert asked() == (0, 200, "-target", "")
        await pilot.press("slash", *"kolya", "enter")
        await desk.shows(pilot, "/ kolya  by target, turned  1 of 7")
        assert asked() == (0, 200, "-target", "kolya")
        await pilot.press("escape")
        await desk.until(pilot, lambda: "/ kolya" not in desk.text(app))
        assert asked() == (0, 200, "-target", "")

    desk.use(app, steps, (140, 40))


def test_the_crosstab_is_a_key_away(desk: Any, bench: Any) -> None:
    app = desk.app(bench)

    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "Kolya (1996)")
        await pilot.press("t")
        text = await desk.shows(pilot, "cross-tab of the densest")
        assert any("Kolya" in line and "4.5" in line for line in text.splitlines())
        assert any("Babe" in line and "·" in line for line in text.splitlines())
        await pilot.press("escape")

    desk.use(app, steps)


def test_a_set_that_is_not_here_shows_its_terms_and_is_fetched(desk: Any, bench: Any) -> None:
    app = desk.app(bench, draft=False)

    async def steps(pilot: Any) -> None:
        await desk.until(pilot, lambda: app.workspace.catalogue)
        await pilot.press("d")
        assert "not␛[2J here yet" in await desk.shows(pilot, "not here")
        await pilot.press(*"far", "enter")
        text = await desk.shows(pilot, "agree and fetch it")
        assert all(told in text for told in ("free", "nobody", "https://example.org", "5.0 MB"))
        assert not any(name == "fetch" for name, _ in bench.calls)
        await pilot.press("y")
        await desk.shows(pilot, "2.0 of 5.0 MB, 1.0 MB/s, 3 s left")
        bench.fetched = Fetch("far", "done", folder="/x")
        await desk.until(pilot, lambda: app.workspace.draft is not None)
        assert app.recent == ["far"]

    desk.use(app, steps, (140, 40))


def test_a_fetch_can_be_stopped(desk: Any, bench: Any) -> None:
    app = desk.app(bench, draft=False)

    async def steps(pilot: Any) -> None:
        await desk.until(pilot, lambda: app.workspace.catalogue)
        await pilot.press("d")
        await desk.shows(pilot, "not here")
        await pilot.press(*"far", "enter")
        await desk.shows(pilot, "agree and fetch it")
        bench.fetch = lambda *_: setattr(bench, "fetched", Fetch("far", "running", 1_000_000, 5_000_000))
        await pilot.press("y")
        await desk.shows(pilot, "1.0 of 5.0 MB")
        await pilot.press("s")
        await desk.shows(pilot, "stopped; it goes on where it is")

    desk.use(app, steps, (140, 40))


def test_the_beginning_of_large_files_is_shown_while_they_are_read(desk: Any, bench: Any) -> None:
    app = desk.app(bench, draft=False)
    bench.slow.add("describe")
    sample = bench.sample
    bench.sample = lambda data: msgspec.structs.replace(sample(data), size=600_000_000)

    async def steps(pilot: Any) -> None:
        await desk.until(pilot, lambda: app.base_screen.is_mounted)
        app.base_screen.open("/large.csv")
        text = await desk.shows(pilot, "Kolya (1996)")
        assert "reading /large.csv" in text
        assert "100,000 ratings" not in text
        bench.slow.clear()
        await desk.shows(pilot, "100,000 ratings")

    desk.use(app, steps)


def test_a_policys_choices_say_what_each_would_do(desk: Any, bench: Any) -> None:
    describe = bench.describe
    bench.describe = lambda data, verify=False: msgspec.structs.replace(
        describe(data), duplicates=1_436, conflicts=458, zeros=34, missing={"target": 7}
    )
    app = desk.app(bench, data=False)

    async def steps(pilot: Any) -> None:
        await desk.shows(pilot, "Kolya (1996)")
        app.base_screen.turn_to("settings")
        await pilot.press("enter")
        text = await desk.shows(pilot, "1,436 rows repeat a pair, 458 pairs with another target")
        assert "1,436 rows fewer: the mean of each pair" in text
        await pilot.press("escape", "down", "enter")
        await desk.shows(pilot, "drops 7 without a target")

    desk.use(app, steps, (140, 40))
