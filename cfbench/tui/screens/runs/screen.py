"""The Runs screen."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from cfbench.tui.parts.pane import Pane
from cfbench.tui.shell.screen import WorkScreen


class RunsScreen(WorkScreen):
    """Not built yet."""

    MODE, NAME, SHORT = "runs", "Runs", "Runs"
    WIDE = ((0, ((0, (("main", 0),)),)),)
    PAGES = ((("main", 0),),)

    def panels(self) -> Iterable[Widget]:
        """Yield the one panel."""
        yield Pane("runs", id="main")
