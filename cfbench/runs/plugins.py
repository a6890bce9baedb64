"""The plugins of a run: their declarations, and copies of single files, so that it can be read after they changed."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cfbench import paths, plugin
from cfbench.errors import BadInput
from cfbench.experiment import COMPONENTS, Component, Experiment, read
from cfbench.loading.components import Find
from cfbench.registry.catalogue import Catalogue, catalogue
from cfbench.registry.declarations import Declaration, Scan
from cfbench.registry.importing import place_of
from cfbench.registry.loading import load
from cfbench.registry.resolving import resolve
from cfbench.registry.sources import distrust
from cfbench.runs.folder import RunFolder

_FILE = "declarations.json"


def used(experiment: Experiment) -> Iterator[tuple[str, Component]]:
    """Yield (kind, table) of every plugin that an experiment names."""
    for kind in COMPONENTS:
        yield kind, getattr(experiment, kind)
    if experiment.sampler is not None:
        yield "sampler", experiment.sampler
    for metric in experiment.metrics:
        yield "metric", metric


def keep(run: RunFolder, experiment: Experiment, known: Catalogue) -> None:
    """Write the declarations that the experiment uses into a run's folder, and copy single files."""
    run.plugins.mkdir(mode=0o700)
    declarations = [known.find(kind, table.name) for kind, table in used(experiment)]
    for declaration in declarations:
        if declaration.path:
            shutil.copyfile(declaration.path, run.plugins / Path(declaration.path).name)
    (run.plugins / _FILE).write_bytes(msgspec.json.format(msgspec.json.encode(declarations)))


def kept(run: RunFolder) -> Catalogue:
    """Return the plugins of a run as data, as they were declared when it was made."""
    declarations = msgspec.json.decode((run.plugins / _FILE).read_bytes(), type=list[Declaration])
    return Catalogue([Scan(declarations)])


def experiment_of(run: RunFolder) -> Experiment:
    """Return a run's experiment, its values as its own plugins declared them."""
    return resolve(read(run.experiment), kept(run), str(run.experiment))


def places(run: RunFolder) -> list[Path]:
    """Return where the code of a run's plugins lies, as far as it is imported: to name a plugin's own line."""
    modules = {declaration.prefix.partition(".")[0] for declaration in kept(run).declarations}
    packages = [place_of(sys.modules[name]) for name in modules if name in sys.modules]
    return [*run.plugins.glob("*.py"), *(package for package in packages if package)]


def finder(run: RunFolder) -> Find:
    """Return what finds a run's plugins: single files in its own folder, packages where they are installed."""
    own = kept(run)

    def find(kind: str, name: str) -> plugin.Declaration:
        declaration = own.find(kind, name)
        if not declaration.path:
            return load(catalogue().find(kind, declaration.full_name))
        copy = run.plugins / Path(declaration.path).name
        _refuse_stranger(run, copy, declaration)
        return load(declaration, copy)

    return find


def _refuse_stranger(run: RunFolder, copy: Path, declaration: Declaration) -> None:
    """Raise BadInput unless a run's copy of a single file is code that this user trusts.

    A run folder is data, wherever it comes from. A copy is trusted as it was made here, in the user's own runs folder,
    or where the very same file is installed.
    """
    digest = hashlib.sha256(copy.read_bytes()).hexdigest() if copy.is_file() else ""
    if digest != declaration.sha256:
        raise BadInput("the run's copy of this plugin is not the file that it was made with", where=str(copy))
    at_home = run.path.resolve().parent == paths.folder("runs").resolve() and not distrust(copy)
    if not at_home and all(digest != other.sha256 for other in catalogue().declarations):
        raise BadInput(
            "this run comes from elsewhere and brings a plugin of its own, which is code",
            where=str(copy),
            mend=f"read it, and copy it to {paths.folder('plugins')} if you trust it",
        )
