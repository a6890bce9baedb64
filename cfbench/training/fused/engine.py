"""The fused engine at work on a torch model: whether it can train it, its tables as arrays, rows in order."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.errors import BadInput
from cfbench.experiment import Experiment, Training
from cfbench.loading.components import Find, component
from cfbench.loading.loader import Loader
from cfbench.plugin import Factorization
from cfbench.training.compiled import compiles
from cfbench.training.components import Predictor, follows_rule
from cfbench.training.fused import strata

_PIECES = 8
"""Pieces in which an epoch is taken; it can be stopped, and its rate changes, between them."""

_AHEAD, _FAR_AHEAD, _LARGE = 8, 16, 2**25
"""Ratings ahead for which rows are asked for: of tables that fit the last cache, and of those from so many bytes."""

_LANES = 16


@dataclass(frozen=True)
class _Choice:
    """What the experiment asks of the engine.

    Attributes:
        rule: "sgd", "adagrad" or "adam".
        form: "mse" or "logits".
        l2: in the loss.
        params: the optimizer's.
    """

    rule: str
    form: str
    l2: float
    params: Any


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
    return FusedEngine(predictor, loader, choice, experiment.training)


def _choice(experiment: Experiment, find: Find, predictor: Predictor) -> _Choice | str:
    """Return what is asked for, or why it can't be."""
    loss, loss_params = component(find, "loss", experiment.loss)
    optimizer, params = component(find, "optimizer", experiment.optimizer)
    if getattr(predictor.module, "fit", None) is not None:
        return "the model trains itself"
    if experiment.loader.batch_size != 1:
        return "it takes one row a step: loader.batch_size = 1"
    if not optimizer.rule:
        return f"the optimizer {optimizer.name} is no row rule: sgd, adagrad and lazy-adam are"
    if not follows_rule(optimizer, params):
        return f"the optimizer {optimizer.name} is a row rule with the defaults of its other parameters alone"
    if not loss.form:
        return f"the loss {loss.name} is not one that it knows: mse and logistic are"
    if predictor.device.type != "cpu" or predictor.dtype != torch.float32:
        return "it works on the CPU, in float32"
    if not compiles():
        return "numba can't be imported here"
    return _Choice(optimizer.rule, loss.form, getattr(loss_params, "l2", 0.0), params)


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


