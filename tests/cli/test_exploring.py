"""What was learned, and any row of the data, from the shell: the bench's own numbers in aligned columns."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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

    code, out, err = call("biases", "last", "--least", "100000")
    assert (code, out.split(), "make --least smaller" in err) == (0, ["highest", "lowest"], True)
    code, out, err = call("similar", "last", "--item", title[:-1])
    assert (code, out) == (2, "")
    assert f"did you mean '{title}'?" in err


def test_somebody_new_is_told_and_why(call: Call, tmp_path: Path) -> None:
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

    tab = answer(call, "crosstab", "last", "--users", "3", "--items", "2")
    out = call("crosstab", "last", "--users", "3", "--items", "2")[1]
    predicted = [line for line in out.splitlines() if line.strip().startswith("predicted")]
    assert predicted[0].split()[1:] == [f"{tab['cells'][user][0]['prediction']:.2f}" for user in range(3)]

    step = answer(call, "step", "last", "--rows", "2", "--factors", "3")
    out = call("step", "last", "--rows", "2", "--factors", "3")[1]
    assert (len(step["rows"]), len(step["tables"]), step["columns"]) == (2, 4, ["bias", "f1", "f2", "f3"])
    for table in step["tables"]:
        assert " ".join(f"{value:+.5f}" for value in table["gradient"]) in " ".join(out.split())
    assert "bytes against" in out

    factors = answer(call, "factors", "last")
    out = call("factors", "last")[1]
    assert out.startswith(f"5 factors, of which the scores use {factors['effective']:.1f}")
    assert "no runs beside it: --sweep" in out

    wrong = answer(call, "errors", "last", "-n", "3")
    out = call("errors", "last", "-n", "3")[1]
    assert out.startswith(f"valid: {wrong['rows']:,} rows, mean error {wrong['mean']:+.3f}, RMSE {wrong['rmse']:.4f}")
    assert wrong["worst"][0]["title"] in out


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
