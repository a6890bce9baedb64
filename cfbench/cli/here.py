"""Which bench a command speaks to: this process's, or with ``--on HOST`` the agent of another machine."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from typing import Any, TypeVar

import click

from cfbench.bench.interface import Bench

_Function = TypeVar("_Function", bound=Callable[..., Any])
_HOST, _BENCH = "cfbench.host", "cfbench.bench"


def remember_host(ctx: click.Context, parameter: click.Parameter, host: str | None) -> None:
    """Keep what ``--on`` says."""
    if host:
        ctx.find_root().meta[_HOST] = host


def answering(function: _Function) -> _Function:
    """Give a command the two options that every one has: ``--json`` (as `as_json`) and ``--on HOST``."""
    where = click.option(
        "--on", metavar="HOST", expose_value=False, callback=remember_host, help="Work there, through ssh."
    )
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(where(function))


def host() -> str:
    """Return the machine that the command works on, "" for this one."""
    named: str = click.get_current_context().find_root().meta.get(_HOST, "")
    return named


def elsewhere() -> bool:
    """Return whether the command works on another machine, so that paths are that machine's."""
    return bool(host())


def bench() -> Bench:
    """Return the bench that the command speaks to; the same one each time."""
    context = click.get_current_context().find_root()
    if _BENCH not in context.meta:
        context.meta[_BENCH] = _agent_on(host(), context) if host() else _local()
    found: Bench = context.meta[_BENCH]
    return found


def _local() -> Bench:
    from cfbench.agent.local import LocalBench

    return LocalBench()


def _agent_on(host: str, context: click.Context) -> Bench:
    from cfbench.bench.client import Connection, remote

    connection = Connection(ssh_command(host), host)
    context.call_on_close(connection.close)
    return remote(connection)


def ssh_command(host: str) -> list[str]:
    """Return what starts the agent of a host: the system's ssh, with the user's own settings and keys.

    ``CFBENCH_SSH`` takes the place of "ssh", ``CFBENCH_THERE`` of "cfbench" where it is not on the host's PATH.
    """
    ssh = shlex.split(os.environ.get("CFBENCH_SSH", "ssh"))
    there = shlex.quote(os.environ.get("CFBENCH_THERE", "cfbench"))
    return [*ssh, "-T", "-a", "-x", "-o", "BatchMode=yes", "--", host, f"exec {there} agent"]
