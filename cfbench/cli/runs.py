"""``cfbench runs``: list, show, watch, wait for, stop, pause, resume and delete runs."""

from __future__ import annotations

import math
from datetime import datetime

import click

from cfbench.answers import RunSummary
from cfbench.cli.following import closing_line, epoch_line, follow, variant
from cfbench.cli.here import answering, bench
from cfbench.cli.output import number, print_json, print_table, say, show
from cfbench.cli.train import close, watch_until_end

run_argument = click.argument("run", metavar="RUN")


@click.group()
def runs() -> None:
    """List, watch, stop, resume and delete runs.

    RUN is an id, the start of one, the words at its end, or "last".
    """


@runs.command("list")
@click.option("--group", help="Only runs of this group.")
@answering
def list_(group: str | None, as_json: bool) -> None:
    """List all runs, oldest first."""
    known = bench().runs()
    found = [run for run in known if group in (None, run.group)]
    groups = sorted({run.group for run in known if run.group})
    if as_json:
        print_json(found)
    elif not known:
        say("there is no run yet; start one: cfbench demo")
    elif not found:
        say(f"there is no run of group '{group}'; groups are: {', '.join(groups) or 'none yet'}")
    else:
        head = ["run", "state", "epochs", "valid loss", "metrics", "model", "data"]
        grouped = any(run.group for run in found)
        rows = [[*_row(run), *([run.group, variant(run)] if grouped else [])] for run in found]
        print_table([*head, *(["group", "of it"] if grouped else [])], rows, right=[3])


def _row(run: RunSummary) -> list[str]:
    metrics = " ".join(f"{name} {number(value)}" for name, value in run.metrics.items())
    epochs = f"{run.epochs_done}/{run.epochs}"
    data = ", ".join(map(_short, run.data))
    return [run.id, run.state, epochs, number(run.valid_loss), metrics, _short(run.model), data]


def _short(name: str) -> str:
    """Return a plugin's name without its module; files' paths, which are absolute, stay."""
    return name if "/" in name else name.rpartition(":")[2]


@runs.command("show")
@run_argument
@answering
def show_(run: str, as_json: bool) -> None:
    """Show one run: its state and why, its epochs."""
    found = bench().run(run)
    if as_json:
        print_json({"run": found, "events": bench().events(found.id).events})
        return
    created = datetime.fromtimestamp(found.created)
    show(f"{found.id}  {found.state}{f': {found.reason}' if found.reason else ''}")
    show(f"created {created:%Y-%m-%d %H:%M:%S}, model {found.model}, data {', '.join(found.data)}")
    show(f"step {found.step:,} of {found.steps:,}, split {found.split_hash}, folder {found.path}")
    for line in found.damaged_lines:
        say(f"line {line} of its events can't be read")
    show(*map(epoch_line, bench().epochs(found.id)))


@runs.command()
@run_argument
@answering
def watch(run: str, as_json: bool) -> int:
    """Print a run's epochs as they come, until it ends; ctrl+c leaves, the run goes on."""
    found = bench().run(run).id
    try:
        events = follow(bench(), found, quiet=as_json)
    except KeyboardInterrupt:
        say(f"run {found} goes on; stop it: cfbench runs stop {found}")
        return 130
    if as_json:
        print_json({"run": bench().run(found), "events": events})
        return bench().run(found).exit_code
    return close(bench(), [found], as_json)


@runs.command()
@run_argument
@click.option("--timeout", type=click.FloatRange(min=0), default=math.inf, help="Give up after so many seconds.")
@answering
def wait(run: str, timeout: float, as_json: bool) -> int:
    """Wait in silence until a run ends; exit as it did."""
    found = bench().run(run).id
    try:
        follow(bench(), found, quiet=True, timeout=timeout)
    except TimeoutError as error:
        say(str(error))
        return 1
    return close(bench(), [found], as_json)


def _told(run: str, verb: str, as_json: bool) -> None:
    found = bench().run(run)
    if as_json:
        print_json(found)
    else:
        say(f"asked run {found.id} to {verb}")


@runs.command()
@run_argument
@click.option("--wait", "and_wait", is_flag=True, help="Come back when it has stopped.")
@answering
def stop(run: str, and_wait: bool, as_json: bool) -> None:
    """Ask a run to stop after its batch, with a checkpoint."""
    found = bench().run(run).id
    bench().command(found, "stop")
    if and_wait:
        follow(bench(), found, quiet=True)
        say(closing_line(bench().run(found)))
    _told(found, "stop", as_json)


@runs.command()
@run_argument
@answering
def pause(run: str, as_json: bool) -> None:
    """Ask a run to pause; its worker stays, "cfbench runs resume" goes on."""
    bench().command(run, "pause")
    _told(run, "pause", as_json)


@runs.command()
@run_argument
@click.option("--detach", is_flag=True, help="Start it and come back at once.")
@answering
def resume(run: str, detach: bool, as_json: bool) -> int:
    """Go on with a run that is paused, stopped, failed or lost, from its last checkpoint."""
    found = bench().run(run)
    if found.state == "paused":
        bench().command(found.id, "resume")
        _told(found.id, "go on", as_json)
        return 0
    bench().resume(found.id)
    if detach:
        _told(found.id, "go on", as_json)
        return 0
    interrupted = watch_until_end(bench(), found.id, as_json)
    return close(bench(), [found.id], as_json, interrupted)


@runs.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@answering
def delete(runs: tuple[str, ...], as_json: bool) -> None:
    """Move runs to the trash."""
    moved = {bench().run(run).id: bench().delete(run) for run in runs}
    if as_json:
        print_json(moved)
    else:
        for run, place in moved.items():
            say(f"moved {run} to {place}; move it back to undo")
