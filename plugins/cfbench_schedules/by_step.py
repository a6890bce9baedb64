"""Learning rates as functions of the step's number."""

import math

from cfbench.plugin import NoParams, Rates
from cfbench_schedules import OneCycleParams


class Constant:
    """The optimizer's own rate at every step."""

    def __init__(self, params: NoParams, lr: float, steps: int) -> None:
        self.rates = Rates(lr)

    def __call__(self, step: int) -> Rates:
        """Return the rates of a step, counted from 0."""
        return self.rates


class OneCycle:
    """Half a cosine up to lr in the first `rise` of the steps, half a cosine down to lr / end_div in the rest.

    Smith, Topin: Super-convergence, 2018; with cosines as in fastai's `fit_one_cycle`.
    """

    def __init__(self, params: OneCycleParams, lr: float, steps: int) -> None:
        self.rise, self.steps = params.rise, steps
        self.lr = (lr / params.start_div, lr, lr / params.end_div)
        self.momentum = params.momentum

    def __call__(self, step: int) -> Rates:
        """Return the rates of a step, counted from 0."""
        done = step / self.steps
        return Rates(self._at(done, self.lr), None if self.momentum is None else self._at(done, self.momentum))

    def _at(self, done: float, values: tuple[float, float, float]) -> float:
        start, top, end = values
        if done < self.rise:
            return cosine(start, top, done / self.rise)
        return cosine(top, end, (done - self.rise) / (1 - self.rise))


def cosine(start: float, end: float, part: float) -> float:
    """Return the value `part` (0 to 1) of the way from `start` to `end` along half a cosine."""
    return start + (1 - math.cos(math.pi * part)) * (end - start) / 2
