"""The built-in losses."""

from dataclasses import dataclass
from typing import Annotated

from cfbench.plugin import Help, Log, Loss, Range, Search, hookimpl


@dataclass(frozen=True)
class PointwiseParams:
    """Parameters of a loss of one prediction and one target at a time."""

    l2: Annotated[
        float,
        Range(min=0),
        Log(),
        Search(1e-4, 0.1),
        Help(
            "each row adds l2 (|p|² + |q|² + b²) to its loss; unlike weight_decay, rows out of a batch stay as they are"
        ),
    ] = 0.0


@hookimpl
def cfbench_losses() -> list[Loss]:
    """Return the built-in losses."""
    return [
        Loss(
            "mse",
            "Mean squared error",
            "mean of (prediction - target)²",
            "cfbench_losses.pointwise:MSE",
            PointwiseParams,
            form="mse",
        ),
        Loss(
            "logistic",
            "Logistic loss",
            "cross-entropy of sigmoid(prediction) and a target from 0 to 1",
            "cfbench_losses.pointwise:Logistic",
            PointwiseParams,
            form="logits",
        ),
        Loss(
            "bce",
            "Binary cross-entropy",
            "every row is a yes, every drawn item a no",
            "cfbench_losses.negatives:BCE",
            negatives=True,
        ),
        Loss(
            "bpr",
            "BPR",
            "a row's item shall score above each drawn one",
            "cfbench_losses.negatives:BPR",
            negatives=True,
        ),
        Loss(
            "sampled-softmax",
            "Sampled softmax",
            "a row's item among all, the others estimated from drawn ones (logQ-corrected)",
            "cfbench_losses.negatives:SampledSoftmax",
            negatives=True,
        ),
    ]
