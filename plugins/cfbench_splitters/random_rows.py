"""Splits that deal rows at random."""

import numpy as np

from cfbench.plugin import BadInput, Interactions, Split
from cfbench_splitters import KFoldParams, RandomParams


def random_split(interactions: Interactions, params: RandomParams, generator: np.random.Generator) -> Split:
    """Return parts of the wished sizes, rounded to whole rows; each part's rows in their order in the data."""
    n = len(interactions)
    order = generator.permutation(n)
    n_valid, n_test = round(n * params.valid), round(n * params.test)
    if n_valid == 0 or n_valid + n_test >= n:
        raise BadInput(
            f"{n} rows are too few for valid = {params.valid} and test = {params.test}",
            where="splitter",
            mend="change the shares or bring more rows",
        )
    valid, test, train = np.split(order, [n_valid, n_valid + n_test])
    for part in (valid, test, train):
        part.sort()  # in place: these are views
    return Split(train, valid, test)


def k_fold(interactions: Interactions, params: KFoldParams, generator: np.random.Generator) -> Split:
    """Return the split whose valid part is the wished fold; the same seed deals the same folds."""
    n = len(interactions)
    if n < params.folds:
        raise BadInput(f"{n} rows are too few for {params.folds} folds", where="splitter", mend="make fewer folds")
    parts = np.array_split(generator.permutation(n), params.folds)
    valid = parts.pop(params.fold - 1)
    return Split(np.sort(np.concatenate(parts)), np.sort(valid))
