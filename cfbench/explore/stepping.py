"""One step of gradient descent with real numbers: the learner's own step, watched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cfbench.answers import OneHot, Side, StepDrawn, StepRow, StepTable, StepView
from cfbench.errors import BadInput
from cfbench.explore.naming import item_code, user_code
from cfbench.explore.trained import Trained
from cfbench.loading.loader import Batch
from cfbench.plugin import Factorization, Rates
from cfbench.training.checkpoints import Checkpoints
from cfbench.training.learner import Learner
from cfbench.training.reproducible import reproducible
from cfbench.training.scoring import evaluating

Start = Literal["untrained", "trained"]
MOST = 8
FACTORS = 10
_DRAWN = 4
"""Drawn items that are shown, of a whole batch; of each row one at least."""
_PLACES = 500
"""Steps of a schedule that are looked at for its highest rate."""
_SIDES: tuple[Side, ...] = ("user", "item")


def one_step(
    trained: Trained,
    size: int = 1,
    number: int = 0,
    start: Start = "untrained",
    pair: tuple[str, str] | None = None,
    lr: float = 0.0,
    shown: int = FACTORS,
) -> StepView:
    """Take one step on a few training rows and return what it did; the run itself is left as it is.

    Args:
        trained: the model.
        size: rows of the batch, from 1 to 8.
        number: which rows: this batch of that size in the order of the first epoch.
        start: from the first values, or from the checkpoint with what its optimizer remembers.
        pair: user and item of a training row that the batch begins with.
        lr: the learning rate, finite; 0: what the schedule has for that step.
        shown: factors that are shown, at most 64.

    Raises:
        BadInput: the model takes no steps, there is no such row, too many are asked for, the rate is none, or the step
            leads to numbers that are not finite.
    """
    if not 1 <= size <= MOST:
        raise BadInput(f"a batch of {size} rows can't be shown", mend=f"take 1 to {MOST}")
    if not 1 <= shown <= 64:
        raise BadInput(f"{shown} factors can't be shown", mend="take 1 to 64")
    if not 0 <= lr < math.inf:
        raise BadInput(f"{lr:g} is no learning rate", where="lr", mend="give a finite number above 0")
    if hasattr(trained.model, "fit"):
        raise BadInput(
            f"the model {trained.model_name} trains itself and takes no steps",
            mend="step through one that learns by gradient descent, such as biased-dot-product",
        )
    learner, resumed = _learner(trained, start)
    if lr:
        learner.schedule = lambda step: Rates(lr)
    batch, codes = _batch(trained, size, number, pair)
    tables = _tables(learner)
    watched = _Watched(learner, batch, most=max(1, _DRAWN // size))
    looked_up: dict[Side, NDArray[np.int64]] = {
        "user": codes["user"],
        "item": np.append(codes["item"], watched.drawn),
    }
    before = None if tables is None else _rows(tables, looked_up)
    step = learner.progress.step
    rate = learner.schedule(step).lr
    with trained.at_work(), reproducible(1):
        if not resumed:
            learner.seed_dropout()
        loss = learner.step(batch)
    watched.look_again()
    if not (math.isfinite(watched.loss_after) and np.isfinite(watched.after).all()):
        what = f"after a step of rate {rate:g} the model's numbers are not finite"
        raise BadInput(what, where="lr", mend="take a smaller one")
    shown = min(shown, tables.item_factors.shape[1]) if tables is not None else 0
    return StepView(
        step=step,
        model=trained.experiment.model.name,
        loss_name=trained.experiment.loss.name,
        optimizer=trained.experiment.optimizer.name,
        lr=rate,
        columns=_columns(tables, shown),
        left_out=0 if tables is None else tables.item_factors.shape[1] - shown,
        rows=_step_rows(trained, watched, codes, before, tables, shown),
        tables=()
        if tables is None or before is None
        else _step_tables(trained, watched, tables, looked_up, before, shown),
        loss=loss,
        loss_after=watched.loss_after,
        penalty=watched.penalty,
        y_range=None
        if tables is None or tables.y_range is None
        else (float(tables.y_range[0]), float(tables.y_range[1])),
        one_hot=() if tables is None else tuple(_one_hot(side, tables, codes) for side in _SIDES),
        loss_says=trained.find("loss", trained.experiment.loss.name).summary,
        highest_lr=_highest(learner),
        steps=_steps(learner),
    )


class _Silent:
    """Events that nobody reads."""

    def write(self, event: str, **fields: Any) -> None:
        """Tell nothing."""

    def sync(self) -> None:
        """Wait for nothing."""


class _Watched:
    """A learner and the batch of its next step; its gradients are kept when it steps.

    Attributes:
        batch: the rows.
        drawn: items drawn beside them for this step that are shown, int64 (B, at most `most`).
        more: drawn items of each row that are not shown.
        penalty: what l2 adds to the loss.
        scores: predictions of each row and then of its drawn items, float64 (B, 1 + all that were drawn).
        after: the same after the step.
        slopes: of the loss by `scores`.
        alone: the loss of each row beside each drawn item that is shown, alone.
        loss_after: the loss after the step.
        gradients: where a table lies -> its gradient.
    """

    def __init__(self, learner: Learner, batch: Batch, most: int) -> None:
        self._learner, self._objective, self._predictor = learner, learner.objective, learner.predictor
        self.batch = self._predictor.place(batch)
        self._beside = self._objective.drawn(self.batch, learner.progress.step)
        every = np.zeros((len(batch), 0), np.int32) if self._beside is None else self._beside
        self.drawn = every[:, :most].astype(np.int64)
        self.more = every.shape[1] - self.drawn.shape[1]
        with torch.no_grad():
            penalty = self._objective.penalty(self._predictor, self.batch)
        self.penalty = 0.0 if penalty is None else float(penalty)
        scores = self._scores()
        leaf = scores.clone().requires_grad_()
        self._objective.of_scores(leaf, self.batch, self._beside).backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        self.scores, self.slopes = self._by_row(scores), self._by_row(leaf.grad)
        self.after, self.loss_after = self.scores, 0.0
        shape = self.drawn.shape
        self.alone = [[self._alone(scores, row, column) for column in range(shape[1])] for row in range(shape[0])]
        self.gradients: dict[int, torch.Tensor] = {}
        assert learner.optimizer is not None
        learner.optimizer.register_step_pre_hook(self._keep)

    def _keep(self, optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        for parameter in self._predictor.module.parameters():
            if parameter.grad is not None:
                self.gradients[parameter.untyped_storage().data_ptr()] = parameter.grad.to_dense().clone()

    def _scores(self) -> torch.Tensor:
        with torch.no_grad(), evaluating(self._predictor):
            return self._predictor(self._objective.scored(self._predictor, self.batch, self._beside))

    def _by_row(self, values: torch.Tensor) -> NDArray[np.float64]:
        own, others = values[: len(self.batch)], values[len(self.batch) :]
        found: NDArray[np.float64] = torch.cat([own[:, None], others.reshape(len(own), -1)], 1).double().numpy()
        return found

    def _alone(self, scores: torch.Tensor, row: int, column: int) -> float:
        assert self._beside is not None
        beside = self._beside[row : row + 1, column : column + 1]
        both = scores[[row, len(self.batch) + row * self._beside.shape[1] + column]]
        return float(self._objective.of_scores(both, self.batch[row : row + 1], beside))

    def look_again(self) -> None:
        """Take in what the rows' predictions are after the step."""
        scores = self._scores()
        self.after = self._by_row(scores)
        self.loss_after = float(self._objective.of_scores(scores, self.batch, self._beside))


