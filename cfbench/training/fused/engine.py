"""The fused engine at work on a torch model: whether it can train it, its tables as arrays, rows in order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench import paths
from cfbench.errors import BadInput
from cfbench.experiment import Experiment
from cfbench.loading.components import Find, component
from cfbench.loading.loader import Loader
from cfbench.plugin import Factorization
from cfbench.training.components import Predictor

if TYPE_CHECKING:
    from types import ModuleType

AHEAD = 8
"""Ratings ahead for which rows are asked for: a table that fits the last cache needs no more."""

_LANES = 16


@dataclass(frozen=True)
class _Choice:
    """What the experiment asks of the engine.

    Attributes:
        rule: "sgd" or "adagrad".
        form: "mse" or "logits".
        l2: in the loss.
    """

    rule: str
    form: str
    l2: float


def chosen(experiment: Experiment, find: Find, predictor: Predictor, loader: Loader) -> FusedEngine | None:
    """Return the engine where the experiment asks for it, or where "auto" finds that it does the very same.

    Raises:
        BadInput: it is asked for, and can't train this.
    """
    wanted = experiment.training.engine
    if wanted == "autograd":
        return None
    choice = _choice(experiment, find, predictor)
    reason = choice if isinstance(choice, str) else _unfit(predictor, loader, choice)
    if not reason and wanted == "auto" and experiment.schedule.name.rpartition(":")[2] != "constant":
        reason = "its rate would change by pieces of an epoch, not by steps"
    if reason or isinstance(choice, str):
        if wanted == "fused":
            raise BadInput(f"the fused engine can't train this: {reason}", where="training.engine", mend='use "auto"')
        return None
    return FusedEngine(predictor, loader, choice)


def _choice(experiment: Experiment, find: Find, predictor: Predictor) -> _Choice | str:
    """Return what is asked for, or why it can't be."""
    loss, loss_params = component(find, "loss", experiment.loss)
    optimizer, params = component(find, "optimizer", experiment.optimizer)
    usual = type(params)(lr=params.lr)
    if getattr(predictor.module, "fit", None) is not None:
        return "the model trains itself"
    if experiment.loader.batch_size != 1:
        return "it takes one row a step: loader.batch_size = 1"
    if not optimizer.rule:
        return f"the optimizer {optimizer.name} is no row rule: sgd and adagrad are"
    if params != usual:
        return f"the optimizer {optimizer.name} is a row rule with the defaults of its other parameters alone"
    if not loss.form:
        return f"the loss {loss.name} is not one that it knows: mse and logistic are"
    if predictor.device.type != "cpu" or predictor.dtype != torch.float32:
        return "it works on the CPU, in float32"
    if _numba() is None:
        return "numba can't be imported here"
    return _Choice(optimizer.rule, loss.form, getattr(loss_params, "l2", 0.0))


def _unfit(predictor: Predictor, loader: Loader, choice: _Choice) -> str:
    """Return why a model's tables can't be trained so, or nothing."""
    give = getattr(predictor.module, "factorization", None)
    if give is None:
        return f"the model {predictor.name} has no factorization"
    tables: Factorization = give()
    named = _tensors(tables)
    if (tables.user_bias is None) != (tables.item_bias is None):
        return "it has a bias of one side alone"
    for name, tensor in named.items():
        owner = "user" if name.startswith("user") else "item"
        if len(tensor) != len(loader.classes[owner]):
            return f"its {name.replace('_', ' ')} has not a row for each {owner}"
    storages = {tensor.untyped_storage().data_ptr() for tensor in named.values()}
    loose = [name for name, p in predictor.module.named_parameters() if p.untyped_storage().data_ptr() not in storages]
    if loose:
        return f"its parameter {loose[0]} is in no table of its factorization"
    if not all(tensor.requires_grad for tensor in named.values()):
        return "some of its tables are not learned"
    if choice.form == "logits" and tables.y_range is not None:
        return "logits are not squashed: set model.y_range to none"
    return ""


def _tensors(tables: Factorization) -> dict[str, torch.Tensor]:
    named = {
        "user_factors": tables.user_factors,
        "item_factors": tables.item_factors,
        "user_bias": tables.user_bias,
        "item_bias": tables.item_bias,
    }
    return {name: tensor for name, tensor in named.items() if tensor is not None}


