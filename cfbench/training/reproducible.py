"""The same sums in the same order, so that equal experiments give equal bits; and chance left as it was found."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def reproducible(threads: int) -> Iterator[None]:
    """Make torch add up gradients in one fixed order, with so many CPU threads (0: its own choice), for a while.

    Without it the gradient of a look-up by index is summed in whatever order threads finish, and two runs of one
    experiment differ in their last bits.
    """
    before, memory = torch.get_deterministic_debug_mode(), torch.utils.deterministic
    filled = memory.fill_uninitialized_memory  # type: ignore[attr-defined]
    threads_before = torch.get_num_threads()
    torch.set_deterministic_debug_mode("warn")  # use_deterministic_algorithms means the same, and imports for a second
    # What is read was written before, so filling fresh memory would only take time.
    memory.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.set_num_threads(threads or threads_before)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have a deterministic implementation")
            yield
    finally:
        torch.set_deterministic_debug_mode(before)
        memory.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
        torch.set_num_threads(threads_before)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Leave the random generators that belong to nobody (of Python, numpy and torch) as they are found."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(range(torch.cuda.device_count())):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