def _learner(trained: Trained, start: Start) -> tuple[Learner, bool]:
    """Return a learner that steps by autograd, at the start or where the checkpoint left it, and whether all of it."""
    resumed = False
    training = msgspec.structs.replace(trained.experiment.training, engine="autograd")
    defined = msgspec.structs.replace(trained.experiment, training=training)
    checkpoints = Checkpoints(trained.run.checkpoints)
    learner = Learner(defined, trained.loader, trained.find, _Silent(), checkpoints)
    if start == "trained":
        tensors, state = checkpoints.read(trained.step)
        if state["optimizer"]:
            learner.resume(trained.step)
            resumed = True
        else:  # the fused engine wrote it: its optimizer's memory is laid out in another way
            learner.predictor.module.load_state_dict(tensors["model"])
            learner.progress.step = trained.step
        scheduled, last = learner.schedule, _steps(learner) - 1
        learner.schedule = lambda step: scheduled(min(step, last))
    learner.predictor.module.train()
    return learner, resumed


def _steps(learner: Learner) -> int:
    """Return how many steps the schedule is made for."""
    return learner.steps_an_epoch * learner.settings.epochs


def _highest(learner: Learner) -> float:
    """Return the schedule's highest rate, of steps that lie close together."""
    places = np.linspace(0, _steps(learner) - 1, _PLACES).round().astype(int)
    return max(learner.schedule(step).lr for step in dict.fromkeys(places.tolist()))


