"""A run's folder: what lies where in it, how it comes to be, how it is found again."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from cfbench import durable, paths
from cfbench.errors import BadInput, nearest
from cfbench.runs import names


class RunFolder:
    """One run on disk. Everything that its results need is inside; moving or copying it breaks nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def experiment(self) -> Path:
        """The resolved experiment, TOML."""
        return self.path / "experiment.toml"

    @property
    def environment(self) -> Path:
        """Versions of the software and the machine it was made on, JSON."""
        return self.path / "environment.json"

    @property
    def data(self) -> Path:
        """Labels, row numbers of the split, what training saw."""
        return self.path / "data"

    @property
    def plugins(self) -> Path:
        """Declarations of the plugins used, and copies of single-file ones."""
        return self.path / "plugins"

    @property
    def events(self) -> Path:
        """What happened, JSON lines."""
        return self.path / "events.jsonl"

    @property
    def commands(self) -> Path:
        """What it was asked to do, JSON lines."""
        return self.path / "commands.jsonl"

    @property
    def log(self) -> Path:
        """What the worker and the plugins print."""
        return self.path / "log.txt"

    @property
    def lock(self) -> Path:
        """Held by the worker."""
        return self.path / "lock"

    @property
    def checkpoints(self) -> Path:
        """One folder a checkpoint."""
        return self.path / "checkpoints"

    @property
    def results(self) -> Path:
        """What was computed from the run afterwards."""
        return self.path / "results"


def create(name: str, fill: Callable[[RunFolder], None]) -> RunFolder:
    """Return a new run's folder, filled aside and renamed into place: a half-made run is never listed.

    Args:
        name: part of its id; empty: two words are drawn.
        fill: writes the contents; `path` is still the place aside.
    """
    if name:
        names.check_name(name)
    root = paths.writable_folder("runs")
    durable.sweep(root, ".new-*")
    aside = RunFolder(root / f".new-{secrets.token_hex(8)}")
    aside.path.mkdir(mode=0o700)
    try:
        fill(aside)
        for path in [*aside.path.rglob("*"), aside.path]:
            durable.sync(path)
        made = RunFolder(_rename(aside.path, root, name))
    except BaseException:
        shutil.rmtree(aside.path, ignore_errors=True)
        raise
    durable.sync(root)
    return made


def _rename(aside: Path, root: Path, name: str) -> Path:
    """Rename into place; where the id is taken, the next one is tried: the rename is the arbiter."""
    for _ in range(1000):
        place = root / names.run_id(name or names.draw_name())
        try:
            aside.rename(place)
        except OSError:
            if not place.exists():
                raise
            continue
        return place
    raise RuntimeError(f"no free name for a run in {root}")


def all_runs() -> list[RunFolder]:
    """Return every run of this user, oldest first."""
    root = paths.folder("runs")
    if not root.is_dir():
        return []
    entries = (entry for entry in root.iterdir() if not entry.name.startswith(".") and not entry.is_symlink())
    return [RunFolder(entry) for entry in sorted(entries) if (entry / "events.jsonl").exists()]


def find(wanted: str) -> RunFolder:
    """Return the run of an id, of the start or end of one, or "last" for the newest; or a run folder's own path.

    Raises:
        BadInput: no run fits, or several do.
    """
    if os.sep in wanted and (paths.given(wanted) / "events.jsonl").exists():
        return RunFolder(paths.given(wanted).absolute())
    if not wanted:
        raise BadInput("the run's name is empty", mend="'cfbench runs list' shows all")
    runs = all_runs()
    if wanted == "last" and runs:
        return runs[-1]
    exact = [run for run in runs if run.id == wanted]
    fitting = exact or [run for run in runs if run.id.startswith(wanted) or run.id.endswith(f"-{wanted}")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise BadInput(
            f"'{wanted}' fits {len(fitting)} runs: {', '.join(run.id for run in fitting[:5])}",
            mend="write more of the id",
        )
    ends = [run.id.partition("-")[2] for run in runs]
    raise BadInput(
        f"there is no run '{wanted}'{nearest(wanted, ends)}",
        where=str(paths.folder("runs")),
        mend="'cfbench runs list' shows them",
    )


def move_to_trash(run: RunFolder) -> Path:
    """Move a run's folder into the trash and return its place there; links in it are moved, never followed."""
    if run.path.parent != paths.folder("runs"):
        raise BadInput(f"{run.path} is not among this user's runs", mend="delete that folder by hand if you mean it")
    place = paths.writable_folder("trash") / run.id
    while place.exists():
        place = place.with_name(f"{run.id}.{secrets.token_hex(2)}")
    shutil.move(run.path, place)
    return place
