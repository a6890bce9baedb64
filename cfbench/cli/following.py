"""Following a run in a terminal or a log: a line an epoch, and what to do at the end."""

from __future__ import annotations

import math
import time
from typing import Any

from cfbench.answers import RunSummary
from cfbench.bench.interface import Bench
from cfbench.cli.output import number, say, show

_WAIT_SECONDS = 1.0
_PAGE_BYTES = 128 * 1024
"""A page of fewer bytes was not cut, since no line is half as long."""


def follow(bench: Bench, run: str, quiet: bool, timeout: float = math.inf) -> list[dict[str, Any]]:
    """Print a run's events as lines until it is no longer alive; return them.

    Raises:
        TimeoutError: it is still alive after so many seconds.
    """
    seen: list[dict[str, Any]] = []
    until = time.monotonic() + timeout
    offset, key = 0, ""
    while True:
        page = bench.events(run, offset, max(0.0, min(_WAIT_SECONDS, until - time.monotonic())), key)
        if page.offset < offset or (key and page.key != key):
            seen.clear()
        for event in page.events:
            seen.append(event)
            if not quiet:
                print_event(event)
        offset, key = page.offset, page.key
        if not page.alive:
            return seen
        if time.monotonic() > until:
            raise TimeoutError(f"run {run} is not done after {timeout:g} s")


def events_so_far(bench: Bench, run: str) -> list[dict[str, Any]]:
    """Return a run's events up to now."""
    seen: list[dict[str, Any]] = []
    offset, key = 0, ""
    while True:
        page = bench.events(run, offset, key=key)
        seen += page.events
        if page.offset - offset < _PAGE_BYTES:
            return seen
        offset, key = page.offset, page.key


def print_event(event: dict[str, Any]) -> None:
    """Print one event as a person reads it; most need no line."""
    match event["event"]:
        case "started":
            say(f"training {event['parameters']:,} parameters on {event['device']}, engine {event['engine']}")
        case "resumed":
            say(f"resumed after step {event['from_step']:,}")
            for notice in event["notices"]:
                say(f"note: {notice}")
        case "fit":
            metrics = "".join(f", {name} {number(value)}" for name, value in event["metrics"].items())
            say(f"{event['fraction']:>4.0%}  {event['note']}{metrics}")
        case "epoch":
            show(epoch_line(event))
        case "waiting" | "paused" | "stopped":
            say(event["reason"])
        case "finished" if event["reason"]:
            say(event["reason"])


def epoch_line(event: dict[str, Any]) -> str:
    """Return an epoch as a line: losses, metrics, speed; "best" marks the best valid loss so far."""
    metrics = "  ".join(f"{name} {number(value)}" for name, value in event["metrics"].items())
    losses = f"train {number(event['train_loss']):<8} valid {number(event['valid_loss']):<8}"
    best = "  best" if event["best"] else ""
    return f"epoch {event['epoch']:>3}  {losses}  {metrics}  {event['rows_per_second']:,} ratings/s{best}"


def variant(run: RunSummary) -> str:
    """Return what tells a run from the others of its group: its fold and its seed."""
    return f"fold {run.fold}, seed {run.seed}" if run.fold else f"seed {run.seed}"


def closing_line(run: RunSummary) -> str:
    """Return how a run ended, and the command that goes on from there."""
    match run.state:
        case "finished":
            values = ", ".join(f"{name.upper()} {number(value)}" for name, value in run.metrics.items())
            return f"run {run.id} finished: {values or 'no valid rows to measure on'}"
        case "failed" | "lost":
            return f"run {run.id} {run.state}: {run.reason}"
        case "stopped":
            return f"run {run.id} stopped at step {run.step:,}; go on: cfbench runs resume {run.id}"
        case _:
            return f"run {run.id} is {run.state}"