def _batch(
    trained: Trained, size: int, number: int, pair: tuple[str, str] | None
) -> tuple[Batch, dict[Side, NDArray[np.int64]]]:
    part = trained.loader.train
    order = part.order(0)
    rows = np.arange(part.n_rows) if order is None else order.astype(np.int64)
    chosen = rows[number * size : (number + 1) * size]
    if pair is not None:
        user, item = user_code(trained, pair[0]), item_code(trained, pair[1])
        found = np.flatnonzero((part.all.x[:, 0].numpy() == user) & (part.all.x[:, 1].numpy() == item))
        if not len(found):
            raise BadInput(
                f"training has no row of '{pair[0]}' and '{pair[1]}'", mend="take an item that the user rated there"
            )
        chosen = np.concatenate([found[:1], rows[rows != found[0]][number * size : (number + 1) * size - 1]])
    if len(chosen) < size or number < 0:
        last = len(rows) // size - 1
        mend = f"take one from 0 to {last}" if last >= 0 else f"take fewer rows: training has {len(rows)}"
        raise BadInput(f"there is no batch {number} of {size} rows", mend=mend)
    batch = part.all.take(torch.from_numpy(chosen))
    x = batch.x.numpy()
    return batch, {"user": x[:, 0], "item": x[:, 1]}


def _tables(learner: Learner) -> Factorization | None:
    give = getattr(learner.predictor.module, "factorization", None)
    return None if give is None else give()


def _columns(tables: Factorization | None, shown: int) -> tuple[str, ...]:
    if tables is None:
        return ()
    biased = tables.user_bias is not None or tables.item_bias is not None
    return (*(["bias"] if biased else []), *(f"f{n + 1}" for n in range(shown)))


def _of(tables: Factorization, side: Side) -> tuple[torch.Tensor | None, torch.Tensor]:
    return getattr(tables, f"{side}_bias"), getattr(tables, f"{side}_factors")


def _rows(tables: Factorization, codes: dict[Side, NDArray[np.int64]]) -> dict[Side, dict[int, list[float]]]:
    """Return for each side the numbers of each looked up row: its bias, 0 where it has none, and its factors."""
    found: dict[Side, dict[int, list[float]]] = {}
    for side in _SIDES:
        bias, factors = _of(tables, side)
        found[side] = {
            int(code): [0.0 if bias is None else float(bias[code].detach()), *factors[code].detach().double().tolist()]
            for code in np.unique(codes[side])
        }
    return found


def _step_rows(
    trained: Trained,
    watched: _Watched,
    codes: dict[Side, NDArray[np.int64]],
    numbers: dict[Side, dict[int, list[float]]] | None,
    tables: Factorization | None,
    shown: int,
) -> tuple[StepRow, ...]:
    rows = []
    before, after, slopes = (found[:, 0].tolist() for found in (watched.scores, watched.after, watched.slopes))
    for n, (user, item, target) in enumerate(
        zip(codes["user"].tolist(), codes["item"].tolist(), watched.batch.target.tolist(), strict=True)
    ):
        score, products = None, []
        if tables is not None and numbers is not None:
            (user_bias, *p), (item_bias, *q) = numbers["user"][user], numbers["item"][item]
            products = [a * b for a, b in zip(p, q, strict=True)]
            score = tables.global_mean + user_bias + item_bias + sum(products)
        rows.append(
            StepRow(
                user=trained.classes["user"][user],
                item=trained.classes["item"][item],
                title=trained.classes["title"][item],
                target=target,
                before=before[n],
                after=after[n],
                error=None if watched.drawn.shape[1] else before[n] - target,
                score=score,
                products=_short(products[:shown]),
                rest=sum(products[shown:]),
                slope=slopes[n],
                drawn=_step_drawn(trained, watched, n),
                more_drawn=watched.more,
            )
        )
    return tuple(rows)


