"""The Data screen."""

from cfbench.tui.screens.data.screen import DataScreen

__all__ = ["DataScreen"]
