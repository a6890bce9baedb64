"""What the Data screen is made of: pages, other data in a draft, roles, layouts, checks, the equal command line."""

import shlex
from typing import Any

import click
import msgspec
import pytest

from cfbench.answers import Column, Finding, Row, RowPage
from cfbench.cli.options import data_of as data_of_options
from cfbench.cli.options import data_options
from cfbench.experiment import Data, ItemSide, Side
from cfbench.text import width
from cfbench.tui.draft import Draft
from cfbench.tui.screens.data import doctor, layouts, opening, places, roles, telling
from cfbench.tui.screens.data.equal import command
from cfbench.tui.screens.data.rows import MOST_PAGES, PAGE, Rows


def test_pages_are_asked_for_once_and_old_ones_are_forgotten() -> None:
    rows = Rows()
    rows.start(Data(source="x"), 10_000)
    assert rows.missing(150, 250) == [0, PAGE]
    rows.take(RowPage(0, 10_000, tuple(Row(str(n), "t", 1.0, None) for n in range(PAGE))))
    assert rows.row(7) == Row("7", "t", 1.0, None)
    assert rows.row(PAGE) is None
    assert rows.missing(150, 250) == [PAGE]
    assert rows.missing(9_990, 10_020) == [9_800]
    for page in range(1, MOST_PAGES + 1):
        rows.take(RowPage(page * PAGE, 10_000, (Row("u", "t", 1.0, None),)))
    assert rows.row(7) is None


def test_other_data_take_the_place_of_data_alone_in_one_step(bench: Any) -> None:
    draft = Draft(
        bench.template(Data())
        .replace("n_factors = 50", "n_factors = 30 # mine")
        .replace("[splitter]", '[data.items]\nsource = "old.csv"\n\n[splitter]')
    )
    template = '[data]\nsource = "/new.csv" # a file\nuser = "u"\n\n[model]\nname = "dot-product"\n'
    text = opening.on_other_data(draft, template)
    changed = Draft(text)
    assert changed.experiment
    assert changed.experiment.data == Data(source="/new.csv", user="u")
    assert changed.plugin("model") == "biased-dot-product"
    assert "n_factors = 30 # mine" in text
    before = draft.text
    draft.edit(text)
    draft.undo()
    assert draft.text == before
    assert opening.on_other_data(None, template) == opening.on_other_data(Draft("[data"), template) == template


def test_a_split_by_files_goes_with_the_files_that_it_names() -> None:
    several = '[data]\nsource = ["a", "b"]\n[splitter]\nname = "predefined"\nvalid = ["b"]\n[training]\nepochs = 7\n'
    changed = Draft(
        opening.on_other_data(Draft(several), '[data]\nsource = "c"\n[splitter]\nname = "random"\nvalid = 0.2\n')
    )
    assert changed.get("splitter") == {"name": "random", "valid": 0.2}
    assert changed.get("training.epochs") == 7


def test_joining_another_table_forgets_what_was_said_of_the_one_before() -> None:
    draft = Draft(
        '[data]\nsource = "a"\ncategorical = ["genre", "city"]\nmultilabel = ["kind", "tags"]\n'
        '[data.items]\nsource = "b"\ntitle = "t"\nfields = ["genre"]\nread.header = true\nby = "title"\n'
        'flags = { kind = ["War"] }\n'
    )
    changed = Draft(opening.with_changes(draft, opening.joined(opening.data_of(draft), "items", "/c d.csv"))).experiment
    assert changed
    items = ItemSide(source="/c d.csv", by="title")
    assert changed.data == Data(source="a", categorical=["city"], multilabel=["tags"], items=items)


def test_a_path_means_the_same_from_any_folder() -> None:
    assert opening.located("ml/u.data", "/home/me") == "/home/me/ml/u.data"
    assert opening.located("../u.data", "/home/me") == "/home/u.data"
    for whole in ("/a/b", "~/a", "demo", "acme_sets:tiny"):
        assert opening.located(whole, "/home/me") == whole


def test_columns_change_places_when_one_takes_a_role_that_another_has() -> None:
    columns = [
        Column("ratings", "a", "user", ""),
        Column("ratings", "b", "item", ""),
        Column("ratings", "c", "target", ""),
        Column("ratings", "d", "", ""),
        Column("items", "b", "id", ""),
        Column("items", "kind", "", ""),
    ]
    data = Data(source="x", categorical=["e"], items=ItemSide(source="i", fields=["year"]))
    assert roles.changes(data, columns, columns[0], "item") == {"data.user": "b", "data.item": "a"}
    assert roles.changes(data, columns, columns[3], "target") == {"data.target": "d"}
    assert roles.changes(data, columns, columns[2], "time") == {"data.target": "none", "data.time": "c"}
    assert roles.changes(data, columns, columns[2], "") == {"data.target": "none"}
    assert roles.changes(data, columns, columns[5], "categorical") == {
        "data.categorical": ["e", "kind"],
        "data.items.fields": ["year", "kind"],
    }
    assert roles.changes(data, columns, columns[5], "title") == {"data.items.title": "kind"}
    assert roles.changes(data, columns, columns[0], "user") == {}
    assert [choice.answer for choice in roles.choices(columns[0], columns) if not choice.allowed] == [""]


