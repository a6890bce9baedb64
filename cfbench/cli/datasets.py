"""``cfbench data list|get|import|path|remove|cache``: data sets that have a name, and what is kept of imported data."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Any

import click

from cfbench.answers import DatasetCard, Fetch
from cfbench.cli.here import answering, bench
from cfbench.cli.options import data_of, data_options
from cfbench.cli.output import print_json, print_table, say, say_again, show
from cfbench.errors import BadInput, WorkFailed, nearest

_PAUSE = 0.2
_DAY = 86_400
_SHARE = {True: "yes", False: "no", None: "not said"}


@click.command(name="list")
@answering
def list_sets(as_json: bool) -> None:
    """List the data sets that have a name."""
    cards = bench().datasets()
    if as_json:
        print_json(cards)
        return
    rows = [
        [one.name, f"{one.rows:,}" if one.rows else "", one.state, one.title, _SHARE[one.may_share]] for one in cards
    ]
    print_table(["name", "rows", "state", "what it is", "to pass on"], rows, right=[1])


@click.command()
@click.argument("name", metavar="DATASET")
@click.option("--from", "source", metavar="PATH", default="", help="Take it from an archive or a folder that you have.")
@click.option("--any-version", is_flag=True, help="Take files that are not the known ones.")
@click.option("--yes", is_flag=True, help="Agree to its terms without being asked.")
@answering
def get(name: str, source: str, any_version: bool, yes: bool, as_json: bool) -> None:
    """Fetch a data set, after showing its terms; it goes on where it broke off."""
    card = _card(name)
    for line in _terms(card):
        say(line)
    if card.state != "here" and not yes:
        if not sys.stdin.isatty():
            raise BadInput("its terms were not agreed to", where=f"data set {name}", mend="read them, then add --yes")
        if not click.confirm("Fetch it?", default=True, err=True):
            raise click.exceptions.Exit(1)
    bench().fetch(name, source, any_version)
    ended = _followed(name)
    if ended.state == "failed":
        raise (BadInput if ended.bad_input else WorkFailed)(ended.error)
    if ended.state == "stopped":
        say(f"stopped; go on with it: cfbench data get {name}")
        raise click.exceptions.Exit(130)
    if as_json:
        print_json(_card(name))
    else:
        show(f"{name} is here: {ended.folder}", f"look at it: cfbench data describe {name}")


def _card(name: str) -> DatasetCard:
    cards = bench().datasets()
    found = [one for one in cards if name in (one.name, one.full_name)]
    if not found:
        guess = nearest(name, [one.name for one in cards])
        raise BadInput(f"there is no data set '{name}'{guess}", mend="'cfbench data list' shows all")
    return found[0]


def _terms(card: DatasetCard) -> list[str]:
    may = {
        True: "it may be passed on",
        False: "it may not be passed on",
        None: "they do not say whether to pass it on",
    }
    size = f", {card.size / 1e6:,.1f} MB" if card.size else ""
    return [
        f"{card.title}{size}; {card.page}",
        f"terms: {card.licence}; {may[card.may_share]}",
        f"cite: {card.citation}",
    ]


def _followed(name: str) -> Fetch:
    """Show on stderr how far a fetch is until it ends; ctrl-c asks it to stop."""
    while True:
        try:
            status = bench().fetching(name)
            ended = status.state != "running"
            say_again(_progress(status), last=ended)
            if ended:
                return status
            time.sleep(_PAUSE)
        except KeyboardInterrupt:
            bench().stop_fetching(name)


def _progress(status: Fetch) -> str:
    here, total, rate = status.here / 1e6, status.total / 1e6, status.rate / 1e6
    if not status.total:
        return f"{here:,.1f} MB, {rate:,.1f} MB/s"
    left = (total - here) / rate if rate > 0 else 0.0
    return f"{here / total:.0%} of {total:,.1f} MB, {rate:,.1f} MB/s, {left:,.0f} s left"


@click.command(name="import")
@click.argument("sources", nargs=-1, required=True, metavar="FILE|DATASET...")
@data_options
@answering
def import_data(sources: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Read data now and keep them, so that they open at once later."""
    start = time.monotonic()
    profile = bench().describe(data_of(sources, **given))
    seconds = time.monotonic() - start
    if as_json:
        print_json({"key": profile.key, "rows": profile.kept, "seconds": round(seconds, 3)})
    else:
        show(f"{profile.kept:,} rows by {profile.users:,} users of {profile.items:,} items, kept in {seconds:.1f} s")


@click.command()
@click.argument("name", metavar="DATASET")
@answering
def path(name: str, as_json: bool) -> None:
    """Print the folder of a data set that is here; of one with parameters, the folder that was made last."""
    card = _card(name)
    if not card.folder:
        made = card.state == "made when opened"
        mend = f"open it: cfbench data describe {name}" if made else f"get it: cfbench data get {name}"
        raise BadInput(f"the data set '{name}' is {card.state}", mend=mend)
    if as_json:
        print_json({"name": card.name, "folder": card.folder})
    else:
        show(card.folder)


@click.command()
@click.argument("name", metavar="DATASET")
@answering
def remove(name: str, as_json: bool) -> None:
    """Remove the files of a data set, or what is left of a fetch."""
    freed = bench().remove_dataset(name)
    if as_json:
        print_json({"name": name, "bytes": freed})
    else:
        show(f"removed {name}, {freed / 1e6:,.1f} MB")


@click.command()
@click.option("--clear", is_flag=True, help="Remove all that is kept; sources are read again when they are needed.")
@click.option("--older-than", type=click.IntRange(0), metavar="DAYS", help="Remove what was not used for so long.")
@answering
def cache(clear: bool, older_than: int | None, as_json: bool) -> None:
    """List the imported data that are kept, or remove them."""
    found = bench().cached()
    if clear or older_than is not None:
        old = [one for one in found if older_than is None or time.time() - one.used > older_than * _DAY]
        removed = bench().forget([one.key for one in old]) if old else 0
        if as_json:
            print_json({"removed": removed, "bytes": sum(one.size for one in old)})
        else:
            show(f"removed {removed:,} of {len(found):,}, {sum(one.size for one in old) / 1e6:,.1f} MB")
    elif as_json:
        print_json(found)
    else:
        rows = [
            [", ".join(one.sources), f"{one.rows:,}", f"{one.size / 1e6:,.1f}", f"{_day(one.used)}", one.key]
            for one in found
        ]
        print_table(["files", "rows", "MB", "last used", "key"], rows, right=[1, 2])
        say(f"{sum(one.size for one in found) / 1e6:,.1f} MB in all")


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
