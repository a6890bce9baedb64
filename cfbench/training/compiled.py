"""Whether loops can be compiled here, and where what was compiled is kept."""

from __future__ import annotations

import functools
import os

from cfbench import paths


@functools.cache
def compiles() -> bool:
    """Return whether numba is there, its code kept in a folder of ours. Modules of kernels are imported after it."""
    try:
        os.environ.setdefault("NUMBA_CACHE_DIR", str(paths.writable_folder("kernels")))
        import numba  # noqa: F401
    except (ImportError, RuntimeError):
        return False
    return True
