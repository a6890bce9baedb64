"""Reports, parsed: whole pages with nothing from outside, every section there or its reason, text from data as text."""

from __future__ import annotations

import base64
import json
import re
import shutil
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from cfbench import python
from cfbench.answers import (
    Axis,
    CalibrationBin,
    Dimensions,
    ErrorGroup,
    Errors,
    FactorMap,
    Miss,
    Point,
    Rule,
    Tried,
)  # fmt: skip
from cfbench.bench.wire import LONGEST_LINE
from cfbench.errors import BadInput
from cfbench.explore.report import about_model, about_run, markdown, report
from cfbench.explore.report.blocks import Code, Picture, Table
from cfbench.explore.trained import Trained

from .conftest import document

TITLES = [
    "The run", "By epoch", "Metrics", "Errors", "Biases", "Map of the factors", "Dimensions", "Recommendations",
    "Settings", "Environment", "To repeat it",
]  # fmt: skip
_VOID = {"meta"}
_SHAPES = {"svg", "title", "desc", "g", "path", "rect", "circle", "text"}
_WORDS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "nav", "a", "main", "section",
    "figure", "figcaption", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "pre", "code", "footer",
}  # fmt: skip


class Page(HTMLParser):
    """A page read strictly: every tag is known and closed, no attribute asks for anything outside."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.sections: dict[str, list[str]] = {}
        self.rows: list[list[str]] = []
        self.codes: list[str] = []
        self.lead = self._section = ""
        self.anchors: set[str] = set()
        self.ids: set[str] = set()
        self.feed(content)
        self.close()
        assert self.open == []
        assert self.anchors == self.ids

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _WORDS | _SHAPES, tag
        given = {name: value or "" for name, value in attrs}
        assert not [name for name in given if name.startswith("on") or name in ("src", "style")]
        if tag == "a":
            self.anchors.add(given["href"].removeprefix("#"))
        if tag == "section":
            self.ids.add(given["id"])
        if tag == "h2":
            self._section = ""
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "code":
            self.codes.append("")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "h2":
            self.sections[self._section] = []

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "h2":
            self._section += data
        elif inside in ("td", "th"):
            self.rows[-1][-1] += data
        elif inside == "code":
            self.codes[-1] += data
        elif inside == "p" and not self.sections:
            self.lead += data
        if self.sections and inside not in ("h2", "style"):
            self.sections[self._section].append(data)

    def told(self, section: str) -> str:
        return " ".join(self.sections[section])


def pictures(content: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(found) for found in re.findall(r"<svg .*?</svg>", content, re.DOTALL)]  # noqa: S314


def html(trained: Trained, **more: Any) -> tuple[str, Page]:
    content = report(str(trained.run.path), "html", **more)
    return content, Page(content)


def test_a_page_tells_the_whole_run(factors: Trained) -> None:
    content, page = html(factors)
    assert list(page.sections) == TITLES
    assert not [title for title in TITLES if "This can't be told" in page.told(title)]
    assert content.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert not re.search(r"<script|https?://(?!www\.w3\.org/2000/svg)|@import|url\(", content)
    measured = factors.measured()
    rmse = f"{measured.metrics['rmse']:.5g} ± {measured.standard_errors['rmse']:#.2g}"
    assert page.lead.startswith(f"On 80 valid rows of {measured.users} users the model reaches RMSE {rmse} and MAE")
    facts = {row[0]: row[1] for row in page.rows if len(row) == 2}
    assert facts["Run"] == factors.run.id
    assert facts["State"] == "finished"
    assert facts["Split"] == measured.split_hash
    assert facts["Rows"] == "281 train, 80 valid and 40 test"
    assert facts["Checkpoint"] == f"last, step {factors.step}"
    assert facts["torch"]
    assert ["RMSE", *rmse.split(" ± ")] in [row[:3] for row in page.rows]
    settings, commands = page.codes
    assert settings.strip() == factors.run.experiment.read_text().strip()
    assert commands == f"cfbench train experiment.toml\ncfbench evaluate {factors.run.id}"


def test_every_picture_of_a_page_has_a_title_and_numbers_of_the_run(factors: Trained) -> None:
    content, _ = html(factors)
    drawn = {picture[0].text: picture for picture in pictures(content)}
    assert len(drawn) == 5
    loss = drawn["Loss by epoch, of training and of the valid rows"]
    history = factors.history
    assert f"train from {history[0]['train_loss']:.4g} to {history[-1]['train_loss']:.4g}" in (loss[1].text or "")
    best = next(epoch["epoch"] for epoch in reversed(history) if epoch["best"])
    assert f"◆ best, epoch {best}" in [element.text for element in loss.iter() if element.tag.endswith("text")]
    assert all(picture.get("role") == "img" for picture in drawn.values())


def test_a_page_has_light_and_dark_and_prints_light(factors: Trained) -> None:
    content, _ = html(factors)
    (sheet,) = re.findall("<style>(.*?)</style>", content, re.DOTALL)
    assert "@media screen and (prefers-color-scheme:dark){:root{--text:#d9dfe5" in sheet
    assert "@media print" in sheet
    used = set(re.findall(r'<g class="(\w+)"', content))
    assert used <= set(re.findall(r"svg \.(\w+){color:var\(--\1\)}", sheet))
    assert sheet.count("{") == sheet.count("}")


def test_the_same_run_makes_the_same_report(factors: Trained) -> None:
    for form in ("html", "markdown"):
        assert report(factors.run.id, form) == report(str(factors.run.path), form)


def test_markdown_has_everything_inside(factors: Trained) -> None:
    content = report(factors.run.id, "markdown")
    assert re.findall("^## (.*)$", content, re.MULTILINE) == TITLES
    images = re.findall(r'^<img alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]*)">$', content, re.MULTILINE)
    assert len(images) == content.count("<img") == 5
    for alt, packed in images:
        assert ElementTree.fromstring(base64.b64decode(packed))[0].text == alt  # noqa: S314
    for table in re.findall(r"(?:^\|.*\|\n)+", content, re.MULTILINE):
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(columns) == 1
        assert re.fullmatch(r"\|( (---|--:) \|)+", table.splitlines()[1])
    (settings,) = re.findall("```toml\n(.*?)\n```", content, re.DOTALL)
    assert tomllib.loads(settings) == tomllib.loads(factors.run.experiment.read_text())


NASTY = [
    '<script>alert("1")</script>',
    "[bold]red[/] [link](http://evil.example)",
    "a|b `code` **b** _i_ $x$",
    "\x1b[2J\x07gone",
    "\u202etxt.exe",
    "&lt;b&gt; & <img src=x onerror=y>",
    "www.evil.example ~~no~~",
    "# 1. - heading",
    "\U0001f600 naïve 映画",
    '"quoted" \\ back',
]


@pytest.fixture(scope="module")
def nasty_folder(explored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nasty")
    rows = [line.partition(",") for line in (explored / "films.csv").read_text().splitlines()[1:]]
    titled = [
        f'{film},"{NASTY[n % len(NASTY)].replace(chr(34), chr(34) * 2)} {n}"' for n, (film, _, _) in enumerate(rows)
    ]
    (folder / "films.csv").write_text("\n".join(["film,title", *titled]) + "\n")
    return folder


def test_titles_stay_text_in_both_forms(train: Any, nasty_folder: Path) -> None:
    trained = train(data={"items": {"source": str(nasty_folder / "films.csv")}}, training={"epochs": 2})
    content, page = html(trained)
    assert "This can't be told" not in content
    assert "<script" not in content
    assert "<img" not in content
    cells = {cell for row in page.rows for cell in row}
    assert any(cell.startswith('<script>alert("1")</script> ') for cell in cells)
    assert any(cell.startswith("[bold]red[/] [link](http://evil.example)") for cell in cells)
    assert any(cell.startswith("␛[2J␇gone") for cell in cells)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", content)
    assert len(pictures(content)) == 5

    told = report(trained.run.id, "markdown")
    told = re.sub(r'^<img alt="[^"]*" src="data:[^"]*">$', "", told, flags=re.MULTILINE)
    told = re.sub("```.*?```", "", told, flags=re.DOTALL)
    assert "<" not in told
    assert not re.search(r"(?<!\\)\[|(?<!\\)`|(?<!\\)\*|(?<!\\)~|(?<!\\)\$|(?<!\\)://|www\.", told)
    assert r"a\|b \`code\` \*\*b\*\* \_i\_ \$x\$" in told
    assert "&lt;script&gt;" in told
    assert "&amp;lt;b&amp;gt; &amp; &lt;img" in told
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", told)


def test_what_begins_like_a_list_or_a_heading_is_none() -> None:
    marked = {"# one": r"\# one", "- one": r"\- one", "12. one": r"12\. one", "1.5 one": "1.5 one", "-1": "-1"}
    assert {words: markdown.plain(words) for words in marked} == marked


def test_code_has_a_fence_that_it_does_not_hold() -> None:
    block = markdown.written(Code('notes = "```` x"\n\x1b[2J', "toml"))
    assert block == '`````toml\nnotes = "```` x"\n␛[2J\n`````'


def test_a_model_without_tables_says_so_and_the_rest_stands(fields: Trained) -> None:
    _, page = html(fields)
    assert list(page.sections) == TITLES
    assert "learns no item biases" in page.told("Biases")
    assert "This can't be told" in page.told("Map of the factors")
    for there in ("The run", "By epoch", "Metrics", "Settings", "Environment", "To repeat it"):
        assert "This can't be told" not in page.told(there)


def test_a_model_that_puts_items_in_order_in_one_go_has_its_metric_and_no_curve(explored: Path) -> None:
    model = {"name": "implicit-als", "n_factors": 2}
    tables = document(explored, model=model, training={"epochs": 2})
    content, page = html(python.train({**tables, "metrics": ["ndcg@10"]}))
    assert not [picture for picture in pictures(content) if "epoch" in (picture[0].text or "")]
    assert ["epoch", "train", "valid", "NDCG@10"] in page.rows
    assert "This can't be told" not in page.told("By epoch")
    assert "only puts items in order" in page.told("Errors")
    assert ["loss", "–"] not in [row[:2] for row in page.rows]


def test_one_section_that_breaks_breaks_no_other(factors: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("division by <zero>")

    monkeypatch.setattr(about_model, "factor_map", broken)
    monkeypatch.setattr(about_model, "errors", broken)
    _, page = html(factors)
    said = "This can't be told: ZeroDivisionError: division by <zero>."
    assert said in page.told("Map of the factors")
    assert said in page.told("Errors")
    assert [title for title in TITLES if said in page.told(title)] == ["Errors", "Map of the factors"]


def test_without_the_data_the_report_is_still_made(train: Any, explored: Path, home: Path, tmp_path: Path) -> None:
    trained = train(training={"epochs": 2}, data={"min_user": 1})
    (home / "imported").rename(tmp_path / "imported")
    ratings = (explored / "ratings.csv").rename(tmp_path / "ratings.csv")
    try:
        content, page = html(trained)
    finally:
        ratings.rename(explored / "ratings.csv")
        shutil.rmtree(home / "imported", ignore_errors=True)
        (tmp_path / "imported").rename(home / "imported")
    last = trained.history[-1]["metrics"]
    assert page.lead.startswith(f"After epoch 2 the model reached RMSE {last['rmse']:.5g} and MAE {last['mae']:.5g} on")
    assert "This can't be told: There is no such file" in content.replace("told: t", "told: T")
    for there in ("The run", "By epoch", "Settings", "Environment", "To repeat it"):
        assert "This can't be told" not in page.told(there)


def test_without_a_checkpoint_the_curves_and_settings_are_told(factors: Trained, tmp_path: Path) -> None:
    copy = tmp_path / "20260101T000000.000000Z-copy"
    shutil.copytree(factors.run.path, copy)
    shutil.rmtree(copy / "checkpoints")
    page = Page(report(str(copy), "html"))
    assert "has no whole checkpoint" in page.told("Metrics")
    assert "has no whole checkpoint" in page.told("The run")
    assert f"train from {factors.history[0]['train_loss']:.4g}" in page.told("By epoch")
    assert page.told("Settings")
    (copy / "plugins" / "declarations.json").write_text("{")
    (copy / "environment.json").unlink()
    page = Page(report(str(copy), "html"))
    assert "This can't be told" in page.told("Environment")
    assert "biased-dot-product" in page.told("The run")


def test_the_test_rows_are_opened_on_purpose_and_counted(train: Any) -> None:
    trained = train(training={"epochs": 1})
    _, page = html(trained)
    assert not (trained.run.results / "evaluations.jsonl").read_bytes().count(b'"part":"test"')
    _, page = html(trained, part="test")
    assert page.lead.startswith("On 40 test rows")
    assert "The test rows of this run were opened once." in page.told("Metrics")
    assert "--test" in page.codes[-1]
    parts = [json.loads(line)["part"] for line in (trained.run.results / "evaluations.jsonl").read_text().splitlines()]
    assert parts.count("test") == 1
    assert "were opened 2 times" in html(trained, part="test")[1].told("Metrics")


def test_test_rows_stay_closed_where_that_can_not_be_counted(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = train(training={"epochs": 1})

    def full(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Trained, "_keep", full)
    _, page = html(trained, part="test")
    assert page.lead == "The run is finished, and nothing could be measured on its test rows."
    for title in ("Metrics", "Errors"):
        assert page.told(title).strip() == "This can't be told: OSError: the disk is full."


def test_runs_beside_it_are_told_among_the_dimensions(factors: Trained, train: Any) -> None:
    other = train(model={"name": "biased-dot-product", "n_factors": 2})
    _, page = html(factors, beside=[other.run, factors.run])
    head = page.rows.index(["factors", "run", "RMSE", "± standard error"])
    assert [row[1] for row in page.rows[head + 1 : head + 3]] == [other.run.id, factors.run.id]
    assert "run" not in html(factors)[1].told("Dimensions").split()


def test_a_long_training_is_drawn_in_few_points(factors: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(about_run, "_MOST_POINTS", 2)
    content, page = html(factors)
    assert "One epoch in 2 is drawn." in page.told("By epoch")
    loss = next(picture for picture in pictures(content) if "Loss" in (picture[0].text or ""))
    history = factors.history
    assert f"train from {history[1]['train_loss']:.4g} to {history[3]['train_loss']:.4g}" in (loss[1].text or "")


def test_a_report_of_many_items_with_long_titles_stays_small(tmp_path: Path) -> None:
    n = 60_000
    rng = np.random.default_rng(3)
    rows = zip(rng.integers(0, 200, n).tolist(), range(n), rng.integers(1, 6, n).tolist(), strict=True)
    (tmp_path / "r.csv").write_text("user,item,rating\n" + "".join(f"u{u},{i},{r}\n" for u, i, r in rows))
    (tmp_path / "i.csv").write_text("item,title\n" + "".join(f"{i},{i} {'<&>' * 500}\n" for i in range(n)))
    made = {
        "data": {"source": str(tmp_path / "r.csv"), "items": {"source": str(tmp_path / "i.csv")}},
        "model": {"name": "biased-dot-product", "n_factors": 5},
        "loader": {"batch_size": 8192},
        "training": {"epochs": 1},
    }
    trained = python.train(made)
    assert len(trained.classes["item"]) > 40_000
    content, page = html(trained)
    assert not [title for title in TITLES if "This can't be told" in page.told(title)]
    assert len(content.encode()) < LONGEST_LINE / 4
    assert len(report(trained.run.id, "markdown").encode()) < LONGEST_LINE / 4


def test_there_is_no_report_of_no_run() -> None:
    with pytest.raises(BadInput, match="there is no run"):
        report("nobody", "html")


def test_no_home_folder_is_told(factors: Trained, explored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(explored))
    for form in ("html", "markdown"):
        content = report(str(factors.run.path), form)
        assert str(explored) not in content
        assert 'source = "~/ratings.csv"' in content.replace("&quot;", '"')
        made = json.loads(factors.run.environment.read_bytes())
        assert made["executable"] not in content


# -- sections of answers --


def only(kind: type, blocks: list[Any]) -> list[Any]:
    return [block for block in blocks if isinstance(block, kind)]


def test_a_map_is_drawn_where_its_dots_say() -> None:
    found = FactorMap(
        step=9, of="item", x=Axis(1, 0.25, ("Low X",), ("High X",)), y=Axis(2, 0.125, ("Low Y",), ("High Y",)),
        window=(-1.0, 1.0, -1.0, 1.0), whole=(-1.0, 1.0, -1.0, 1.0), columns=2, rows=2, groups=("Drama", "other"),
        dots=((0,), (3, 1)), named=(Point("7", "Seven", 0.5, -0.5, 10, "other"),), shown=3, drawn=3, total=3, moved=(),
        median_move=None, sentence="near items are liked by the same people",
    )  # fmt: skip
    blocks = list(about_model.map_section(found))
    (picture,) = only(Picture, blocks)
    root = ElementTree.fromstring(picture.drawn)  # noqa: S314
    drawn = {
        group.get("class"): [
            tuple(map(float, point.split())) for point in re.findall(r"M([\d. ]+)h0", path.get("d", ""))
        ]
        for group in root.iter("{http://www.w3.org/2000/svg}g")
        for path in group.iter("{http://www.w3.org/2000/svg}path")
        if group.get("class") in ("s1", "s2")
    }
    (top_left,), (bottom_right, top_right) = drawn["s1"], drawn["s2"]
    assert (top_left[1], top_right[0]) == (top_right[1], bottom_right[0])
    assert top_left[0] < top_right[0]
    assert bottom_right[1] > top_right[1]
    (dot,) = root.iter("{http://www.w3.org/2000/svg}circle")
    assert (float(dot.get("cx", 0)), float(dot.get("cy", 0))) == bottom_right, "dot 3 is the point's own"
    assert "Near items are liked by the same people." in blocks
    (ends,) = only(Table, blocks)
    assert list(ends.rows) == [["component\xa01", "Low X", "High X"], ["component\xa02", "Low Y", "High Y"]]
    assert "component 1 (25 % of the variance)" in picture.drawn


def test_errors_are_told_by_groups_and_by_the_worst() -> None:
    found = Errors(
        part="valid", rows=80, mean=-0.1234, rmse=0.9,
        by={"rating": (ErrorGroup("5", 30, -0.7, 0.8),), "user": (), "age": (ErrorGroup("up to a week", 2, 0.1, 0.2),)},
        calibration=(CalibrationBin(8, 2.0, 2.1, 0.2),), worst=(Miss("v1", "7", "Seven", 5.0, 1.256, -3.744),),
    )  # fmt: skip
    blocks = list(about_model.error_section(found))
    assert blocks[0] == "On 80 valid rows predictions are 0.123 too low on average; RMSE 0.9."
    assert [table.title for table in only(Table, blocks)] == [
        "By rating", "By time since the item's first rating", "The largest errors",
    ]  # fmt: skip
    assert only(Table, blocks)[0].rows == [["5", "30", "−0.700", "0.800"]]
    assert only(Table, blocks)[2].rows == [["Seven", "v1", "5", "1.26", "−3.74"]]
    assert len(only(Picture, blocks)) == 1


def test_dimensions_are_told_with_what_was_tried() -> None:
    found = Dimensions(
        n_factors=50, rules=(Rule("item", 400, "n^0.25", "somebody", 4),), shares=(0.5, 0.3, 0.2), effective=2.63,
        dead=(3,), n_dead=1, metric="rmse", better="lower",
        tried=(Tried(10, "run-a", 0.91, 0.01), Tried(50, "run-b", 0.9, None)), picked=10,
    )  # fmt: skip
    blocks = list(about_model.dimension_section(found))
    assert blocks[:2] == [
        "The model has 50 factors and uses about 2.6 directions.", "Factors that change no score: 1.",
    ]  # fmt: skip
    assert "50.0" in only(Picture, blocks)[0].drawn
    rules, tried = only(Table, blocks)
    assert rules.rows == [["items", "n^0.25", "somebody", "400", "4"]]
    assert tried.rows == [["10 (picked)", "run-a", "0.91", "0.010"], ["50", "run-b", "0.9", ""]]
    assert blocks[-1] == "The fewest factors within one standard error of the best are 10."
    alone = Dimensions(3, (), (), 0.0, (), 0, "rmse", "lower", (), None)
    assert list(about_model.dimension_section(alone)) == ["The model has 3 factors and uses about 0.0 directions."]
