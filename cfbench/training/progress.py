"""Where a training stands: the numbers that, with the tensors, let a resumed run go on as if nothing had happened."""

from __future__ import annotations

import msgspec


class Progress(msgspec.Struct):
    """Counters and running sums of a training; sums are float64 and survive JSON exactly.

    Attributes:
        step: steps done.
        epoch: epochs done.
        batch: batches done of the epoch under way.
        loss_sum: loss x rows, summed over the epoch under way.
        loss_rows: rows of the epoch under way.
        window_sum: loss x rows, summed since the last step event.
        window_rows: rows since the last step event.
        best: the best valid loss so far.
        best_step: the step after which it was reached.
        stale: epochs since then.
        last: the last epoch's event.
    """

    step: int = 0
    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    loss_rows: int = 0
    window_sum: float = 0.0
    window_rows: int = 0
    best: float | None = None
    best_step: int | None = None
    stale: int = 0
    last: dict[str, object] = {}

    def add(self, loss: float, rows: int) -> None:
        """Count one step of a mean `loss` over `rows` rows."""
        self.step += 1
        self.batch += 1
        self.loss_sum += loss * rows
        self.loss_rows += rows
        self.window_sum += loss * rows
        self.window_rows += rows

    def add_rows(self, total: float, rows: int) -> None:
        """Count a step for each of some rows, whose losses sum up to `total`."""
        self.step += rows
        self.batch += rows
        self.loss_sum += total
        self.loss_rows += rows
        self.window_sum += total
        self.window_rows += rows

    def close_window(self) -> float:
        """Return the mean loss since the last step event, and start the next window."""
        mean = self.window_sum / self.window_rows
        self.window_sum, self.window_rows = 0.0, 0
        return mean

    def close_epoch(self, valid_loss: float | None) -> bool:
        """Start the next epoch; return whether the one that ends was the best so far."""
        self.epoch += 1
        self.batch, self.loss_sum, self.loss_rows = 0, 0.0, 0
        better = valid_loss is not None and (self.best is None or valid_loss < self.best)
        if better:
            self.best, self.best_step, self.stale = valid_loss, self.step, 0
        else:
            self.stale += 1
        return better
