"""The Runs screen."""

from cfbench.tui.screens.runs.screen import RunsScreen

__all__ = ["RunsScreen"]
