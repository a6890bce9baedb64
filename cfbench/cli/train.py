"""``cfbench train`` and ``cfbench demo``."""

from __future__ import annotations

import os
import statistics
from pathlib import Path

import click
import msgspec

from cfbench import experiment as experiments
from cfbench.answers import RunSummary, Verb
from cfbench.bench.interface import Bench
from cfbench.cli.experiments import settings_option
from cfbench.cli.following import closing_line, follow, print_event, variant
from cfbench.cli.here import answering, bench, elsewhere
from cfbench.cli.output import number, print_json, say, show
from cfbench.cli.workbench import can_show, for_good
from cfbench.cli.workbench import show as show_workbench
from cfbench.errors import BadInput
from cfbench.experiment import Component, Data, Experiment


@click.command()
@click.argument("file", required=False, metavar="[EXPERIMENT.toml]")
@settings_option
@click.argument("more_settings", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--detach", is_flag=True, help="Start it and come back at once.")
@click.option("--here", is_flag=True, help="Train in this process, so that breakpoint() works.")
@click.option("--folds", type=click.Choice(["all"]), help="One run for each fold of the splitter.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, help="One run for each of N seeds.")
@answering
def train(
    file: str | None,
    settings: tuple[str, ...],
    more_settings: tuple[str, ...],
    detach: bool,
    here: bool,
    folds: str | None,
    seeds: int,
    as_json: bool,
) -> int:
    """Train an experiment: the one in the file, or the default one with settings.

    A first ctrl+c stops it after the batch, with a checkpoint; a second one at once.
    """
    if here and (detach or elsewhere()):
        raise click.UsageError(f"--here and {'--detach' if detach else '--on'} exclude each other")
    settings = (*settings, *more_settings)
    if file and "=" in file and not os.path.exists(file):
        settings, file = (file, *settings), None
    experiment = _experiment(file, settings)
    where = f"{file} with --set" if file and settings else file or "command line"
    checked = bench().check(experiment, where)
    if here:
        return _train_here(checked, folds is not None, seeds, as_json)
    started = bench().start(checked, folds is not None, seeds)
    return _report_started(started, as_json) if detach else _watch(bench(), started, as_json)


def _experiment(file: str | None, settings: tuple[str, ...]) -> Experiment:
    if file:
        return experiments.read(file, settings, locate=not elsewhere())
    document: dict[str, object] = {}
    experiments.override_all(document, settings)
    experiment = experiments.parse(document, where="command line")
    return experiment if elsewhere() else experiments.located(experiment, Path.cwd())


def _report_started(started: list[str], as_json: bool) -> int:
    if as_json:
        print_json({"runs": started})
    else:
        for run in started:
            show(run)
        say(f"in line or under way; watch: cfbench runs watch {started[0]}")
    return 0


def _watch(bench: Bench, started: list[str], as_json: bool) -> int:
    interrupted = False
    for run in started:
        if interrupted:
            _ask_quietly(bench, run, "stop")
        else:
            say(_title(bench.run(run)))
            interrupted = watch_until_end(bench, run, as_json)
    return close(bench, started, as_json, interrupted)


def _title(run: RunSummary) -> str:
    return f"run {run.id}{f', {variant(run)}' if run.group else ''}"


def watch_until_end(bench: Bench, run: str, quiet: bool) -> bool:
    """Follow a run; a first ctrl+c asks it to stop, a second kills its worker. Return whether there was one."""
    try:
        follow(bench, run, quiet)
    except KeyboardInterrupt:
        say("stopping after this batch, with a checkpoint; ctrl+c again ends it at once")
        _ask_quietly(bench, run, "stop")
        try:
            follow(bench, run, quiet=True)
        except KeyboardInterrupt:
            _ask_quietly(bench, run, "kill")
        return True
    return False


def _ask_quietly(bench: Bench, run: str, verb: Verb) -> None:
    """Ask a run that may have ended by now."""
    try:
        bench.command(run, verb)
    except BadInput:
        return


def close(bench: Bench, started: list[str], as_json: bool, interrupted: bool = False) -> int:
    """Print how runs ended; return the exit code that says it."""
    ended = [bench.run(run) for run in started]
    if as_json:
        print_json(ended[0] if len(ended) == 1 else ended)
    else:
        for run in ended:
            (show if run.state == "finished" else say)(closing_line(run))
        if len(ended) > 1:
            _print_means(ended)
    return 130 if interrupted else max(run.exit_code for run in ended)


def _print_means(ended: list[RunSummary]) -> None:
    finished = [run for run in ended if run.state == "finished"]
    for name in finished[0].metrics if finished else ():
        values = [value for run in finished if (value := run.metrics.get(name)) is not None]
        mean = statistics.fmean(values) if values else None
        sd = statistics.stdev(values) if len(values) > 1 else None
        left_out = f"; left out: {len(finished) - len(values)} without a value" if len(values) < len(finished) else ""
        show(f"{name.upper()} {number(mean)} ± {number(sd)} (mean ± sd of {len(values)} runs{left_out})")


def _train_here(experiment: Experiment, folds: bool, seeds: int, as_json: bool) -> int:
    from cfbench.runs.launching import train_here
    from cfbench.runs.preparing import prepare, variants

    started: list[str] = []
    code = 0
    for each in list(variants(experiment, folds, seeds)):
        run = prepare(each)
        started.append(run.id)
        say(_title(bench().run(run.id)))
        code = train_here(run, None if as_json else print_event)
        if bench().run(run.id).state != "finished":
            break
    return close(bench(), started, as_json, code == 130)


@click.command()
@click.option("--epochs", type=click.IntRange(1), default=5, help="Passes over the training rows.")
@click.option("--plain", is_flag=True, help="Print a line an epoch, in a terminal too.")
@answering
def demo(epochs: int, plain: bool, as_json: bool) -> int:
    """Train on the built-in data and look on: in the workbench, or without a terminal as a line an epoch.

    The data are synthetic: ratings of invented titles, made from planted factors.
    """
    experiment = Experiment(
        data=Data(source="cfbench_datasets:demo"),
        model=Component("biased-dot-product", {"n_factors": 10, "y_range": [0.0, 5.5]}),
        training=experiments.Training(epochs=epochs),
    )
    experiment = msgspec.structs.replace(experiment, experiment=experiments.About(name="demo"))
    if not (plain or as_json) and can_show():
        with for_good():
            from cfbench.tui.start import training

        return show_workbench(screen="train", first=training(experiment))
    code = _watch(bench(), bench().start(bench().check(experiment, "demo")), as_json)
    if not code and not as_json:
        say("next: cfbench runs list, cfbench evaluate last, cfbench experiment new YOUR-RATINGS.csv")
    return code
