"""Principal components of factors, and frames of a map turned so that they follow one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Components:
    """Vectors along the directions in which they differ most.

    Attributes:
        coordinates: float64 (n, m), the mean of each column 0.
        shares: of the whole variance, float64 (k,), largest first; they add up to 1, or are 0 where nothing differs.
    """

    coordinates: _Floats
    shares: _Floats


def components(vectors: _Floats, count: int) -> Components:
    """Return the first `count` principal components of vectors, float64 (n, k).

    Pearson: On lines and planes of closest fit to systems of points in space. Philosophical Magazine 2(11), 1901. Each
    axis points to where its outermost vector lies, so that the same vectors give the same picture.
    """
    centred = vectors - vectors.mean(0)
    variances, axes = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(-variances, kind="stable")
    variances = np.maximum(variances[order], 0.0)
    coordinates = centred @ axes[:, order[:count]]
    if len(coordinates):
        outermost = coordinates[np.abs(coordinates).argmax(0), np.arange(coordinates.shape[1])]
        coordinates = coordinates * np.where(outermost < 0, -1.0, 1.0)
    total = variances.sum()
    return Components(coordinates, variances / total if total > 0 else variances)


def turned(points: _Floats, before: _Floats) -> _Floats:
    """Return points, float64 (n, m), turned and mirrored about the origin to come nearest to where they were before.

    Schönemann: A generalized solution of the orthogonal Procrustes problem. Psychometrika 31(1), 1966. An order or a
    sign of axes that changed is such a turn too.
    """
    left, _, right = np.linalg.svd(points.T @ before)
    found: _Floats = points @ (left @ right)
    return found
