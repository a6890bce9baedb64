"""What the Explore screen says of a model's answers, as lines and rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from cfbench.answers import Bias, Ends, FactorMap, Recommendations, Recommended, RunSummary, Scored
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.bars import bar, diverging
from cfbench.tui.drawing.lines import Line, Span, inset, sentence, text, wrapped
from cfbench.tui.parts.table import Column
from cfbench.tui.screens.explore.subject import Subject
from cfbench.tui.workspace import short_name

BAR = 8
"""Cells of a bar in a table."""

TITLE = 30
"""Cells that a title has before bars have any."""


def named(scored: Scored) -> str:
    """Return a label in words."""
    return scored.title or scored.label


def extremes(ends: Ends, height: int) -> list[Bias]:
    """Return the highest and the lowest biases that are shown in so many lines, highest first."""
    half = max(1, (height - 1) // 2)
    top = ends.top[:half]
    return [*top, *reversed([one for one in ends.bottom[:half] if one not in top])]


def biases(ends: Ends, width: int, height: int) -> list[Line]:
    """Return the highest and the lowest biases with bars, half of the lines each."""
    shown = extremes(ends, height)
    bounds = [one.within for one in shown]
    return inset(diverging([(named(one), one.value, one.count) for one in shown], width - 2, height, bounds))


def to_see(recommended: Recommendations) -> Line:
    """Return what a user should see, nothing where nothing is recommended."""
    if not recommended.items:
        return []
    first = recommended.items[0]
    user: Line = [("user ", ""), text(recommended.user, "b")] if recommended.user else [("you", "b")]
    return [*user, (" should see ", ""), text(named(first), "b"), (f": {figures.metric(first.value, 2)}", "b")]


def highest(ends: Ends, of: str) -> Line:
    """Return the item, or the user, with the highest bias, nothing where none has any."""
    if not ends.top:
        return []
    best = ends.top[0]
    name: Line = [("best: ", "dim")] if of == "item" else [("rates highest: ", "dim"), ("user ", "")]
    return [*name, text(named(best), "b"), (f"  bias {figures.signed(best.value)}", "")]


def likest(item: Scored | None, alike: Sequence[Scored], measure: str) -> Line:
    """Return what is nearest to an item, nothing where nothing is."""
    if item is None or not alike:
        return []
    first = alike[0]
    line: Line = [("nearest to ", ""), text(named(item), "b"), (": ", ""), text(named(first), "b")]
    return [*line, (f", {measure} {figures.metric(first.value)}", "")]


def circumstances(
    run: RunSummary, about: Subject, recommended: Recommendations | None, size: int, found: FactorMap | None = None
) -> Line:
    """Return which model speaks, as of which epoch (of a map its own), and what is left out."""
    epoch = found.step * run.epochs // run.steps if found and run.steps else about.epoch
    clauses = [
        f"run {short_name(run.id)}, {run.model.rpartition(':')[2]}, epoch {epoch} of {run.epochs}",
        at_least(about.least),
        *about.where,
    ]
    if recommended and not about.seen:
        whose = f"user {recommended.user}" if recommended.user else "yours"
        rated = f"{ratings(recommended.ratings)} of {whose}"
        hidden = "is hidden" if recommended.ratings == 1 else "are hidden"
        clauses.append(f"{rated}, mean {figures.metric(recommended.mean, 2)}, {hidden}")
    return sentence([[text(clause, "dim")] for clause in clauses], size)


def ratings(count: int) -> str:
    """Return how many ratings there are: 1 rating, 2,000 ratings."""
    return f"{figures.count(count)} rating{'s' * (count != 1)}"


def at_least(least: int) -> str:
    """Return what is shown, by its rows in training."""
    return "with any number of ratings" if least == 1 else f"with {least} ratings or more"


def without_factors(run: RunSummary | None) -> Line:
    """Return why there is nothing to explore, and the next key; nothing where there is."""
    if run is None:
        return [("no run yet: ", "dim"), ("3", "b"), (" sets one up", "dim")]
    if run.epochs_done:
        return []
    name = short_name(run.id)
    if run.state in ("queued", "running", "paused"):
        return [text(f"no factors yet: {name} has not finished an epoch   ", "dim"), ("4", "b"), (" watches it", "dim")]
    was = "was " if run.state in ("stopped", "lost") else ""
    said = f"no factors: {name} {was}{run.state} before its first epoch   "
    return [text(said, "dim"), ("r", "b"), (" takes another run", "dim")]


def refused(reason: str, size: int) -> list[Line]:
    """Return why the bench gave no answer, in as many lines as it takes."""
    lines = wrapped(reason, size - 4)
    return [[("  ✗ " if not number else "    ", "bad"), *line] for number, line in enumerate(lines)]


def columns(measure: str, low: float, high: float, rated: bool = False) -> tuple[Column, ...]:
    """Return the columns of a ranking; the last one has bars, with an axis from `low` to `high` in its heading.

    Where some items were `rated`, these ratings have a column.
    """
    left, right = figures.plain(low), figures.plain(high)
    axis = left + " " * max(1, BAR - len(left) - len(right)) + right
    return (
        Column("#", 2, ">"),
        Column("title", 0),
        *([Column("rated", 5, ">")] if rated else []),
        Column(measure, 7, ">"),
        Column("ratings", 7, ">"),
        Column(axis, BAR),
    )


def axis(items: Sequence[Scored], step: float) -> tuple[float, float]:
    """Return ends of an axis that holds all values, multiples of a step."""
    values = [one.value for one in items if math.isfinite(one.value)]
    if not values:
        return 0.0, step
    low, high = step * math.floor(min(values) / step), step * math.ceil(max(values) / step)
    return round(low, 6), round(high if high > low else low + step, 6)


def any_rated(items: Sequence[Scored]) -> bool:
    """Return whether some items were rated."""
    return any(_rating(one) is not None for one in items)


def _rating(scored: Scored) -> float | None:
    return scored.rating if isinstance(scored, Recommended) else None


def row(number: int, scored: Scored, ends: tuple[float, float], places: int, rated: bool = False) -> Sequence[Span]:
    """Return one line's cells: rank, title, where some items were `rated` that rating, value, training rows, bar."""
    low, high = ends
    rating = _rating(scored)
    seen = rating is not None or (isinstance(scored, Recommended) and scored.seen)
    return [
        (str(number + 1), "dim"),
        text(named(scored), "dim" if seen else ""),
        *([("" if rating is None else figures.plain(rating), "b")] if rated else []),
        (figures.metric(scored.value, places), "b"),
        (figures.count(scored.count), "dim"),
        (bar((scored.value - low) / (high - low), BAR), "s1"),
    ]


