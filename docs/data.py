"""Writes docs/data.md: published data sets as cfbench reads them, beside the numbers that were published of them.

    python docs/data.py FOLDER_OF_DATA_SETS

Each line is one ``cfbench data describe`` in a process of its own. Published numbers come from the sets' own pages and
read-me files, and where these are silent from an independent count, as each folder's SOURCE.md says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_name("data.md")
HEAD = """# Published data sets, as cfbench reads them

Written by `python docs/data.py FOLDER`. Every file is read by the guess alone unless an option is shown. Rows are those
kept; repeats are rows whose pair of user and item has come before. A published number that agrees is marked ✓.

| data | options | rows | users | items | repeats | target |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Case:
    """Files, options, and what was published of them; None where nothing was."""

    files: tuple[str, ...]
    rows: int
    users: int | None = None
    items: int | None = None
    repeats: int | None = 0
    targets: tuple[float, float] | None = None
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The files, those in the folder of the first without it."""
        first, *others = self.files
        return " + ".join([first, *(Path(other).name for other in others)])


ML_100K = ("--items", "ml-100k/u.item")
CASES = (
    Case(("ml-100k/u.data",), 100_000, 943, 1_682, targets=(1, 5), options=ML_100K),
    *(
        Case((f"ml-100k/{name}.base", f"ml-100k/{name}.test"), 100_000, 943, 1_682, targets=(1, 5))
        for name in ("u1", "u2", "u3", "u4", "u5", "ua", "ub")
    ),
    Case(("ml-1m/ratings.dat",), 1_000_209, 6_040, 3_706, targets=(1, 5), options=("--items", "ml-1m/movies.dat")),
    Case(("ml-1m/folds/test_1m*.dat.gz",), 1_000_209, 6_040, 3_706, targets=(1, 5)),
    Case(("ml-1m/ncf/ml-1m.train.rating.gz",), 994_169, 6_040, targets=(1, 5)),
    Case(("ml-1m/ncf/ml-1m.test.rating",), 6_040, 6_040, targets=(1, 5)),
    Case(
        ("ml-latest-small/ratings.csv",), 100_836, 610, 9_724, targets=(0.5, 5),
        options=("--items", "ml-latest-small/movies.csv", "--multilabel", "genres"),
    ),
    Case(
        ("movietweetings-100k/ratings.dat",), 100_000, 16_554, 10_506, targets=(0, 10),
        options=("--items", "movietweetings-100k/movies.dat"),
    ),
    Case(("lastfm-2k/user_artists.dat",), 92_834, 1_892, 17_632, targets=(1, 352_698),
         options=("--items", "lastfm-2k/artists.dat")),
    Case(("jester-1/jester-data-1.csv.gz",), 1_810_455, 24_983, 100, targets=(-9.95, 10)),
    Case(("citeulike-a/users.dat",), 204_986, 5_551, 16_980),
    *(
        Case((f"citeulike-a/cf-{part}-users.dat.gz",), rows)
        for part, rows in (("train-1", 5_551), ("test-1", 199_435), ("train-10", 55_510), ("test-10", 149_476))
    ),
    Case(("msweb/anonymous-msweb.data",), 98_654, 32_711, 285),
    Case(("msweb/anonymous-msweb.test",), 15_191, 5_000),
    Case(("amazon-games-seq/Video.txt.gz",), 287_107, 31_013, 23_715),
    Case(("ciao/ratings.tsv.gz",), 284_086, 7_375, 105_114, repeats=284_086 - 282_650, targets=(0, 5)),
    Case(("epinions/ratings.tsv.gz",), 922_267, 22_164, 296_277, repeats=922_267 - 912_441, targets=(1, 5)),
    *(
        Case((f"libmf-demo/{kind}_matrix.tr.txt", f"libmf-demo/{kind}_matrix.te.txt"), rows, targets=targets)
        for kind, rows, targets in (
            ("real", 5_794, (0.5, 5.1)), ("binary", 6_249, (-1, 1)), ("all_one", 6_554, (1, 1)),
        )
    ),
    Case(("monti/douban/train.tsv", "monti/douban/test.tsv"), 136_891, 2_999, 3_000, targets=(1, 5)),
    Case(("monti/flixster/train.tsv", "monti/flixster/test.tsv"), 26_173, 2_341, 2_956, targets=(0.5, 5)),
    *(
        Case((f"ncf-loo/{name}.train.rating", f"ncf-loo/{name}.test.rating"), rows, users, items)
        for name, rows, users, items in (
            ("AMusic", 46_087, 1_776, 12_929), ("AToy", 84_642, 3_137, 33_953), ("lastfm", 69_149, 1_741, 2_665),
        )
    ),
)  # fmt: skip


def described(case: Case, folder: Path, home: str) -> dict[str, object]:
    """Return what ``cfbench data describe`` says of a case's files."""
    command = [sys.executable, "-m", "cfbench", "data", "describe", "--json", *case.files, *case.options]
    environment = os.environ | {"CFBENCH_HOME": home}
    answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(f"{case.name}: {answer.stderr.strip()}")
    found: dict[str, object] = json.loads(answer.stdout)
    return found


def line(case: Case, found: dict[str, object]) -> tuple[str, bool]:
    """Return a case's line of the table, and whether all published numbers agree."""
    bars = found["targets"]
    assert isinstance(bars, list)
    spans = tuple(float(f"{end:.6g}") for end in (bars[0]["low"], bars[-1]["high"]))
    pairs = [
        (found["kept"], case.rows), (found["users"], case.users),
        (found["items"], case.items), (found["duplicates"], case.repeats),
    ]  # fmt: skip
    cells = [_cell(f"{one:,}", None if other is None else f"{other:,}") for one, other in pairs]
    target = _cell(_span(spans), None if case.targets is None else _span(case.targets))
    options = " ".join(case.options)
    text = f"| {case.name} | {f'`{options}`' if options else ''} | {' | '.join([*cells, target])} |"
    return text.replace("*", "\\*"), "✗" not in text


def _span(ends: tuple[float, ...]) -> str:
    return f"{ends[0]:g} to {ends[1]:g}" if ends[0] != ends[1] else f"{ends[0]:g}"


def _cell(found: str, published: str | None) -> str:
    if published is None:
        return found
    return f"{found} ✓" if found == published else f"{found} ✗ ({published})"


def main() -> None:
    """Write the page; exit 1 where a number does not agree."""
    folder = Path(sys.argv[1])
    lines, fine = [], True
    with tempfile.TemporaryDirectory() as home:
        for case in CASES:
            text, agrees = line(case, described(case, folder, home))
            print(text)
            lines.append(text)
            fine = fine and agrees
    PAGE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    sys.exit(not fine)


if __name__ == "__main__":
    main()
