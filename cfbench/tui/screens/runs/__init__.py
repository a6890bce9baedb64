"""The Runs screen: all runs, listed and compared."""

from cfbench.tui.screens.runs.screen import RunsScreen

__all__ = ["RunsScreen"]
