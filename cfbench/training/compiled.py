"""Whether loops can be compiled here, and where what was compiled is kept."""

from __future__ import annotations

import functools
import os
from contextlib import suppress

from cfbench import paths
from cfbench.errors import CfbenchError


@functools.cache
def keep_compiled() -> None:
    """Let numba keep its code in a folder of ours, whoever imports it."""
    if "NUMBA_CACHE_DIR" not in os.environ:
        with suppress(CfbenchError):  # numba looks for a place itself then
            os.environ["NUMBA_CACHE_DIR"] = str(paths.writable_folder("kernels"))


@functools.cache
def compiles() -> bool:
    """Return whether numba is there. Modules of kernels are imported after this was asked."""
    keep_compiled()
    try:
        import numba  # noqa: F401
    except (ImportError, RuntimeError):
        return False
    return True
