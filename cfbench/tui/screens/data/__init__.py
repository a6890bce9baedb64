"""The Data screen: open rating tables, see them in human words, say what their columns mean."""

from cfbench.tui.screens.data.screen import DataScreen

__all__ = ["DataScreen"]
