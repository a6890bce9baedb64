"""Runs beside baselines, metric by metric, and whether their differences are more than chance, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cfbench.answers import Compared, Comparison, Difference, Spread
from cfbench.tui.drawing.lines import Line, columns, text, wrapped

_NAME, _VALUE, _NOTE = 22, 18, 26
_SIGNS = {"wrong": ("✗ ", "bad"), "look": ("! ", "warn"), "note": ("· ", "dim"), "fine": ("✓ ", "ok")}


def lines(comparison: Comparison, names: Mapping[str, str], size: int) -> list[Line]:
    """Return a comparison as lines of at most `size` cells.

    Args:
        comparison: what the bench says.
        names: run's id -> what it is called here, as "a brave-ibis".
        size: cells.
    """
    called = {line.name: _called(line, names) for line in comparison.lines}
    found: list[Line] = []
    for metric in comparison.metrics:
        found += [[(metric.upper(), "b"), (f"  {comparison.better[metric]} is better", "dim")]]
        found += [_value(line, metric, called) for line in comparison.lines if line.values[metric].mean is not None]
        tested = [one for one in comparison.differences if one.metric == metric]
        found += [row for one in tested for row in _difference(one, called)]
        found.append([])
    found += [_budget(line, called) for line in comparison.lines if not line.baseline]
    told = [*comparison.findings, *(finding for line in comparison.lines for finding in line.findings)]
    for finding in told:
        found += _wrapped(_SIGNS[finding.level], f"{finding.what}; {finding.mend}".rstrip("; "), size)
    return found


def _called(line: Compared, names: Mapping[str, str]) -> str:
    """Return the names of a line's runs, or the baseline's own."""
    return ", ".join(names.get(run, run) for run in line.runs) or line.name


def _value(line: Compared, metric: str, called: Mapping[str, str]) -> Line:
    spread, below = line.values[metric], line.below.get(metric)
    role = "dim" if line.baseline else ""
    note = f"▽ below {below}" if below else "baseline" if line.baseline else ""
    return columns(
        [(f"  {called[line.name]}", _NAME, "<"), (_spread(spread), _VALUE, ">"), (f"  {note}", _NOTE, "<")], role
    )


def _spread(spread: Spread) -> str:
    return f"{spread.mean:.5g}" + (f" ± {spread.sd:.2g}" if spread.sd is not None else "")


def _difference(one: Difference, called: Mapping[str, str]) -> Iterator[Line]:
    chance = f"p {one.adjusted:.3f}" if one.adjusted >= 0.001 else "p < .001"
    effect = "" if one.effect is None else f"  d {one.effect:.2f}"
    sure = one.adjusted < 0.05
    yield [("  ", ""), text(called[one.first], "b" if sure else ""), (" over ", "dim"), text(called[one.second])]
    yield [
        (f"    by {one.difference:.4g}, {one.low:.4g} to {one.high:.4g}{effect}  ", ""),
        (chance, "" if sure else "warn"),
        (f"  {one.n:,} users", "dim"),
    ]


def _budget(line: Compared, called: Mapping[str, str]) -> Line:
    runs, trials = len(line.runs), line.trials
    return [
        text(called[line.name]),
        (f"  {runs} run{'s' * (runs > 1)}, {trials} trial{'s' * (trials > 1)}, {line.trial_seconds:,.1f} s", "dim"),
    ]


def _wrapped(sign: tuple[str, str], words: str, size: int) -> Sequence[Line]:
    first, *rest = wrapped(words, size - 2)
    return [[sign, *first], *([("  ", ""), *line] for line in rest)]
