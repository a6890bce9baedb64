"""What training makes small: the loss of predictions and targets, or of rows against drawn items."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from cfbench.errors import BadInput
from cfbench.experiment import Experiment
from cfbench.loading.components import Find, component
from cfbench.loading.loader import Batch, Loader, Part
from cfbench.loading.negatives import Negatives
from cfbench.plugin import Factorization
from cfbench.training.components import Predictor
from cfbench.training.scoring import pair_fields

_CHUNK = 4096


class Objective:
    """The experiment's loss, with the items that it needs drawn."""

    def __init__(self, experiment: Experiment, find: Find, loader: Loader) -> None:
        live, params = component(find, "loss", experiment.loss)
        self._loss: Callable[..., torch.Tensor] = live.target(params)
        self._loader = loader
        self._l2: float = getattr(params, "l2", 0.0)
        needed = live.negatives and experiment.sampler is not None
        self._negatives = Negatives(experiment, find, loader) if needed else None

    @property
    def draws(self) -> bool:
        """Whether it is of scores against drawn items, in no unit of the target."""
        return self._negatives is not None

    def penalty(self, predictor: Predictor, batch: Batch) -> torch.Tensor | None:
        """Return what l2 adds to the loss of a training batch, None where there is no l2.

        Raises:
            BadInput: the model has no tables that it could be of.
        """
        if not self._l2:
            return None
        if (give := getattr(predictor.module, "factorization", None)) is None:
            raise BadInput(
                f"the model {predictor.name} has no factorization, so l2 has no rows to hold down",
                where="loss.l2",
                mend="set it to 0; optimizer.weight_decay holds all parameters down",
            )
        tables: Factorization = give()
        users, items = batch.x.unbind(1)
        looked_up = predictor.rows(tables.user_factors, users), predictor.rows(tables.item_factors, items)
        rows = [found.square().sum(1) for found in looked_up]
        if tables.user_bias is not None and tables.item_bias is not None:
            rows += [tables.user_bias[users].square(), tables.item_bias[items].square()]
        total: torch.Tensor = torch.stack(rows).sum(0)
        return self._l2 * total.mean()

    def __call__(self, predictor: Predictor, batch: Batch, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss of a training batch, a scalar, and the predictions that it is of; `step` from 0."""
        drawn = self.drawn(batch, step)
        scores = predictor(self.scored(predictor, batch, drawn))
        return self.of_scores(scores, batch, drawn), scores

    def drawn(self, batch: Batch, step: int) -> NDArray[np.int32] | None:
        """Return the items drawn beside the rows of a training batch, int32 (B, n), None where the loss needs none."""
        return None if self._negatives is None else self._negatives.draw(batch.x[:, 0].cpu().numpy(), step)

    def scored(self, predictor: Predictor, batch: Batch, drawn: NDArray[np.int32] | None) -> Batch:
        """Return the rows whose scores the loss is of, (B + B * n,): the batch's, then each one's user with its items.

        Args:
            predictor: the model.
            batch: where the model is.
            drawn: items beside each row, int32 (B, n), None for none.
        """
        if drawn is None:
            return batch
        x = np.stack([np.repeat(batch.x[:, 0].cpu().numpy(), drawn.shape[1]), drawn.ravel().astype(np.int64)], 1)
        fields = pair_fields(predictor, self._loader, x)
        others = predictor.place(Batch(torch.from_numpy(x), *fields, torch.zeros(len(x))))
        return Batch(*(torch.cat([getattr(batch, name), getattr(others, name)]) for name in Batch.__annotations__))

    def of_scores(self, scores: torch.Tensor, batch: Batch, drawn: NDArray[np.int32] | None) -> torch.Tensor:
        """Return the loss, a scalar, of the scores of the rows that `scored` gives."""
        if drawn is None:
            return self._loss(scores, batch.target)
        assert self._negatives is not None
        positive, negative = scores[: len(batch)], scores[len(batch) :].reshape(drawn.shape)
        log_q = torch.from_numpy(self._negatives.log_q).to(scores)
        known = log_q[batch.x[:, 1]], log_q[torch.from_numpy(drawn.astype(np.int64)).to(scores.device)]
        return self._loss(positive, negative, known)

    def over(self, predictor: Predictor, loader: Loader, part: str, predictions: Callable[[], torch.Tensor]) -> float:
        """Return the loss over a part; drawn items are the same ones each time.

        Args:
            predictor: the model.
            loader: the data.
            part: "train", "valid" or "test".
            predictions: gives the model's predictions of all rows, (n,), where they are needed.
        """
        rows: Part = getattr(loader, part)
        if self._negatives is None:
            prediction = predictions()
            with torch.no_grad():
                return self._loss(prediction, rows.all.target.to(prediction)).item()
        users = loader.interactions.user[loader.rows(part)].astype(np.int64)
        drawn = self._negatives.frozen(users, part)
        total = 0.0
        module = predictor.module
        was_training = module.training
        module.eval()
        with torch.no_grad():
            for start in range(0, rows.n_rows, _CHUNK):
                chunk = predictor.place(rows.all[start : start + _CHUNK])
                beside = drawn[start : start + _CHUNK]
                scores = predictor(self.scored(predictor, chunk, beside))
                total += float(self.of_scores(scores, chunk, beside)) * len(chunk)
        module.train(was_training)
        return total / rows.n_rows
