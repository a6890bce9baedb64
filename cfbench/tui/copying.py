"""Copying out of the workbench, and reading a path that was pasted or dropped into it."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shlex
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from textual.app import App

from cfbench import durable, paths
from cfbench.errors import CfbenchError
from cfbench.tui.drawing import figures

LONGEST = 74_000
"""Bytes in base64 that common terminals take as a text for their clipboard."""

PATIENCE = 1.0
"""Seconds that tmux is given."""

_PATH_MAX = 16_384

# GNU screen keeps such sequences to itself, unless they come wrapped, in pieces that its buffer holds.
_PIECE, _WRAP, _UNWRAP = 76, "\x1bP", "\x1b\\"


async def copy(app: App[int], text: str) -> str:
    """Copy text to the clipboard through the terminal, to the buffer of tmux, and to a file; return what to say.

    The text's way to the clipboard (OSC 52) works through ssh too; whether the terminal takes it can't be known,
    hence the file.
    """
    content = text.encode("utf-8", "replace")
    fits = len(content) * 4 / 3 <= LONGEST
    if fits:
        _to_terminal(app, content.decode())
    kept, in_buffer = await asyncio.gather(asyncio.to_thread(_to_file, content), _to_tmux(content))
    amount = figures.counted(len(content.decode()), "character") if fits else figures.size(len(content))
    to = "the clipboard and tmux's buffer" if in_buffer else "the clipboard"
    if fits:
        return f"copied {amount} to {to}; {kept}"
    limit = f"{amount} are too much for the clipboard"
    return f"{limit}, but in tmux's buffer; {kept}" if in_buffer else f"{limit}; {kept}"
