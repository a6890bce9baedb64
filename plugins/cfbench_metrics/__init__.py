"""The built-in metrics of predicted ratings."""

from cfbench.plugin import Metric, hookimpl


@hookimpl
def cfbench_metrics() -> list[Metric]:
    """Return the built-in metrics."""
    return [
        Metric(
            "rmse",
            "RMSE",
            "root of the mean squared error, in units of the target",
            "cfbench_metrics.rating:rmse",
        ),
        Metric("mae", "MAE", "mean absolute error, in units of the target", "cfbench_metrics.rating:mae"),
        Metric("mse", "MSE", "mean squared error", "cfbench_metrics.rating:mse"),
    ]
