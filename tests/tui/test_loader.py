"""The Loader screen: what training will see follows every change, and what is refused says why."""

import shlex

import msgspec
import pytest

from cfbench import experiment as experiments
from cfbench.answers import Column, Finding, LoaderPreview
from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Data
from cfbench.registry.catalogue import catalogue
from cfbench.registry.declarations import Declaration
from cfbench.tui.draft import Draft
from cfbench.tui.drawing.lines import cells
from cfbench.tui.screens.loader import choices, commands, screen, telling
from cfbench.tui.screens.loader.experiments import command, part_of, seed_path


def preview(**more) -> LoaderPreview:
    about = {
        "rows": {"train": 80_000, "valid": 20_000, "test": 0}, "dropped": {},
        "unseen": {"valid": {"user": 0, "item": 34}, "test": {}},
        "batch_size": 64, "steps_an_epoch": 1_250, "shapes": {"x": (64, 2), "target": (64,)}, "classes": {"user": 944},
        "batch": ({"user": "7", "title": "Kolya", "target": 4.0}, {"user": "196", "title": "Babe", "target": 3.5}),
        "batch_number": 1, "repeated": 0, "split_hash": "7f3a09c1aa",
    }  # fmt: skip
    return LoaderPreview(**{**about, **more})


def words(lines) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def test_the_answer_says_rows_batches_and_leaks() -> None:
    said = words([telling.answer(preview(), 120)])[0]
    assert said == "80,000 train  +  20,000 valid  ·  1,250 batches of 64 an epoch  ·  ✓ nothing leaks"
    assert "✓ nothing leaks" in words([telling.answer(preview(), 78)])[0]
    assert "! 1 pair of train stands in another part too" in words([telling.answer(preview(repeated=1), 120)])[0]


def test_checks_are_the_leak_report() -> None:
    found = (
        Finding("fine", "no pair is in two parts", "what is measured was not trained on"),
        Finding("look", "41.3 % of the train rows are later than a valid row, on average", "training sees the future"),
        Finding("note", "20 valid rows of users new to training", "80 rows of such users are shown"),
    )
    assert telling.checks(preview(findings=found)) == [
        ("✓", found[0].what, found[0].mend),
        ("!", found[1].what, found[1].mend),
        ("·", found[2].what, found[2].mend),
    ]
    assert "! 1 to look at" in words([telling.answer(preview(findings=found), 78)])[0]


def test_a_batch_is_told_in_words_with_its_fields() -> None:
    rows = ({"user": "7", "title": "Kolya", "genre": "drama", "age": 24.0, "target": 4.0},)
    assert words(telling.batch(preview(), 60, 9)) == [
        "  user   7 gave   4 to Kolya",
        "  user 196 gave 3.5 to Babe",
        "  … 62 more",
    ]
    (line,) = words(telling.batch(preview(batch=rows, batch_size=1), 60, 9))
    assert line.split("  ")[1] == "user 7 gave 4 to Kolya"
    assert line.endswith("  genre drama · age 24")
    assert len(line) == 60


@pytest.mark.parametrize("size", [(1, 1), (20, 2), (46, 24), (200, 60)])
def test_hostile_labels_keep_to_their_cells(size, hostile) -> None:
    told = hostile.preview(None, rows=40)
    batch = telling.batch(told, *size)
    assert len(batch) <= size[1] + 1
    if size[0] > 40:
        assert max(map(cells, batch)) <= size[0]
    assert not any(mark in text for line in batch for text in words([line]) for mark in "\x1b\x9b\n\t")


def field(name: str, role: str = "", table: str = "items") -> Column:
    return Column(table, name, role, "")


def test_a_field_goes_round_labels_numbers_and_nothing() -> None:
    data = Data(categorical=["genre"])
    assert choices.switched(field("year"), data, []) == {"data.categorical": ["genre", "year"]}
    assert choices.switched(field("genre"), data, []) == {"data.categorical": [], "data.continuous": ["genre"]}
    assert choices.switched(field("genre"), Data(continuous=["genre"]), []) == {"data.continuous": []}
    named = experiments.parse({"data": {"items": {"source": "i", "fields": ["genre"]}}}, "").data
    assert choices.switched(field("year"), named, [])["data.items.fields"] == ["genre", "year"]


