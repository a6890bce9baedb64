"""Which runs are listed, in which order, under which headings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from cfbench.answers import RunSummary
from cfbench.tui.drawing import figures
from cfbench.tui.drawing.chart import reading
from cfbench.tui.screens.runs.settings import Settings
from cfbench.tui.workspace import short_name

ORDERS = ("age", "name", "state", "valid", "took")
"""Orders besides those by a metric or a setting."""

GROUPS = ("", "group", "seed", "fold", "model", "state", "data")
"""What can stand in headings besides a setting; "" for none."""

_MISSING = (2, 0.0, "")

Key = tuple[int, float, str]


@dataclass(frozen=True)
class Wanted:
    """What a person wants to see of the runs.

    Attributes:
        text: words that a run must all have.
        order: one of ORDERS, a metric's name or a setting's key.
        backwards: the other way round.
        group: one of GROUPS or a setting's key.
    """

    text: str = ""
    order: str = "age"
    backwards: bool = False
    group: str = ""


@dataclass(frozen=True)
class Heading:
    """A line over runs that have something in common."""

    title: str
    runs: tuple[str, ...]


Entry = str | Heading
"""A line of the list: a run's id, or a heading."""


class Words:
    """What can be searched of each run, kept while the run and its settings stay as they are."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[RunSummary, Settings, str]] = {}

    def of(self, run: RunSummary, settings: Settings) -> str:
        """Return all that a search looks at, in lower case."""
        known = self._kept.get(run.id)
        if known and known[0] is run and known[1] is settings:
            return known[2]
        facts = [run.id, f"state:{run.state}", f"model:{run.model}", f"group:{run.group}", f"seed:{run.seed}"]
        pinned = ["pinned"] if run.pinned else []
        text = " ".join([*facts, *pinned, run.note, *run.data, *settings.words(run.id)]).lower()
        self._kept[run.id] = run, settings, text
        return text


def listed(runs: dict[str, RunSummary], settings: Settings, wanted: Wanted, words: Words) -> list[Entry]:
    """Return the lines of the list; pinned runs come first, those without a value of the order last.

    Runs that are equal in the order follow one another from the newest to the oldest.
    """
    searched = wanted.text.lower().split()
    found = [run for run in reversed(runs.values()) if not searched or _fits(words.of(run, settings), searched)]
    key = _key(wanted.order, settings)
    keyed = [(key(run), run) for run in found]
    there = sorted((pair for pair in keyed if pair[0] != _MISSING), key=lambda pair: pair[0], reverse=wanted.backwards)
    ordered = [run for _, run in there] + [run for known, run in keyed if known == _MISSING]
    ordered.sort(key=lambda run: not run.pinned)
    return _grouped(ordered, settings, wanted.group) if wanted.group else [run.id for run in ordered]


def _fits(text: str, searched: Sequence[str]) -> bool:
    return all(word in text for word in searched)


def _key(order: str, settings: Settings) -> Callable[[RunSummary], Key]:
    """Return what runs are ordered by, as ranks that compare whatever the values are."""
    known: dict[str, Callable[[RunSummary], Any]] = {
        "age": lambda run: -run.created,
        "name": lambda run: short_name(run.id),
        "state": lambda run: run.state,
        "valid": lambda run: run.valid_loss,
        "took": lambda run: -run.seconds if run.seconds else None,
    }
    value = known.get(order) or (
        (lambda run: settings.values.get(run.id, {}).get(order))
        if order in settings.titles
        else (lambda run: run.metrics.get(order))
    )
    return lambda run: _rank(value(run))


def _rank(value: Any) -> Key:
    if isinstance(value, int | float):
        return (0, float(value), "")
    return _MISSING if value is None else (1, 0.0, str(value))


def _grouped(ordered: Sequence[RunSummary], settings: Settings, group: str) -> list[Entry]:
    title = settings.titles.get(group, group)
    members: dict[str, list[RunSummary]] = {}
    for run in ordered:
        members.setdefault(_common(run, settings, group), []).append(run)
    entries: list[Entry] = []
    for value in sorted(members, key=lambda value: _rank(_number(value))):
        within = members[value]
        entries.append(Heading(f"{title} {value}", tuple(run.id for run in within)))
        entries += [run.id for run in within]
    return entries


def _common(run: RunSummary, settings: Settings, group: str) -> str:
    own = {
        "group": run.group,
        "seed": str(run.seed),
        "fold": "" if run.fold is None else str(run.fold),
        "model": run.model.partition(":")[2] or run.model,
        "state": run.state,
        "data": ", ".join(run.data),
    }
    return (settings.word(run.id, group) if group in settings.titles else own.get(group, "")) or figures.MISSING


def _number(word: str) -> float | str:
    try:
        return float(word.replace(figures.MINUS, "-"))
    except ValueError:
        return word


def heading(group: Heading, runs: Mapping[str, RunSummary]) -> str:
    """Return a heading in words: what is common, how many runs, their best and their mean valid loss."""
    losses = [
        run.valid_loss for run in map(runs.get, group.runs) if run and run.valid_loss is not None
    ]  # fmt: skip
    words = f"{group.title}  {len(group.runs)} run{'s' if len(group.runs) != 1 else ''}"
    if losses:
        words += f"  best {reading(min(losses), min(losses))}"
    if len(losses) > 1:
        words += f"  mean {reading(fmean(losses), fmean(losses))}"
    return words


def comparable(run: RunSummary, settings: Settings) -> tuple[str, str]:
    """Return what two runs must share for their valid losses to be compared: the rows, and the loss."""
    return run.split_hash, settings.word(run.id, "loss.name")


def best_runs(runs: Mapping[str, RunSummary], settings: Settings) -> dict[tuple[str, str], str]:
    """Return the id of the run with the lowest valid loss among each kind of runs that can be compared."""
    best: dict[tuple[str, str], RunSummary] = {}
    for run in runs.values():
        if run.valid_loss is not None:
            kind = comparable(run, settings)
            before = best.get(kind)
            if before is None or before.valid_loss is None or run.valid_loss < before.valid_loss:
                best[kind] = run
    return {kind: run.id for kind, run in best.items()}
