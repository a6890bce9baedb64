"""``cfbench recommend``, ``explain``, ``similar`` and ``biases``: what a model says to somebody, in titles."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from cfbench.answers import Bias, Explanation, Measure, Recommendations, Scored, Side
from cfbench.cli.here import answering, bench
from cfbench.cli.output import print_json, print_table, say, show
from cfbench.errors import BadInput

_Function = TypeVar("_Function", bound=Callable[..., Any])

_ratings_option = click.option(
    "--ratings",
    metavar="FILE",
    help='Somebody new: titles or ids with ratings, a table or JSON {"title": 4}; "-": from stdin.',
)


def how_many(function: _Function) -> _Function:
    """Give a command the options ``-n`` (as `count`) and ``--least``."""
    least = click.option("--least", type=click.IntRange(1), default=1, help="Only those with so many training rows.")
    count = click.option("-n", "count", type=click.IntRange(1), default=10, help="How many.")
    return count(least(function))


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--user", "users", multiple=True, metavar="LABEL", help="For whom; repeat for more.")
@_ratings_option
@how_many
@click.option("--where", multiple=True, metavar="CONDITION", help="Such as genre=Drama, year>=1990, title~war; repeat.")
@click.option("--diversity", type=click.FloatRange(0, 1), default=0.0, help="Above 0: less like one another (0 to 1).")
@click.option("--seen", is_flag=True, help="Rank what was rated too.")
@answering
def recommend(
    run: str,
    users: tuple[str, ...],
    ratings: str | None,
    count: int,
    least: int,
    where: tuple[str, ...],
    diversity: float,
    seen: bool,
    as_json: bool,
) -> None:
    """Name the items that a run's model predicts highest for a user, or for somebody new who gave ratings.

    What training saw of a user is left out. For all users at once: cfbench runs export RUN --what recommendations.
    """
    _refuse_nobody_or_both(bool(users), bool(ratings))
    given = _given(run, ratings) if ratings else None
    asked = [bench().recommend(run, user, count, least, where, diversity, seen, given) for user in (users or ("",))]
    if as_json:
        print_json(asked if len(users) > 1 else asked[0])
        return
    for number, found in enumerate(asked):
        show(*([""] if number else []), _for_whom(found))
        if found.items:
            _print_recommended(found)
        else:
            _say_none_left("item", least, where, more="" if seen else "--seen ranks what was rated too")


def _refuse_nobody_or_both(user: bool, ratings: bool) -> None:
    if user == ratings:
        what = "it is for a user or for somebody new, not both" if user else "say for whom"
        raise BadInput(what, mend="--user LABEL, or --ratings FILE for somebody new")


def _given(run: str, ratings: str) -> dict[str, float]:
    """Return item -> rating of a file where the bench is, or of what stdin holds here."""
    if ratings != "-":
        return bench().ratings(run, ratings)
    try:
        content = sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("this is not UTF-8", where="stdin", mend="give text in UTF-8") from error
    return bench().ratings(run, "stdin", content)


def _for_whom(found: Recommendations) -> str:
    ratings = f"{found.ratings:,} rating{'s' * (found.ratings != 1)}"
    who = f"user {found.user}: {ratings} in training" if found.user else f"you: {ratings}"
    return f"{who}, mean {found.mean:z.2f}; {found.unseen:,} item{'s' * (found.unseen != 1)} ranked"


def _print_recommended(found: Recommendations) -> None:
    rated = any(one.seen for one in found.items)
    titled = any(one.title != one.label for one in found.items)
    value = "score" if found.ranks else "predicted"
    head = ["#", "item", *(["title"] if titled else []), value, *(["rated"] if rated else []), "ratings"]
    rows = []
    for rank, one in enumerate(found.items, 1):
        own = "" if one.rating is None else f"{one.rating:g}"
        names = [one.label, *([one.title] if titled else [])]
        rows.append([str(rank), *names, f"{one.value:z.2f}", *([own] if rated else []), f"{one.count:,}"])
    print_table(head, rows, right=[0, *range(2 + titled, len(head))])


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--user", default="", metavar="LABEL", help="For whom.")
@_ratings_option
@click.option("--item", required=True, metavar="TITLE", help="Its title, or its id where several bear that title.")
@click.option("-n", "count", type=click.IntRange(4, 10_000), default=12, help="Terms; the smallest are summed up.")
@click.option("--supports", type=click.IntRange(1, 100), default=8, show_default=True, help="Rated titles to list.")
@answering
def explain(run: str, user: str, ratings: str | None, item: str, count: int, supports: int, as_json: bool) -> None:
    """Show a prediction as a sum, term by term, and the rated titles that move it most.

    A model that scores a list of ratings by itself, such as ease, is asked again without each title in turn.
    """
    _refuse_nobody_or_both(bool(user), bool(ratings))
    found = bench().explain(run, user, item, _given(run, ratings) if ratings else None, count, supports)
    if as_json:
        print_json(found)
        return
    rated = (
        "not rated in training"
        if found.rating is None
        else f"rated {found.rating:g}{'' if found.part in ('', 'train') else f' in {found.part}'}"
    )
    show(f"{found.title} for {f'user {found.user}' if found.user else 'you'}: {_valued(found)}, {rated}")
    rows = [[term.name, f"{term.value:+z.4f}", _product(term.user, term.item), term.because] for term in found.terms]
    rows.append(["sum", f"{found.score:+z.4f}", "", ""])
    head = ["term", "adds", "user x item", "because of"]
    told = [n for n in range(len(head)) if any(row[n] for row in rows)]
    right = [place for place, n in enumerate(told) if n in (1, 2)]
    print_table([head[n] for n in told], [[row[n] for n in told] for row in rows], right=right)
    show(_squashing(found))
    if found.supports:
        show("", _what_moves(found), *_how_far(found))
        lines = [[one.title, f"{one.rating:g}", f"{one.weight:+z.4f}"] for one in found.supports]
        print_table(["title", "rated", "moves"], lines, right=[1, 2])
        if found.untried:
            show(f"{found.untried:,} more, rated no higher, {'was' if found.untried == 1 else 'were'} not tried")


def _valued(found: Explanation) -> str:
    return f"{'score ' if found.ranks else ''}{found.prediction:z.2f}"


def _what_moves(found: Explanation) -> str:
    if found.left_out:
        return "what was rated, and what the score lacks without it (these need not add up to the score)"
    return "what was rated, and how far it moves the score"


def _how_far(found: Explanation) -> list[str]:
    """Say what score the ratings give by themselves, where that is another than the trained one."""
    if found.solved is None:
        return []
    said = "the ratings alone do not give this score:" if found.far else "by the ratings alone"
    return [f"{said} {found.solved:z.2f}; trained {found.score:z.2f}"]


def _product(user: float | None, item: float | None) -> str:
    return "" if user is None or item is None else f"{user:+z.3f} x {item:+z.3f}"


def _squashing(found: Explanation) -> str:
    if found.y_range is None:
        same = math.isclose(found.prediction, found.score, rel_tol=1e-5, abs_tol=1e-5)
        what, unit = ("score", ", in no unit") if found.ranks else ("prediction", "")
        than_sum = f"the sum itself{unit}" if same else "in other units than the sum"
        return f"{what} {found.prediction:z.4f}, {than_sum}"
    low, high = found.y_range
    return f"prediction {low:g} + {high - low:g} · σ({found.score:z.4f}) = {found.prediction:z.4f}"


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--item", metavar="TITLE", help="Its title, or its id where several bear that title.")
@click.option("--user", metavar="LABEL", help="Users like this one instead.")
@click.option(
    "--by",
    "measure",
    type=click.Choice(["cosine", "dot", "euclid"]),
    default="cosine",
    help="How likeness is measured.",
)
@how_many
@answering
def similar(
    run: str, item: str | None, user: str | None, measure: Measure, count: int, least: int, as_json: bool
) -> None:
    """Name the items, or users, whose factors are most like those of one."""
    if (item is None) == (user is None):
        what = "say like what" if item is None else "it is like an item or like a user, not both"
        raise BadInput(what, mend="--item TITLE, or --user LABEL")
    side: Side = "item" if user is None else "user"
    found = bench().similar(run, item or user or "", count, least, measure, side)
    if as_json:
        print_json(found)
    elif found:
        _print(found, side, {"euclid": "distance"}.get(measure, measure), "z.3f")
    else:
        _say_none_left(side, least)


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--of", "side", type=click.Choice(["item", "user"]), default="item", help="Whose biases.")
@how_many
@answering
def biases(run: str, side: Side, count: int, least: int, as_json: bool) -> None:
    """Name the items, or users, with the highest and the lowest biases that a run's model learned.

    Beside each stands how far off it may be, at 95 % certainty: wide where there are few ratings.
    """
    found = bench().biases(run, side, count, least)
    if as_json:
        print_json(found)
        return
    if not found.top:
        _say_none_left(side, least)
        return
    show("highest")
    _print(found.top, side, "bias", "+z.3f")
    show("", "lowest")
    _print(found.bottom, side, "bias", "+z.3f")


def _say_none_left(owner: str, least: int, where: Sequence[str] = (), more: str = "") -> None:
    """Say that nothing is left of what was asked for, and which of the options given keeps it out, else `more`."""
    ways = [*(["make --least smaller"] if least > 1 else []), *(["leave a --where out"] if where else [])]
    mend = ", or ".join(ways) or more
    say(f"no {owner} is left{f'; {mend}' if mend else ''}")


def _print(found: Sequence[Scored], owner: str, value: str, form: str) -> None:
    """Print what was found as a table; titles have a column where they say more than the labels."""
    titled = any(one.title != one.label for one in found)
    sure = any(isinstance(one, Bias) and one.within is not None for one in found)
    rows = []
    for one in found:
        within = f"± {one.within:.3f}" if isinstance(one, Bias) and one.within is not None else ""
        names = [one.label, *([one.title] if titled else [])]
        rows.append([*names, format(one.value, form), *([within] if sure else []), f"{one.count:,}"])
    head = [owner, *(["title"] if titled else []), value, *(["95 %"] if sure else []), "ratings"]
    print_table(head, rows, right=range(1 + titled, len(head)))