def test_a_field_of_flags_is_several_labels_or_nothing() -> None:
    columns = [Column("items", "War", "", "", "genre"), field("genre")]
    assert choices.switched(columns[1], Data(), columns) == {"data.multilabel": ["genre"]}
    assert choices.switched(columns[1], Data(multilabel=["genre"]), columns) == {"data.multilabel": []}
    assert choices.switched(columns[0], Data(), columns) == {"data.categorical": ["War"]}


def test_what_the_data_lack_makes_a_splitter_unfit(bench) -> None:
    timed = Declaration("splitter", "late", "p:late", "Latest", "the newest rows", "file", facts={"needs_time": True})
    profile = bench.describe(Data())
    assert choices.unfit(timed, profile) == ""
    without = msgspec.structs.replace(profile, time_first=None)
    assert choices.unfit(timed, without) == "needs a time, and the data have none"
    assert words([choices.splitter_row(timed, False, choices.unfit(timed, without))])[0].startswith("✗Latest")


def test_the_equal_commands_lead_to_the_same_loader(bench) -> None:
    draft = Draft(bench.template(Data()))
    draft.set("splitter.valid", 0.3)
    draft.set("loader.batch_size", 128)
    draft.set("experiment.seed", 7)
    draft.set("data.categorical", ["genre"])
    write, _, look = command(draft.experiment, catalogue(), "gpu-box").partition(" && ")
    assert write.endswith("-o experiment.toml --on gpu-box")
    document = experiments.tables(bench.template(Data()), "")
    for part in (write, look):
        words = shlex.split(part)
        experiments.override_all(document, [words[n + 1] for n, word in enumerate(words) if word == "--set"])
    assert part_of(experiments.parse(document, "")) == part_of(draft.experiment)
    assert "splitter.test" not in look
    assert seed_path(draft.experiment) == "experiment.seed"
    draft.set("experiment.seeds.split", 3)
    assert seed_path(draft.experiment) == "experiment.seeds.split"


@pytest.fixture(autouse=True)
def hasty(monkeypatch) -> None:
    """Rest for a moment only."""
    monkeypatch.setattr(screen, "PAUSE", 0.05)


async def ready(desk, pilot) -> None:
    await desk.shows(pilot, "20,000 valid")


def previews(bench) -> list:
    return [args for name, args in bench.calls if name == "preview"]


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_it_shows_what_training_will_see(bench, desk, size) -> None:
    async def steps(pilot) -> None:
        await ready(desk, pilot)
        text = await desk.shows(pilot, "Random")
        assert "train 80,000" in text
        assert "34 valid rows of items that training never sees" in text
        assert "seed 42" in text
        await pilot.press("right_square_bracket")
        assert "gave" in await desk.shows(pilot, "1 of 1,250")

    desk.use(desk.app(bench, "loader"), steps, size)


def test_a_change_is_looked_at_once_typing_rests_and_the_old_picture_is_dim(bench, desk, monkeypatch) -> None:
    monkeypatch.setattr(screen, "PAUSE", 0.4)
    app = desk.app(bench, "loader")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        here, before = app.base_screen, len(previews(bench))
        bench.slow.add("preview")
        here.query_one("#settings").focus()
        await pilot.press("enter", "backspace", "3", "5")
        assert app.workspace.draft.get("splitter.valid") == 0.35
        await desk.until(pilot, lambda: len(previews(bench)) == before + 1)
        assert all(roles == "dim" for line in here._split(100, 5) for _, roles in line)
        bench.slow.clear()
        await desk.until(pilot, lambda: not here.seen.stale)
        assert len(previews(bench)) == before + 1
        assert previews(bench)[-1][0].splitter.params["valid"] == 0.35

    desk.use(app, steps)


def test_a_refused_setting_and_a_refused_split_are_told_in_words(bench, desk) -> None:
    app = desk.app(bench, "loader")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        app.base_screen.query_one("#settings").focus()
        await pilot.press("enter", "backspace", "backspace", "backspace", "7", "escape")
        await desk.shows(pilot, "✗ splitter.valid: given 7, allowed > 0, < 1")
        await pilot.press("u")
        assert "✗" not in await desk.shows(pilot, "2 to look at")
        bench.error["preview"] = BadInput("3 rows are too few", where="splitter", mend="bring more rows")
        await pilot.press("r")
        await desk.shows(pilot, "✗ splitter: 3 rows are too few; bring more rows")

    desk.use(app, steps)


