"""Forms: a field is chosen or open; what is typed counts at once, and what is refused says why in its place."""

import time
from collections.abc import Callable

import pytest

from cfbench.registry.catalogue import Catalogue, catalogue
from cfbench.tui.draft import Draft
from cfbench.tui.parts import fields
from cfbench.tui.parts.form import Form, Heading
from cfbench.tui.settings import Setting, settings_of, settings_of_table

TOML = '[model]\nname = "biased-dot-product"\nn_factors = 50\ninit_sd = 0.01\n'


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return catalogue()


@pytest.fixture(scope="module")
def settings(known: Catalogue) -> list[Setting]:
    return settings_of(known.find("model", "biased-dot-product"), "model")


Shown = Callable[..., list[str]]


@pytest.fixture
def shown(settings: list[Setting]) -> Shown:
    def draw(draft: Draft, size: tuple[int, int], chosen: int = 0, top: int = 0, **more: bool) -> list[str]:
        listed = fields.entries(settings, draft)
        about = {"lit": True, "underlined": False, **more}
        picture = fields.draw(listed, chosen, top, size, **about)
        return ["".join(text for text, _ in line) for line in picture.lines]

    return draw


def named(settings: list[Setting], label: str) -> Setting:
    return next(setting for setting in settings if setting.label == label)


def test_a_field_shows_label_value_and_what_is_allowed(shown: Shown) -> None:
    lines = shown(Draft(TOML), (52, 15))
    assert lines[0].split() == ["▸", "n_factors", "50", "1–4,096"]
    assert "length of each latent vector" in lines[1]


def test_nothing_moves_when_a_value_is_refused(shown: Shown, settings: list[Setting]) -> None:
    draft = Draft(TOML)
    before = shown(draft, (52, 15))
    draft.type(named(settings, "n_factors"), "-1")
    after = shown(draft, (52, 15))
    assert after[1].strip() == "✗ given -1, allowed 1–4,096"
    assert after[2:12] == before[2:12]


def test_where_it_is_low_a_refusal_opens_a_second_line(shown: Shown, settings: list[Setting]) -> None:
    draft = Draft(TOML)
    before = shown(draft, (78, 10))
    assert "length of each" in before[0]
    assert before[1].strip().startswith("y_range")
    draft.type(named(settings, "n_factors"), "-1")
    after = shown(draft, (78, 10))
    assert after[1].strip() == "✗ given -1, allowed 1–4,096"
    assert after[2].strip().startswith("y_range")


def test_another_value_than_the_default_is_marked(shown: Shown, settings: list[Setting]) -> None:
    draft = Draft(TOML)
    draft.set("model.n_factors", 128)
    lines = shown(draft, (52, 15))
    assert lines[0].startswith("▸~n_factors")
    assert "default 50" in lines[1]


def test_advanced_settings_come_last_under_more(shown: Shown) -> None:
    labels = [line.split()[0] for line in shown(Draft(TOML), (120, 20), lit=False) if line.strip()]
    assert labels[:6] == ["n_factors", "y_range", "init_sd", "global_mean", "more", "init"]


def test_a_long_form_scrolls_to_the_chosen_field_and_says_so(known: Catalogue) -> None:
    table = settings_of_table("training")
    listed = fields.entries([Heading("training"), *table], Draft(""))
    ends = [fields.draw(listed, n, 0, (40, 6), lit=True, underlined=False) for n in (0, len(table) - 1)]
    first, last = [["".join(text for text, _ in line) for line in picture.lines] for picture in ends]
    assert first[0].strip() == "training"
    assert any(line.endswith("↓") for line in first)
    assert any(line.startswith("▸ checkpoint_every") for line in last)
    assert last[0].endswith("↑")


@pytest.mark.parametrize("size", [(1, 1), (8, 2), (20, 3), (40, 1), (300, 60)])
def test_any_size_can_be_drawn(shown: Shown, settings: list[Setting], size: tuple[int, int]) -> None:
    draft = Draft(TOML)
    draft.type(named(settings, "n_factors"), "x" * 300)
    for chosen in range(len(settings)):
        assert len(shown(draft, size, chosen)) <= max(size[1], 1)


def form(app) -> Form:
    return app.base_screen.query_one("#model", Form)


async def ready(desk, pilot) -> Form:
    await desk.shows(pilot, "n_factors")
    found = form(pilot.app)
    found.focus()
    await pilot.pause()
    return found


def test_typing_counts_at_once_and_arrows_leave_the_field(bench, desk, settings) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        draft = app.workspace.draft
        await pilot.press("enter", "8")
        assert draft.get("model.n_factors") == 508
        await pilot.press("1", "down")
        assert draft.reason(named(settings, "n_factors"))
        assert form(app).chosen.label == "y_range"
        assert app.focused is form(app)
        assert draft.undo() == "model.n_factors back to 50"

    desk.use(app, steps)


def test_digits_are_screens_until_a_field_is_open(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        await pilot.press("7")
        assert app.current_mode == "plugins"
        await pilot.press("3", "enter", "7", "escape")
        assert app.current_mode == "model"
        assert app.workspace.draft.get("model.n_factors") == 507

    desk.use(app, steps)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_a_refusal_is_painted_at_once(bench, desk, size) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        await pilot.press("enter", "home")
        start = time.perf_counter()
        await pilot.press("minus")
        await desk.shows(pilot, "✗ given -50, allowed 1–4,096")
        assert time.perf_counter() - start < 2  # some 0.1 s where nothing else runs
        assert "1 setting is refused" in desk.text(app)

    desk.use(app, steps, size)


def test_choices_go_round_and_yes_becomes_no(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        draft = app.workspace.draft
        await pilot.press("end", "right")
        assert draft.get("model.init") == "truncated-normal"
        await pilot.press("right")
        assert draft.get("model.init") == "normal"
        await pilot.press("up", "space")
        assert draft.get("model.global_mean") is False
        await pilot.press("enter")
        assert draft.get("model.global_mean") is True

    desk.use(app, steps)


def test_enter_on_a_choice_opens_a_list(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        await pilot.press("end", "enter")
        await desk.shows(pilot, "enter choose")
        await pilot.press(*"trunc", "enter")
        await desk.until(pilot, lambda: app.workspace.draft.get("model.init") == "truncated-normal")

    desk.use(app, steps)


def test_the_mouse_chooses_and_a_second_click_opens(bench, desk) -> None:
    app = desk.app(bench, "model")

    async def steps(pilot) -> None:
        await ready(desk, pilot)
        await pilot.click("#model", offset=(5, 3))
        assert form(app).chosen.label == "init_sd"
        await pilot.click("#model", offset=(5, 3))
        assert app.focused is form(app).input
        await pilot.click("#learning", offset=(5, 1))
        assert form(app).has_focus is False
        assert not form(app).input.display

    desk.use(app, steps)


def test_without_colour_a_field_is_underlined_and_the_chosen_one_marked(bench, desk) -> None:
    app = desk.app(bench, "model", look="")

    async def steps(pilot) -> None:
        text = await desk.shows(pilot, "▸ n_factors") if await ready(desk, pilot) else ""
        assert text.count("▸") == 1
        assert any("u" in roles.split() for line in form(app).picture(78, 8) for _, roles in line)

    desk.use(app, steps)
