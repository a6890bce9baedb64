"""``cfbench agent``: the other end of ``--on HOST``."""

from __future__ import annotations

import sys

import click

from cfbench.errors import BadInput


@click.command()
def agent() -> None:
    """Answer requests on stdin and stdout; started by cfbench on another machine."""
    if sys.stdin.isatty():
        raise BadInput("this command talks to programs, not to people", mend="use --on HOST from another machine")
    from cfbench.agent.main import serve

    serve()
