"""The Plugins screen: a list by kind, and a card that a person can read at any width."""

import pytest

from cfbench.registry.catalogue import Catalogue, catalogue
from cfbench.registry.declarations import Broken, Declaration, Scan
from cfbench.tui.drawing.lines import cells, wrapped
from cfbench.tui.screens.plugins.cards import Entry, card, entries, in_words


def words(lines) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines]


@pytest.fixture(scope="module")
def known() -> Catalogue:
    return catalogue()


@pytest.mark.parametrize("size", [30, 60, 78, 140])
def test_every_card_keeps_to_its_width_and_shows_no_python(known, size) -> None:
    for plugin in known.declarations:
        lines = card(Entry(plugin), size)
        assert max(map(cells, lines)) <= max(size, 66)  # the columns of the table are not broken
        said = "\n".join(words(lines))
        assert "{'" not in said
        assert "None" not in said
        assert "True" not in said
        assert all(name in said for name in plugin.properties)


def test_parameters_stand_in_columns_with_their_meaning_beside_or_below(known) -> None:
    plugin = Entry(known.find("model", "biased-dot-product"))
    wide, narrow = words(card(plugin, 120)), words(card(plugin, 50))
    assert "  parameter    default  allowed                 meaning" in wide
    assert "  n_factors    50       1–4,096                 length of each latent vector" in wide
    at = narrow.index("  n_factors    50       1–4,096")
    assert narrow[at + 1] == "      length of each latent vector"


def test_facts_are_told_as_a_person_would() -> None:
    facts = {"source": "r.csv", "time": None, "items": {"id": "film", "fields": ["genre", "year"]}, "timed": True}
    assert in_words(facts) == "source r.csv · items (id film, fields genre, year) · timed yes"
    assert in_words(False) == in_words({}) == in_words(None) == ""
    assert in_words(0) == "0"


def test_text_from_plugins_is_drawn_safe_and_wrapped() -> None:
    hostile = "\x1b[2J " + "七人の侍 " * 20 + "[bold]x[/] " + "a" * 300
    plugin = Declaration(
        "model", "evil", "file:evil", hostile, hostile, "file", path=f"/{hostile}", facts={"x": hostile}
    )
    lines = card(Entry(plugin), 60)
    assert not any("\x1b" in line for line in words(lines))
    assert max(map(cells, lines[1:])) <= 60
    broken = card(Entry(broken=Broken("evil.py", "file", hostile, f"/{hostile}")), 60)
    assert max(map(cells, broken)) <= 60


@pytest.mark.parametrize("size", [0, 1, 2, 7, 40])
def test_wrapping_loses_nothing(size) -> None:
    text = "a bc 七人の侍 /a/long/path/without/a/blank end"
    lines = words(wrapped(text, size))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    if size > 1:
        assert max(cells([(line, "")]) for line in lines) <= size


def test_what_is_broken_comes_first(known) -> None:
    both = Catalogue([Scan(known.declarations, [Broken("acme", "package", "no module torch_geometric")], [])])
    listed = entries(both, "")
    assert listed[0].broken is not None
    assert [entry.plugin.kind for entry in listed[1:3]] == ["dataset", "dataset"]
    assert [entry.name for entry in entries(both, "TORCH_GEO")] == ["acme"]


@pytest.mark.parametrize("size", [(140, 40), (40, 10)])
def test_it_lists_finds_and_reads(bench, desk, size) -> None:
    app = desk.app(bench, "plugins")

    async def steps(pilot) -> None:
        await desk.shows(pilot, "demo")
        await pilot.press("slash", *"k-fold", "enter")
        await desk.shows(pilot, "/ k-fold" if size[0] > 40 else "k-fold")
        await pilot.press("enter")
        await desk.shows(pilot, "dealt at random into")
        await pilot.press("escape", "escape")
        await desk.shows(pilot, "demo")
        assert app.base_screen.equal() == "cfbench plugins show demo"

    desk.use(app, steps, size)
