"""The split that source files give: train and test files as somebody published them."""

from collections.abc import Iterable
from pathlib import PurePath

import numpy as np

from cfbench.plugin import BadInput, Interactions, Split
from cfbench_splitters import PredefinedParams


def predefined(interactions: Interactions, params: PredefinedParams, generator: np.random.Generator) -> Split:
    """Return the rows of the named files as valid and test, all others as train."""
    sources = list(interactions.sources)
    if len(sources) < 2:
        raise BadInput(
            f"there is only one source file, {sources[0]}",
            where="splitter",
            mend='list several: data.source = ["train.csv", "valid.csv"]',
        )
    valid = _numbers(params.valid or [sources[-1]], sources, "splitter.valid")
    test = _numbers(params.test, sources, "splitter.test")
    if both := valid & test:
        raise BadInput(f"{sources[min(both)]} is valid and test at once", where="splitter", mend="name it in one")
    if len(valid | test) == len(sources):
        raise BadInput("every source file is valid or test", where="splitter", mend="leave one to train on")
    is_valid, is_test = np.isin(interactions.part, list(valid)), np.isin(interactions.part, list(test))
    return Split(np.flatnonzero(~is_valid & ~is_test), np.flatnonzero(is_valid), np.flatnonzero(is_test))


def _numbers(wanted: Iterable[str], sources: list[str], where: str) -> set[int]:
    numbers = set()
    for name in wanted:
        matches = [n for n, source in enumerate(sources) if name in (source, PurePath(source).name)]
        if len(matches) != 1:
            raise BadInput(
                f"'{name}' names {len(matches)} of the source files",
                where=where,
                mend=f"name one of {', '.join(sources)}",
            )
        numbers.add(matches[0])
    return numbers
