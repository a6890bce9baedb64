"""``cfbench report``: a whole document here, wherever the run is, and no file in the place of another unasked."""

from __future__ import annotations

import json
import re
import shlex
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfbench.agent.local import LocalBench
from cfbench.errors import WorkFailed

Call = Callable[..., tuple[int, str, str]]

TRAINED = ("train", "data.source=demo", "splitter.test=0.1", "loader.batch_size=512", "training.epochs=2", "--here")


def answer(call: Call, *arguments: str) -> Any:
    code, out, _ = call(*arguments, "--json")
    assert code == 0
    return json.loads(out)


def is_html(document: str) -> bool:
    return document.startswith("<!DOCTYPE html>") and document.endswith("</html>\n")


def test_a_report_is_printed_or_written(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(*TRAINED)[0] == 0
    code, page, err = call("report", "last")
    assert (code, err, is_html(page)) == (0, "", True)
    assert len(re.findall("<h2>", page)) == 11
    assert "This can't be told" not in page
    assert call("runs", "report", "last") == (0, page, "")
    assert answer(call, "report", "last") == {"format": "html", "document": page}
    markdown = call("report", "last", "--format", "markdown")[1]
    assert markdown.startswith("# ")

    code, out, err = call("report", "last", "-o", "run.html")
    file = tmp_path / "run.html"
    assert (code, out, err) == (0, "", f"wrote {len(page.encode()):,} bytes to {file}\n")
    assert file.read_text(encoding="utf-8") == page
    assert not file.stat().st_mode & stat.S_IXUSR
    assert call("report", "last", "-o", "run.MD")[0] == 0
    assert (tmp_path / "run.MD").read_text(encoding="utf-8") == markdown
    told = answer(call, "report", "last", "--format", "markdown", "-o", "run.txt")
    written = tmp_path / "run.txt"
    assert told == {"path": str(written), "format": "markdown", "bytes": written.stat().st_size}
    assert written.read_text(encoding="utf-8") == markdown

    monkeypatch.setenv("CFBENCH_SSH", shlex.join(["sh", "-c", f"exec {shlex.quote(sys.executable)} -m cfbench agent"]))
    assert call("report", "last", "--on", "there", "-o", "there.html")[0] == 0
    assert (tmp_path / "there.html").read_text(encoding="utf-8") == page
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "run.MD", "run.html", "run.txt", "there.html",
    ]  # fmt: skip

    assert "opened" not in page
    for times in ("once", "2 times"):
        assert f"The test rows of this run were opened {times}." in call("report", "last", "--test")[1]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the bench was asked to report; it answers at once."""
    calls: list[Any] = []

    def report(_: LocalBench, *arguments: Any) -> str:
        calls.append(arguments)
        return f"document {len(calls)}\n"

    monkeypatch.setattr(LocalBench, "report", report)
    return calls


def test_what_is_there_is_replaced_with_force_alone(call: Call, asked: list[Any], tmp_path: Path) -> None:
    assert call("report", "last", "-o", "a.html")[0] == 0
    code, out, err = call("report", "last", "-o", "a.html")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "this file exists already" in err
    assert len(asked) == 1, "it is said before the work"
    assert (tmp_path / "a.html").read_text() == "document 1\n"
    assert call("report", "last", "-o", "a.html", "--force")[0] == 0
    assert (tmp_path / "a.html").read_text() == "document 2\n"
    assert asked == [("last", "html", "valid")] * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "run.pdf"], "end it in .html or .md, or add --format"),
        (["-o", "run.html", "--format", "markdown"], "it ends in .html, and the report is to be Markdown"),
        (["-o", "run.md", "--format", "html", "--force"], "it ends in .md, and the report is to be HTML"),
        (["-o", "no/run.html"], "there is no such folder"),
        (["-o", "folder.md", "--force"], "this is no file that could be replaced"),
        (["-o", "/dev/null", "--format", "html", "--force"], "this is no file that could be replaced"),
        (["--format", "pdf"], "'html', 'markdown'"),
    ],
)
def test_what_can_not_be_written_is_refused_before_the_work(
    call: Call, asked: list[Any], tmp_path: Path, options: list[str], words: str
) -> None:
    (tmp_path / "folder.md").mkdir()
    code, out, err = call("report", "last", *options)
    assert (code, out, err.count("\n"), asked) == (2, "", 1, [])
    assert words in err


def test_a_file_that_came_meanwhile_stays(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any) -> str:
        (tmp_path / "a.md").write_text("of somebody else")
        return "document"

    monkeypatch.setattr(LocalBench, "report", slow)
    assert call("report", "last", "-o", "a.md")[0] == 2
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir() if path.is_file()] == [
        ("a.md", "of somebody else")
    ]


def test_nothing_is_left_where_the_work_failed(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> str:
        raise WorkFailed("it broke")

    monkeypatch.setattr(LocalBench, "report", failing)
    (tmp_path / "a.md").write_text("before")
    assert call("report", "last", "-o", "a.md", "--force")[0] == 1
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir() if path.is_file()] == [("a.md", "before")]


def test_there_is_no_report_of_no_run(call: Call) -> None:
    code, out, err = call("report", "nobody")
    assert (code, out) == (2, "")
    assert "there is no run" in err
    assert json.loads(call("runs", "list", "--json")[1]) == []
