"""An import that is killed, two at once, and a file that changes: nothing half-written is ever used."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from cfbench import experiment
from cfbench.data import importing
from cfbench.data.importing import open_interactions
from cfbench.data.interactions import Interactions
from cfbench.errors import BadInput
from cfbench.experiment import Data

IMPORT = (
    "import sys; from cfbench.data.importing import open_interactions; from cfbench.experiment import Data\n"
    "print(open_interactions(Data(source=sys.argv[1])).fingerprint)"
)


def ratings(path: Path, rows: int) -> Path:
    chance = np.random.default_rng(0)
    users, items = chance.integers(1, 5_000, rows), chance.integers(1, 3_000, rows)
    lines = (f"{user},{item},{n % 5 + 1},{10**9 + n}" for n, (user, item) in enumerate(zip(users, items, strict=True)))
    path.write_text("userId,movieId,rating,timestamp\n" + "\n".join(lines) + "\n")
    return path


def left(home: Path) -> list[str]:
    return [path.name for path in (home / "imported").iterdir() if path.name != "known" and path.name[0] != "."]


def test_a_read_that_is_killed_leaves_nothing_that_is_used(tmp_path: Path, home: Path) -> None:
    """kill -9 at moments of its whole course; whoever comes later gets what an undisturbed import gives."""
    path = ratings(tmp_path / "ratings.csv", 100_000)
    command = [sys.executable, "-c", IMPORT, str(path)]
    start = time.monotonic()
    whole = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    course = time.monotonic() - start
    chance = random.Random(1)
    for moment in [0.95, *(chance.uniform(0.5, 1.0) for _ in range(2))]:
        for name in left(home):
            (home / "imported" / name).rename(tmp_path / f"{name}-{moment}")
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            child.wait(course * moment)
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == whole


def test_settings_that_read_the_same_share_what_was_read(tmp_path: Path, home: Path) -> None:
    """Guessed, said, and with another policy: the file is read once, its columns are kept once."""
    path = ratings(tmp_path / "ratings.csv", 5_000)
    guessed = open_interactions(Data(source=str(path)))
    said = open_interactions(Data(source=str(path), user="userId", item="movieId", target="rating", time="timestamp"))
    fewer = open_interactions(Data(source=str(path), min_user=3))
    assert guessed.fingerprint == said.fingerprint
    assert 0 < len(fewer) < len(guessed)
    inodes = {os.stat(str(made.user.filename)).st_ino for made in (guessed, said)}  # type: ignore[attr-defined]
    assert len(inodes) == 1
    reasons = [{column.name: column.reason for column in made.columns} for made in (guessed, said)]
    assert (reasons[0]["userId"], reasons[1]["userId"]) == ("by its name", "said")
    assert len(left(home)) == 4  # as read, and kept for each of the three


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = ratings(tmp_path / "ratings.csv", 50)
    read = importing.Plan.read

    def while_somebody_writes(plan: importing.Plan) -> Interactions:
        made = read(plan)
        path.write_text("userId,movieId,rating,timestamp\n1,2,3,4\n")
        return made

    monkeypatch.setattr(importing.Plan, "read", while_somebody_writes)
    with pytest.raises(BadInput, match="a file changed while it was read"):
        open_interactions(Data(source=str(path)))
    assert left(home) == []
    monkeypatch.undo()
    os.environ["CFBENCH_HOME"] = str(home)
    assert len(open_interactions(Data(source=str(path)))) == 1


def test_patterns_and_members_of_archives_start_from_the_experiments_folder(tmp_path: Path) -> None:
    (tmp_path / "part1.csv").write_text("user,item,rating\n1,2,3\n")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("a/ratings.csv", "user,item,rating\n1,2,3\n")
    (tmp_path / "e.toml").write_text('[data]\nsource = ["part*.csv", "set.zip/a/ratings.csv"]\n')
    made = open_interactions(experiment.read(tmp_path / "e.toml").data)
    assert made.sources == ("part1.csv", "set.zip")
