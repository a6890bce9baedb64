"""The Model screen."""

from cfbench.tui.screens.model.screen import ModelScreen

__all__ = ["ModelScreen"]
