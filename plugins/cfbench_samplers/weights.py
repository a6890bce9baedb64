"""Weights by which items are drawn as negatives.

Mikolov et al.: Distributed representations of words and phrases and their compositionality. NeurIPS 2013 (power .75).
"""

import numpy as np
from numpy.typing import NDArray

from cfbench_samplers import PopularityParams, UniformParams


def uniform(counts: NDArray[np.int32], params: UniformParams) -> NDArray[np.float64]:
    """Return 1 for each item."""
    return np.ones(len(counts))


def popularity(counts: NDArray[np.int32], params: PopularityParams) -> NDArray[np.float64]:
    """Return training rows to the power alpha."""
    return counts.astype(np.float64) ** params.alpha
