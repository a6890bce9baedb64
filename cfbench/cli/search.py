"""``cfbench search``: try settings on valid rows, pick one, and open the test rows once at the end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from cfbench import experiment as experiments
from cfbench.answers import Evaluation
from cfbench.cli.experiments import settings_option
from cfbench.cli.here import answering, bench, elsewhere
from cfbench.cli.output import number, print_json, print_table, say, show
from cfbench.errors import BadInput, WorkFailed
from cfbench.experiment import Experiment
from cfbench.registry.declarations import Declaration
from cfbench.search import spaces
from cfbench.search.picking import Trial, ordered, simplest, standard_error
from cfbench.search.spaces import SEARCHED
from cfbench.search.studies import Method, Study


@click.command()
@click.argument("file", metavar="EXPERIMENT.toml")
@settings_option
@click.option("--method", type=click.Choice(["tpe", "random", "grid"]), default="tpe", help="How values are chosen.")
@click.option("--trials", type=click.IntRange(1, 10_000), default=20, help="How many settings to try (20).")
@click.option("--seconds", type=click.FloatRange(0), default=0.0, help="Start no trial after so many seconds.")
@click.option(
    "--space",
    "texts",
    multiple=True,
    metavar="KEY=LOW..HIGH",
    help="What to vary, or KEY=A,B,C; else all that the model's and the optimizer's declarations give a space.",
)
@click.option("--metric", default="", help="What to search by: one such as NDCG@10; else the experiment's first.")
@click.option("--name", default="", help="The group of the runs; an earlier search by this name goes on.")
@click.option("--test", is_flag=True, help="Open the picked run's test rows once, at the end.")
@answering
def search(
    file: str,
    settings: tuple[str, ...],
    method: Method,
    trials: int,
    seconds: float,
    texts: tuple[str, ...],
    metric: str,
    name: str,
    test: bool,
    as_json: bool,
) -> int:
    """Search for good settings of an experiment on its valid rows; each trial is a run.

    The experiment as it stands is tried first. What is picked is the trial with the fewest parameters among those
    within one standard error of the best.
    """
    made = bench().check(_with_metric(experiments.read(file, settings, locate=not elsewhere()), metric), file)
    if test and not bench().preview(made, 1).rows.get("test"):
        raise BadInput("the split has no test rows", where="--test", mend="set splitter.test, or leave --test out")
    declarations = _declarations(made)
    varied = [spaces.written(text, made, declarations) for text in texts] or spaces.declared(
        made, {table: declarations[table] for table in ("model", "optimizer") if table in declarations}
    )
    if not varied:
        raise BadInput("nothing of it has a space to search", where=file, mend="name one: --space KEY=LOW..HIGH")
    key, better = _searched_by(made, metric)
    study = Study(bench(), made, varied, method, key, better, name or time.strftime("search-%Y%m%d-%H%M%S"))
    study.recall()
    for space in varied:
        say(f"varies {space.told()}")
    if study.trials:
        say(f"{len(study.trials)} trials of {study.name} were there already")
    try:
        study.run(trials, seconds, lambda trial: say(_line(trial, key, len(study.trials), trials)))
    except KeyboardInterrupt:
        say(f"stopped; the same command with --name {study.name} goes on")
        return 130
    return _close(study, test, as_json)


def _with_metric(experiment: Experiment, text: str) -> Experiment:
    """Return the experiment with the metric to search by in front."""
    if not text:
        return experiment
    wanted = experiments.metric(text)
    others = tuple(metric for metric in experiment.metrics if metric != wanted)
    return msgspec.structs.replace(experiment, metrics=(wanted, *others))


def _declarations(made: Experiment) -> dict[str, Declaration]:
    tables = {table: getattr(made, table) for table in SEARCHED if getattr(made, table) is not None}
    if bench().plugin(made.model.name, "model").facts.get("batches") == "none":
        tables = {"model": made.model}
    return {table: bench().plugin(component.name, table) for table, component in tables.items()}


def _searched_by(made: Experiment, text: str) -> tuple[str, str]:
    """Return the key of the first metric among a run's metrics, and which way is better."""
    first = made.metrics[0]
    k, candidates = first.params.get("k"), first.params.get("candidates")
    declaration = bench().plugin(first.name, "metric")
    key = f"{declaration.name}{f'@{k}' if k else ''}{f'~{candidates}' if candidates else ''}"
    return key, str(declaration.facts["better"])


def _line(trial: Trial, key: str, n: int, of: int) -> str:
    told = trial.reason or f"{key} {number(trial.value)}"
    values = ", ".join(f"{name} {_short(value)}" for name, value in trial.values.items())
    return f"{n:>3}/{of}  {told}  {trial.seconds:.1f} s  {values}"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _close(study: Study, test: bool, as_json: bool) -> int:
    """Pick a trial, open the test rows where that is asked for, and print all of it."""
    if all(trial.value is None for trial in study.trials):
        refused = f"; {study.refused[-1]}" if study.refused else ""
        reason = study.trials[-1].reason if study.trials else "no settings could be tried"
        raise WorkFailed(f"no trial has a value of {study.metric}: {reason}{refused}", where=study.name)
    found = ordered(study.trials, study.better)
    error = standard_error(study.bench.evaluate(found[0].run), study.metric)
    picked = simplest(study.trials, study.better, error or 0.0)
    tested = study.bench.evaluate(picked.run, part="test") if test else None
    if as_json:
        print_json(_document(study, found, picked, error, tested))
    else:
        _print(study, found, picked, error, tested)
    return 0


def _document(
    study: Study, found: Sequence[Trial], picked: Trial, error: float | None, tested: Evaluation | None
) -> dict[str, Any]:
    return {
        "name": study.name,
        "method": study.method,
        "metric": study.metric,
        "better": study.better,
        "trials": found,
        "refused": study.refused,
        "seconds": sum(trial.seconds for trial in study.trials),
        "best": found[0].run,
        "standard_error": error,
        "picked": picked.run,
        "test": tested,
    }


def _print(study: Study, found: Sequence[Trial], picked: Trial, error: float | None, tested: Evaluation | None) -> None:
    keys = [space.key for space in study.spaces]
    rows = [
        [
            f"{'*' if trial is picked else ' '} {trial.run.partition('-')[2]}",
            number(trial.value) if not trial.reason else "failed",
            *(_short(trial.values[key]) for key in keys),
            f"{trial.parameters:,}",
            f"{trial.seconds:.1f}",
        ]
        for trial in found
    ]
    print_table(["  trial", study.metric.upper(), *keys, "parameters", "seconds"], rows, right=range(1, 4 + len(keys)))
    failed = sum(bool(trial.reason) for trial in study.trials)
    seconds = sum(trial.seconds for trial in study.trials)
    trials = f"{len(found)} trial{'s' * (len(found) != 1)}"
    show("", f"{trials} by {study.method}, {failed} failed, {seconds:,.1f} s of training; valid rows alone")
    spread = ", no standard error" if error is None else f" ± {number(error)} (standard error)"
    near = "as good as" if error is None else "within one standard error of"
    show(
        f"best: {found[0].run}, {study.metric.upper()} {number(found[0].value)}{spread}",
        f"picked *: {picked.run}, the fewest parameters {near} the best",
    )
    if study.refused:
        say(f"{len(study.refused)} settings could not be tried, the last: {study.refused[-1]}")
    if tested is not None:
        values = ", ".join(f"{name.upper()} {number(value)}" for name, value in tested.metrics.items())
        times = f"{tested.test_openings} time{'s' * (tested.test_openings > 1)}"
        show(f"test rows of the picked run, opened {times}: {values}")
