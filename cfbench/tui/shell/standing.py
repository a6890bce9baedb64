"""Where the bench is, what runs there, and what is wrong with the way to it: what every screen says."""

from __future__ import annotations

from cfbench.bench.link import LinkState
from cfbench.tui import looks
from cfbench.tui.drawing.lines import Line, cells, text
from cfbench.tui.workspace import Workspace, short_name


def status(workspace: Workspace, link: LinkState, width: int) -> Line:
    """Return where the bench is and what runs there, at the right end of the first line."""
    line: Line = []
    living = workspace.living()
    if width >= 30 or not living:
        line.append(text(workspace.host, "dim"))
    if link.phase != "connected":
        line = [("! ", "warn"), text(f"{workspace.host}: {link.phase}", "dim")]
    elif living:
        run = living[0]
        sign, role = looks.STATES[run.state]
        if width >= 30:
            more = f" +{len(living) - 1}" if len(living) > 1 else ""
            line += [("  ·  ", "faint"), (sign, role), text(f" {short_name(run.id)[:16]}{more}")]
        else:
            line = [(sign, role)]
        line.append((f" {100 * run.step // max(1, run.steps):3} %", ""))
    return [(" " * max(0, width - cells(line)), ""), *line]


def trouble(host: str, link: LinkState) -> Line:
    """Return what is wrong with the link in a sentence, or nothing."""
    if link.phase in ("connected", "connecting"):
        return []
    retry = f", next try in {link.retry_in:.0f} s" if link.retry_in else ""
    why = f": {link.reason}" if link.reason else ""
    return [
        ("! ", "warn"),
        text(f"the bench on {host} is {link.phase}{retry}{why}", "b"),
        ("  runs go on", "dim"),
    ]
