"""Copying out of the workbench, and reading a path that was pasted or dropped into it."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shlex
from contextlib import suppress
from urllib.parse import unquote

from textual.app import App

from cfbench import durable, paths
from cfbench.errors import CfbenchError
from cfbench.tui.drawing import figures

LONGEST = 74_000 // 4 * 3
"""Bytes that common terminals take for their clipboard: 74,000 in base64."""

PATIENCE = 1.0
"""Seconds that tmux is given."""

_LONGEST_PATH = 16_384

# GNU screen hands on to its terminal only what comes wrapped, in pieces that its buffer holds.
_PIECE = 76


async def copy(app: App[int], text: str) -> str:
    """Copy text to the clipboard through the terminal, to the buffer of tmux, and to a file; return what to say.

    The way through the terminal (OSC 52) works over ssh too. Whether the terminal takes the text can't be known, hence
    the file.
    """
    if not text:
        return "there is nothing to copy"
    content = text.encode("utf-8", "replace")
    fits = len(content) <= LONGEST
    if fits:
        _to_terminal(app, content)
    kept, in_buffer = await asyncio.gather(asyncio.to_thread(_to_file, content), _to_tmux(content))
    if fits:
        buffer = " and tmux's buffer" if in_buffer else ""
        return f"copied {figures.count(len(text))} characters to the clipboard{buffer}; {kept}"
    limit = f"{figures.size(len(content))} are too much for a clipboard behind a terminal"
    return f"{limit}, but they are in tmux's buffer; {kept}" if in_buffer else f"{limit}; {kept}"


def _to_terminal(app: App[int], content: bytes) -> None:
    if "STY" not in os.environ or app._driver is None:
        app.copy_to_clipboard(content.decode())
        return
    sequence = f"\x1b]52;c;{base64.b64encode(content).decode()}\a"
    pieces = (sequence[start : start + _PIECE] for start in range(0, len(sequence), _PIECE))
    app._driver.write("".join(f"\x1bP{piece}\x1b\\" for piece in pieces))


def _to_file(content: bytes) -> str:
    """Return where the text is, or why it is nowhere."""
    try:
        path = paths.writable_folder("state") / "copied.txt"
        with durable.disk_full(path):
            durable.replace(path, content)
    except (CfbenchError, OSError) as error:
        return f"not kept in a file: {getattr(error, 'strerror', None) or error}"
    return f"it is in {path}"


async def _to_tmux(content: bytes) -> bool:
    """Return whether tmux took the text; by itself it does not look at what a program sends to the clipboard."""
    if "TMUX" not in os.environ:
        return False
    # -w, which older versions lack, hands the text on to the terminal that tmux runs in.
    return await _load_buffer(content, "-w") or await _load_buffer(content)


async def _load_buffer(content: bytes, *options: str) -> bool:
    nowhere = asyncio.subprocess.DEVNULL
    try:
        tmux = await asyncio.create_subprocess_exec(
            "tmux", "load-buffer", *options, "-", stdin=asyncio.subprocess.PIPE, stdout=nowhere, stderr=nowhere
        )
    except OSError:
        return False
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(tmux.communicate(content), PATIENCE)
    finally:
        if tmux.returncode is None:
            tmux.kill()
            await tmux.wait()
    return tmux.returncode == 0


def pasted_path(text: str) -> str:
    """Return the path that a terminal pasted or had dropped into it: the first, as it is without a shell's quoting.

    A "~" stays, since it means the home of the machine that the path is on.
    """
    lines = re.split(r"[\r\n]+", text[:_LONGEST_PATH].lstrip())
    return _without_address(_unquoted(lines[0]))


def _unquoted(line: str) -> str:
    """Return the first word of a line that is quoted as for a shell, or else the line without blanks at its ends."""
    if line[:1] not in ("'", '"') and "\\" not in line:
        return line.strip()
    try:
        words = shlex.split(line)
    except ValueError:  # a lone quote: part of a name
        return re.sub(r"\\(.)", r"\1", line.strip())
    return words[0] if words else ""


def _without_address(path: str) -> str:
    """Return the path that a file's URL names, or what is none as it is."""
    scheme, _, rest = path.partition("://")
    if scheme.lower() != "file":
        return path
    _, slash, name = rest.partition("/")
    return unquote(slash + name)
