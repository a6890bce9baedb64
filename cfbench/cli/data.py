"""``cfbench data``: look at rating tables."""

from __future__ import annotations

from typing import Any

import click

from cfbench.cli.describing import lines
from cfbench.cli.here import answering, bench
from cfbench.cli.options import data_of, data_options
from cfbench.cli.output import print_json, show


@click.group()
def data() -> None:
    """Look at rating tables."""


@data.command()
@click.argument("sources", nargs=-1, required=True, metavar="FILE|DATASET...")
@data_options
@click.option("--verify", is_flag=True, help="Hash the files again, even where they look unchanged.")
@answering
def describe(sources: tuple[str, ...], verify: bool, as_json: bool, **given: Any) -> None:
    """Say how a table is written, what its columns are taken for, and what is in it.

    Whatever was guessed can be said with an option. Several files are read as one table.
    """
    profile = bench().describe(data_of(sources, **given), verify)
    if as_json:
        print_json(profile)
    else:
        show(*lines(profile))
