"""The built-in schedules of the learning rate."""

from dataclasses import dataclass
from typing import Annotated

from cfbench.plugin import Help, Log, Range, Schedule, hookimpl


@dataclass(frozen=True)
class OneCycleParams:
    """Parameters of the one-cycle schedule."""

    start_div: Annotated[float, Range(min=1), Log(), Help("the first rate is lr / start_div")] = 25.0
    end_div: Annotated[float, Range(min=1), Log(), Help("the last rate is lr / end_div")] = 1e5
    rise: Annotated[float, Range(above=0, below=1), Help("share of the steps in which the rate rises")] = 0.25
    momentum: Annotated[
        tuple[float, float, float] | None,
        Range(0, below=1),
        Help("momentum at the start, at the highest rate, at the end"),
    ] = (0.95, 0.85, 0.95)


@hookimpl
def cfbench_schedules() -> list[Schedule]:
    """Return the built-in schedules."""
    return [
        Schedule("constant", "Constant", "the same rate at every step", "cfbench_schedules.by_step:Constant"),
        Schedule(
            "one-cycle",
            "One-cycle",
            "up and down again along cosines, once in the whole training",
            "cfbench_schedules.by_step:OneCycle",
            OneCycleParams,
        ),
    ]
