"""The Train screen."""

from cfbench.tui.screens.train.screen import TrainScreen

__all__ = ["TrainScreen"]
