"""What the terminal can do, asked before anything is drawn; it imports no Textual, so that a refusal comes at once."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from typing import Literal, TextIO, cast

from cfbench.errors import BadInput

INSTEAD = "or use the commands, see 'cfbench --help'"

_NO_SCREEN = ("", "dumb", "unknown")
"""Values of TERM for terminals that can only print line after line."""


def interactive(stdin: TextIO | None, stdout: TextIO | None) -> bool:
    """Return whether somebody is there who reads what is printed and can press keys."""
    return all(stream is not None and stream.isatty() for stream in (stdin, stdout))


def check(environ: Mapping[str, str], stdin: TextIO | None, stdout: TextIO | None, stderr: TextIO | None) -> None:
    """Return if the workbench can be drawn here.

    Args:
        environ: environment variables.
        stdin: where keys come from.
        stdout: asked for the terminal's size.
        stderr: where Textual draws.

    Raises:
        BadInput: it can't, with what to do instead.
    """
    if environ.get("TEXTUAL_DRIVER"):
        return  # drawn elsewhere, such as in a browser by textual-serve
    for name, stream in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
        if stream is None or not stream.isatty():
            raise BadInput(
                "it is no terminal, and the workbench needs one",
                where=name,
                mend=f"start cfbench without a pipe or a redirection, {INSTEAD}",
            )
    term = environ.get("TERM", "")
    if term in _NO_SCREEN:
        raise BadInput(
            "such a terminal can't show a screen" if term else "it is not said what terminal this is",
            where=f"TERM={term}",
            mend=f"set TERM to what your terminal is, such as xterm-256color, {INSTEAD}",
        )
    encoding = cast(TextIO, stderr).encoding
    if codecs.lookup(encoding).name != "utf-8":
        raise BadInput(
            f"text goes to the terminal as {encoding}, and the workbench draws in UTF-8",
            where="locale",
            mend=f"set LC_ALL=C.UTF-8 or PYTHONUTF8=1, {INSTEAD}",
        )


def look(environ: Mapping[str, str], wanted: str) -> str:
    """Return the look to draw in: `wanted`, or what the terminal can show of it; "" where nothing may be coloured.

    Args:
        environ: environment variables; NO_COLOR counts as Textual counts it, even where it is empty.
        wanted: one of looks.LOOKS.
    """
    if "NO_COLOR" in environ:
        return ""
    if wanted.startswith("ansi") or _many_colours(environ):
        return wanted
    return f"ansi-{wanted}"


def mouse(environ: Mapping[str, str], wanted: bool = True) -> bool:
    """Return whether to ask the terminal for clicks; mosh loses the requests that switch them off again."""
    return wanted and "MOSH_CONNECTION" not in environ


def _many_colours(environ: Mapping[str, str]) -> bool:
    """Return whether more than 16 colours are sent, by the rule of the library that sends them."""
    from rich.console import Console

    asked = cast(Literal["auto"], environ.get("TEXTUAL_COLOR_SYSTEM", "auto"))
    return Console(color_system=asked, force_terminal=True, _environ=environ).color_system in ("256", "truecolor")
