"""``cfbench data``: look at rating tables."""

from __future__ import annotations

from typing import Any

import click

from cfbench.cli.here import answering, bench
from cfbench.cli.options import data_of, data_options
from cfbench.cli.output import print_json


@click.group()
def data() -> None:
    """Look at rating tables."""


@data.command()
@click.argument("sources", nargs=-1, required=True, metavar="FILE|DATASET...")
@data_options
@answering
def describe(sources: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Say how a table is written, what its columns are taken for, and what is in it.

    Whatever was guessed can be said with an option. Several files are read as one table.
    """
    from cfbench.data.profile import lines

    profile = bench().describe(data_of(sources, **given))
    if as_json:
        print_json(profile)
    else:
        click.echo("\n".join(lines(profile)))
