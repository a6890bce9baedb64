"""The Explore screen."""

from cfbench.tui.screens.explore.screen import ExploreScreen

__all__ = ["ExploreScreen"]
