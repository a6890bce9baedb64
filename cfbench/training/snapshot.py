"""Everything a training holds in memory, taken out for a checkpoint and put back from one."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
import torch
from torch import nn

from cfbench.loading.streams import TorchStreams
from cfbench.training.progress import Progress

_Tensors = dict[str, torch.Tensor]


def take(
    module: nn.Module,
    optimizer: torch.optim.Optimizer | None,
    streams: TorchStreams,
    progress: Progress,
    row_state: Mapping[str, torch.Tensor] | None = None,
) -> tuple[dict[str, _Tensors], dict[str, Any]]:
    """Return what `Checkpoints.write` takes: tensors by file and name, and the rest as JSON.

    Where there is no optimizer, `row_state` stands in its place.
    """
    optimizer_tensors, optimizer_state = _take_optimizer(module, optimizer) if optimizer else ({}, {})
    optimizer_tensors = {**optimizer_tensors, **(row_state or {})}
    random_tensors, random_state = _take_random(streams)
    tensors = {"model": module.state_dict(), "optimizer": optimizer_tensors, "random": random_tensors}
    state = {"progress": msgspec.to_builtins(progress), "optimizer": optimizer_state, "random": random_state}
    return tensors, state


def put_back(
    tensors: dict[str, _Tensors],
    state: dict[str, Any],
    module: nn.Module,
    optimizer: torch.optim.Optimizer | None,
    streams: TorchStreams,
) -> Progress:
    """Put a checkpoint back into model, optimizer and random streams, these last; return its progress."""
    module.load_state_dict(tensors["model"])
    if optimizer:
        _put_back_optimizer(tensors["optimizer"], state["optimizer"], module, optimizer)
    _put_back_random(tensors["random"], state["random"], streams)
    return msgspec.convert(state["progress"], Progress)


# -- optimizer: entries by the parameter's name, never by its number --


def _take_optimizer(module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[_Tensors, dict[str, Any]]:
    tensors: _Tensors = {}
    others: dict[str, dict[str, Any]] = {}
    for name, parameter in module.named_parameters():
        for key, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, torch.Tensor):
                tensors[f"{name}/{key}"] = value
            else:
                others.setdefault(name, {})[key] = value
    groups = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    return tensors, {"others": others, "groups": groups}


def _put_back_optimizer(
    tensors: _Tensors, state: dict[str, Any], module: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    parameters = dict(module.named_parameters())
    for name, values in state["others"].items():
        optimizer.state[parameters[name]].update(values)
    counts_apart = not any(group.get("fused") for group in state["groups"])  # torch keeps them in main memory then
    for path, value in tensors.items():
        name, key = path.rsplit("/", 1)
        like = optimizer.state[parameters[name]]
        like[key] = value if key == "step" and counts_apart else value.to(parameters[name].device)
    for group, values in zip(optimizer.param_groups, state["groups"], strict=True):
        group.update({key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


# -- random streams: ours, and the global ones for plugins that use them --


def _take_random(streams: TorchStreams) -> tuple[_Tensors, dict[str, Any]]:
    tensors = {f"stream/{name}": value for name, value in streams.states().items()}
    tensors["torch"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors |= {f"cuda/{n}": value for n, value in enumerate(torch.cuda.get_rng_state_all())}
    kind, keys, *rest = np.random.get_state()
    return tensors, {"python": random.getstate(), "numpy": [kind, np.asarray(keys).tolist(), *rest]}


def _put_back_random(tensors: _Tensors, state: dict[str, Any], streams: TorchStreams) -> None:
    streams.restore({path.removeprefix("stream/"): value for path, value in tensors.items() if "stream/" in path})
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), *rest))
    if torch.cuda.is_available():
        for device in range(torch.cuda.device_count()):
            if f"cuda/{device}" in tensors:
                torch.cuda.set_rng_state(tensors[f"cuda/{device}"], device)
    torch.set_rng_state(tensors["torch"])
