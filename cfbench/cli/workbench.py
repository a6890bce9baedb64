"""``cfbench`` in a terminal: the workbench."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cfbench.cli import COMMANDS
from cfbench.cli.here import bench, host, remember_host, ssh_command
from cfbench.errors import BadInput, nearest
from cfbench.tui import terminal

if TYPE_CHECKING:
    from cfbench.tui.start import First

LOOKS = ("dark", "light", "ansi-dark", "ansi-light")


@click.command("open")
@click.argument("source", required=False, metavar="[FILE|DATASET]")
@click.option("--on", metavar="HOST", expose_value=False, callback=remember_host, help="Work there, through ssh.")
@click.option("--look", type=click.Choice(LOOKS), help="Colours; without it, those chosen last.")
@click.option("--slow", is_flag=True, help="Update every two seconds only, for slow lines.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
def open_(source: str | None, look: str | None, slow: bool, no_mouse: bool) -> int:
    """Open the workbench, on a file or a named data set; cfbench alone does too."""
    if source and not host():
        _check(source)
    terminal.check(os.environ, sys.stdin, sys.stdout, sys.stderr)
    screen, first = "", None
    if source:
        with for_good():
            from cfbench.tui.start import on_data
        screen, first = "data", on_data(source)
    return show(screen=screen, first=first, look=look or "", slow=slow, mouse=not no_mouse)


def can_show() -> bool:
    """Return whether the workbench can be drawn here and somebody is there to use it."""
    try:
        terminal.check(os.environ, sys.stdin, sys.stdout, sys.stderr)
    except BadInput:
        return False
    return True


def show(
    *, screen: str = "", first: First | None = None, look: str = "", slow: bool = False, mouse: bool = True
) -> int:
    """Show the workbench of this machine, or of the host that was named; return the exit code."""
    with for_good():
        from cfbench.tui.start import run

    there = host()
    # -P: what lies in this folder must not take the place of a module.
    command = ssh_command(there) if there else [sys.executable, "-P", "-m", "cfbench.agent.main"]
    return run(command, there or "local", screen=screen, first=first, look=look, slow=slow, mouse=mouse)


@contextmanager
def for_good() -> Iterator[None]:
    """Import in the block what stays until the end.

    To look through it for garbage costs a tenth of the start, then 30 ms now and then while somebody waits for a key,
    and as much again at the end.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _check(source: str) -> None:
    """Raise BadInput where a word is neither a file nor the name of a data set."""
    if os.path.exists(os.path.expanduser(source)):
        return
    if os.sep in source or os.path.splitext(source)[1]:
        raise BadInput("there is no such file", where=source, mend="see 'cfbench --help'")
    sets = [one for one in bench().plugins().declarations if one.kind == "dataset"]
    names = [name for one in sets for name in (one.name, one.full_name)]
    if source not in names:
        near = nearest(source, [*COMMANDS, *names])
        raise BadInput(f"there is no command, file or data set '{source}'{near}", mend="see 'cfbench --help'")
