"""Fetching a data set: its terms first, then how far it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Literal

from textual.binding import Binding
from textual.widget import Widget

from cfbench.answers import DatasetCard, Fetch
from cfbench.bench.interface import Bench
from cfbench.bench.link import Link
from cfbench.errors import CfbenchError
from cfbench.tui.commands import bindings
from cfbench.tui.dialogs.dialog import CLOSE, Dialog
from cfbench.tui.drawing.lines import Line, fit, text, wrapped
from cfbench.tui.parts.pane import Pane

POLL = 0.5
"""Seconds between two questions how far a fetch is."""

_WIDE = 76
_MEGABYTE = 1_000_000
_SHARE = {True: "yes", False: "no", None: "the terms do not say"}


class Terms(Dialog[Literal["fetch", "take"]]):
    """Shows what a data set is and on what terms one has it; answers whether to fetch it, or to take it from a path."""

    WIDTH: ClassVar = _WIDE
    BINDINGS = [  # noqa: RUF012
        *bindings((CLOSE,)),
        Binding("y", "answer('fetch')", show=False),
        Binding("f", "answer('take')", show=False),
    ]

    def __init__(self, card: DatasetCard) -> None:
        super().__init__()
        self._card = card

    def content(self) -> Sequence[Widget]:
        """Return the card."""
        lines = card_lines(self._card, _WIDE - 6)
        pane = Pane(self._card.name, lambda width, height: lines, id="card")
        pane.styles.height = len(lines) + 1
        return [pane]

    def action_answer(self, answer: Literal["fetch", "take"]) -> None:
        """Close with an answer."""
        self.dismiss(answer)


def card_lines(card: DatasetCard, width: int) -> list[Line]:
    """Return what there is to know before one fetches a data set."""
    size = f"{card.size / _MEGABYTE:,.1f} MB" if card.size else "not said"
    facts = {
        "what": f"{card.title}: {card.summary}",
        "terms": card.licence or "not said",
        "pass on": _SHARE[card.may_share],
        "cite": card.citation,
        "page": card.page,
        "size": size,
    }
    lines: list[Line] = []
    for name, told in facts.items():
        first, *more = wrapped(told, width - 10) or [[]]
        lines.append([(f"  {fit(name, 8)}", "dim"), *first])
        lines += [[(" " * 10, ""), *line] for line in more]
    keys: Line = [("  y", "b"), (" agree and fetch it   ", "dim"), ("f", "b"), (" take it from a path   ", "dim"),
                  ("esc", "b"), (" leave it", "dim")]  # fmt: skip
    return [*lines, [], keys]


class Fetching(Dialog[bool]):
    """Shows how far a fetch is; answers True when it is done. Closing it leaves the fetch running."""

    WIDTH: ClassVar = _WIDE
    BINDINGS = [*bindings((CLOSE,)), Binding("s", "stop", show=False)]  # noqa: RUF012

    def __init__(self, link: Link, name: str) -> None:
        super().__init__()
        self._link, self._wanted = link, name
        self._status: Fetch | None = None

    def content(self) -> Sequence[Widget]:
        """Return the bar."""
        pane = Pane(f"fetching {self._wanted}", lambda width, height: progress(self._status, width), id="progress")
        pane.styles.height = 4
        return [pane]

    def on_mount(self) -> None:
        """Ask how far it is until it ends."""
        self.run_worker(self._follow(), exit_on_error=False)

    async def _follow(self) -> None:
        while self._status is None or self._status.state == "running":
            try:
                self._status = await self._link.ask(Bench.fetching, self._wanted)
            except CfbenchError as error:
                self._status = Fetch(self._wanted, "failed", error=str(error))
            self.query_one(Pane).repaint()
            if self._status.state == "done":
                self.dismiss(True)
                return
            await asyncio.sleep(POLL)

    async def action_stop(self) -> None:
        """Ask it to stop; what came is gone on with next time."""
        await self._link.ask(Bench.stop_fetching, self._wanted)


def progress(status: Fetch | None, width: int) -> list[Line]:
    """Return a bar, the bytes that came, how fast, and what can be done."""
    if status is None:
        return [[("  asking …", "dim")]]
    if status.state == "failed":
        return [[("  ✗ ", "bad"), *line] if n == 0 else [("    ", ""), *line]
                for n, line in enumerate(wrapped(status.error, width - 6))][:3]  # fmt: skip
    keys: Line = [("  s", "b"), (" stop   ", "dim"), ("esc", "b"), (" leave it running", "dim")]
    if status.state == "stopped":
        keys = [("  stopped; it goes on where it is when it is fetched again   ", "dim"), ("esc", "b")]
    here, total, rate = (number / _MEGABYTE for number in (status.here, status.total, status.rate))
    told = f"{here:,.1f} MB, {rate:,.1f} MB/s"
    room = max(10, width - 4)
    bar: Line = [("  " + "░" * room, "dim")]
    if status.total:
        full = min(room, int(room * status.here / status.total))
        bar = [("  " + "▓" * full, "ok"), ("░" * (room - full), "dim")]
        left = f", {(total - here) / rate:,.0f} s left" if rate > 0 else ""
        told = f"{here:,.1f} of {total:,.1f} MB, {rate:,.1f} MB/s{left}"
    return [bar, [text(f"  {told}")], keys]
