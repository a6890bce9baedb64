"""The documentation's table of keys, from the declared commands: ``python -m cfbench.tui.keys > docs/keys.md``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cfbench.tui.app import SCREEN_COMMANDS
from cfbench.tui.commands import EVERYWHERE, Command
from cfbench.tui.parts import scrolled
from cfbench.tui.parts.chart import CROSSHAIR, WITH_CROSSHAIR
from cfbench.tui.parts.table import MOVES
from cfbench.tui.screens import WORK_SCREENS
from cfbench.tui.screens.explore.panes import MAP_MOVES, STEP_MOVES, TAB_MOVES

IN_PANELS = (
    ("In a table", MOVES),
    ("In a panel that holds more than it shows", scrolled.MOVES),
    ("In a chart", (CROSSHAIR, *WITH_CROSSHAIR)),
    ("On the map", MAP_MOVES),
    ("In the cross-tab", TAB_MOVES),
    ("In one step", STEP_MOVES),
)


def table() -> str:
    """Return all keys as Markdown."""
    parts = ["# Keys\n", "Made from the commands that the screens declare; `?` lists those that work at the moment.\n"]
    parts += _section("Everywhere", [*SCREEN_COMMANDS, *EVERYWHERE])
    for screen in WORK_SCREENS:
        parts += _section(screen.NAME, screen.ACTIONS)
    for title, commands in IN_PANELS:
        parts += _section(title, commands)
    return "\n".join(parts)


def _section(title: str, commands: Sequence[Command]) -> list[str]:
    rows = [f"| {_code(command.keys)} | {command.help} | `{command.name}` |" for command in commands]
    return [f"## {title}\n", "| key | what it does | command |", "|---|---|---|", *rows, ""]


def _code(keys: str) -> str:
    return " ".join(f"`{key}`" for key in keys.split())


if __name__ == "__main__":
    sys.stdout.write(table())
