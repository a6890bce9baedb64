"""A run's folder: what lies where in it, how it comes to be, how it is found again."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from cfbench import durable, paths
from cfbench.errors import BadInput, nearest
from cfbench.runs import names

_AGAIN = "~"
"""Before what makes a second run of one id in the trash another name; no id has it."""
_NAME_IT = "name it as 'cfbench runs delete' did"


class RunFolder:
    """One run on disk. Everything that its results need is inside; moving or copying it breaks nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    @cached_property
    def experiment(self) -> Path:
        """The resolved experiment, TOML."""
        return self.path / "experiment.toml"

    @cached_property
    def environment(self) -> Path:
        """Versions of the software and the machine it was made on, JSON."""
        return self.path / "environment.json"

    @cached_property
    def data(self) -> Path:
        """Labels, row numbers of the split, what training saw."""
        return self.path / "data"

    @cached_property
    def plugins(self) -> Path:
        """Declarations of the plugins used, and copies of single-file ones."""
        return self.path / "plugins"

    @cached_property
    def events(self) -> Path:
        """What happened, JSON lines."""
        return self.path / "events.jsonl"

    @cached_property
    def commands(self) -> Path:
        """What it was asked to do, JSON lines."""
        return self.path / "commands.jsonl"

    @cached_property
    def log(self) -> Path:
        """What the worker and the plugins print."""
        return self.path / "log.txt"

    @cached_property
    def annotations(self) -> Path:
        """What people wrote about it, JSON."""
        return self.path / "annotations.json"

    @cached_property
    def lock(self) -> Path:
        """Held by the worker."""
        return self.path / "lock"

    @cached_property
    def checkpoints(self) -> Path:
        """One folder a checkpoint."""
        return self.path / "checkpoints"

    @cached_property
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
    return [RunFolder(root / name) for name in names_in(root)]


def names_in(root: Path) -> list[str]:
    """Return the names of the runs in a folder, oldest first."""
    try:
        with os.scandir(root) as entries:
            return sorted(entry.name for entry in entries if _is_run(entry))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_run(place: Path | os.DirEntry[str]) -> bool:
    """Return whether this is a run's folder; a link to one is not."""
    hidden = place.name.startswith(".")
    return not hidden and os.path.exists(os.path.join(place, "events.jsonl")) and not place.is_symlink()


def find(wanted: str) -> RunFolder:
    """Return the run of an id, of the start or end of one, or "last" for the newest; or a run folder's own path.

    Raises:
        BadInput: no run fits, or several do.
    """
    if os.sep in wanted and (paths.given(wanted) / "events.jsonl").exists():
        return RunFolder(paths.given(wanted).absolute())
    root = paths.folder("runs")
    if wanted and os.sep not in wanted and _is_run(root / wanted):
        return RunFolder(root / wanted)
    if wanted == "last" and (known := names_in(root)):
        return RunFolder(root / known[-1])
    return RunFolder(root / _the_one(wanted, root, "'cfbench runs list' shows them"))


def _the_one(wanted: str, root: Path, mend: str) -> str:
    """Return the name of the one run in a folder that has this id, or one that starts or ends so.

    Raises:
        BadInput: no run fits, or several do; `mend` says where they are shown.
    """
    if not wanted:
        raise BadInput("the run's name is empty", mend=mend)
    known = names_in(root)
    if wanted in known:
        return wanted
    fitting = [name for name in known if name.startswith(wanted) or name.endswith(f"-{wanted}")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise BadInput(
            f"'{wanted}' fits {len(fitting)} runs: {', '.join(fitting[:5])}",
            mend="write more of the id",
        )
    ends = [name.partition("-")[2] for name in known]
    raise BadInput(f"there is no run '{wanted}'{nearest(wanted, ends)}", where=str(root), mend=mend)


def move_to_trash(run: RunFolder) -> Path:
    """Move a run's folder into the trash and return its place there; links in it are moved, never followed."""
    if run.path.parent != paths.folder("runs"):
        raise BadInput(f"{run.path} is not among this user's runs", mend="delete that folder by hand if you mean it")
    place = paths.writable_folder("trash") / run.id
    while place.exists():
        place = place.with_name(f"{run.id}{_AGAIN}{secrets.token_hex(2)}")
    shutil.move(run.path, place)
    return place


def restore(trashed: str) -> RunFolder:
    """Move a run back out of the trash, in one step for whoever lists runs.

    Args:
        trashed: the place that `move_to_trash` returned, or the run's id there, or the start or end of one.

    Raises:
        BadInput: there is no such run right in this user's trash, or one of its id is there again.
    """
    trash = paths.folder("trash")
    if os.sep in trashed:
        given = paths.given(trashed)
        if given.parent != trash:
            raise BadInput(f"{trashed} is not in this user's trash", where=str(trash), mend=_NAME_IT)
        trashed = given.name
    place = trash / _the_one(trashed, trash, _NAME_IT)
    home = paths.writable_folder("runs") / place.name.partition(_AGAIN)[0]
    if home.exists():
        raise BadInput(f"there is a run {home.name} already", where=str(home), mend="move one of the two by hand")
    try:
        place.rename(home)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise BadInput(f"it can't be moved back ({error.strerror})", where=str(place)) from error
        aside = home.with_name(f".back-{secrets.token_hex(8)}")
        shutil.copytree(place, aside, symlinks=True)
        aside.rename(home)
        shutil.rmtree(place)
    return RunFolder(home)
