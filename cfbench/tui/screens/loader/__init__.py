"""The Loader screen."""

from cfbench.tui.screens.loader.screen import LoaderScreen

__all__ = ["LoaderScreen"]