BIASES = (Column("title", 0), Column("ratings", 7, ">"), Column("bias", 7, ">"), Column("within", 7, ">"))
"""The columns of biases as they are copied."""


def bias(one: Bias) -> Sequence[Span]:
    """Return a bias as cells."""
    within = "" if one.within is None else f"{one.within:.2g}"
    return [text(named(one)), (str(one.count), ""), (figures.signed(one.value), ""), (within, "")]


MINE = (Column("title", 0), Column("rated", 6, ">"))
"""The columns of what the person here rated."""

NOTHING_RATED: Line = [
    ("nothing rated yet: ", "dim"),
    ("a", "b"),
    (" rates a title, and what fits comes at once", "dim"),
]


def mine(rated: tuple[str, float]) -> Sequence[Span]:
    """Return a title and its rating as cells."""
    return [text(rated[0]), (figures.plain(rated[1]), "b")]


def about(subject: Subject, recommended: Recommendations | None) -> Line:
    """Return for whom, how many items were ranked, and how."""
    if recommended is None:
        return []
    who = f"user {recommended.user}" if recommended.user else "you"
    varied = f", varied {subject.diversity:g}" if subject.diversity else ""
    kind = "" if subject.seen else " unseen"
    return [text(who), (f"  of {figures.count(recommended.unseen)}{kind}{varied}", "dim")]


def nothing_left(subject: Subject) -> Line:
    """Return what leaves nothing to show, and the key that shows more."""
    if subject.where:
        return [
            text(f"nothing is left of {', '.join(subject.where)}   ", "dim"),
            ("/", "b"),
            (" filters otherwise", "dim"),
        ]
    return [text(f"nothing is left {at_least(subject.least)}   ", "dim"), ("m", "b"), (" shows more", "dim")]
