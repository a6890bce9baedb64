"""What training will see, told before it starts."""

from __future__ import annotations

from cfbench.answers import LoaderPreview
from cfbench.data.importing import open_interactions
from cfbench.experiment import Experiment
from cfbench.loading.components import installed
from cfbench.loading.loader import Loader
from cfbench.loading.splits import PARTS, make_split
from cfbench.loading.words import in_words


def open_loader(experiment: Experiment) -> Loader:
    """Return the loader of a resolved experiment.

    Raises:
        BadInput: its data can't be read, or not split so.
    """
    interactions = open_interactions(experiment.data)
    return Loader(interactions, make_split(interactions, experiment, installed), experiment)


def preview(experiment: Experiment, rows: int = 10) -> LoaderPreview:
    """Return the sizes of a resolved experiment's parts and batches, and the first `rows` rows of a batch in words."""
    loader = open_loader(experiment)
    parts = {name: getattr(loader, name) for name in PARTS}
    steps_an_epoch = experiment.loader.batches(loader.train.n_rows)
    first = next(iter(loader.train))
    shapes = {name: tuple(getattr(first, name).shape) for name in ("x", "categorical", "continuous", "target")}
    return LoaderPreview(
        rows={name: part.n_rows for name, part in parts.items()},
        dropped=dict(loader.split.dropped),
        unseen={name: loader.unseen(parts[name]) for name in ("valid", "test")},
        batch_size=experiment.loader.batch_size,
        steps_an_epoch=steps_an_epoch,
        shapes=shapes,
        classes={name: len(labels) for name, labels in loader.classes.items()},
        batch=tuple(in_words(loader, first, rows)),
        split_hash=loader.split_hash,
    )
