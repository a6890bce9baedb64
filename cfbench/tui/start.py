"""Starting the workbench: the bench's process first, so that it comes up while the screen is drawn."""

from __future__ import annotations

from collections.abc import Sequence

from cfbench.bench.link import Link
from cfbench.tui.app import Workbench
from cfbench.tui.workspace import Workspace


def run(command: Sequence[str], host: str, *, mouse: bool = True, slow: bool = False, look: str = "dark") -> int:
    """Show the workbench until the person leaves; return the exit code.

    Args:
        command: starts the bench.
        host: what to call the machine that it is on.
        mouse: take clicks.
        slow: update every two seconds only.
        look: one of looks.LOOKS.
    """
    workbench = Workbench(Link(command, host), Workspace(host), slow=slow, look=look)
    return workbench.run(mouse=mouse) or 0