def test_space_takes_a_splitter_with_its_own_form_and_u_takes_it_back(bench, desk) -> None:
    app = desk.app(bench, "loader")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        await desk.until(pilot, lambda: app.focused and app.focused.id == "how")
        await pilot.press("down", "space")
        assert app.workspace.draft.plugin("splitter") == "k-fold"
        await desk.shows(pilot, "folds")
        await pilot.press("u")
        assert app.workspace.draft.plugin("splitter") == "random"
        await pilot.press("enter")
        assert app.workspace.draft.plugin("splitter") == "k-fold"
        assert app.current_mode == "loader"
        await pilot.press("enter")
        assert app.current_mode == "model"

    desk.use(app, steps)


def test_r_rolls_the_seed_and_n_and_b_turn_batches(bench, desk, monkeypatch) -> None:
    app = desk.app(bench, "loader")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        await pilot.press("n")
        await desk.until(pilot, lambda: app.base_screen.preview.batch_number == 2)
        await pilot.press("b")
        await desk.until(pilot, lambda: app.base_screen.preview.batch_number == 1)
        await pilot.press("b")
        assert previews(bench)[-1][2] == 1
        drawn = iter([7, 8])
        monkeypatch.setattr(commands.secrets, "randbelow", lambda below: next(drawn))
        await pilot.press("r", "r")
        await desk.until(pilot, lambda: previews(bench)[-1][0].experiment.seed == 8)
        await desk.shows(pilot, "seed 8")

    desk.use(app, steps)


def test_fields_are_switched_and_those_with_a_taken_name_are_not(bench, desk) -> None:
    profile = bench.describe(Data())
    more = (*profile.columns, field("genre"), field("4"))
    bench.describe = lambda data, verify=False: msgspec.structs.replace(profile, columns=more)
    app = desk.app(bench, "loader")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        await pilot.press("f")
        await desk.shows(pilot, "genre")
        await pilot.press("space")
        assert app.workspace.draft.get("data.categorical") == ["genre"]
        await desk.until(pilot, lambda: previews(bench)[-1][0].data.categorical == ["genre"])
        await desk.until(pilot, lambda: not app.base_screen.seen.stale)
        await pilot.press("down", "space")
        await desk.shows(pilot, "4 is the name of the time too")
        assert app.workspace.draft.get("data.categorical") == ["genre"]

    desk.use(app, steps)


def test_classes_are_searched_while_one_types(bench, desk) -> None:
    app = desk.app(bench, "loader")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        await pilot.press("c", "down", "down", "enter")
        await desk.shows(pilot, "labels of title")
        await pilot.press(*"jack")
        await desk.until(pilot, lambda: "Kolya" not in desk.text(app).split("labels of title")[-1])
        assert "Jackie Brown (1997)" in desk.text(app)
        await pilot.press("enter")
        await desk.shows(pilot, "5 is Jackie Brown (1997)")

    desk.use(app, steps)


def test_without_data_it_names_the_next_key(bench, desk) -> None:
    app = desk.app(bench, "loader", draft=False)

    async def steps(pilot) -> None:
        text = await desk.shows(pilot, "no data yet: 1 opens them")
        assert "seed" not in text
        await pilot.press("enter")
        assert app.current_mode == "loader"
        assert not previews(bench)

    desk.use(app, steps)


def test_a_broken_link_is_asked_again_once_it_is_back(bench, desk) -> None:
    bench.error["check"] = WorkFailed("the bench went away")
    app = desk.app(bench, "loader")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "✗ the bench went away")
        del bench.error["check"]
        app.link.become("waiting")
        app.link.become("connected")
        await ready(desk, pilot)

    desk.use(app, steps)


@pytest.mark.parametrize("size", [(60, 15), (40, 10)])
def test_any_size_and_any_title_can_be_drawn(hostile, desk, size) -> None:
    app = desk.app(hostile, "loader")

    async def steps(pilot) -> None:
        await desk.until(pilot, lambda: app.base_screen.preview)
        for _ in app.base_screen.page_list():
            app.base_screen.turn(1)
            await pilot.pause()
        await pilot.press("c", "end", "enter")
        await desk.shows(pilot, "labels of")

    desk.use(app, steps, size)