class FusedEngine:
    """Trains the tables of a model in place.

    Attributes:
        rule: the row rule.
        state: name -> what the rule keeps of each row, float32: for adagrad G and the squared length of rows, for adam
            the two means of their gradients.
    """

    def __init__(self, predictor: Predictor, loader: Loader, choice: _Choice, settings: Training) -> None:
        self.rule, self._choice, self._loader = choice.rule, choice, loader
        self._tables: Factorization = predictor.module.factorization()  # type: ignore[operator]
        self._own = {name: tensor.detach() for name, tensor in _tensors(self._tables).items()}
        self._workers = strata.Workers(settings.threads, settings.lock_free)
        self._order: tuple[object, strata.Order | None] = (None, None)
        self._sides: tuple[NDArray[np.float32], ...] = ()
        self.state: dict[str, NDArray[np.float32]] = {}
        if self.rule == "adagrad":
            self._sides = tuple(_aligned((len(self._own[name]), 4)) for name in ("user_factors", "item_factors"))
            for owner, side in zip(("user", "item"), self._sides, strict=True):
                side[:, :2] = 1
                named = {f"{owner}_factors": 0, f"{owner}_bias": 1, f"{owner}_lengths": 2}
                self.state |= {name: side[:, column] for name, column in named.items()}
        self.take_in()
        if self.rule == "adam":
            self.state = {
                name: _aligned((len(array), 2 * (array.shape[1] if array.ndim > 1 else 1)))
                for name, array in self._arrays.items()
            }

    def put_in_order(self, epoch: int, reshuffled: bool) -> None:
        """Put the training rows into an epoch's order."""
        key = epoch if reshuffled else 0
        if self._order[0] != key:
            self._order = None, None  # lets go of the last order before the next one is made
            self._order = key, self._workers.order(self._loader, key, _PIECES)

    @property
    def _rows(self) -> strata.Order:
        assert self._order[1] is not None
        return self._order[1]

    def end_after(self, start: int) -> int:
        """Return where the piece of the order that `start` is in ends."""
        return self._rows.end_after(start)

    def run(self, start: int, end: int, lr: float, step: int = 0) -> float:
        """Take a step for each row from `start` to `end` of the order; return the sum of their losses.

        Args:
            start: row of the order.
            end: likewise, the first that is left out.
            lr: the rate.
            step: how many steps were taken before.
        """
        if not start and self.rule == "adagrad":
            self._measure_lengths()
        return self._rows.run(start, end, functools.partial(self._pass, lr=lr, step=step - start))

    def _pass(self, rows: slice, lr: float, step: int) -> float:
        from cfbench.training.fused import kernels

        f4 = np.float32
        columns = [column[rows] for column in self._rows.columns]
        factors = [self._arrays[name] for name in ("user_factors", "item_factors")]
        biases = [self._arrays.get(name) for name in ("user_bias", "item_bias")]
        span = self._tables.y_range
        y_range = None if span is None else (f4(span[0]), f4(span[1] - span[0]))
        logits = () if self._choice.form == "logits" else None
        loss = f4(self._tables.global_mean), f4(lr), f4(self._choice.l2), y_range, logits
        ahead = _AHEAD if sum(table.nbytes for table in factors) < _LARGE else _FAR_AHEAD
        blocks = kernels.blocks_of(factors[0].shape[1])
        if self.rule == "sgd":
            return float(kernels.sgd_pass(*columns, *factors, *biases, *loss, ahead, blocks))
        if self.rule == "adagrad":
            biased, k = None if biases[0] is None else (), f4(self._own["user_factors"].shape[1])
            return float(kernels.adagrad_pass(*columns, *factors, biased, self._sides, *loss, k, ahead, blocks))
        moments, params = tuple(self.state.values()), self._choice.params
        adam = step + rows.start, tuple(params.betas), f4(params.eps)
        return float(kernels.adam_pass(*columns, *factors, *biases, moments, *loss, *adam, ahead, blocks))

    def settle(self) -> None:
        """Put what was learned into the model, where its tables had to be copied."""
        with torch.no_grad():
            for name, tensor in self._own.items():
                array = torch.from_numpy(self._arrays[name])
                if array.data_ptr() != tensor.data_ptr():
                    tensor.copy_(array[:, : tensor.shape[1]] if tensor.dim() == 2 else array)

    def take_in(self, state: Mapping[str, torch.Tensor] | None = None) -> None:
        """Take the model's tables anew and, after a checkpoint was put back, its state."""
        self._arrays = {name: _padded(tensor) for name, tensor in self._own.items()}
        if self.rule == "adagrad":
            for name, side in zip(("user_bias", "item_bias"), self._sides, strict=True):
                if name in self._arrays:
                    side[:, 3] = self._arrays[name]
                    self._arrays[name] = side[:, 3]
            self._measure_lengths()
        for name, value in (state or {}).items():
            self.state[name][:] = value.numpy()

    def _measure_lengths(self) -> None:
        for name, side in zip(("user_factors", "item_factors"), self._sides, strict=True):
            side[:, 2] = np.einsum("nk,nk->n", self._arrays[name], self._arrays[name])


def _aligned(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return zeros that begin at a cache line, so that no vector of a row lies in two."""
    size = int(np.prod(shape))
    room = np.zeros(size + _LANES, np.float32)
    start = -room.ctypes.data % 64 // 4
    return room[start : start + size].reshape(shape)


def _padded(tensor: torch.Tensor) -> NDArray[np.float32]:
    """Return a tensor as a C-contiguous array whose rows are whole vectors: itself, or a copy with zeros behind."""
    if tensor.dim() == 1:
        array: NDArray[np.float32] = np.ascontiguousarray(tensor.numpy())
        return array
    width = -(-tensor.shape[1] // _LANES) * _LANES
    if width == tensor.shape[1] and tensor.is_contiguous() and not tensor.data_ptr() % 64:
        return tensor.numpy()
    copied = _aligned((len(tensor), width))
    copied[:, : tensor.shape[1]] = tensor.numpy()
    return copied