def test_a_field_of_flags_is_several_labels_or_nothing() -> None:
    genre = Column("items", "genre", "", "")
    columns = [Column("items", "id", "id", ""), Column("items", "War", "", "", "genre"), genre]
    data = Data(source="x", items=ItemSide(source="i", flags={"genre": ["War"]}))
    assert [choice.answer for choice in roles.choices(genre, columns)] == ["multilabel", ""]
    assert "categorical" in [choice.answer for choice in roles.choices(columns[1], columns)]
    assert roles.changes(data, columns, genre, "multilabel") == {"data.multilabel": ["genre"]}
    used = msgspec.structs.replace(data, multilabel=["genre"])
    said = msgspec.structs.replace(genre, role="multilabel")
    assert roles.changes(used, columns, said, "") == {"data.multilabel": []}


def test_each_part_of_a_layout_is_told_and_read_back(bench: Any) -> None:
    profile, readers = bench.describe(Data()), [one for one in bench.plugins().declarations if one.kind == "reader"]
    data = Data(source="x", read={"header": True})
    known = layouts.Layouts(readers, profile, data)
    told = {choice.name: choice.note for choice in known.parts()}
    assert told["reader"] == "guessed: delimited"
    assert told["separator"] == "guessed: tab"
    assert told["header"] == "said: yes"
    assert told["columns"] == "guessed: 1, 2, 3, 4"
    assert known.meant("data.read.separator", "tab") == known.meant("data.read.separator", "\\t") == "\t"
    assert known.meant("data.read.separator", "~") == "~"
    assert known.meant("data.read.header", "no") is False
    assert known.meant("data.read.header", layouts.GUESS) is None
    assert known.meant("data.read.quote", "none") == ""
    assert known.meant("data.read.columns", "a, b") == ["a", "b"]
    assert known.meant("data.read.columns", " ") is None
    unread = layouts.Layouts(readers, None, Data(source="x"))
    assert {"data.read.separator", "data.missing"} <= {choice.answer for choice in unread.parts()}
    assert unread.with_part("data.missing", "drop") == Data(source="x", missing="drop")
    assert known.with_part("data.read.separator", "~").read == {"header": True, "separator": "~"}
    assert known.with_part("data.read.name", "matrix").read == {"name": "matrix"}
    assert known.with_part("data.read.header", None).read == {}


def test_the_doctor_says_what_to_do_and_counts_what_has_no_room(bench: Any) -> None:
    profile = msgspec.structs.replace(
        bench.describe(Data()),
        findings=(
            Finding("look", "18 titles are borne by several items", 'by = "title" in [data.items] makes each one'),
            Finding("note", "3 rows without a target were dropped"),
            Finding("note", "2 items became one with another by their title"),
            Finding("fine", "no user rated an item twice"),
        ),
    )
    found = doctor.checks(profile)
    text = "\n".join("".join(part for part, _ in line) for line in doctor.drawn(found, 120, 20))
    assert 'several items   by = "title" in [data.items] makes each one' in text
    assert "3 rows without a target were dropped" in text
    assert "2 items became one" in text
    assert "✓ no user rated an item twice" in text
    assert "every row" not in text
    assert doctor.warnings(found)[1][0] == "1"
    short = ["".join(part for part, _ in line) for line in doctor.drawn(found, 50, 4)]
    assert len(short) <= 4
    assert "more: z shows this panel alone" in short[-1]
    assert all(width(line) <= 50 for line in short)


_LAYOUT = {"separator": "\t", "header": False, "encoding": "latin-1", "quote": "", "columns": ["a", "b c"]}


def test_the_command_line_says_the_same() -> None:
    @click.command()
    @click.argument("sources", nargs=-1)
    @data_options
    def describe(sources: tuple[str, ...], **given: Any) -> Data:
        return data_of_options(sources, **given)

    for data in (
        Data(source="demo"),
        Data(source=["a b", "c"], user="u", target="none", categorical=["x"], continuous=["y", "z"], min_user=5),
        Data(
            source="é'x",
            read=_LAYOUT,
            at_least=3.5,
            values="log",
            zero="missing",
            multilabel=["m"],
            title="t",
            duplicates="mean",
            missing="drop",
        ),
        Data(source="x", read={"columns": ["a,b", "c"], "header": True}, min_item=2, time="t", item="i"),
        Data(
            source="x",
            items=ItemSide(
                "i.csv",
                "id",
                "name",
                ["kind"],
                {"name": "delimited", "separator": "|", "header": False},
                {"genre": ["War", "Sci-Fi, too"]},
                "title",
            ),
            users=Side("u.csv", "uid", "nick", ["age"], {"quote": ""}),
        ),
    ):
        words = shlex.split(command(data))
        assert words[:3] == ["cfbench", "data", "describe"]
        assert describe.main(words[3:], standalone_mode=False) == data


def test_targets_are_written_with_as_many_decimals_as_tell_them_apart(bench: Any) -> None:
    profile = bench.describe(Data())
    assert telling.places(profile.targets) == 0
    halves = tuple(msgspec.structs.replace(bar, low=bar.low / 2, high=bar.high / 2) for bar in profile.targets)
    assert telling.places(halves) == 1
    assert telling.row(Row("u", "t", -2.0, None), 1)[2][0] == "−2.0"
    assert telling.span(profile.targets) == [("1–5, whole", "dim")]


@pytest.mark.parametrize("height", [21, 26, 33, 60])
def test_panels_have_room_to_say_something(bench: Any, height: int) -> None:
    many = bench.describe(Data())
    many = msgspec.structs.replace(many, columns=many.columns * 10)
    ((_, ((_, left), (_, right))),) = places.side_by_side(many, 30, height)
    fixed = sum(size for _, size in right if size > 0) + len(right) - 1
    assert height - fixed >= (8 if any(panel == "times" for panel, _ in right) else 4)
    assert height - sum(size for _, size in left if size > 0) - 2 >= 6
