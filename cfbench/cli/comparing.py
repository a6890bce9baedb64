"""``cfbench runs compare``: what runs reached on the same rows, whether it differs, and in which settings they do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import click
import msgspec

from cfbench.answers import Compared, Comparison, Difference, RunSummary, Spread
from cfbench.cli.describing import finding_lines
from cfbench.cli.here import answering, bench
from cfbench.cli.output import number, print_document, print_json, print_table, show
from cfbench.cli.tables import FORMATS, written
from cfbench.errors import BadInput

Format = Literal["text", "markdown", "csv", "latex"]

_MARK = "▽"


@click.command()
@click.argument("runs", nargs=-1, metavar="RUN RUN...")
@click.option("--group", "groups", multiple=True, help="All finished runs of a group, such as its folds and seeds.")
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Instead of the runs' own; repeat for more.")
@click.option("--test", is_flag=True, help="Compare on the test rows; each run counts how often they were opened.")
@click.option("--no-baselines", is_flag=True, help="Let no baseline join.")
@click.option(
    "--format", "form", type=click.Choice(["text", *FORMATS]), default="text", help="How to write the tables."
)
@answering
def compare(
    runs: tuple[str, ...],
    groups: tuple[str, ...],
    metrics: tuple[str, ...],
    test: bool,
    no_baselines: bool,
    form: Format,
    as_json: bool,
) -> None:
    """Show what runs reached on the same rows, beside baselines, and whether they differ.

    Runs that differ in seed and fold alone are one line: mean ± standard deviation. Differences are paired by users.
    """
    found = list({run.path: run for run in [*map(bench().run, runs), *_of_groups(groups)]}.values())
    if not found or (len(found) < 2 and no_baselines):
        raise BadInput("there is nothing to compare", mend="name two runs or more; 'cfbench runs list' shows them")
    paths = [run.path for run in found]
    comparison = bench().compare(paths, metrics, "test" if test else "valid", not no_baselines)
    differences = bench().differences(paths) if len(found) > 1 else {}
    if as_json:
        same = bool(comparison.splits)
        print_json({"comparison": comparison, "runs": found, "differences": differences, "same_split": same})
        return
    head, rows = lines_of(comparison)
    tests = differences_of(comparison)
    if form != "text":
        print_document(written(form, head, rows) + ("\n" + written(form, *tests) if tests[1] else ""))
        return
    print_table(head, rows, right=range(2, len(head)))
    if any(line.below for line in comparison.lines):
        show(f"{_MARK} below a baseline")
    if tests[1]:
        show("", "differences, paired by users, each of whom counts once; intervals 95 %, p by Holm")
        print_table(*tests, right=range(3, len(tests[0])))
    show(*finding_lines([*comparison.findings, *(f for line in comparison.lines for f in line.findings)]))
    if len(found) > 1:
        show("")
        print_table(["", *_names(found)], [*_outcomes(found), *_settings(found, differences)])


def _of_groups(groups: Sequence[str]) -> list[RunSummary]:
    known = bench().runs() if groups else []
    found = [run for run in known if run.group in groups and run.state == "finished"]
    if missing := set(groups) - {run.group for run in found}:
        raise BadInput(f"group '{min(missing)}' has no finished run", mend="'cfbench runs list' shows the groups")
    return found


def lines_of(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return the table of lines: head and rows."""
    head = ["run", "model", *(label.upper() for label in comparison.metrics), "runs", "trials", "seconds"]
    return head, [[line.name, line.model, *_values(comparison, line), *_budget(line)] for line in comparison.lines]


def _values(comparison: Comparison, line: Compared) -> list[str]:
    return [
        f"{_spread(line.values[label])}{f' {_MARK}' if label in line.below else ''}" for label in comparison.metrics
    ]


def _spread(spread: Spread) -> str:
    return number(spread.mean) + (f" ± {spread.sd:.2g}" if spread.sd is not None else "")


def _budget(line: Compared) -> list[str]:
    if line.baseline:
        return ["baseline", "", ""]
    return [str(len(line.runs)), str(line.trials), f"{line.trial_seconds:,.1f}"]


def differences_of(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return the table of differences: head and rows."""
    head = ["metric", "better", "than", "by", "interval", "effect d", "p", "users"]
    return head, [_difference(one) for one in comparison.differences]


def _difference(one: Difference) -> list[str]:
    interval = f"{number(one.low)} to {number(one.high)}"
    effect = "–" if one.effect is None else f"{one.effect:z.2f}"
    chance = f"{one.adjusted:.3f}" if one.adjusted >= 0.001 else "< .001"
    return [one.metric.upper(), one.first, one.second, number(one.difference), interval, effect, chance, f"{one.n:,}"]


def _names(runs: Sequence[RunSummary]) -> list[str]:
    """Return the words at the ends of the ids where these tell the runs apart, else the ids."""
    words = [run.id.partition("-")[2] or run.id for run in runs]
    return words if len(set(words)) == len(words) else [run.id for run in runs]


def _outcomes(runs: Sequence[RunSummary]) -> list[list[str]]:
    return [
        ["state", *(run.state for run in runs)],
        ["epochs", *(f"{run.epochs_done}/{run.epochs}" for run in runs)],
        ["seconds", *(f"{run.seconds:,.1f}" for run in runs)],
        ["valid loss", *(number(run.valid_loss) for run in runs)],
    ]


def _settings(runs: Sequence[RunSummary], differences: dict[str, dict[str, Any]]) -> list[list[str]]:
    paths = dict.fromkeys(path for run in runs for path in differences.get(run.id, {}))
    return [[path, *(_written(differences[run.id].get(path)) for run in runs)] for path in paths]


def _written(value: Any) -> str:
    """Return a setting's value as a person reads it; a dash where a run has no such setting."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
