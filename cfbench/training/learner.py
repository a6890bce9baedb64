"""The learner: gradient descent that can be read aloud, and the autograd engine's whole loop.

    for each batch:  predict → loss → backward → step → reset the gradients

It draws nothing and prints nothing: what happens goes out as events, at fixed step counts, never by time. A model with
a ``fit`` of its own takes the place of the loop, as one epoch of one step.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import torch

from cfbench.errors import WorkFailed
from cfbench.experiment import Experiment
from cfbench.loading.components import Find
from cfbench.loading.loader import Batch, Loader
from cfbench.loading.streams import TorchStreams
from cfbench.plugin import FitData, Rates, Step
from cfbench.training import components, snapshot
from cfbench.training.checkpoints import Checkpoints
from cfbench.training.evaluation import evaluate, predict
from cfbench.training.fused.engine import FusedEngine, chosen
from cfbench.training.objective import Objective
from cfbench.training.progress import Progress
from cfbench.training.reproducible import reproducible

STEP_EVENTS_AN_EPOCH = 40


class Events(Protocol):
    """Where a training tells what happens."""

    def write(self, event: str, **fields: Any) -> None:
        """Tell one event."""

    def sync(self) -> None:
        """Return when all that was told lasts through a crash of the machine."""


class Control(Protocol):
    """How a training is told to stop; called between steps, may block while paused."""

    def stop_wanted(self, step: int) -> bool:
        """Return whether to write a checkpoint and end after this step."""


class Diverged(WorkFailed):
    """The loss became NaN or infinite."""


class Learner:
    """Trains an experiment's model on a loader's batches.

    Args:
        events: where to tell what happens.
        checkpoints: where to keep them; None keeps none.
        control: who may stop it; None: nobody.
    """

    def __init__(
        self,
        experiment: Experiment,
        loader: Loader,
        find: Find,
        events: Events,
        checkpoints: Checkpoints | None = None,
        control: Control | None = None,
    ) -> None:
        self.experiment, self.loader, self.settings = experiment, loader, experiment.training
        self.events, self.checkpoints, self.control = events, checkpoints, control
        self.steps_an_epoch = experiment.loader.batches(loader.train.n_rows)
        self.streams = TorchStreams(experiment)
        self._start_global_streams("init")
        self.predictor = components.Predictor(experiment, find, loader.encoder.info(self.streams))
        self.itself: Callable[[FitData], Iterator[Step] | None] | None = getattr(self.predictor.module, "fit", None)
        self.objective = Objective(experiment, find, loader)
        self.fused = chosen(experiment, find, self.predictor, loader)
        whole = self.itself or self.fused
        self.optimizer = None if whole else components.make_optimizer(experiment, find, self.predictor)
        self.schedule = components.make_schedule(experiment, find, self.steps_an_epoch * self.settings.epochs)
        self.metrics = components.make_metrics(experiment, find)
        self.progress = Progress()
        self.step_event_every = max(1, self.steps_an_epoch // STEP_EVENTS_AN_EPOCH)

    def _start_global_streams(self, torch_stream: str) -> None:
        """Seed the generators that belong to nobody, for plugins that draw from them."""
        torch.manual_seed(self.streams.seed(torch_stream))
        random.seed(self.streams.seed("python"))
        np.random.seed(self.streams.seed("numpy") % 2**32)

    def seed_dropout(self) -> None:
        """Seed the generators that belong to nobody for the first step."""
        self._start_global_streams("dropout")

    # -- the loop --

    def fit(self) -> bool:
        """Train to the end; return whether it got there, False when it was told to stop."""
        with reproducible(self.settings.threads):
            self.predictor.module.train()
            if self.progress.step == 0:
                self.seed_dropout()
                self.checkpoint()
            while not self._done():
                if not (self._fit_itself() if self.itself else self._run_epoch()):
                    return False
            return True

    def _fit_itself(self) -> bool:
        """Let the model train itself; return False when it was told to stop on the way."""
        assert self.itself is not None
        started, rows = time.monotonic(), self.loader.train.n_rows
        with torch.no_grad():
            steps = self.itself(self.loader.fit_data())
            for step in steps or ():
                self.events.write("fit", fraction=step.fraction, metrics=dict(step.metrics), note=step.note)
                if step.fraction < 1 and self._stop_wanted():
                    return False
        self.progress.step = 1
        loss = None
        if self.predictor.ratings:
            loss = self.objective.over(self.predictor, self.loader, "train", self._train_predictions)
        self._close_epoch(loss, rows / (time.monotonic() - started))
        self.checkpoint()
        return True

    def _train_predictions(self) -> torch.Tensor:
        return predict(self.predictor, self.loader.train)

    def _done(self) -> bool:
        patience = self.settings.early_stopping
        return self.progress.epoch >= self.settings.epochs or bool(patience and self.progress.stale >= patience)

    @property
    def engine(self) -> str:
        """What trains the model, in words."""
        return "the model's own" if self.itself else "fused" if self.fused else "autograd"

    def _run_fused_epoch(self, fused: FusedEngine) -> bool:
        """Take an epoch in compiled loops, a piece at a time; return False when told to stop on the way."""
        started, progress, n = time.monotonic(), self.progress, self.steps_an_epoch
        rows_before = progress.loss_rows
        fused.put_in_order(progress.epoch, self.experiment.loader.reshuffle)
        while progress.batch < n:
            end = fused.end_after(progress.batch)
            rates = self.schedule(progress.step)
            total = fused.run(progress.batch, end, rates.lr, progress.step)
            if not math.isfinite(total):
                reached = progress.step + end - progress.batch
                raise Diverged(
                    f"the loss became {total} by step {reached:,} (epoch {progress.epoch + 1})",
                    mend=f"the likely cause is a learning rate too high: try optimizer.lr = {self._lower_lr()}",
                )
            before = progress.step
            progress.add_rows(total, end - progress.batch)
            self.events.write("step", step=progress.step, loss=progress.close_window(), lr=rates.lr)
            if progress.batch < n:
                every = self.settings.checkpoint_every
                due = bool(every) and progress.step // every > before // every
                stop = self._stop_wanted()
                if due or stop:
                    fused.settle()
                    self.checkpoint()
                if stop:
                    return False
        fused.settle()
        spent = time.monotonic() - started
        self._close_epoch(progress.loss_sum / progress.loss_rows, (progress.loss_rows - rows_before) / spent)
        self.checkpoint()
        return self._done() or not self._stop_wanted()

    def _run_epoch(self) -> bool:
        if self.fused:
            return self._run_fused_epoch(self.fused)
        started = time.monotonic()
        progress, rows_before = self.progress, self.progress.loss_rows
        for batch in self.loader.train.batches(progress.epoch, progress.batch):
            self.step(batch)
            if progress.batch < self.steps_an_epoch:
                written = self._checkpoint_if_due()
                if self._stop_wanted():
                    if not written:
                        self.checkpoint()
                    return False
        spent = time.monotonic() - started
        self._close_epoch(progress.loss_sum / progress.loss_rows, (progress.loss_rows - rows_before) / spent)
        self.checkpoint()
        return self._done() or not self._stop_wanted()

    def step(self, batch: Batch) -> float:
        """Take one step of gradient descent and return the batch's loss before it."""
        batch = self.predictor.place(batch)
        assert self.optimizer is not None
        rates = self.schedule(self.progress.step)
        set_rates(self.optimizer, rates)

        loss, prediction = self.objective(self.predictor, batch, self.progress.step)
        penalty = self.objective.penalty(self.predictor, batch)
        (loss if penalty is None else loss + penalty).backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.optimizer.zero_grad()

        value = loss.item()
        if not math.isfinite(value):
            raise self._diverged(value, prediction, batch, rates)
        self.progress.add(value, len(batch))
        if self.progress.step % self.step_event_every == 0 or self.progress.batch == self.steps_an_epoch:
            self.events.write("step", step=self.progress.step, loss=self.progress.close_window(), lr=rates.lr)
        return value

    def _close_epoch(self, train_loss: float | None, rows_per_second: float) -> None:
        progress = self.progress
        valid_loss, metrics = evaluate(self.predictor, self.loader, "valid", self.objective, self.metrics)
        if valid_loss is not None and not math.isfinite(valid_loss):
            raise Diverged(
                f"the valid loss became {valid_loss} after step {progress.step} (epoch {progress.epoch + 1})",
                mend=f"the likely cause is a learning rate too high: try optimizer.lr = {self._lower_lr()}",
            )
        best = progress.close_epoch(valid_loss)
        progress.last = {
            "epoch": progress.epoch,
            "step": progress.step,
            "train_loss": train_loss,
            "valid_loss": valid_loss,
            "metrics": metrics,
            "best": best,
        }
        self.events.write("epoch", **progress.last, rows_per_second=round(rows_per_second))

    # -- leaving and coming back --

    def checkpoint(self) -> None:
        """Write a checkpoint of this moment, tell of it, and let old ones go."""
        if self.checkpoints is None:
            return
        rows = {}
        if self.fused:
            rows = {name: torch.from_numpy(state).contiguous() for name, state in self.fused.state.items()}
        tensors, state = snapshot.take(self.predictor.module, self.optimizer, self.streams, self.progress, rows)
        self.events.sync()
        size = self.checkpoints.write(self.progress.step, tensors, state)
        self.events.write("checkpoint", step=self.progress.step, bytes=size)
        best = self.progress.best_step
        self.checkpoints.retain(self.progress.step, set() if best is None else {best})

    def resume(self, step: int) -> None:
        """Put everything back as it was when the checkpoint of `step` was written."""
        assert self.checkpoints is not None
        tensors, state = self.checkpoints.read(step)
        self.progress = snapshot.put_back(tensors, state, self.predictor.module, self.optimizer, self.streams)
        if self.fused:
            self.fused.take_in(tensors["optimizer"])

    def _checkpoint_if_due(self) -> bool:
        every = self.settings.checkpoint_every
        if every and self.progress.step % every == 0:
            self.checkpoint()
            return True
        return False

    def _stop_wanted(self) -> bool:
        return self.control is not None and self.control.stop_wanted(self.progress.step)

    # -- when it goes wrong --

    def _diverged(self, value: float, prediction: torch.Tensor, batch: Batch, rates: Rates) -> Diverged:
        step, epoch = self.progress.step + 1, self.progress.epoch + 1
        what = f"the loss became {value} at step {step} (epoch {epoch})"
        if not torch.isfinite(prediction).all() and step == 1:
            return Diverged(
                f"{what}: the untrained model {self.predictor.name} already predicts no finite number",
                mend="look at its first values (init_sd) and at the fields' values",
            )
        return Diverged(
            f"{what}, where the learning rate was {rates.lr:.3g}",
            mend=f"the likely cause is a learning rate too high: try optimizer.lr = {self._lower_lr()}",
        )

    def _lower_lr(self) -> Any:
        return f"{self.experiment.optimizer.params['lr'] / 10:.3g}"


def set_rates(optimizer: torch.optim.Optimizer, rates: Rates) -> None:
    """Set the learning rate, and the momentum of an optimizer that uses one, before a step."""
    for group in optimizer.param_groups:
        group["lr"] = rates.lr
        if rates.momentum is not None and "betas" in group:
            group["betas"] = (rates.momentum, *group["betas"][1:])
        elif rates.momentum is not None and group.get("momentum"):
            group["momentum"] = rates.momentum
