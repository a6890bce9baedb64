"""The Loader screen: how rows are split, what training will see, a batch in words, classes to search."""

from cfbench.tui.screens.loader.screen import LoaderScreen

__all__ = ["LoaderScreen"]
