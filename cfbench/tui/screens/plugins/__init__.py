"""The Plugins screen: what is installed, what each declares, and why one is broken."""

from cfbench.tui.screens.plugins.screen import PluginsScreen

__all__ = ["PluginsScreen"]