def _numba() -> ModuleType | None:
    """Return numba, its compiled code kept in a folder of ours; None where it is not there."""
    try:
        os.environ.setdefault("NUMBA_CACHE_DIR", str(paths.writable_folder("kernels")))
        import numba
    except (ImportError, RuntimeError):
        return None
    return numba


class FusedEngine:
    """Trains the tables of a model in place.

    Attributes:
        rule: the row rule.
        state: for adagrad the sums of user rows, item rows, user biases, item biases, float32; else empty.
    """

    def __init__(self, predictor: Predictor, loader: Loader, choice: _Choice) -> None:
        self.rule, self._choice, self._loader = choice.rule, choice, loader
        self._tables: Factorization = predictor.module.factorization()  # type: ignore[operator]
        tensors = _tensors(self._tables)
        self._own = {name: tensor.detach() for name, tensor in tensors.items()}
        self._arrays = {name: _padded(tensor) for name, tensor in self._own.items()}
        self.state: dict[str, NDArray[np.float32]] = {}
        if self.rule == "adagrad":
            self.state = {name: np.ones(len(tensor), np.float32) for name, tensor in tensors.items()}
        rows = loader.train.all
        self._columns = tuple(
            np.ascontiguousarray(column)
            for column in (rows.x[:, 0].int().numpy(), rows.x[:, 1].int().numpy(), rows.target.numpy())
        )
        self._ordered: tuple[object, tuple[NDArray[Any], ...]] = (None, ())

    def put_in_order(self, epoch: int, reshuffled: bool) -> None:
        """Put the training rows into an epoch's order."""
        key = epoch if reshuffled else 0
        if self._ordered[0] == key:
            return
        order = self._loader.train.order(epoch)
        columns = self._columns if order is None else tuple(column[order] for column in self._columns)
        self._ordered = key, columns

    def run(self, start: int, end: int, lr: float) -> float:
        """Take a step for each row from `start` to `end` of the order; return the sum of their losses."""
        from cfbench.training.fused import kernels

        f4 = np.float32
        users, items, targets = (column[start:end] for column in self._ordered[1])
        tables, state = self._arrays, None
        if self.state:
            usual = np.ones(0, f4)
            names = ("user_factors", "item_factors", "user_bias", "item_bias")
            state = tuple(self.state.get(name, usual) for name in names)
        span = self._tables.y_range
        y_range = None if span is None else (f4(span[0]), f4(span[1] - span[0]))
        k = self._own["user_factors"].shape[1]
        return float(
            kernels.fused_pass(
                users, items, targets, tables["user_factors"], tables["item_factors"], tables.get("user_bias"),
                tables.get("item_bias"), state, f4(self._tables.global_mean), f4(lr), f4(self._choice.l2), y_range,
                () if self._choice.form == "logits" else None, f4(k), AHEAD,
                kernels.blocks_of(tables["user_factors"].shape[1]),
            )
        )  # fmt: skip

    def settle(self) -> None:
        """Put what was learned into the model, where its tables had to be copied to be padded."""
        with torch.no_grad():
            for name, tensor in self._own.items():
                array = torch.from_numpy(self._arrays[name])
                if array.data_ptr() != tensor.data_ptr():
                    tensor.copy_(array[:, : tensor.shape[1]] if tensor.dim() == 2 else array)

    def take_in(self) -> None:
        """Take the model's tables anew, after a checkpoint was put back."""
        self._arrays = {name: _padded(tensor) for name, tensor in self._own.items()}


def _padded(tensor: torch.Tensor) -> NDArray[np.float32]:
    """Return a tensor as a C-contiguous array whose rows are whole vectors: itself, or a copy with zeros behind."""
    if tensor.dim() == 1:
        array: NDArray[np.float32] = np.ascontiguousarray(tensor.numpy())
        return array
    width = -(-tensor.shape[1] // _LANES) * _LANES
    if width == tensor.shape[1] and tensor.is_contiguous():
        return tensor.numpy()
    copied = np.zeros((len(tensor), width), np.float32)
    copied[:, : tensor.shape[1]] = tensor.numpy()
    return copied
