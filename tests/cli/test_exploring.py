"""What was learned, and any row of the data, from the shell: the bench's own numbers in aligned columns."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfbench.agent.local import LocalBench
from cfbench.answers import Cell, PredictedTab
from cfbench.cli.options import data_of, data_options
from cfbench.experiment import Data, ItemSide, Side
from cfbench.text import width

Call = Callable[..., tuple[int, str, str]]

TRAINED = ("train", "data.source=demo", "loader.batch_size=512", "training.epochs=2", "model.n_factors=5", "--here")


def answer(call: Call, *arguments: str) -> Any:
    code, out, _ = call(*arguments, "--json")
    assert code == 0
    return json.loads(out)


def test_a_run_is_asked_what_it_learned(call: Call) -> None:
    assert call(*TRAINED)[0] == 0
    told = answer(call, "recommend", "last", "--user", "7", "-n", "4", "--least", "30")
    code, out, err = call("recommend", "last", "--user", "7", "-n", "4", "--least", "30")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == (
        f"user 7: {told['ratings']} ratings in training, mean {told['mean']:.2f}; {told['unseen']} items ranked"
    )
    assert lines[1].split() == ["#", "item", "title", "predicted", "ratings"]
    assert len(lines) == 6
    for rank, (line, one) in enumerate(zip(lines[2:], told["items"], strict=True), 1):
        assert line.split()[:2] == [str(rank), one["label"]]
        assert one["title"] in line
        assert line.split()[-2:] == [f"{one['value']:.2f}", str(one["count"])]
        assert one["count"] >= 30

    title = told["items"][0]["title"]
    alike = answer(call, "similar", "last", "--item", title, "-n", "3")
    code, out, _ = call("similar", "last", "--item", title, "-n", "3")
    assert [line.split()[-2] for line in out.splitlines()[1:]] == [f"{one['value']:.3f}" for one in alike]
    assert all(one["title"] in line for one, line in zip(alike, out.splitlines()[1:], strict=True))

    ends = answer(call, "biases", "last", "--of", "user", "-n", "2")
    lines = call("biases", "last", "--of", "user", "-n", "2")[1].splitlines()
    assert [lines[0], lines[4], lines[5]] == ["highest", "", "lowest"]
    assert lines[1].split() == ["user", "bias", "95", "%", "ratings"], "a user has no other title"
    assert lines[2].split() == [
        ends["top"][0]["label"],
        f"{ends['top'][0]['value']:+.3f}",
        "±",
        f"{ends['top'][0]['within']:.3f}",
        str(ends["top"][0]["count"]),
    ]
    assert lines[7].split()[1].startswith("-")

    for words, sentence in (
        (("biases", "last", "--least", "100000"), "no item is left; make --least smaller\n"),
        (("biases", "last", "--of", "user", "--least", "100000"), "no user is left; make --least smaller\n"),
        (("similar", "last", "--item", title, "--least", "100000"), "no item is left; make --least smaller\n"),
    ):
        assert call(*words) == (0, "", sentence)
    for options, mend in (
        (("--where", "title=Nothing"), "leave a --where out"),
        (("--least", "100000"), "make --least smaller"),
        (("--least", "100000", "--where", "title~e"), "make --least smaller, or leave a --where out"),
    ):
        code, out, err = call("recommend", "last", "--user", "7", *options)
        assert (code, len(out.splitlines()), err) == (0, 1, f"no item is left; {mend}\n")
    code, out, err = call("similar", "last", "--item", title[:-1])
    assert (code, out) == (2, "")
    assert f"did you mean '{title}'?" in err
    bare = title.rpartition(" (")[0]
    code, out, err = call("explain", "last", "--user", "7", "--item", bare[:-2] + bare[:-3:-1])
    assert (code, out, f"did you mean '{title}'?" in err) == (2, "", True), "without the year of its title"


def test_somebody_new_is_told_and_why(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(*TRAINED)[0] == 0
    first, second = answer(call, "biases", "last", "-n", "2")["top"]
    (tmp_path / "mine.csv").write_text(f'title,rating\n"{first["title"]}",5\n"{second["title"]}",1\n')
    told = answer(call, "recommend", "last", "--ratings", "mine.csv", "-n", "3")
    assert (told["user"], told["ratings"], told["mean"]) == ("", 2, 3.0)
    assert not {first["label"], second["label"]} & {one["label"] for one in told["items"]}
    seen = answer(call, "recommend", "last", "--ratings", "mine.csv", "-n", "1000", "--seen")
    rated = {one["label"]: one["rating"] for one in seen["items"] if one["seen"]}
    assert rated == {first["label"]: 5.0, second["label"]: 1.0}
    best = told["items"][0]
    why = answer(call, "explain", "last", "--ratings", "mine.csv", "--item", best["title"], "-n", "100")
    assert why["prediction"] == pytest.approx(best["value"], abs=1e-5)
    assert sum(term["value"] for term in why["terms"]) == pytest.approx(why["score"], abs=1e-5)
    assert {one["label"] for one in why["supports"]} == {first["label"], second["label"]}
    code, out, err = call("explain", "last", "--ratings", "mine.csv", "--item", best["title"])
    assert (code, err) == (0, "")
    assert out.startswith(f"{best['title']} for you: {best['value']:.2f}, not rated in training")
    both = answer(call, "recommend", "last", "--user", "7", "--user", "8", "-n", "2")
    assert [one["user"] for one in both] == ["7", "8"]

    for content in (
        json.dumps({first["title"]: 5, second["label"]: "1"}),
        json.dumps({first["title"]: 5, second["title"]: 1}, indent=2),
        json.dumps([{"title": first["title"], "rating": 5}, {"title": second["title"], "rating": 1}]),
        json.dumps([{"rating": 5, "film": first["label"]}, {"film": second["label"], "rating": 1}], indent=1),
        f'{{"title": "{first["title"]}", "rating": 5}}\n{{"title": "{second["title"]}", "rating": 1}}\n',
        (tmp_path / "mine.csv").read_text(),
    ):
        (tmp_path / "mine.json").write_text(content)
        assert answer(call, "recommend", "last", "--ratings", "mine.json", "-n", "3") == told
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
        assert answer(call, "recommend", "last", "--ratings", "-", "-n", "3") == told
    one = json.dumps({"title": first["title"], "rating": 5})
    (tmp_path / "mine.json").write_text(one)
    assert answer(call, "recommend", "last", "--ratings", "mine.json")["ratings"] == 1, "a row, not two titles"

    for content, sentence in {
        "{}": "stdin: there are no ratings; write",
        "[3]": "stdin: this list does not hold objects; write",
        '{"1": null}': "stdin: '1' has 'null', which is no rating; write",
        '{"1": 4, "1": 3}': "stdin: '1' is there twice in one object; leave one",
        '[{"film": "1", "rating": "good"}]': "stdin, row 1: 'good' is no rating; mend it",
        "title,rating\n1,4\n2,good\n": "stdin, line 3: 'good' is no rating; mend it",
        "": "stdin: the file is empty",
    }.items():
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
        code, out, err = call("recommend", "last", "--ratings", "-")
        assert (code, out, len(err.splitlines())) == (2, "", 1), content
        assert sentence in err
    name = first["title"]
    for file, content, sentence in (
        ("b.json", f'{{"{name}": 5', "it begins as JSON and is none: line 1, column"),
        ("b.txt", f'{{"{name}": 5,\n "{second["title"]}" 4}}', "it begins as JSON and is none: line 2, column"),
        ("b.json", f"[{name}: 5]", "it begins as JSON and is none: line 1, column 2: expecting value; write {"),
        ("b.txt", f"[[{name}, 5]", "it begins as JSON and is none: line 1, column 3: expecting value; write {"),
        ("b.json", f'{{"title": "{name}", "rating": 5}}\n{{"title": 4\n', "b.json, line 2: this line is not JSON"),
        ("b.csv", "[REC] (2007),4\n", "knows no item '[REC] (2007)'"),
    ):
        (tmp_path / file).write_text(content)
        code, out, err = call("recommend", "last", "--ratings", file)
        assert (code, out, len(err.splitlines())) == (2, "", 1), content
        assert sentence in err, err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("title,rating\n\xe9,4".encode("latin-1"))))
    assert "stdin: this is not UTF-8" in call("recommend", "last", "--ratings", "-")[2]

    strange = {first["title"][:-1]: 4, **{f"~{n}": 3 for n in range(6)}, first["title"]: 5}
    (tmp_path / "strange.json").write_text(json.dumps(strange))
    assert (
        f"knows none of these 7 items: '{first['title'][:-1]}' (did you mean '{first['title']}'?), '~0', '~1', '~2',"
        " '~3' and 2 more; name each by its title or its id\n"
    ) in call("recommend", "last", "--ratings", "strange.json")[2]

    (tmp_path / "two.csv").write_text("user,item,rating\na,1,5\nb,2,4\n")
    (tmp_path / "words.csv").write_text(f'title,rating\n"{first["title"]}",good\n')
    for words, told_of in (
        (("recommend", "last"), "say for whom; --user LABEL, or --ratings FILE"),
        (
            ("recommend", "last", "--user", "7", "--ratings", "mine.csv"),
            "it is for a user or for somebody new, not both",
        ),
        (("recommend", "last", "--ratings", "two.csv"), "it has ratings of several users"),
        (("recommend", "last", "--ratings", "words.csv"), "'good' is no rating"),
        (("recommend", "last", "--ratings", "no.csv"), "no.csv"),
        (("recommend", "last", "--user", "7", "--where", "colour=red"), "the run's items have no field 'colour'"),
        (("similar", "last"), "say like what"),
        (("step", "last", "--user", "7"), "a row is of a user and an item"),
        (("map", "last", "--axes", "1"), "'1' is not two numbers such as 1,2"),
        (("map", "last", "--axes", "1,99"), "are no two components of 5 factors"),
        (("factors", "last", "--sweep", "many"), "'many' is no list of whole numbers"),
    ):
        code, out, err = call(*words)
        assert (code, out, len(err.splitlines())) == (2, "", 1), words
        assert told_of in err


def test_every_look_inside_prints_what_its_json_says(call: Call) -> None:
    assert call(*TRAINED)[0] == 0
    found = answer(call, "map", "last", "--least", "20")
    out = call("map", "last", "--least", "20")[1]
    assert f"across: component 1, {found['x']['share']:.1%} of the variance" in out
    assert f"{found['named'][0]['x']:+.3f}" in out.split(found["named"][0]["title"])[1].split()[0]
    assert found["turned"] is False
    more, dots = found["shown"] - len(found["named"]), f"has all {found['shown']:,} as dots"
    assert more > 1
    assert out.splitlines()[-1] == f"{more:,} more are not listed: --json names no others, and {dots}"
    left, right, low, top = *found["window"][:2], found["named"][0]["y"], found["window"][3]
    few = "--least", "20", "--window", f"{left},{right},{low},{top}"
    outside = next(one["title"] for one in found["named"] if one["y"] < low)
    more = answer(call, "map", "last", *few)["shown"] - 40
    assert more > 1
    out = call("map", "last", *few, "--chosen", outside)[1]
    assert outside in out
    assert out.splitlines()[-1].startswith(f"{more:,} more are not listed"), "a chosen one outside counts for none"

    tab = answer(call, "crosstab", "last", "--users", "3", "--items", "2")
    out = call("crosstab", "last", "--users", "3", "--items", "2")[1]
    predicted = [line for line in out.splitlines() if line.strip().startswith("predicted")]
    assert predicted[0].split()[1:] == [f"{tab['cells'][user][0]['prediction']:.2f}" for user in range(3)]
    assert [line.split()[0] for line in out.splitlines() if line.startswith(" ")] == ["predicted", "error"] * 2

    step = answer(call, "step", "last", "--rows", "2", "--factors", "3")
    out = call("step", "last", "--rows", "2", "--factors", "3")[1]
    assert (len(step["rows"]), len(step["tables"]), step["columns"]) == (2, 4, ["bias", "f1", "f2", "f3"])
    for table in step["tables"]:
        assert " ".join(f"{value:+z.5f}" for value in table["gradient"]) in " ".join(out.split())
    assert "bytes against" in out

    factors = answer(call, "factors", "last")
    out = call("factors", "last")[1]
    assert out.startswith(f"5 factors, of which the scores use {factors['effective']:.1f}")
    assert "no runs beside it: --sweep" in out

    wrong = answer(call, "errors", "last", "-n", "3")
    out = call("errors", "last", "-n", "3")[1]
    assert out.startswith(f"valid: {wrong['rows']:,} rows, mean error {wrong['mean']:+.3f}, RMSE {wrong['rmse']:.4f}")
    assert wrong["worst"][0]["title"] in out


def test_a_table_cuts_titles_visibly_and_writes_no_negative_zero(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = ((Cell(4.0, -0.0001, -0.0049, "train"), Cell(None, -0.0, None)),)
    tab = PredictedTab(("7",), ("1", "2"), ("Independence Day (ID4) (1996)", "Fargo (1996)"), cells)
    monkeypatch.setattr(LocalBench, "predicted_tab", lambda *_: tab)
    assert call("crosstab", "last")[1].splitlines()[1:] == [
        f"{'Independence Day (ID4) (199…':30}rated          4",
        f"{'':30}predicted   0.00",
        f"{'':30}error      +0.00",
        f"{'Fargo (1996)':30}rated",
        f"{'':30}predicted   0.00",
        f"{'':30}error",
    ]


def test_a_model_without_factors_is_explained_by_leaving_titles_out(call: Call, tmp_path: Path) -> None:
    assert call("train", "data.source=demo", "model.name=ease", "--here")[0] == 0
    best = answer(call, "recommend", "last", "--user", "7", "-n", "1")["items"][0]
    why = answer(call, "explain", "last", "--user", "7", "--item", best["label"])
    assert (why["left_out"], why["untried"], why["y_range"]) == (True, 0, None)
    assert why["prediction"] == pytest.approx(best["value"], abs=1e-5)
    assert sum(term["value"] for term in why["terms"]) == pytest.approx(why["score"], abs=1e-5)
    code, out, err = call("explain", "last", "--user", "7", "--item", best["label"])
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert [line.split() for line in lines[1:4]] == [
        ["term", "adds"],
        ["what", "was", "rated", f"{why['score']:+.4f}"],
        ["sum", f"{why['score']:+.4f}"],
    ]
    assert lines[0].split(": ")[1].startswith(f"score {why['prediction']:.2f}, ")
    assert lines[4] == f"score {why['prediction']:.4f}, the sum itself, in no unit"
    assert "what was rated, and what the score lacks without it (these need not add up to the score)" in lines
    assert len(why["supports"]) == 8
    for line, one in zip(lines[-8:], why["supports"], strict=True):
        assert line.startswith(one["title"])
        assert line.split()[-2:] == [f"{one['rating']:g}", f"{one['weight']:+z.4f}"]

    few = call("explain", "last", "--user", "7", "--item", best["label"], "--supports", "3")[1].splitlines()
    assert few == [*lines[: lines.index("") + 2], *few[-4:]]
    assert [line.rsplit(maxsplit=2)[0] for line in few[-3:]] == [one["title"] for one in why["supports"][:3]]
    many = answer(call, "explain", "last", "--user", "7", "--item", best["label"], "--supports", "12")["supports"]
    assert (len(many), many[:8]) == (12, why["supports"])

    tab = call("crosstab", "last", "--users", "3", "--items", "2")[1]
    assert [line.split()[0] for line in tab.splitlines() if line.startswith(" ")] == ["score"] * 2
    head = call("recommend", "last", "--user", "7", "-n", "1")[1].splitlines()[1]
    assert head.split() == ["#", "item", "title", "score", "ratings"]

    (tmp_path / "one.csv").write_text(f"item,rating\n{best['label']},5\n")
    assert call("recommend", "last", "--ratings", "one.csv", "-n", "1")[1].startswith("you: 1 rating, mean 5.00;")


def test_a_step_prints_what_was_drawn_beside_its_rows(call: Call) -> None:
    against = ("loss.name=bpr", "sampler.name=uniform", "sampler.negatives=5", "training.epochs=1")
    assert call(*TRAINED, *against)[0] == 0
    found = answer(call, "step", "last", "--rows", "2", "--factors", "2", "--trained")
    code, out, err = call("step", "last", "--rows", "2", "--factors", "2", "--trained")
    flat = " ".join(out.split())
    assert (code, found["loss_says"] in out) == (0, True)
    for row in found["rows"]:
        assert (len(row["drawn"]), row["more_drawn"]) == (2, 3)
        for one in row["drawn"]:
            gap = row["before"] - one["before"]
            cells = f"{one['before']:.4f} {gap:+z.4f} {one['alone']:.4f} {one['slope']:+z.4f} {one['after']:.4f}"
            assert f"drawn {one['title']} {cells}" in flat
    assert "and 3 more drawn beside each row" in out
    for table in found["tables"]:
        assert f"{'drawn ' if table['drawn'] else ''}{table['of']} {table['title']}" in out
        assert " ".join(f"{value:+z.5f}" for value in table["gradient"]) in flat
    assert found["step"] == found["steps"] == answer(call, "runs", "show", "last")["run"]["step"]
    assert f"after {found['step']:,} steps" in out
    share = found["lr"] / found["highest_lr"]
    assert (share < 0.01) == (f"at its end the schedule's rate is {share:.2g} of its highest" in err)
    assert "at its end" not in call("step", "last", "--trained", "--lr", "0.01")[2]


def test_rows_are_shown_as_they_are_understood(call: Call, tmp_path: Path) -> None:
    titles = ["Kolya (1996)", "\x1b[2JHostile", "宽宽"]
    (tmp_path / "items.csv").write_text("id,title\n" + "".join(f"{n},{title}\n" for n, title in enumerate(titles)))
    (tmp_path / "r.csv").write_text(
        "user,item,rating,time\n" + "".join(f"u{n},{n % 3},{n / 2},{10**9 + n}\n" for n in range(9))
    )
    where = ("data", "rows", "r.csv", "--items", "items.csv", "--offset", "6", "-n", "5")
    code, out, err = call(*where)
    lines = out.splitlines()
    assert (code, err) == (0, "rows 7 to 9 of 9\n")
    assert lines[0].split() == ["user", "item", "target", "time"]
    assert lines[1].split() == ["u6", "Kolya", "(1996)", "3", "2001-09-09T01:46:46Z"]
    assert len({width(line) for line in lines[1:]}) == 1, "columns stay aligned"
    assert "\x1b" not in out
    page = answer(call, *where)
    assert (page["offset"], page["total"], page["rows"][1]["item"]) == (6, 9, titles[1])
    assert call("data", "rows", "r.csv", "--offset", "100")[2] == "9 rows\n"


def test_all_that_describes_data_can_be_said(tmp_path: Path) -> None:
    import click

    said: list[Data] = []

    @click.command()
    @data_options
    def command(**given: Any) -> None:
        said.append(data_of(["r.csv"], **given))

    command.main(
        [
            *("--user", "u", "--item", "i", "--target", "none", "--time", "t", "--columns", "u, i,t,g"),
            *("--separator", "\\t", "--no-header", "--encoding", "latin-1", "--quote", ""),
            *("--duplicates", "last", "--missing", "drop", "--min-user", "5", "--min-item", "2"),
            *("--items", "i.csv", "--item-id", "id", "--title", "name", "--by-title"),
            *("--users", "u.csv", "--user-id", "uid", "--categorical", "g", "--continuous", "age"),
            *("--set", 'data.items.read.separator="|"', "--set", "data.users.fields=['age']"),
        ],
        standalone_mode=False,
    )
    assert said == [
        Data(
            source="r.csv",
            user="u",
            item="i",
            target="none",
            time="t",
            categorical=["g"],
            continuous=["age"],
            duplicates="last",
            missing="drop",
            min_user=5,
            min_item=2,
            read={
                "separator": "\t",
                "header": False,
                "encoding": "latin-1",
                "quote": "",
                "columns": ["u", "i", "t", "g"],
            },
            items=ItemSide(source="i.csv", id="id", title="name", by="title", read={"separator": "|"}),
            users=Side(source="u.csv", id="uid", fields=["age"]),
        )
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "model.n_factors=3"], "'model' is not a setting of the data"),
        (["--set", "data.colour=red"], "unknown key data.colour"),
        (["--duplicates", "lst"], "did you mean 'last'?"),
    ],
)
def test_what_data_can_not_be_is_refused(call: Call, tmp_path: Path, options: list[str], words: str) -> None:
    (tmp_path / "r.csv").write_text("user,item,rating\n1,2,3\n")
    code, out, err = call("data", "describe", "r.csv", *options)
    assert (code, out) == (2, "")
    assert words in err


def test_moves_stand_below_the_score_that_the_ratings_give_by_themselves(call: Call) -> None:
    assert call(*TRAINED)[0] == 0
    best = answer(call, "recommend", "last", "--user", "7", "-n", "1")["items"][0]
    asked = ("explain", "last", "--user", "7", "--item", best["label"])
    why, lines = answer(call, *asked), call(*asked)[1].splitlines()
    at = lines.index("what was rated, and how far it moves the score")
    said = "the ratings alone do not give this score:" if why["far"] else "by the ratings alone"
    assert lines[at + 1] == f"{said} {why['solved']:z.2f}; trained {why['score']:z.2f}"


@pytest.mark.parametrize("rate", ["inf", "nan", "1e30", "0", "-1"])
def test_a_step_of_a_rate_that_leads_nowhere_is_refused_in_a_sentence(call: Call, rate: str) -> None:
    assert call(*TRAINED)[0] == 0
    code, out, err = call("step", "last", f"--lr={rate}")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "lr" in err
