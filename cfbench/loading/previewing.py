"""What training will see, told before it starts."""

from __future__ import annotations

from cfbench.answers import LoaderPreview
from cfbench.data.importing import open_interactions
from cfbench.errors import BadInput
from cfbench.experiment import Experiment
from cfbench.loading.components import installed
from cfbench.loading.leaks import report
from cfbench.loading.loader import Loader
from cfbench.loading.splits import PARTS, make_split, repeated_pairs
from cfbench.loading.words import in_words


def open_loader(experiment: Experiment) -> Loader:
    """Return the loader of a resolved experiment.

    Raises:
        BadInput: its data can't be read, or not split so.
    """
    interactions = open_interactions(experiment.data)
    return Loader(interactions, make_split(interactions, experiment, installed), experiment)


def preview(experiment: Experiment, rows: int = 10, batch: int = 1) -> LoaderPreview:
    """Return the sizes of a resolved experiment's parts and batches, and the first `rows` rows of a batch in words.

    Args:
        experiment: resolved.
        rows: how many.
        batch: which one of the first epoch, from 1.

    Raises:
        BadInput: the data can't be read or split so, or there is no such batch.
    """
    loader = open_loader(experiment)
    parts = {name: getattr(loader, name) for name in PARTS}
    steps_an_epoch = experiment.loader.batches(loader.train.n_rows)
    if not 1 <= batch <= steps_an_epoch:
        raise BadInput(f"there is no batch {batch:,}", where="batch", mend=f"an epoch has 1 to {steps_an_epoch:,}")
    shown = loader.train.batch(batch - 1)
    shapes = {name: tuple(getattr(shown, name).shape) for name in ("x", "categorical", "continuous", "target")}
    return LoaderPreview(
        rows={name: part.n_rows for name, part in parts.items()},
        dropped=dict(loader.split.dropped),
        unseen={name: loader.unseen(parts[name]) for name in ("valid", "test")},
        batch_size=experiment.loader.batch_size,
        steps_an_epoch=steps_an_epoch,
        shapes=shapes,
        classes={name: len(labels) for name, labels in loader.classes.items()},
        batch=tuple(in_words(loader, shown, rows)),
        batch_number=batch,
        repeated=repeated_pairs(loader.interactions, loader.split),
        split_hash=loader.split_hash,
        findings=report(loader),
    )
