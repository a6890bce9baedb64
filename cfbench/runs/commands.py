"""commands.jsonl: what a run was asked to do, by whom and when; the worker reads it between steps."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Literal

import msgspec

from cfbench.runs.machine import hostname, user


class Command(msgspec.Struct, frozen=True):
    """One thing asked of a run."""

    command: Literal["stop", "pause", "resume"]
    by: str
    host: str
    time: float


def send(path: Path, verb: Literal["stop", "pause", "resume"]) -> None:
    """Ask the run whose commands are in `path`; asking twice does no harm."""
    command = Command(verb, user(), hostname(), time.time())
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, msgspec.json.encode(command) + b"\n")
    finally:
        os.close(file)


def size(path: Path) -> int:
    """Return the bytes written so far; a worker started now heeds only what comes after."""
    return path.stat().st_size if path.exists() else 0


def read(path: Path, offset: int) -> tuple[list[Command], int]:
    """Return the commands from byte `offset` on, and the offset after them; what is no command is passed over."""
    if size(path) <= offset:
        return [], offset
    with path.open("rb") as file:
        file.seek(offset)
        content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    commands = []
    for line in whole.splitlines():
        try:
            commands.append(msgspec.json.decode(line, type=Command))
        except msgspec.DecodeError:
            continue
    return commands, offset + len(whole)
