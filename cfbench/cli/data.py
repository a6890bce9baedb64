"""``cfbench data``: look at rating tables."""

from __future__ import annotations

from typing import Any

import click

from cfbench.cli.datasets import cache, get, import_data, list_sets, path, remove
from cfbench.cli.describing import lines
from cfbench.cli.here import answering, bench
from cfbench.cli.options import data_of, data_options
from cfbench.cli.output import print_json, print_table, say, show


@click.group()
def data() -> None:
    """Look at rating tables, and fetch data sets that have a name."""


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


@data.command()
@click.argument("sources", nargs=-1, required=True, metavar="FILE|DATASET...")
@click.option("--offset", type=click.IntRange(0), default=0, help="How many rows to pass over.")
@click.option("-n", "count", type=click.IntRange(1, 1000), default=20, help="How many rows.")
@click.option("--sort", "order", default="", metavar="ORDER", help="user, item, target, time; -time: latest first.")
@click.option("--contains", default="", metavar="TEXT", help="Only rows whose user or title holds this.")
@data_options
@answering
def rows(
    sources: tuple[str, ...], offset: int, count: int, order: str, contains: str, as_json: bool, **given: Any
) -> None:
    """Show rows as they are understood: users, titles, targets, times."""
    page = bench().rows(data_of(sources, **given), offset, count, order, contains)
    if as_json:
        print_json(page)
        return
    timed = any(row.time for row in page.rows)
    shown = [[row.user, row.item, f"{row.target:g}", *([row.time or ""] if timed else [])] for row in page.rows]
    print_table(["user", "item", "target", *(["time"] if timed else [])], shown, right=[2])
    say(f"rows {offset + 1:,} to {offset + len(page.rows):,} of {page.total:,}" if shown else f"{page.total:,} rows")


for command in (list_sets, get, import_data, path, remove, cache):
    data.add_command(command)
