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
        f"user 7: {told['ratings']} ratings in training, mean {told['mean']:.2f}; {told['unseen']} unseen items"
    )
    assert lines[1].split() == ["item", "title", "predicted", "ratings"]
    assert len(lines) == 6
    for line, one in zip(lines[2:], told["items"], strict=True):
        assert line.startswith(one["label"])
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
    assert lines[1].split() == ["user", "bias", "ratings"], "a user has no other title"
    assert lines[2].split() == [
        ends["top"][0]["label"],
        f"{ends['top'][0]['value']:+.3f}",
        str(ends["top"][0]["count"]),
    ]
    assert lines[7].split()[1].startswith("-")

    code, out, err = call("biases", "last", "--least", "100000")
    assert (code, out.split(), "make --least smaller" in err) == (0, ["highest", "lowest"], True)
    code, out, err = call("similar", "last", "--item", title[:-1])
    assert (code, out) == (2, "")
    assert f"did you mean '{title}'?" in err


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
