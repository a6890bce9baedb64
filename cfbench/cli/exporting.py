"""``cfbench runs export``: what a run learned, as files for other programs."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from cfbench.answers import Exported, Form, Job
from cfbench.cli.here import answering, bench
from cfbench.cli.output import print_json, say, say_again, show
from cfbench.errors import BadInput, WorkFailed

_PAUSE = 0.2
_LATELY = 5.0
"""Seconds over which a rate is measured."""

_FIRST = 10
"""Recommendations a user where nobody says how many."""

_CLEANING = 10.0
"""Seconds that ctrl-c is asked for once more in vain, since what was written aside is being removed."""


@click.command()
@click.argument("run", metavar="RUN")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "safetensors", "npz", "word2vec", "projector"]),
    default="parquet",
    show_default=True,
    help="Of factors; recommendations are parquet.",
)
@click.option(
    "--what",
    type=click.Choice(["factors", "recommendations"]),
    default="factors",
    show_default=True,
    help="Factors and biases of users and items, or the first items of every user.",
)
@click.option("-o", "--output", "path", required=True, metavar="PATH", help="The new file or folder; with --on, there.")
@click.option("-n", "count", type=click.IntRange(1), help=f"Recommendations a user ({_FIRST}).")
@click.option("--least", type=click.IntRange(1), help="Recommend only items with so many training rows.")
@click.option("--force", is_flag=True, help="Replace what is there; of folders, only those that hold exports alone.")
@answering
def export(
    run: str,
    form: Form,
    what: Exported,
    path: str,
    count: int | None,
    least: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write what a run's model learned into files, by label and title.

    Formats of factors: parquet (a folder: users, items, model.json); safetensors and npz (a file of arrays); word2vec
    (a folder of texts, as gensim reads them); projector (a folder for TensorBoard's embedding projector). With --on
    HOST, PATH is on that machine. ctrl+c stops it, and nothing is left.
    """
    ignored = [name for name, value in (("-n", count), ("--least", least)) if value is not None]
    if ignored and what == "factors":
        raise BadInput(
            "factors are written of all users and items",
            where=" and ".join(ignored),
            mend="leave that out, or write --what recommendations",
        )
    with _interruptions() as interrupted:
        ended = _followed(bench().export(run, what, form, path, count or _FIRST, least or 1, force), interrupted)
    if ended.state == "failed":
        raise (BadInput if ended.bad_input else WorkFailed)(ended.error)
    if ended.state == "stopped":
        say("stopped; nothing was written")
        raise click.exceptions.Exit(130)
    if as_json:
        print_json(ended)
    else:
        show(*ended.paths)


@contextmanager
def _interruptions() -> Iterator[Callable[[], bool]]:
    """Give what says whether somebody pressed ctrl-c, which raises nothing in the block but seconds after the first.

    So two that come together, as from a terminal and its shell, do not end the process while it cleans up.
    """
    first: list[float] = []

    def note(*_: object) -> None:
        first.append(time.monotonic())
        if first[-1] - first[0] > _CLEANING:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(first)
    finally:
        signal.signal(signal.SIGINT, before)


def _followed(job: str, interrupted: Callable[[], bool]) -> Job:
    """Show on stderr how far an export is until it ends; ctrl-c stops it."""
    lately: deque[tuple[float, int]] = deque()
    while True:
        if interrupted():
            bench().stop_exporting(job)
        status = bench().exporting(job)
        ended = status.state != "running"
        say_again(_progress(status, lately), last=ended)
        if ended:
            return status
        time.sleep(_PAUSE)


def _progress(status: Job, lately: deque[tuple[float, int]]) -> str:
    """Return how far it is; `lately` holds when how many were done, and takes what is new."""
    if not status.total:
        return "reading"
    now = time.monotonic()
    lately.append((now, status.done))
    while now - lately[0][0] > _LATELY:
        lately.popleft()
    (then, before) = lately[0]
    rate = (status.done - before) / (now - then) if now > then else 0.0
    done = f"{status.done:,} of {status.total:,} users"
    if status.state != "running" or rate <= 0:
        return done
    return f"{done}, {rate:,.0f} users/s, {(status.total - status.done) / rate:,.0f} s left"
