"""Starting the workbench as it was left, on a terminal that gets back what it lent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast

from cfbench.bench.interface import Bench
from cfbench.bench.link import Link
from cfbench.experiment import Experiment
from cfbench.tui import guard, looks, remembered, terminal
from cfbench.tui.app import Workbench
from cfbench.tui.draft import Draft
from cfbench.tui.keeping import workspace
from cfbench.tui.screens.data import DataScreen
from cfbench.tui.screens.data.opening import with_changes

First = Callable[[Workbench], Coroutine[Any, Any, None]]


def run(
    command: Sequence[str],
    host: str,
    *,
    screen: str = "",
    first: First | None = None,
    mouse: bool = True,
    slow: bool = False,
    look: str = "",
) -> int:
    """Show the workbench until the person leaves; return the exit code.

    Args:
        command: starts the bench.
        host: what to call the machine that it is on.
        screen: the one to open with, "" for the last one.
        first: what to do as soon as it stands, such as `on_data` or `training`.
        mouse: take clicks.
        slow: update every two seconds only.
        look: one of looks.LOOKS, "" for the one that was chosen last.

    Raises:
        CfbenchError: the workbench broke.
    """
    kept = remembered.load(host)
    wanted = look or (kept.look if kept.look in looks.LOOKS else "dark")
    last = kept.screen if kept.screen in Workbench.MODES else "data"
    workbench = Workbench(
        Link(command, host),
        workspace(host, kept),
        start=screen or last,
        look=terminal.look(os.environ, wanted),
        slow=slow,
        kept=kept,
        first=first,
    )
    return guard.run(workbench, mouse=terminal.mouse(os.environ, mouse))


def on_data(source: str) -> First:
    """Open a file, or a named data set, on the Data screen."""

    async def first(workbench: Workbench) -> None:
        screen = cast(DataScreen, workbench.base_screen)
        while not screen.is_mounted:
            await asyncio.sleep(0.01)
        screen.open(source)

    return first


def training(experiment: Experiment) -> First:
    """Train an experiment, and show it; it becomes the one being set up where there is none yet."""

    async def first(workbench: Workbench) -> None:
        shared, link = workbench.workspace, workbench.link
        checked = await link.ask(Bench.check, experiment)
        started = await link.ask(Bench.start, checked)
        shared.runs[started[0]] = await link.ask(Bench.run, started[0])
        workbench.bring_forward(started[0])
        if shared.draft is None:
            template = Draft(await link.ask(Bench.template, experiment.data, experiment.model.name))
            shared.draft = Draft(with_changes(template, _settings(experiment)))
            workbench.changed("draft")

    return first


def _settings(experiment: Experiment) -> dict[str, Any]:
    """Return the settings besides the data that are not the default ones: path -> value."""
    return {
        f"{table}.{key}": value
        for table, settings in experiment.document().items()
        if table != "data" and isinstance(settings, dict)
        for key, value in settings.items()
        if key != "name" or table == "experiment"
    }
