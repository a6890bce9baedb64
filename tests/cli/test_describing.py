"""A profile as lines of plain text."""

from pathlib import Path

from cfbench.cli.describing import WIDTH, lines
from cfbench.data.profile import describe
from cfbench.experiment import Data
from cfbench.text import width


def test_lines_mark_hostile_text_and_fit_80_cells(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(
        f'user,item,rating,genre\n"\x1b[2J","\u202etxt.exe",3,a\nu,{"long" * 60},4.25,a\n{"宽" * 60},b,1,a\n'
    )
    text = lines(describe(Data(source=str(path), categorical=["genre"])))
    assert all(width(line) <= WIDTH for line in text)
    drawn = "\n".join(text)
    assert "\x1b" not in drawn
    assert "\u202e" not in drawn
    assert "␛[2J" in drawn


def test_what_was_dropped_has_a_line(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating\n1,2,3\n1,3,\n")
    text = lines(describe(Data(source=str(path), missing="drop")))
    assert any("without a target" in line and "1 dropped" in line for line in text)
