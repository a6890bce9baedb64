"""``cfbench runs``: list, show, watch, wait for, stop, pause, resume, note, pin, export, delete and restore runs."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime

import click

from cfbench import text
from cfbench.answers import RunSummary
from cfbench.cli.comparing import compare
from cfbench.cli.exporting import export
from cfbench.cli.following import closing_line, epoch_line, events_so_far, follow, variant
from cfbench.cli.here import answering, bench
from cfbench.cli.output import number, print_json, print_table, say, show
from cfbench.cli.reporting import report
from cfbench.cli.train import close, watch_until_end

run_argument = click.argument("run", metavar="RUN")


@click.group()
def runs() -> None:
    """List, watch, stop, resume, compare, export and delete runs.

    RUN is an id, the start of one, the words at its end, or "last".
    """


runs.add_command(compare)
runs.add_command(export)
runs.add_command(report)


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
        head += ["group", "of it"] if grouped else []
        if any(run.pinned or run.note for run in found):
            room = _room_beside([head, *rows])
            head.append("note" if room >= _LEAST_NOTE else "")
            rows = [[*row, _noted(run, room)] for row, run in zip(rows, found, strict=True)]
        print_table(head, rows, right=[3])


def _row(run: RunSummary) -> list[str]:
    metrics = " ".join(f"{name} {number(value)}" for name, value in run.metrics.items())
    epochs = f"{run.epochs_done}/{run.epochs}"
    data = ", ".join(map(_short, run.data))
    return [run.id, run.state, epochs, number(run.valid_loss), metrics, _short(run.model), data]


_LEAST_NOTE = 12
"""Cells that a note's start needs to say anything."""


def _room_beside(table: Sequence[Sequence[str]]) -> int:
    """Return the cells that are left beside a table: of the terminal, or as many as a note needs in a file."""
    if not sys.stdout.isatty():
        return 60
    columns = zip(*table, strict=True)
    return shutil.get_terminal_size().columns - sum(2 + max(map(text.width, column)) for column in columns)


def _noted(run: RunSummary, room: int) -> str:
    """Return the mark of a pinned run, and the start of a note where there is room."""
    mark = "*" if run.pinned else " "
    return f"{mark} {text.label(run.note, room - 2)}" if room >= _LEAST_NOTE else mark


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
        print_json({"run": found, "events": events_so_far(bench(), found.id)})
        return
    created = datetime.fromtimestamp(found.created)
    show(f"{found.id}  {found.state}{f': {found.reason}' if found.reason else ''}")
    show(f"created {created:%Y-%m-%d %H:%M:%S}, model {found.model}, data {', '.join(found.data)}")
    show(f"step {found.step:,} of {found.steps:,}, split {found.split_hash}, folder {found.path}")
    if found.pinned or found.note:
        show("; ".join([*(["pinned"] if found.pinned else []), *([f"note: {found.note}"] if found.note else [])]))
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
            say(f"moved {run} to {place}; undo: cfbench runs restore {place.rpartition('/')[2]}")


@runs.command()
@click.argument("trashed", metavar="ID")
@answering
def restore(trashed: str, as_json: bool) -> None:
    """Move a deleted run back out of the trash."""
    found = bench().run(bench().restore(trashed))
    if as_json:
        print_json(found)
    else:
        say(f"run {found.id} is back in {found.path}")


@runs.command()
@run_argument
@click.argument("note", metavar="TEXT")
@answering
def note(run: str, note: str, as_json: bool) -> None:
    """Write a note about a run; "" removes it."""
    found = bench().annotate(run, note=note)
    if as_json:
        print_json(found)
    else:
        say(f"run {found.id}: {found.note}" if found.note else f"run {found.id} has no note")


@runs.command()
@run_argument
@click.option("--off", is_flag=True, help="It is a run like others again.")
@answering
def pin(run: str, off: bool, as_json: bool) -> None:
    """Pin a run: it is marked in lists, and drawn beside other runs."""
    found = bench().annotate(run, pinned=not off)
    if as_json:
        print_json(found)
    else:
        say(f"run {found.id} is {'no longer pinned' if off else 'pinned'}")


@runs.command()
@run_argument
@click.option("-n", "--lines", type=click.IntRange(1), default=200, show_default=True, help="How many.")
@answering
def log(run: str, lines: int, as_json: bool) -> None:
    """Print the last lines of what a run's worker and plugins printed."""
    found = bench().log(run, lines)
    if as_json:
        print_json(found)
    elif found:
        show(*found)
    else:
        say(f"run {bench().run(run).id} has printed nothing")
