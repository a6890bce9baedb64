"""Scores of all items for some users: by the model's own method, from its tables, or pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.errors import BadInput, WorkFailed
from cfbench.loading.loader import Batch, Loader
from cfbench.plugin import Factorization, ScoreRequest

if TYPE_CHECKING:
    from cfbench.training.components import Predictor

_PAIRS = 2**18


@torch.no_grad()
def scores_of(
    predictor: Predictor, loader: Loader, request: ScoreRequest, into: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the scores of all items for some users, float (n, n_items) on the CPU, for the caller to change.

    Scores put items in order; they need not be in the target's units. Those of items that training did not see are
    whatever the model has for them. The model is in evaluation mode already (`evaluating`).

    Args:
        predictor: the model.
        loader: the data.
        request: for whom.
        into: (n or more, n_items), where products may be written.

    Raises:
        WorkFailed: the model gives another shape, or what is no finite number.
    """
    module = predictor.module
    bounded = False
    if callable(score := getattr(module, "score", None)):
        found = torch.as_tensor(score(request)).clone()
    elif callable(factorization := getattr(module, "factorization", None)):
        found, bounded = _products(factorization(), torch.from_numpy(request.users).to(predictor.device), into)
    else:
        found = _forward(predictor, loader, request.users)
    scores = found.cpu().contiguous()
    if scores.dtype not in (torch.float32, torch.float64):
        scores = scores.float()
    shape = (len(request.users), len(loader.classes["item"]))
    if scores.shape != shape:
        raise WorkFailed(
            f"score gave shape {tuple(scores.shape)} where {shape} was asked for", where=f"model {predictor.name}"
        )
    if not bounded and not torch.isfinite(torch.stack(torch.aminmax(scores))).all():
        raise WorkFailed("it gives a score that is no finite number", where=f"model {predictor.name}")
    return scores


@contextmanager
def evaluating(predictor: Predictor) -> Iterator[None]:
    """Keep the model in evaluation mode for a while."""
    was_training = predictor.module.training
    predictor.module.eval()
    try:
        yield
    finally:
        predictor.module.train(was_training)


def from_tables(predictor: Predictor) -> bool:
    """Return whether scores come from a model's tables alone, so that threads may take users at the same time."""
    module = predictor.module
    return callable(getattr(module, "factorization", None)) and not hasattr(module, "score")


_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


def in_threads(work: Callable[[_Given], _Found], given: Iterable[_Given]) -> Iterator[_Found]:
    """Yield what the work gives, in order, as many at a time as torch may use threads; each of them uses one.

    So a product of theirs starts no threads of its own, which would wait in a loop and take the time of the others.
    """
    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(threads, initializer=lambda: torch.set_num_threads(1)) as pool:
            yield from pool.map(work, given)
    finally:
        torch.set_num_threads(threads)


def _products(tables: Factorization, users: torch.Tensor, into: torch.Tensor | None) -> tuple[torch.Tensor, bool]:
    """Return user · item + the items' biases, and whether the tables are too small for any of it to overflow.

    What does not differ between items is left out.
    """
    chosen, across, bias = tables.user_factors.index_select(0, users), tables.item_factors.T, tables.item_bias
    most = len(across) * chosen.abs().amax() * across.abs().amax() + (0 if bias is None else bias.abs().amax())
    fits = into is not None and into.dtype == chosen.dtype and into.device == chosen.device
    room = into[: len(users)] if into is not None and fits else None
    scores = torch.mm(chosen, across, out=room) if bias is None else torch.addmm(bias, chosen, across, out=room)
    return scores, bool(most < torch.finfo(scores.dtype).max)


def _forward(predictor: Predictor, loader: Loader, users: NDArray[np.int64]) -> torch.Tensor:
    """Call forward for every pair of a user and an item."""
    n_items = len(loader.classes["item"])
    found = torch.empty(len(users), n_items, dtype=predictor.dtype)
    items = np.where(loader.encoder.seen["item"], np.arange(n_items), 0)
    step = max(1, _PAIRS // n_items)
    for start in range(0, len(users), step):
        chosen = users[start : start + step]
        x = np.stack([np.repeat(chosen, n_items), np.tile(items, len(chosen))], 1)
        categorical, continuous = pair_fields(predictor, loader, x)
        batch = Batch(torch.from_numpy(x), categorical, continuous, torch.zeros(len(x)))
        found[start : start + step] = predictor(predictor.place(batch)).reshape(len(chosen), n_items).cpu()
    return found


def pair_fields(predictor: Predictor, loader: Loader, x: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the fields of pairs that stand in no row: the user's or the item's own, as a batch has them.

    Raises:
        BadInput: the model reads a field that belongs to neither.
    """
    categorical, continuous = loader.encoder.categorical, list(loader.encoder.scales)
    if not predictor.fields:
        return torch.zeros((len(x), len(categorical)), dtype=torch.int64), torch.zeros((len(x), len(continuous)))
    columns = []
    for field in (*categorical, *continuous):
        owned = loader.owned_field(field)
        if owned is None:
            raise BadInput(
                f"'{field}' belongs neither to users nor to items, so pairs without a row have none",
                where=f"model {predictor.name}",
                mend="leave the field out, or leave metrics of rankings out",
            )
        owner, values = owned
        columns.append(values[x[:, owner]])
    split = len(categorical)
    codes = np.stack(columns[:split], 1) if split else np.zeros((len(x), 0))
    numbers = np.stack(columns[split:], 1) if continuous else np.zeros((len(x), 0))
    return torch.from_numpy(codes.astype(np.int64)), torch.from_numpy(numbers.astype(np.float32))
