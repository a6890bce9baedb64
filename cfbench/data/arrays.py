"""Arrays on disk, one .npy each."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def save(path: Path, array: NDArray[np.generic]) -> None:
    """Write an array in numpy's format; where the disk is full, OSError says so.

    `np.save` does not always: it ignores that its last buffer of up to 4 KiB could not be written, and leaves the file
    cut short.
    """
    array = np.ascontiguousarray(array)
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
    with path.open("wb") as file:
        file.write(head.getvalue())
        file.write(array.data)
