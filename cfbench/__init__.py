"""cfbench: a plugin-based workbench for collaborative filtering.

import cfbench

run = cfbench.train("experiment.toml")      # or cfbench.train({"data": {"source": "demo"}})
run.predict(["196"], ["Kolya (1996)"])
run.recommend("196", 5).items               # or ratings={"Kolya (1996)": 5.0}, of somebody new
run.similar("Kolya (1996)")                 # by run.factors
cfbench.load("last").evaluate()
cfbench.loader("experiment.toml").classes["title"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cfbench.python import load, loader, train

__all__ = ["__version__", "load", "loader", "train"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import torch and the rest only when it is asked for."""
    if name in ("load", "loader", "train"):
        from cfbench import python

        return getattr(python, name)
    raise AttributeError(f"module 'cfbench' has no attribute '{name}'")
