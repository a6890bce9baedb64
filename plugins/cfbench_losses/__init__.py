"""The built-in losses."""

from cfbench.plugin import Loss, hookimpl


@hookimpl
def cfbench_losses() -> list[Loss]:
    """Return the built-in losses."""
    return [Loss("mse", "Mean squared error", "mean of (prediction - target)²", "cfbench_losses.pointwise:MSE")]