def _step_drawn(trained: Trained, watched: _Watched, row: int) -> tuple[StepDrawn, ...]:
    return tuple(
        StepDrawn(
            item=trained.classes["item"][item],
            title=trained.classes["title"][item],
            before=float(watched.scores[row, 1 + n]),
            after=float(watched.after[row, 1 + n]),
            alone=watched.alone[row][n],
            slope=float(watched.slopes[row, 1 + n]),
        )
        for n, item in enumerate(watched.drawn[row].tolist())
    )


def _step_tables(
    trained: Trained,
    watched: _Watched,
    tables: Factorization,
    codes: dict[Side, NDArray[np.int64]],
    before: dict[Side, dict[int, list[float]]],
    shown: int,
) -> tuple[StepTable, ...]:
    after = _rows(tables, codes)
    own = {(side, code) for n, side in enumerate(_SIDES) for code in watched.batch.x[:, n].tolist()}
    biased = len(_columns(tables, shown)) > shown
    page = slice(0 if biased else 1, 1 + shown)
    found = []
    for side in _SIDES:
        bias, factors = (_gradient(watched, table) for table in _of(tables, side))
        for code in dict.fromkeys(codes[side].tolist()):
            gradient = [
                0.0 if bias is None else float(bias[code]),
                *(factors[code].tolist() if factors is not None else []),
            ]
            old, new = before[side][code], after[side][code]
            found.append(
                StepTable(
                    of=side,
                    label=trained.classes[side][code],
                    title=trained.classes["title" if side == "item" else "user"][code],
                    before=_short(old[page]),
                    gradient=_short(gradient[page]),
                    update=_short([b - a for a, b in zip(old[page], new[page], strict=True)]),
                    after=_short(new[page]),
                    drawn=(side, code) not in own,
                )
            )
    return tuple(found)


def _short(values: Sequence[float]) -> tuple[float, ...]:
    """Return numbers with nine digits, as many as tell float32 apart, so that a step stays a screenful."""
    return tuple(float(f"{value:.9g}") for value in values)


def _gradient(watched: _Watched, table: torch.Tensor | None) -> torch.Tensor | None:
    """Return the gradient of a table, of its shape; None where it is no parameter, or no view of a whole one."""
    if table is None:
        return None
    gradient = watched.gradients.get(table.untyped_storage().data_ptr())
    return (
        gradient.reshape(table.shape).double() if gradient is not None and gradient.numel() == table.numel() else None
    )


def _one_hot(side: Side, tables: Factorization, codes: dict[Side, NDArray[np.int64]]) -> OneHot:
    """Look rows up, and multiply a one-hot matrix with the table; compare results, gradients and memory."""
    numbers = torch.from_numpy(codes[side])
    _, factors = _of(tables, side)
    weights = torch.linspace(-1, 1, len(numbers) * factors.shape[1], dtype=factors.dtype).reshape(len(numbers), -1)
    results, gradients = [], []
    one_hot = nn.functional.one_hot(numbers, len(factors)).to(factors.dtype)
    for look_up in (lambda table: one_hot @ table, lambda table: nn.functional.embedding(numbers, table)):
        table = factors.detach().clone().requires_grad_()
        rows = look_up(table)
        (rows * weights).sum().backward()
        assert table.grad is not None
        results.append(rows.detach())
        gradients.append(table.grad)
    return OneHot(
        of=side,
        batch=len(numbers),
        labels=len(factors),
        values_apart=float((results[0] - results[1]).abs().max()),
        gradients_apart=float((gradients[0] - gradients[1]).abs().max()),
        one_hot_bytes=one_hot.numel() * one_hot.element_size(),
        look_up_bytes=numbers.numel() * numbers.element_size(),
    )
