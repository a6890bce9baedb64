"""The Explore screen: what a run's model learned, in titles."""

from cfbench.tui.screens.explore.screen import ExploreScreen

__all__ = ["ExploreScreen"]
