"""What a report says of a model: where it is wrong, and what it learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cfbench import text
from cfbench.answers import Axis, Dimensions, ErrorGroup, Errors, FactorMap, Scored
from cfbench.explore.biases import biases
from cfbench.explore.dimensions import dimensions
from cfbench.explore.mapping import factor_map
from cfbench.explore.recommending import recommend
from cfbench.explore.report.blocks import Block, Picture, Table
from cfbench.explore.report.pictures import Bar, Cloud, bars, calibration, scatter
from cfbench.explore.report.subject import Subject
from cfbench.explore.report.words import figure, sentence, signed
from cfbench.explore.residuals import errors

_ENDS, _USERS, _RECOMMENDED, _ROWS_FOR_A_BIAS, _DIRECTIONS, _TRIED, _WORST = 10, 3, 10, 20, 24, 40, 10
_LEAST_SHARE = 0.0005


def tell_errors(subject: Subject) -> Iterator[Block]:
    """Yield where the model is wrong."""
    if subject.part == "test":
        _ = subject.measured  # rows whose opening can't be counted stay closed
    yield from error_section(errors(subject.trained, subject.part, _WORST))


_GROUPED = {
    "rating": "By rating",
    "user": "By the user's training rows",
    "item": "By the item's training rows",
    "age": "By time since the item's first rating",
}


def error_section(found: Errors) -> Iterator[Block]:
    """Yield where a model is wrong: its calibration, groups of rows, and the rows that it got most wrong."""
    off = f"{abs(found.mean):.3f} too {'high' if found.mean > 0 else 'low'}" if abs(found.mean) >= 0.0005 else "right"
    yield f"On {found.rows:,} {found.part} rows predictions are {off} on average; RMSE {found.rmse:.4g}."
    if found.calibration:
        title = "What was rated, by what was predicted, in tenths of the rows"
        yield Picture(title, calibration(found.calibration, title))
    for by, groups in found.by.items():
        if groups:
            yield Table(
                (by, "rows", "mean error", "RMSE"), [_group(one) for one in groups], title=_GROUPED.get(by, f"By {by}")
            )
    if found.worst:
        rows = [
            [one.title, one.user, f"{one.rating:.4g}", f"{one.prediction:z.2f}", signed(f"{one.error:+z.2f}")]
            for one in found.worst
        ]
        yield Table(("item", "user", "rated", "predicted", "error"), rows, right=2, title="The largest errors")


def _group(one: ErrorGroup) -> list[str]:
    return [one.name, f"{one.rows:,}", signed(f"{one.mean:+z.3f}"), f"{one.rmse:.3f}"]


def tell_biases(subject: Subject) -> Iterator[Block]:
    """Yield the items that are rated high, and low, by everybody."""
    counts = subject.trained.counts["item"]
    seen = counts[counts > 0]
    least = max(1, min(_ROWS_FOR_A_BIAS, int(np.median(seen)))) if len(seen) else 1
    found = biases(subject.trained, "item", _ENDS, least)
    top = {one.label for one in found.top}
    ends: list[Scored] = [*found.top, *(one for one in reversed(found.bottom) if one.label not in top)]
    title = f"The highest and the lowest biases of items with {least} training row{'s' * (least != 1)} or more"
    rows = [Bar(one.title, one.value, getattr(one, "within", None), _ratings(one.count)) for one in ends]
    yield Picture(title, bars(rows, title, "+z.3f"))
    yield "A bias is how much higher than others an item is rated by whoever rates it."
    if any(row.within for row in rows):
        yield "The true bias lies within the thin line with 95 % certainty."


def _ratings(count: int) -> str:
    return f"{count:,} rating{'s' * (count != 1)}"


def tell_map(subject: Subject) -> Iterator[Block]:
    """Yield where items lie by their factors."""
    yield from map_section(factor_map(subject.trained, "item", columns=400, rows=300))


def map_section(found: FactorMap) -> Iterator[Block]:
    """Yield the map of factors as a picture, what it shows, and the titles at the ends of its axes."""
    left, right, bottom, top = found.window
    wide, high = (right - left) / found.columns, (top - bottom) / found.rows

    def place(dot: int) -> tuple[float, float]:
        row, column = divmod(dot, found.columns)
        return left + (column + 0.5) * wide, top - (row + 0.5) * high

    clouds = [Cloud(group, [place(dot) for dot in dots]) for group, dots in zip(found.groups, found.dots, strict=True)]
    named = [(point.title, point.x, point.y) for point in found.named]
    points = f"{found.shown:,}" if found.drawn == found.shown else f"{found.drawn:,} of {found.shown:,}"
    title = f"Factors of {points} {found.of}s on two principal components"
    yield Picture(title, scatter(clouds, named, _axis(found.x), _axis(found.y), title, found.window))
    yield sentence(found.sentence)
    rows = [
        [f"component\N{NO-BREAK SPACE}{axis.component}", _titles(axis.low), _titles(axis.high)]
        for axis in (found.x, found.y)
    ]
    yield Table(("axis", "low end", "high end"), rows, right=3)


def _axis(axis: Axis) -> str:
    return f"component {axis.component} ({axis.share * 100:.0f} % of the variance)"


def _titles(titles: Sequence[str]) -> str:
    return ", ".join(text.label(title, 40) for title in titles[:4])


def tell_dimensions(subject: Subject) -> Iterator[Block]:
    """Yield what is known of the number of factors."""
    yield from dimension_section(dimensions(subject.trained, subject.beside))


def dimension_section(found: Dimensions) -> Iterator[Block]:
    """Yield how many factors a model has, how many it uses, and what other numbers of them gave."""
    yield f"The model has {found.n_factors} factors and uses about {found.effective:.1f} directions."
    if found.n_dead:
        yield f"Factors that change no score: {found.n_dead}."
    if found.shares:
        title = "Share of the variance of all scores by direction, in %"
        shares = [share for share in found.shares[:_DIRECTIONS] if share >= _LEAST_SHARE]
        rows = [Bar(f"direction {n}", share * 100) for n, share in enumerate(shares, 1)]
        yield Picture(title, bars(rows, title, ".1f"))
    if found.rules:
        rules = [[f"{one.of}s", one.formula, one.source, f"{one.labels:,}", str(one.factors)] for one in found.rules]
        yield Table(("of", "rule of thumb", "source", "labels", "factors"), rules, right=3)
    if len(found.tried) > 1:
        tried = [
            [f"{one.n_factors}{' (picked)' if one.n_factors == found.picked else ''}", one.run, figure(one.value),
             "" if one.se is None else f"{one.se:#.2g}"]
            for one in found.tried[:_TRIED]
        ]  # fmt: skip
        yield Table(
            ("factors", "run", found.metric.upper(), "± standard error"), tried, right=2,
            title="Runs of the same experiment with other numbers of factors",
        )  # fmt: skip
        if len(found.tried) > _TRIED:
            more = len(found.tried) - _TRIED
            yield f"{more} more {'is' if more == 1 else 'are'} not shown."
    if found.picked is not None:
        yield f"The fewest factors within one standard error of the best are {found.picked}."


def tell_recommendations(subject: Subject) -> Iterator[Block]:
    """Yield what is predicted highest for the users with most training rows."""
    trained = subject.trained
    counts = trained.counts["user"]
    for code in np.argsort(-counts, kind="stable")[:_USERS].tolist():
        if not code or not counts[code]:
            continue
        label = trained.classes["user"][code]
        found = recommend(trained, label, count=_RECOMMENDED)
        title = f"User {label}: {_ratings(found.ratings)} in training, mean {found.mean:.2f}"
        rows = [[one.title, f"{one.value:z.2f}", f"{one.count:,}"] for one in found.items]
        yield Table(("item", "score" if found.ranks else "predicted", "training rows"), rows, title=title)
