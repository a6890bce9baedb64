"""``cfbench runs compare``: in which settings runs differ, and what came of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from cfbench.answers import RunSummary
from cfbench.cli.here import answering, bench
from cfbench.cli.output import number, print_json, print_table, say
from cfbench.errors import BadInput


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@answering
def compare(runs: tuple[str, ...], as_json: bool) -> None:
    """Show in which settings runs differ, and what came of each."""
    found = list({run.path: run for run in map(bench().run, runs)}.values())
    if len(found) < 2:
        raise BadInput("there is one run to compare", mend="name two or more; 'cfbench runs list' shows them")
    differences = bench().differences([run.path for run in found])
    comparable = len({run.split_hash for run in found}) == 1
    if as_json:
        print_json({"runs": found, "differences": differences, "same_split": comparable})
        return
    print_table(["", *_names(found)], [*_outcomes(found), *_settings(found, differences)])
    if not comparable:
        say("these runs have not all the same split: their losses and metrics are of different rows")


def _names(runs: Sequence[RunSummary]) -> list[str]:
    """Return the words at the ends of the ids where these tell the runs apart, else the ids."""
    words = [run.id.partition("-")[2] or run.id for run in runs]
    return words if len(set(words)) == len(words) else [run.id for run in runs]


def _outcomes(runs: Sequence[RunSummary]) -> list[list[str]]:
    metrics = dict.fromkeys(name for run in runs for name in run.metrics)
    return [
        ["state", *(run.state for run in runs)],
        ["epochs", *(f"{run.epochs_done}/{run.epochs}" for run in runs)],
        ["seconds", *(f"{run.seconds:,.1f}" for run in runs)],
        ["valid loss", *(number(run.valid_loss) for run in runs)],
        *([name, *(number(run.metrics.get(name)) for run in runs)] for name in metrics),
    ]


def _settings(runs: Sequence[RunSummary], differences: dict[str, dict[str, Any]]) -> list[list[str]]:
    paths = dict.fromkeys(path for run in runs for path in differences[run.id])
    return [[path, *(_written(differences[run.id].get(path)) for run in runs)] for path in paths]


def _written(value: Any) -> str:
    """Return a setting's value as a person reads it; a dash where a run has no such setting."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
