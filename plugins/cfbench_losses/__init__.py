"""The built-in losses."""

from cfbench.plugin import Loss, hookimpl


@hookimpl
def cfbench_losses() -> list[Loss]:
    """Return the built-in losses."""
    return [
        Loss("mse", "Mean squared error", "mean of (prediction - target)²", "cfbench_losses.pointwise:MSE"),
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
