"""The Train screen: the run in front, as it learns."""

from cfbench.tui.screens.train.screen import TrainScreen

__all__ = ["TrainScreen"]
