"""How much memory there is, and a guard that refuses tables that take more before they are made."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from cfbench.errors import BadInput
from cfbench.experiment import Component

_FLOAT32 = 4
_MAKERS = frozenset({torch.empty, torch.zeros, torch.ones, torch.full, torch.rand, torch.randn})


def free() -> int:
    """Return the bytes of memory that this process may still take: of the machine, or of its control group."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with suppress(OSError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found.append(1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")))
    with suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return max(0, min(found))


class Room(TorchFunctionMode):
    """While it is entered, a tensor that torch makes from its shape alone, as tables are, fits into free memory.

    Args:
        model: whose parameters are to blame where one does not.

    Raises:
        BadInput: when one does not; names the parameter that makes it big.
    """

    def __init__(self, model: Component) -> None:
        super().__init__()
        self._model = model

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func in _MAKERS:
            shape = _shape(args, kwargs or {})
            require(math.prod(shape) * _FLOAT32, shape, self._model)
        return func(*args, **(kwargs or {}))


def require(wanted: int, shape: tuple[int, ...], model: Component) -> None:
    """Raise BadInput where so many bytes are not free.

    Args:
        wanted: bytes.
        shape: of the table that takes most of them.
        model: the one of its parameters that is the largest length in `shape` is named.
    """
    there = free()
    if wanted > there:
        size = " × ".join(f"{length:,}" for length in shape)
        raise BadInput(
            f"with a table of {size} numbers it needs {wanted / 2**30:,.1f} GiB, and {there / 2**30:,.1f} GiB are free",
            where=_blamed(shape, model),
            mend="make it smaller, or train where there is more memory",
        )


def _blamed(shape: tuple[int, ...], model: Component) -> str:
    lengths = {
        f"model.{key}": max((length for length in _lengths(value) if length in shape), default=0)
        for key, value in model.params.items()
    }
    key = max(lengths, key=lengths.__getitem__, default="")
    return key if lengths.get(key) else "model.name"


def _lengths(value: Any) -> list[int]:
    listed = value if isinstance(value, list | tuple) else [value]
    return [length for length in listed if isinstance(length, int) and length > 1]


def _shape(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape that a maker of tensors was called with."""
    size = kwargs.get("size", args[0] if args and isinstance(args[0], list | tuple) else args)
    return tuple(length for length in size if isinstance(length, int))
