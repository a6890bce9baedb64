"""``cfbench recommend``, ``cfbench similar`` and ``cfbench biases``: what a model learned, in titles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import click

from cfbench.answers import Scored
from cfbench.cli.here import answering, bench
from cfbench.cli.output import print_json, print_table, say, show

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _how_many(function: _Function) -> _Function:
    """Give a command the options ``-n`` (as `count`) and ``--least``."""
    least = click.option("--least", type=click.IntRange(1), default=1, help="Only those with so many training rows.")
    count = click.option("-n", "count", type=click.IntRange(1), default=10, help="How many.")
    return count(least(function))


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--user", required=True, metavar="LABEL", help="For whom.")
@_how_many
@answering
def recommend(run: str, user: str, count: int, least: int, as_json: bool) -> None:
    """Name the items that a run's model predicts highest among those that training did not see with a user."""
    found = bench().recommend(run, user, count, least)
    if as_json:
        print_json(found)
        return
    known = f"{found.ratings:,} ratings in training, mean {found.mean:.2f}"
    show(f"user {found.user}: {known}; {found.unseen:,} unseen items")
    _print(found.items, "item", "predicted", ".2f")


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--item", required=True, metavar="TITLE", help="Its title, or its id where several bear that title.")
@_how_many
@answering
def similar(run: str, item: str, count: int, least: int, as_json: bool) -> None:
    """Name the items whose factors point most in the same direction as an item's, by the cosine between them."""
    found = bench().similar(run, item, count, least)
    if as_json:
        print_json(found)
    else:
        _print(found, "item", "cosine", ".3f")


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--of", "field", type=click.Choice(["item", "user"]), default="item", help="Whose biases.")
@_how_many
@answering
def biases(run: str, field: Literal["item", "user"], count: int, least: int, as_json: bool) -> None:
    """Name the items, or users, with the highest and the lowest biases that a run's model learned."""
    found = bench().biases(run, field, count, least)
    if as_json:
        print_json(found)
        return
    show("highest")
    _print(found.top, field, "bias", "+.3f")
    show("", "lowest")
    _print(found.bottom, field, "bias", "+.3f")


def _print(found: Sequence[Scored], owner: str, value: str, form: str) -> None:
    """Print what was found as a table; titles have a column where they say more than the labels."""
    if not found:
        say(f"no {owner} is left; make --least smaller")
        return
    titled = any(one.title != one.label for one in found)
    rows = [[one.label, *([one.title] if titled else []), format(one.value, form), f"{one.count:,}"] for one in found]
    head = [owner, *(["title"] if titled else []), value, "ratings"]
    print_table(head, rows, right=[len(head) - 2, len(head) - 1])
